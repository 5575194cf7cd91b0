"""A running mesh on which drills are held, and a real SMTP server that stands for everybody's mailbox."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from mesh.platform import client
from mesh.publish import Publisher
from tests.e2e.outside import Mailbox
from tests.e2e.running_mesh import Mesh
from tests.e2e.world import facts


class DrilledMesh(Mesh):
    """A mesh with a little trade in it, whose pager sends mail."""

    def __init__(self, home: Path, mailbox: Mailbox) -> None:
        super().__init__(home, MESH_SMTP=f"smtp://127.0.0.1:{mailbox.port}")
        self._mailbox = mailbox

    def drill(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``mesh drill``."""
        return self.run("drill", *arguments, timeout=850)

    def require_pages(self, drills: Collection[str]) -> None:
        """Each drill pages whom the contract names, within its limit and by mail; nothing is left broken."""
        done = self.drill(*drills, "--json")
        print(done.stderr)
        found = json.loads(done.stdout)["drills"]
        for one in found:
            print(f"{one['drill']:<20} {one['alert']:<32} {one['receiver']:<10} {one['seconds']} s")
            print(f"{'':<20} {one['text']}")
        assert [one for one in found if not one["passed"]] == []
        assert done.returncode == 0, done.stderr
        assert {one["drill"] for one in found} == set(drills)
        assert all("mail" in one["via"] for one in found)
        subjects = " ".join(self._mailbox.subjects())
        for one in found:
            assert one["alert"] in subjects
        assert all(part.ready for part in client.status(self.home))
        assert self.run("reconcile", "--timeout", "120").returncode == 0


@contextmanager
def drilled_mesh(home: Path) -> Iterator[DrilledMesh]:
    """Started, and ended whatever happens."""
    mailbox = Mailbox()
    mesh = DrilledMesh(home, mailbox)
    try:
        started = mesh.run("up")
        assert started.returncode == 0, started.stdout + started.stderr
        with Publisher(mesh.settings) as publisher:
            for event, values in facts(seed=3, orders=150):
                publisher.publish(event, values)
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)
        mailbox.close()


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """A file with another text, for a while."""
    before = path.read_text()
    assert text != before, before
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)


def reload(address: str) -> None:
    """Let Prometheus or Alertmanager read its files again."""
    httpx.post(f"{address}/-/reload", timeout=10, trust_env=False).raise_for_status()
