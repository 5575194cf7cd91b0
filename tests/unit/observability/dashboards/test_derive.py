"""Which dashboards there are, and where they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.checks.dashboards import stale, unknown_metrics
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import SettingsError
from observability.dashboards import dashboards, find, write
from observability.dashboards.panel import Dashboard, Section, Unit, number
from observability.dashboards.product import promised

MESH = find_mesh()


def test_there_is_one_for_the_platform_and_one_for_each_product() -> None:
    """In the order of the domains."""
    assert list(dashboards(MESH)) == ["platform", *MESH.domains]


def test_a_misspelt_product_is_answered_with_the_nearest() -> None:
    """One clear line."""
    with pytest.raises(SettingsError, match="did you mean 'sales'"):
        find(MESH, "slaes")


def test_writing_twice_changes_nothing_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    """So that Grafana shows exactly the products that there are."""
    assert len(write(MESH, tmp_path)) == len(dashboards(MESH))
    assert write(MESH, tmp_path) == []
    folder = tmp_path / "grafana" / "dashboards"
    (folder / "mesh-gone.json").write_text("{}")
    (folder / "mesh-sales.json").write_text("{}")
    assert {path.name for path in write(MESH, tmp_path)} == {"mesh-gone.json", "mesh-sales.json"}
    assert not (folder / "mesh-gone.json").exists()
    assert write(MESH, tmp_path) == []


def test_a_stale_dashboard_is_found_and_written(tmp_path: Path) -> None:
    """`mesh build` writes what `mesh build --check` names."""
    waiting = list(stale(MESH, tmp_path))
    assert {found.path.name for found in waiting} == {f"mesh-{name}.json" for name in dashboards(MESH)}
    for found in waiting:
        found.write()
    assert list(stale(MESH, tmp_path)) == []
    (tmp_path / "mesh-sales.json").write_text("{}")
    assert [found.path.name for found in stale(MESH, tmp_path)] == ["mesh-sales.json"]


def test_a_panel_that_asks_for_an_unknown_metric_is_refused() -> None:
    """With its place and the nearest name."""
    panel = number("Wait", "How long.", "max(mesh_behnd_seconds)", Unit.SECONDS)
    (fault,) = unknown_metrics(Dashboard("sales", "", "", (Section("Now", (panel,)),), ""))
    assert str(fault).startswith(
        "ContractError[series-unknown] dashboard sales, panel 'Wait': nobody exports 'mesh_behnd_seconds'; "
        "did you mean 'mesh_behind_seconds'"
    )


def test_the_strictest_promise_counts() -> None:
    """Of the ports that land; where nothing is promised there is no threshold."""
    ports = [port for port in MESH.ports.values() if port.domain == "sales"]
    assert promised(ports, "freshness") == 60
    assert promised(ports, "no-such-level") is None
    assert promised([port for port in ports if port.table is None], "freshness") is None
