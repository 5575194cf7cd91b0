"""Every alert is proven on the running mesh: who answers for it is paged in time, and a broken alert shows.

The tests of this module run in their order on one mesh.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mesh.platform import client
from tests.e2e.drilled_mesh import DrilledMesh, changed, drilled_mesh, reload

SIDE_BY_SIDE = (
    *("certificate-ending", "disk-filling", "source-silent", "poison-flood", "worker-down", "ledger-drift"),
    *("rule-broken", "job-failing"),
)
"""What pages in seconds; outages stand in a module of their own. The others take ten minutes; `mesh drill
--all` holds them."""
pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.watched, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrilledMesh]:
    """A running mesh with a little trade in it, whose pager sends mail."""
    with drilled_mesh(tmp_path_factory.mktemp("drills") / "home") as mesh:
        yield mesh


def test_a_flipped_threshold_makes_the_drill_fail(mesh: DrilledMesh) -> None:
    """The alert no longer fires; the drill says so and exits 1."""
    rules = mesh.home / "prometheus" / "rules"
    path = next(path for path in rules.glob("*.yaml") if "certificate-ending" in path.read_text())
    with changed(path, path.read_text().replace("time() < 1209600", "time() < 0")):
        reload(mesh.settings.prometheus)
        done = mesh.drill("certificate-ending", "--limit", "25")
    reload(mesh.settings.prometheus)
    assert done.returncode == 1
    assert "does not fire; see its expression and its threshold" in done.stdout


def test_an_alert_without_drill_fails_the_program_before_anything_is_broken(mesh: DrilledMesh) -> None:
    """Its name is told."""
    rogue = mesh.home / "prometheus" / "rules" / "rogue.yaml"
    rogue.write_text("groups: [{name: rogue, rules: [{alert: Unproven, expr: vector(0) > 1}]}]\n")
    reload(mesh.settings.prometheus)
    done = mesh.drill("--all")
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
def test_a_misspelt_name_is_one_line(mesh: DrilledMesh, arguments: list[str], line: str) -> None:
    """With the nearest names."""
    done = mesh.drill(*arguments)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert done.stderr.startswith(line)


def test_every_drill_pages_the_right_receiver_within_its_limit(mesh: DrilledMesh) -> None:
    """One of every symptom that pages in seconds; who is paged gets a mail; nothing is left broken."""
    # What a process rejects is compared with a minute ago, so it must have been there then.
    while any(part.up_seconds < 70 for part in client.status(mesh.home)):
        time.sleep(1)
    mesh.require_pages(SIDE_BY_SIDE)
