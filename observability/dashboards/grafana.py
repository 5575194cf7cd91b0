"""Turns a dashboard into Grafana's JSON, by Grafana's own library.

The JSON holds nothing that changes from run to run, so that it can be committed and compared.
"""

from __future__ import annotations

from itertools import count
from math import ceil
from typing import Any

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

from observability.dashboards.panel import Dashboard, Kind, Level, Panel, Section, Thresholds

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="mesh-prometheus")
"""The data source by its uid, which Grafana's provisioning gives it."""
TAG = "retail-data-mesh"
REFRESH, SINCE = "5s", "now-15m"
_COLUMNS = 24
_SHAPES = {Kind.NUMBER: (6, 4), Kind.SERIES: (3, 8), Kind.STATES: (3, 8)}
"""Panels beside each other at the most, and the height of one."""
_COLOURS = {Level.GOOD: "green", Level.WARN: "orange", Level.BAD: "red"}


def uid(name: str) -> str:
    """The identity of a dashboard in Grafana, and the stem of its file."""
    return f"mesh-{name}"


def to_json(dashboard: Dashboard) -> str:
    """The dashboard as Grafana imports it."""
    built = (
        board.Dashboard(dashboard.title)
        .uid(uid(dashboard.name))
        .description(dashboard.tells)
        .tags([TAG])
        .refresh(REFRESH)
        .time(SINCE, "now")
        .timezone("utc")
        .editable()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(
            board.DashboardLink("Data products")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .keep_time(True)
        )
        .annotation(_alerts(dashboard))
    )
    ids = count(1)
    for section in dashboard.sections:
        built = built.with_row(board.Row(section.title).id(next(ids)))
        for panel in section.panels:
            built = built.with_panel(_panel(panel, _width(section, panel.kind)).id(next(ids)))
    text: str = JSONEncoder(sort_keys=True, indent=2).encode(built.build())
    return text + "\n"


def _width(section: Section, kind: Kind) -> int:
    """So wide that the panels of a kind fill their rows evenly."""
    panels = sum(panel.kind is kind for panel in section.panels)
    rows = ceil(panels / _SHAPES[kind][0])
    return _COLUMNS // ceil(panels / rows)


def _alerts(dashboard: Dashboard) -> board.AnnotationQuery:
    """Firing alerts, drawn over every panel."""
    matchers = ",".join(filter(None, ('alertstate="firing",alertname!="Watchdog"', dashboard.alerts)))
    return (
        board.AnnotationQuery()
        .name("Firing alerts")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color("red")
        .expr(f"ALERTS{{{matchers}}}")
    )


def _panel(panel: Panel, width: int) -> Any:
    build = {Kind.NUMBER: _number, Kind.SERIES: _series, Kind.STATES: _states}[panel.kind]
    built = (
        build(panel)
        .title(panel.title)
        .description(panel.tells)
        .datasource(DATASOURCE)
        .unit(panel.unit.value)
        .span(width)
        .height(_SHAPES[panel.kind][1])
        .no_value(panel.empty or "no data yet")
    )
    if panel.thresholds is not None:
        built = built.thresholds(_thresholds(panel.thresholds))
    for place, query in enumerate(panel.queries):
        target = prometheus.Dataquery().ref_id(chr(ord("A") + place)).expr(query.expr)
        built = built.with_target(target.legend_format(query.legend).range())
    return built


def _number(panel: Panel) -> stat.Panel:
    colour = shapes.BigValueColorMode.VALUE if panel.thresholds else shapes.BigValueColorMode.NONE
    return (
        stat.Panel()
        .color_mode(colour)
        .graph_mode(shapes.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _series(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .line_width(2)
        .fill_opacity(30 if panel.stacked else 10)
        .show_points(shapes.VisibilityMode.NEVER)
        .min(0)
        .tooltip(
            common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
        )
        .legend(
            common.VizLegendOptions()
            .display_mode(shapes.LegendDisplayMode.TABLE)
            .placement(shapes.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
    )
    if panel.stacked:
        built = built.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))
    if panel.thresholds is not None:
        dashed = shapes.GraphThresholdsStyleMode.DASHED
        built = built.thresholds_style(common.GraphThresholdsStyleConfig().mode(dashed))
    return built


def _states(panel: Panel) -> statetimeline.Panel:
    options = {
        "1": models.ValueMappingResult(text="up", color=_COLOURS[Level.GOOD]),
        "0": models.ValueMappingResult(text="down", color=_COLOURS[Level.BAD]),
    }
    return (
        statetimeline.Panel()
        .show_value(shapes.VisibilityMode.NEVER)
        .row_height(0.8)
        .mappings([models.ValueMap(options=options)])
    )


def _thresholds(thresholds: Thresholds) -> board.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=_COLOURS[thresholds.base])]
    steps += [models.Threshold(value=value, color=_COLOURS[level]) for value, level in thresholds.steps]
    return board.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
