"""Reads the panels that a domain brings itself, in its optional ``dashboard.yaml``.

panels:
  - title: Orders published              # one number, with its course
    tells: Orders over the last minute.
    unit: records a second
    expr: sum(rate(mesh_topic_end_offsets{topic="sales.public.order-placed.v1"}[1m]))
    warn: 500
    bad: 1000                            # less than warn: small values are bad
  - title: Orders published, by partition
    tells: Whether the accounts are spread evenly.
    unit: records a second
    lines:
      - expr: sum by (partition) (rate(mesh_topic_end_offsets{topic="sales.public.order-placed.v1"}[1m]))
        name: "{{partition}}"
"""

from __future__ import annotations

from pathlib import Path

from mesh.kernel.document import Node, read_document
from observability.dashboards.panel import Panel, Query, Thresholds, Unit, above, below, number, series
from observability.promql import faults

FILE = "dashboard.yaml"
UNITS = {unit.name.lower().replace("_", " "): unit for unit in Unit}
_EMPTY = "nothing to show"


def own_panels(folder: Path, shown_as: str) -> tuple[Panel, ...]:
    """The panels of a domain's own; none where it has no such file.

    Raises :class:`ContractError` with the line of the first fault.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    document = read_document(path, f"{shown_as}/{FILE}")
    document.only("panels")
    return tuple(_panel(node) for node in document.need("panels").members())


def _panel(node: Node) -> Panel:
    node.only("title", "tells", "unit", "expr", "lines", "warn", "bad")
    title, unit = node.need("title").text(), UNITS[node.need("unit").one_of(tuple(UNITS), "unit-unknown")]
    if (node.get("expr") is None) == (node.get("lines") is None):
        raise node.fault(
            "panel-queries", f"{title!r} has either expr or lines", "expr for one number, lines for many"
        )
    tells, thresholds = node.need("tells").text(), _thresholds(node)
    if expr := node.get("expr"):
        return number(title, tells, _known(expr), unit, thresholds, empty=_EMPTY)
    queries = [_line(line) for line in node.need("lines").members()]
    return series(title, tells, unit, *queries, thresholds=thresholds, empty=_EMPTY)


def _line(node: Node) -> Query:
    node.only("expr", "name")
    return Query(_known(node.need("expr")), node.need("name").text())


def _known(node: Node) -> str:
    """An expression all of whose metrics exist."""
    text = node.text()
    for fault in faults(text, node.place):
        raise fault
    return text


def _thresholds(node: Node) -> Thresholds | None:
    warn, bad = node.get("warn"), node.get("bad")
    if bad is None:
        if warn is not None:
            raise warn.fault("key-missing", "'bad' is missing beside 'warn'", "add bad: …")
        return None
    limit = float(bad.number())
    if warn is None:
        return above(None, limit)
    first = float(warn.number())
    if first == limit:
        raise warn.fault("panel-thresholds", "'warn' is as much as 'bad'", "leave one out, or part them")
    return above(first, limit) if first < limit else below(first, limit)
