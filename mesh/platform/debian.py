"""Programs from Debian packages: Prometheus and Alertmanager, with promtool and amtool, without root.

What is on ``PATH`` is taken. Else the package is fetched with ``apt-get download``, which checks it against
the distribution's signed lists, and unpacked with ``dpkg-deb -x`` into the user's cache (``XDG_CACHE_HOME``,
else ``~/.cache``), which all homes and all checkouts share. A folder enters the cache whole or not at all,
and its program is asked for its version before it is used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mesh.kernel.errors import PlatformError
from mesh.platform.part import Health, Part
from mesh.platform.ports import HOST

TIMEOUT = 300.0  # seconds that one call of apt may take
_NETWORK = ("-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20")
_VERSION = re.compile(r"version (\S+)")
Report = Callable[[str], None]


@dataclass(frozen=True)
class Package:
    """A Debian package with a server and the tool that checks its files.

    ``server`` is the program's name, Debian's first. ``fixed`` is a folder without which it does not start,
    and whose path Debian has built into it; see :func:`_relocate`. ``pages`` is the folder of what a browser
    is shown, and ``beside`` are the packages with what that leads to.
    """

    name: str
    server: tuple[str, ...]
    tool: str
    fixed: str = ""
    pages: str = ""
    beside: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """What the names of its folders in the cache end with: those of before have nothing beside it."""
        return "+pages" if self.beside else ""


PROMETHEUS = Package(
    name="prometheus",
    server=("prometheus",),
    tool="promtool",
    pages="usr/share/prometheus/web",
    beside=(
        *("libjs-bootstrap4", "libjs-d3", "libjs-eonasdan-bootstrap-datetimepicker", "libjs-jquery"),
        *("libjs-jquery-hotkeys", "libjs-moment", "libjs-moment-timezone", "libjs-mustache"),
        *("libjs-popper.js", "libjs-rickshaw", "fonts-glyphicons-halflings"),
    ),
)
ALERTMANAGER = Package(
    name="prometheus-alertmanager",
    server=("prometheus-alertmanager", "alertmanager"),
    tool="amtool",
    fixed="/usr/share/prometheus/alertmanager",  # its templates
)
PACKAGES = (PROMETHEUS, ALERTMANAGER)


@dataclass(frozen=True)
class Programs:
    """A package's programs, present and able to run here, the server in the working folder ``folder``."""

    server: Path
    tool: Path
    version: str
    folder: Path
    pages: Path | None = None
    """What a browser is shown, where the program must be told where that lies."""


def cache() -> Path:
    """Where unpacked packages lie."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "retail-data-mesh" / "debian"


def can_fetch() -> bool:
    """Whether packages can be had here at all. Where they can, no test that needs them may be left out."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


def missing() -> list[Package]:
    """The packages that would have to be fetched."""
    return [package for package in PACKAGES if present(package) is None]


def present(package: Package) -> Programs | None:
    """The programs where they are on ``PATH`` or in the cache; None where they are not, or do not run."""
    for folder in (None, *_unpacked(package)):
        found = _find(package, folder)
        if found is not None:
            return found
    return None


def obtain(package: Package, report: Report = lambda _line: None) -> Programs:
    """The programs, fetched where they are not there yet.

    Raises :class:`PlatformError` ``programs-missing`` with what to install where they cannot be had.
    """
    if found := present(package):
        return found
    if not can_fetch():
        raise _unavailable(package, "is not on PATH, and there is no apt-get to fetch it with")
    report(f"fetching {package.name} from the distribution, this once")
    cache().mkdir(parents=True, exist_ok=True)
    with _draft() as draft:
        archives = _download(package, draft)
        content = draft / "content"
        for archive in archives:
            _run(package, ["dpkg-deb", "-x", str(archive), str(content)], draft)
        _relocate(package, content)
        own = next(archive for archive in archives if archive.name.startswith(f"{package.name}_"))
        with suppress(OSError):  # another `mesh up` was faster
            content.rename(cache() / f"{own.stem}{package.suffix}")
    if found := present(package):
        return found
    raise _unavailable(package, f"was unpacked into {cache()}, and does not run on this machine")


