"""Parts that are down page whoever answers for them; so does the watchdog; and a page that goes astray shows.

The tests of this module run in their order on one mesh, beside that of :mod:`tests.e2e.test_drills`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.e2e.drilled_mesh import DrilledMesh, changed, drilled_mesh, reload

OUTAGES = ("sink-down", "registry-down", "broker-down", "watchdog")
pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.watched, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrilledMesh]:
    """A running mesh with a little trade in it, whose pager sends mail."""
    with drilled_mesh(tmp_path_factory.mktemp("outages") / "home") as mesh:
        yield mesh


def test_every_outage_pages_the_right_receiver_within_its_limit(mesh: DrilledMesh) -> None:
    """Who is paged gets a mail; nothing is left broken."""
    mesh.require_pages(OUTAGES)


def test_a_deleted_route_makes_the_drill_fail(mesh: DrilledMesh) -> None:
    """The page goes to somebody else; the drill says to whom and exits 1."""
    path = mesh.home / "alertmanager" / "alertmanager.yaml"
    with changed(path, re.sub(r'domain="?sales"?', 'domain="nobody"', path.read_text())):
        reload(mesh.settings.alertmanager)
        done = mesh.drill("source-silent", "--limit", "50")
    reload(mesh.settings.alertmanager)
    assert done.returncode == 1
    assert re.search(
        r"nobody of sales was paged within 50 s: SalesOrderPlacedSilent went to platform", done.stdout
    )
