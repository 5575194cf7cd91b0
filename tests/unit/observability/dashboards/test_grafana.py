"""Dashboards as Grafana's JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mesh.kernel.discovery import find_mesh
from observability.dashboards import dashboards
from observability.dashboards.grafana import DATASOURCE, to_json

ALL = dashboards(find_mesh())


def parsed(name: str) -> dict[str, Any]:
    """A dashboard as Grafana reads it."""
    found: dict[str, Any] = json.loads(to_json(ALL[name]))
    return found


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_json_is_the_same_every_time(name: str) -> None:
    """It is committed and compared."""
    assert to_json(ALL[name]) == to_json(dashboards(find_mesh())[name])


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_panel_asks_our_data_source_and_says_what_it_tells(name: str) -> None:
    """With the queries and legends of its description, in its order."""
    panels = [panel for panel in parsed(name)["panels"] if panel["type"] != "row"]
    assert [panel["title"] for panel in panels] == [panel.title for panel in ALL[name].panels]
    for shown, panel in zip(panels, ALL[name].panels, strict=True):
        assert shown["description"] == panel.tells
        assert shown["datasource"]["uid"] == DATASOURCE.uid
        asked = [(target["expr"], target["legendFormat"]) for target in shown["targets"]]
        assert asked == [(query.expr, query.legend) for query in panel.queries]
        assert len({target["refId"] for target in shown["targets"]}) == len(asked)
        assert shown["fieldConfig"]["defaults"]["unit"] == panel.unit.value


@pytest.mark.parametrize("name", sorted(ALL))
def test_panels_lie_beside_each_other_and_fill_their_rows(name: str) -> None:
    """No cell of the grid of 24 columns is taken twice, and none is left free but at the end of a section."""
    taken: set[tuple[int, int]] = set()
    ids = set()
    for panel in parsed(name)["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken, panel["title"]
        assert grid["x"] + grid["w"] <= 24, panel["title"]
        taken |= cells
        ids.add(panel["id"])
    assert len(ids) == len(parsed(name)["panels"])
    assert 0 not in ids


def test_thresholds_are_those_of_the_panel() -> None:
    """A promise of 60 s is orange from half of it, red from all of it."""
    fresh = next(panel for panel in parsed("sales")["panels"] if panel["title"] == "Freshness")
    steps = fresh["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [
        (None, "green"),
        (30, "orange"),
        (60, "red"),
    ]


def test_firing_alerts_are_drawn_over_the_panels() -> None:
    """Those of the product."""
    (found,) = parsed("sales")["annotations"]["list"]
    assert 'domain="sales"' in found["expr"]
    assert "Watchdog" in found["expr"]
