"""The alerts that a domain adds to those of its contract, in ``alerts.yaml``::

    alerts:
      - name: SalesRefundsSurging          # begins with the domain; a heading of its runbook.md
        product: payment-recorded          # the port that it is about; may be left out
        expr: sum(increase(mesh_records_read_total{...}[5m])) > 100
        for: 30s                           # may be left out
        severity: ticket                   # page or ticket
        type: quality                      # may be left out
        summary: Refunds surge
        description: More than a hundred refunds were recorded within five minutes.
        action: Ask the shops.
        drill: source-silent               # what proves on a running mesh that it is heard
        proof:                             # histories, a value every five seconds; at least one of each kind
          - {says: it surges, series: {'mesh_records_read_total{...}': 0x10 500x60}, fires: 90s}
          - {says: it does not, series: {'mesh_records_read_total{...}': 0+1x60}, fires: never}

Owner, runbook and the other labels are the domain's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mesh.kernel.discovery import Domain
from mesh.kernel.document import Node, read_document
from mesh.kernel.errors import did_you_mean
from observability.alerts import DRILLS, TYPES, Alert, Case, Severity, Symptom, camel
from observability.promql import faults

FILE = "alerts.yaml"
_DURATION = re.compile(r"([1-9][0-9]*)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_KEYS = (
    *("name", "product", "expr", "for", "severity", "type", "summary", "description", "action", "drill"),
    "proof",
)


def read(domain: Domain) -> tuple[Alert, ...]:
    """The domain's own alerts, if any; raise :class:`ContractError` with the line of the first fault."""
    path = domain.folder / FILE
    if not path.exists():
        return ()
    document = read_document(path, f"{domain.shown_as}/{FILE}")
    document.only("alerts")
    return tuple(_alert(node, domain) for node in document.need("alerts").members())


def _alert(node: Node, domain: Domain) -> Alert:
    node.only(*_KEYS)
    expr = node.need("expr")
    for fault in faults(expr.text(), expr.place):
        raise fault
    return Alert(
        name=_name(node.need("name"), domain),
        symptom=Symptom.OWN,
        domain=domain.name,
        product=_product(node, domain),
        owner=domain.product.owner,
        drill=_drill(node.need("drill")),
        expr=expr.text().strip(),
        holds=_seconds(held) if (held := node.get("for")) else 0,
        severity=Severity(node.need("severity").one_of(("page", "ticket"), "alert-severity")),
        summary=node.need("summary").text(),
        description=node.need("description").text(),
        action=node.need("action").text(),
        runbook=f"{domain.shown_as}/runbook.md",
        labels={"type": kind.one_of(tuple(TYPES.values()), "alert-type")}
        if (kind := node.get("type"))
        else {},
        proof=tuple(_cases(node)),
        place=node.place,
    )


def _name(node: Node, domain: Domain) -> str:
    begin = camel(domain.name)
    if re.fullmatch(rf"{begin}[A-Z][A-Za-z0-9]+", node.text()) is None:
        raise node.fault(
            "alert-name", f"{node.text()!r} is not a name of its alerts", f"write {begin}<Product><Symptom>"
        )
    return node.text()


def _product(node: Node, domain: Domain) -> str:
    product = node.get("product")
    if product is None:
        return ""
    names = tuple(port.name for port in domain.contract.ports)
    return product.one_of(names, "port-unknown")


def _drill(node: Node) -> str:
    if node.text() not in DRILLS:
        raise node.fault(
            "alert-drill", f"there is no drill {node.text()!r}", did_you_mean(node.text(), DRILLS)
        )
    return node.text()


def _seconds(node: Node) -> int:
    found = _DURATION.fullmatch(node.text())
    if found is None:
        raise node.fault(
            "alert-duration", f"{node.text()!r} is not a duration", "write it like 30s, 5m or 1h"
        )
    return int(found[1]) * _SECONDS[found[2]]


def _cases(node: Node) -> Iterator[Case]:
    for case in node.elements("proof"):
        case.only("says", "series", "fires", "labels")
        fires, labels = case.need("fires"), case.get("labels")
        series = {name: str(values.plain()) for name, values in case.need("series").items()}
        yield Case(
            says=case.need("says").text(),
            series=series,
            fires=None if fires.value == "never" else _seconds(fires),
            labels={name: value.text() for name, value in labels.items()} if labels else {},
            until=max(map(_length, series.values()), default=0),
        )


def _length(values: str) -> int:
    """How many seconds a series lasts: ``0+1x60 5`` has 62 samples, one every five seconds."""
    return 5 * (
        sum(int(token.rpartition("x")[2] if "x" in token else "0") + 1 for token in values.split()) - 1
    )
