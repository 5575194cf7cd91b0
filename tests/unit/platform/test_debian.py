"""Programs from Debian packages, with toy programs in place of apt-get and dpkg-deb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mesh.kernel.errors import PlatformError
from mesh.platform import debian

PROGRAM = "#!/bin/sh\n# {fixed}\necho '{name}, version 9.1 (branch: x)'\n"
# dpkg-deb -x ARCHIVE FOLDER
UNPACKER = '#!/bin/sh\nmkdir -p "$3/usr" && cp -r {made} "$3/usr/bin"\n'
APT_OF_SEVERAL = """#!/bin/sh
for word in "$@"; do case "$word" in libjs-*|prometheus) touch "${word}_9.1_all.deb";; esac; done
"""
# dpkg-deb, with both programs of Prometheus and a file by which each archive is known
UNPACK_EACH = """#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/share" && touch "$3/usr/share/$(basename "$2")"
for name in prometheus promtool; do
  printf '#!/bin/sh\\necho "%s, version 9.1"\\n' $name > "$3/usr/bin/$name" && chmod 755 "$3/usr/bin/$name"
done
"""
# apt-get that knows the package only by lists that it was told to bring up to date
APT_WITHOUT_LISTS = """#!/bin/sh
for word in "$@"; do case "$word" in Dir::State::Lists=*) lists=${word#*=};; esac; done
case "$*" in *update*) touch "$lists/found"; exit;; esac
test -n "$lists" && test -e "$lists/found" && touch prometheus-alertmanager_9.1_all.deb && exit
echo "E: Unable to locate package prometheus-alertmanager" >&2
exit 100
"""
Tool = Callable[[str, str], None]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Puts a script on PATH, which holds nothing else of the package; the cache is the test's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def put(name: str, text: str) -> None:
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)

    made = tmp_path / "made"
    made.mkdir()
    for name in ("prometheus-alertmanager", "amtool"):
        (made / name).write_text(PROGRAM.format(name=name, fixed=debian.ALERTMANAGER.fixed))
        (made / name).chmod(0o755)
    put("dpkg-deb", UNPACKER.format(made=made))
    put("apt-get", "#!/bin/sh\ntouch prometheus-alertmanager_9.1_all.deb\n")
    return put


def test_what_is_on_the_path_is_taken(tool: Tool) -> None:
    """Nothing is fetched."""
    tool("apt-get", "#!/bin/sh\nexit 1\n")
    for name in ("alertmanager", "amtool"):
        tool(name, PROGRAM.format(name=name, fixed=""))
    found = debian.obtain(debian.ALERTMANAGER)
    assert (found.server.name, found.tool.name, found.version) == ("alertmanager", "amtool", "9.1")


def test_a_package_is_fetched_once(tool: Tool) -> None:
    """The second time it lies in the cache."""
    lines: list[str] = []
    first = debian.obtain(debian.ALERTMANAGER, lines.append)
    tool("apt-get", "#!/bin/sh\nexit 1\n")
    assert debian.obtain(debian.ALERTMANAGER, lines.append) == first
    assert first.server.is_relative_to(debian.cache())
    assert lines == ["fetching prometheus-alertmanager from the distribution, this once"]
    assert [path.name for path in debian.cache().iterdir()] == ["prometheus-alertmanager_9.1_all"]


def test_what_its_pages_need_is_fetched_with_it(tool: Tool) -> None:
    """Under a name of its own: what an older mesh has unpacked lacks them, and is not taken for whole."""
    (debian.cache() / "prometheus_9.1_all").mkdir(parents=True)
    tool("apt-get", APT_OF_SEVERAL)
    tool("dpkg-deb", UNPACK_EACH)
    found = debian.obtain(debian.PROMETHEUS)
    assert found.folder == debian.cache() / "prometheus_9.1_all+pages"
    assert found.pages == found.folder / "usr/share/prometheus/web"
    unpacked = {path.name for path in (found.folder / "usr" / "share").iterdir()}
    assert {"libjs-jquery_9.1_all.deb", "libjs-rickshaw_9.1_all.deb", "prometheus_9.1_all.deb"} <= unpacked


def test_a_fixed_folder_is_looked_for_where_the_package_lies(tool: Tool) -> None:
    """The path in the program becomes relative to its working folder; its length stays."""
    found = debian.obtain(debian.ALERTMANAGER)
    assert "# usr/share/prometheus/alertmanager/\n" in found.server.read_text()
    assert found.server == found.folder / "usr" / "bin" / "prometheus-alertmanager"


def test_lists_of_our_own_are_used_where_the_machines_lead_nowhere(tool: Tool) -> None:
    """A container has none, and only root may bring them up to date."""
    tool("apt-get", APT_WITHOUT_LISTS)
    assert debian.obtain(debian.ALERTMANAGER).version == "9.1"


def test_a_failed_fetch_leaves_nothing_and_says_why(tool: Tool) -> None:
    """One line with apt's reason and what to install."""
    tool("apt-get", "#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    with pytest.raises(PlatformError, match=r"programs-missing.*no network; install it so that alertmanager"):
        debian.obtain(debian.ALERTMANAGER)
    assert list(debian.cache().iterdir()) == []


def test_without_apt_the_line_says_what_to_install(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.setattr(debian, "can_fetch", lambda: False)
    with pytest.raises(PlatformError, match="is not on PATH, and there is no apt-get"):
        debian.obtain(debian.ALERTMANAGER)


def test_a_program_for_another_machine_is_not_used(tool: Tool) -> None:
    """A shared home may hold one; it is asked for its version first."""
    found = debian.obtain(debian.ALERTMANAGER)
    found.server.write_text("#!/bin/sh\nexit 126\n")
    assert debian.present(debian.ALERTMANAGER) is None