def part(name: str, programs: Programs, port: int, options: Sequence[str], memory: Mapping[str, str]) -> Part:
    """The declaration of a package's server, with its own options and what it may take of memory."""
    address = f"http://{HOST}:{port}"
    common = (f"--web.listen-address={HOST}:{port}", "--log.level=warn")
    return Part(
        name=name,
        command=(str(programs.server), *options, *common),
        env=dict(memory),
        folder=str(programs.folder),
        health=Health("http", f"{address}/-/ready"),
        address=address,
        metrics=f"{address}/metrics",
        ports=(port,),
        version=programs.version,
    )


def _unpacked(package: Package) -> list[Path]:
    """The package's folders in the cache, the newest build first."""
    folders = cache().glob(f"{package.name}_*{package.suffix}")
    return sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True)


def _find(package: Package, folder: Path | None) -> Programs | None:
    """The programs of a folder, of ``PATH`` without one."""
    path = None if folder is None else str(folder / "usr" / "bin")
    server = next(filter(None, (shutil.which(name, path=path) for name in package.server)), None)
    tool = shutil.which(package.tool, path=path)
    if server is None or tool is None:
        return None
    version = _version(server)
    if version is None:
        return None
    pages = folder / package.pages if folder and package.pages else None
    return Programs(Path(server), Path(tool), version, folder or Path("/"), pages)


def _relocate(package: Package, content: Path) -> None:
    """Let an unpacked program look for its fixed folder from its working folder, not from the root.

    Writing there takes root. The path is exchanged for the relative one, of the same length so that nothing
    moves in the program: ``/usr/share/x`` becomes ``usr/share/x/``.
    """
    if package.fixed:
        program = next(path for name in package.server if (path := content / "usr" / "bin" / name).exists())
        fixed = package.fixed.encode()
        program.write_bytes(program.read_bytes().replace(fixed, fixed[1:] + b"/"))


def _version(program: str) -> str | None:
    """What a program says of its version; None where it cannot be run here."""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(told.stdout + told.stderr)
    return found[1] if found else None


def _download(package: Package, draft: Path) -> list[Path]:
    """Fetch the package and those beside it into a folder. Where the machine's lists do not lead to them,
    with lists of our own.

    The lists of a container are often empty, those of a machine may be so old that the file has gone.
    Bringing them up to date takes root; lists in a folder of ours do not.
    """
    folder = draft / "package"
    folder.mkdir()
    names = [package.name, *package.beside]
    apt = ["apt-get", *_NETWORK, "-o", "APT::Sandbox::User=root"]  # no other user sees the folder
    try:
        _run(package, [*apt, "download", *names], folder)
    except PlatformError:
        state, archives = draft / "lists", draft / "archives"
        for made in (state / "partial", archives / "partial"):
            made.mkdir(parents=True)
        ours = ["-o", f"Dir::State::Lists={state}", "-o", f"Dir::Cache={archives}"]
        _run(package, [*apt, *ours, "update"], folder)
        _run(package, [*apt, *ours, "download", *names], folder)
    return sorted(folder.glob("*.deb"))


def _run(package: Package, command: Sequence[str], folder: Path) -> None:
    try:
        subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT,
        )
    except subprocess.CalledProcessError as error:
        said = [line for line in error.stderr.splitlines() if line.startswith("E: ")] or [
            f"{command[0]} failed"
        ]
        raise _unavailable(package, f"cannot be fetched: {said[0].removeprefix('E: ')}") from None
    except subprocess.TimeoutExpired:
        raise _unavailable(package, f"cannot be fetched within {TIMEOUT:.0f} s") from None


def _unavailable(package: Package, what: str) -> PlatformError:
    return PlatformError(
        "programs-missing",
        what,
        place=package.name,
        remedy=f"install it so that {package.server[-1]} and {package.tool} are on PATH",
    )


@contextmanager
def _draft() -> Iterator[Path]:
    """A new folder on the cache's file system, so that a rename out of it is atomic; gone afterwards."""
    draft = Path(tempfile.mkdtemp(prefix=".fetch-", dir=cache()))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
