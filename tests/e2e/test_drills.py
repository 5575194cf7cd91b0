"""Every alert is proven on the running mesh: who answers for it is paged in time, and a broken alert shows.

The tests of this module run in their order on one mesh. A real SMTP server stands for everybody's mailbox.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from mesh.platform import client
from mesh.publish import Publisher
from tests.e2e.outside import Mailbox
from tests.e2e.running_mesh import Mesh
from tests.e2e.world import facts

HELD = (
    *("certificate-ending", "disk-filling", "source-silent", "poison-flood", "worker-down", "ledger-drift"),
    *("rule-broken", "job-failing"),
    *("sink-down", "registry-down", "broker-down", "watchdog"),
)
"""The others take ten minutes; `mesh drill --all` holds them."""
pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.watched, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture(scope="module")
def mesh(mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A running mesh with a little trade in it, whose pager sends mail."""
    mesh = Mesh(tmp_path_factory.mktemp("drills") / "home", MESH_SMTP=f"smtp://127.0.0.1:{mailbox.port}")
    try:
        started = mesh.run("up")
        assert started.returncode == 0, started.stdout + started.stderr
        with Publisher(mesh.settings) as publisher:
            for event, values in facts(seed=3, orders=150):
                publisher.publish(event, values)
        # What a process rejects is compared with a minute ago, so it must have been there then.
        while any(part.up_seconds < 70 for part in client.status(mesh.home)):
            time.sleep(1)
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


def drill(mesh: Mesh, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``mesh drill``."""
    return mesh.run("drill", *arguments, timeout=850)


@contextmanager
def changed(path: Path, pattern: str, replacement: str) -> Iterator[None]:
    """A file with something replaced, for a while."""
    text = path.read_text()
    other = re.sub(pattern, replacement, text)
    assert other != text, text
    path.write_text(other)
    try:
        yield
    finally:
        path.write_text(text)


def reload(address: str) -> None:
    """Let Prometheus or Alertmanager read its files again."""
    httpx.post(f"{address}/-/reload", timeout=10, trust_env=False).raise_for_status()


def test_every_drill_pages_the_right_receiver_within_its_limit(mesh: Mesh, mailbox: Mailbox) -> None:
    """One of every symptom that pages in seconds; who is paged gets a mail; nothing is left broken."""
    done = drill(mesh, *HELD, "--json")
    print(done.stderr)
    found = json.loads(done.stdout)
    for one in found["drills"]:
        print(
            f"{one['drill']:<20} {one['alert']:<32} {one['receiver']:<10} {one['seconds']} s  {one['text']}"
        )
    assert [one for one in found["drills"] if not one["passed"]] == []
    assert done.returncode == 0, done.stderr
    assert {one["drill"] for one in found["drills"]} == set(HELD)
    assert all("mail" in one["via"] for one in found["drills"])
    subjects = " ".join(mailbox.subjects())
    for one in found["drills"]:
        assert one["alert"] in subjects
    assert all(part.ready for part in client.status(mesh.home))
    assert mesh.run("reconcile", "--timeout", "120").returncode == 0


def test_a_flipped_threshold_makes_the_drill_fail(mesh: Mesh) -> None:
    """The alert no longer fires; the drill says so and exits 1."""
    rules = mesh.home / "prometheus" / "rules"
    path = next(path for path in rules.glob("*.yaml") if "certificate-ending" in path.read_text())
    with changed(path, r"time\(\) < 1209600", "time() < 0"):
        reload(mesh.settings.prometheus)
        done = drill(mesh, "certificate-ending", "--limit", "25")
    reload(mesh.settings.prometheus)
    assert done.returncode == 1
    assert "does not fire; see its expression and its threshold" in done.stdout


def test_a_deleted_route_makes_the_drill_fail(mesh: Mesh) -> None:
    """The page goes to somebody else; the drill says to whom and exits 1."""
    path = mesh.home / "alertmanager" / "alertmanager.yaml"
    with changed(path, r'domain="?sales"?', 'domain="nobody"'):
        reload(mesh.settings.alertmanager)
        done = drill(mesh, "source-silent", "--limit", "50")
    reload(mesh.settings.alertmanager)
    assert done.returncode == 1
    assert re.search(
        r"nobody of sales was paged within 50 s: SalesOrderPlacedSilent went to platform", done.stdout
    )


def test_an_alert_without_drill_fails_the_program_before_anything_is_broken(mesh: Mesh) -> None:
    """Its name is told."""
    rogue = mesh.home / "prometheus" / "rules" / "rogue.yaml"
    rogue.write_text("groups: [{name: rogue, rules: [{alert: Unproven, expr: vector(0) > 1}]}]\n")
    reload(mesh.settings.prometheus)
    done = drill(mesh, "--all")
    rogue.unlink()
    reload(mesh.settings.prometheus)
    assert done.returncode == 1
    assert done.stdout.strip() == "Unproven: no drill proves this alert"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sink-dwon"], "DrillError[drill-unknown] sink-dwon: is not a drill; did you mean 'sink-down'"),
        (
            ["sink-down", "--topic", "sales.public.order-plcaed.v1"],
            "ContractError[topic-unknown] sales.public.order-plcaed.v1: is not a topic of the mesh",
        ),
    ],
)
def test_a_misspelt_name_is_one_line(mesh: Mesh, arguments: list[str], line: str) -> None:
    """With the nearest names."""
    done = drill(mesh, *arguments)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert done.stderr.startswith(line)
