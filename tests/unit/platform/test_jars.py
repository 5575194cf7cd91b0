"""The lock decides what runs: a file that differs from it stops everything, with a clear line."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from jgo.env._lockfile import LockFile
from jgo.maven import MavenContext

from mesh.kernel.errors import PlatformError
from mesh.platform import jars

ENTRY = """
[[dependencies]]
groupId = "org.example"
artifactId = "{artifact}"
version = "1.0"
packaging = "{packaging}"
sha256 = "{sha256}"
"""


class Quiet(SimpleHTTPRequestHandler):
    """A repository that serves a folder and counts what it served."""

    served = 0

    def do_GET(self) -> None:
        """Serve a file."""
        type(self).served += not self.path.endswith(".sha1")
        super().do_GET()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[MavenContext]:
    """A repository with ``org.example:thing:1.0`` and an empty local cache beside it."""
    folder = tmp_path / "remote" / "org" / "example" / "thing" / "1.0"
    folder.mkdir(parents=True)
    (folder / "thing-1.0.jar").write_bytes(b"the thing")
    Quiet.served = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "remote")))
    Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    yield MavenContext(repo_cache=tmp_path / "cache", remote_repos={"test": url}, timeout=5)
    server.shutdown()
    server.server_close()


def lock(folder: Path, content: bytes, artifact: str = "thing") -> Path:
    """A lock that holds one file with this content."""
    path = folder / "jgo.lock.toml"
    digest = hashlib.sha256(content).hexdigest()
    path.write_text(ENTRY.format(artifact=artifact, packaging="jar", sha256=digest))
    return path


def test_a_locked_file_is_fetched_once(tmp_path: Path, remote: MavenContext) -> None:
    """The second time nothing is asked of the repository."""
    path = lock(tmp_path, b"the thing")
    steps: list[tuple[int, int]] = []
    assert jars.missing(path, context=remote) == 1
    found = jars.fetch(path, progress=lambda done, total: steps.append((done, total)), context=remote)
    assert [jar.read_bytes() for jar in found.class_path] == [b"the thing"]
    assert steps == [(1, 1)]
    assert jars.missing(path, context=remote) == 0
    jars.fetch(path, context=remote)
    assert Quiet.served == 1


def test_a_tampered_lock_stops_it(tmp_path: Path, remote: MavenContext) -> None:
    """What comes is not what was locked: nothing enters the cache, and the line names the file."""
    with pytest.raises(PlatformError) as caught:
        jars.fetch(lock(tmp_path, b"something else"), context=remote)
    assert caught.value.code == "jar-checksum"
    assert "org.example:thing:1.0" in str(caught.value)
    assert hashlib.sha256(b"the thing").hexdigest() in caught.value.what
    assert not list((tmp_path / "cache").rglob("*.jar"))


def test_a_lock_without_a_checksum_stops_it(tmp_path: Path, remote: MavenContext) -> None:
    """No checksum is a wrong checksum."""
    path = lock(tmp_path, b"the thing")
    path.write_text(path.read_text().split("sha256")[0])
    with pytest.raises(PlatformError, match="jar-checksum"):
        jars.fetch(path, context=remote)


def test_a_damaged_file_is_fetched_again(tmp_path: Path, remote: MavenContext) -> None:
    """Half a file, left by an interrupted download of another program, does not run."""
    path = lock(tmp_path, b"the thing")
    (jar,) = jars.fetch(path, context=remote).class_path
    jar.write_bytes(b"the th")
    jars.fetch(path, context=remote)
    assert jar.read_bytes() == b"the thing"


def test_a_missing_file_is_a_clear_line(tmp_path: Path, remote: MavenContext) -> None:
    """The repository does not have it: the error names it and the remedy."""
    with pytest.raises(PlatformError) as caught:
        jars.fetch(lock(tmp_path, b"x", artifact="nothing"), context=remote)
    assert caught.value.code == "jar-unavailable"
    assert "org.example:nothing:1.0" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_network_is_a_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: after a few attempts, one line."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    nowhere = MavenContext(repo_cache=tmp_path / "cache", remote_repos={"x": "http://127.0.0.1:9"}, timeout=1)
    with pytest.raises(PlatformError, match="jar-unavailable"):
        jars.fetch(lock(tmp_path, b"x"), context=nowhere)


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    """The folder stands beside the archive; a second call touches nothing."""
    archive = tmp_path / "app-1.0-all.tar.gz"
    with tarfile.open(archive, "w:gz") as content:
        member = tarfile.TarInfo("lib/run.jar")
        member.size = 3
        content.addfile(member, io.BytesIO(b"jar"))
    folder = jars.unpack(archive)
    assert (folder / "lib" / "run.jar").read_bytes() == b"jar"
    (folder / "mark").touch()
    assert jars.unpack(archive) == folder
    assert (folder / "mark").exists()
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".fetch-")] == []


def test_the_committed_lock_names_every_file_with_its_checksum() -> None:
    """Kafka with its own client, and the registry; every entry can be checked."""
    locked = LockFile.load(jars.LOCK).dependencies
    versions = {(one.artifactId, one.version) for one in locked}
    assert {
        ("kafka_2.13", "4.0.2"),
        ("kafka-clients", "4.0.2"),
        ("apicurio-registry-app", "3.3.3"),
    } <= versions
    assert all(one.sha256 and len(one.sha256) == 64 for one in locked)
