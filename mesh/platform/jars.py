"""Java programs by lock: every file is named with its sha256 in ``jgo.lock.toml``, fetched once, and checked.

The lock is ``jgo``'s own format, so ``jgo`` tools read it. Files lie in the ordinary local Maven repository
(``M2_REPO``, else ``~/.m2/repository``), which all homes and all checkouts share. A file enters it under its
name only after its checksum was right, so an interrupted download leaves nothing behind.

``python -m mesh.platform.jars`` resolves ``jgo.toml`` anew and rewrites the lock; ``python -m
mesh.platform.jars FOLDER`` does so for another program, in its folder.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentBuilder, EnvironmentSpec
from jgo.env._lockfile import LockedDependency, LockFile
from jgo.maven import MavenContext
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from mesh.kernel.errors import PlatformError
from mesh.platform.paths import ROOT

# Fetched as they are, without what their POMs name: group:artifact:version:classifier:packaging.
ARCHIVES = ("io.apicurio:apicurio-registry-app:3.3.3:all:tar.gz",)
SPEC, LOCK = ROOT / "jgo.toml", ROOT / "jgo.lock.toml"
TIMEOUT = 30  # seconds without a byte
Progress = Callable[[int, int], None]  # files done, files in all


@dataclass(frozen=True)
class Jars:
    """The files of the lock, present and checked: jars for a class path, archives by artifact."""

    class_path: tuple[Path, ...]
    archives: dict[str, Path]


def fetch(lock: Path = LOCK, *, progress: Progress | None = None, context: Any = None) -> Jars:
    """Make every locked file present; only what is missing or damaged is downloaded.

    Raises :class:`PlatformError`: ``jar-unavailable`` where a file cannot be downloaded, ``jar-checksum``
    where what comes is not what was locked.
    """
    context = context or maven()
    locked = LockFile.load(lock).dependencies
    paths: list[Path] = []
    with ThreadPoolExecutor(8) as pool:
        for path in pool.map(lambda one: _present(context, one), locked):
            paths.append(path)
            if progress:
                progress(len(paths), len(locked))
    pairs = list(zip(locked, paths, strict=True))
    return Jars(
        class_path=tuple(path for one, path in pairs if one.packaging == "jar"),
        archives={one.artifactId: path for one, path in pairs if one.packaging == "tar.gz"},
    )


def missing(lock: Path = LOCK, *, context: Any = None) -> int:
    """How many locked files have never been fetched."""
    context = context or maven()
    return sum(not _artifact(context, one).cached_path.exists() for one in LockFile.load(lock).dependencies)


def maven() -> Any:
    """Maven Central, and the repositories that the user's own jgo settings name."""
    settings = GlobalSettings.load()
    repositories = {"central": MAVEN_CENTRAL_URL, **settings.repositories}
    return MavenContext(repo_cache=settings.repo_cache, remote_repos=repositories, timeout=TIMEOUT)


def unpack(archive: Path) -> Path:
    """The folder with the content of an archive; unpacked once, beside it, whole or not at all."""
    folder = archive.with_name(archive.name.removesuffix(".tar.gz") + "-unpacked")
    if not folder.exists():
        with _beside(folder) as draft, tarfile.open(archive) as content:
            content.extractall(draft, filter="data")
            with suppress(FileExistsError):  # another `mesh up` was faster
                draft.rename(folder)
    return folder


def relock(spec: Path = SPEC, lock: Path = LOCK, archives: Sequence[str] = ARCHIVES) -> None:
    """Resolve the coordinates of ``jgo.toml`` and write the lock."""
    context = maven()
    wanted = EnvironmentSpec.load(spec)
    builder = EnvironmentBuilder(context)
    inputs, transitive = context.resolver.resolve(builder.spec_to_dependencies(wanted))
    files = [LockedDependency.from_dependency(one) for one in (*inputs, *transitive)]
    for coordinate in archives:
        group, artifact, version, classifier, packaging = coordinate.split(":")
        one = LockedDependency(group, artifact, version, packaging, classifier)
        one.sha256 = _sha256(_artifact(context, one).resolve())
        files.append(one)
    files.sort(key=lambda one: (one.packaging, one.groupId, one.artifactId))
    LockFile(files, environment_name=wanted.name).save(lock)


def _present(context: Any, locked: LockedDependency) -> Path:
    path: Path = _artifact(context, locked).cached_path
    if path.exists() and _sha256(path) == locked.sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as draft:
        got = _download(context, locked, draft)
        if (found := _sha256(got)) != locked.sha256:
            raise PlatformError(
                "jar-checksum",
                f"is not the file that was locked: sha256 {found}, expected {locked.sha256}",
                place=_name(locked),
                remedy="do not run it; see whether the lock or the repository was changed",
            )
        got.replace(path)
    return path


def _download(context: Any, locked: LockedDependency, folder: Path) -> Path:
    """Fetch one file into a folder of its own; a broken connection is tried again."""
    apart = MavenContext(repo_cache=folder, remote_repos=context.remote_repos, timeout=context.timeout)
    artifact = _artifact(apart, locked)
    attempts = Retrying(
        stop=stop_after_attempt(4),
        wait=wait_exponential(0.5, max=5),
        retry=retry_if_exception_type(requests.RequestException),
        before_sleep=lambda _: artifact.cached_path.unlink(missing_ok=True),
        reraise=True,
    )
    try:
        path: Path = attempts(artifact.resolve)
    except (requests.RequestException, RuntimeError) as error:
        raise PlatformError(
            "jar-unavailable",
            f"cannot be downloaded: {type(error).__name__}",
            place=_name(locked),
            remedy="see that this machine reaches Maven Central, or name your repository in jgo's settings",
        ) from error
    return path


def _artifact(context: Any, locked: LockedDependency) -> Any:
    component = context.project(locked.groupId, locked.artifactId).at_version(locked.version)
    return component.artifact(classifier=locked.classifier or "", packaging=locked.packaging)


def _name(locked: LockedDependency) -> str:
    return ":".join(filter(None, (locked.groupId, locked.artifactId, locked.version, locked.classifier)))


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new folder on the same file system as ``target``, so that a rename is atomic; gone afterwards."""
    draft = Path(tempfile.mkdtemp(prefix=".fetch-", dir=target.parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        relock(folder / SPEC.name, folder / LOCK.name, archives=())
    if not sys.argv[1:]:
        relock()
