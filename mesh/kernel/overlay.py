"""A retailer's overlay: the promises in which its trade differs from the generic contracts.

``data/<retailer>/overlay.yaml`` changes promises only, never structure::

    retailer: adventureworks
    ports:
      sales.public.payment-recorded.v1:
        values:                       # value set of a field: replaces the contract's, or adds one
          payment_method: [Credit Card, Unknown]
        required: [transaction_type]  # fields that this retailer always gives
        expected: [fx_rate]           # fields that it should give: a warning where it does not
        missing:                      # below how many percent a field may be null in the table
          fx_rate: 5
        tolerance:                    # tolerance of the equation at a field
          total_amount: 0.01
        live: 60                      # seconds: the source is live and never silent for longer
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from mesh.kernel.contract import FieldPromise, Port, ServiceLevel
from mesh.kernel.document import Node, read_document
from mesh.kernel.errors import did_you_mean
from mesh.kernel.quality import Equation, NotNull, Rule, Values
from mesh.kernel.rule_file import read_share
from mesh.kernel.structure import FieldShape, shapes
from mesh.kernel.table_rules import Share

Overlay = Mapping[str, Node]
"""The entry of each topic that an overlay changes."""


def read_overlay(path: Path, shown_as: str = "") -> Overlay:
    """Read an overlay file; raise :class:`ContractError` with file and line when it cannot be used."""
    document = read_document(path, shown_as)
    document.only("retailer", "ports")
    document.need("retailer").text()
    ports = document.get("ports")
    return {} if ports is None else dict(ports.items())


def apply_overlay(ports: Mapping[str, Port], overlay: Overlay) -> dict[str, Port]:
    """The ports with the promises of an overlay; raise :class:`ContractError` for what it invents."""
    for topic, node in overlay.items():
        if topic not in ports:
            raise node.fault(
                "topic-unknown", f"{topic!r} is not a topic of the mesh", did_you_mean(topic, ports)
            )
    return {
        topic: _changed(port, overlay[topic]) if topic in overlay else port for topic, port in ports.items()
    }


def _changed(port: Port, node: Node) -> Port:
    node.only("values", "required", "expected", "missing", "tolerance", "live")
    if (values := node.get("values")) is not None:
        for path, allowed in values.items():
            port = _with_values(port, _shape(port, path, allowed), allowed)
    if (required := node.get("required")) is not None:
        for path in required.texts():
            port = _with_not_null(port, _shape(port, path, required).path)
    if (expected := node.get("expected")) is not None:
        for path in expected.texts():
            port = _with_not_null(port, _shape(port, path, expected).path, "warning")
    if (missing := node.get("missing")) is not None:
        for path, share in missing.items():
            port = _with_nulls(port, _shape(port, path, share), share)
    if (tolerances := node.get("tolerance")) is not None:
        for path, tolerance in tolerances.items():
            port = _with_tolerance(port, path, tolerance)
    if (live := node.get("live")) is not None:
        port = _with_frequency(port, live)
    return port


def _with_frequency(port: Port, node: Node) -> Port:
    """The port of a source that is live, which its contract may leave open."""
    if (seconds := node.number()) <= 0:
        raise node.fault(
            "live-limit", f"{seconds} is not a number of seconds", "write how long it may be silent"
        )
    return replace(
        port, service_levels={**port.service_levels, "frequency": ServiceLevel("frequency", seconds, "s")}
    )


def _shape(port: Port, path: str, node: Node) -> FieldShape:
    known = shapes(port.record)
    if path not in known:
        raise node.fault(
            "field-unknown", f"{path!r} is not a field of {port.record.__name__}", did_you_mean(path, known)
        )
    return known[path]


def _with_values(port: Port, shape: FieldShape, node: Node) -> Port:
    if shape.python_type is not str or shape.personal:
        raise node.fault("rule-type", f"{shape.path!r} holds no clear text", "value sets are for clear text")
    values = node.texts()
    if any(isinstance(rule, Values) and rule.field == shape.path for rule in port.rules):
        return _rules(
            port,
            shape.path,
            lambda rule: replace(rule, values=values) if isinstance(rule, Values) else rule,
        )
    return _added(port, Values(shape.path, values))


def _with_not_null(port: Port, path: str, severity: str = "error") -> Port:
    if any(isinstance(rule, NotNull) and rule.field == path for rule in port.rules):
        return port
    return _added(port, NotNull(path, severity))


def _with_nulls(port: Port, shape: FieldShape, node: Node) -> Port:
    """A limit of the share of nulls, in the place of the contract's where it has one."""
    if "." in shape.path or shape.repeated:
        raise node.fault(
            "rule-type", f"{shape.path!r} is within a list", "rules on tables are for plain fields"
        )
    limit = Share(NotNull(shape.path), read_share(node), dimension="completeness")
    promise = port.promises.get(shape.path, FieldPromise())
    others = [
        rule
        for rule in promise.table_rules
        if not (isinstance(rule, Share) and isinstance(rule.rule, NotNull))
    ]
    promise = replace(promise, table_rules=(*others, limit))
    return replace(port, promises={**port.promises, shape.path: promise})


def _with_tolerance(port: Port, path: str, node: Node) -> Port:
    tolerance: Decimal = node.number()
    if not any(isinstance(rule, Equation) and rule.field == path for rule in port.rules):
        raise node.fault(
            "equation-unknown", f"the contract has no equation at {path!r}", "name its left side"
        )
    return _rules(
        port, path, lambda rule: replace(rule, tolerance=tolerance) if isinstance(rule, Equation) else rule
    )


def _added(port: Port, rule: Rule) -> Port:
    promise = port.promises.get(rule.field, FieldPromise())
    promises = {**port.promises, rule.field: replace(promise, rules=(*promise.rules, rule))}
    return replace(port, promises=promises, rules=(*port.rules, rule))


def _rules(port: Port, path: str, change: Callable[[Rule], Rule]) -> Port:
    promise = port.promises[path]
    promises = {**port.promises, path: replace(promise, rules=tuple(change(rule) for rule in promise.rules))}
    rules = tuple(change(rule) if rule.field == path else rule for rule in port.rules)
    return replace(port, promises=promises, rules=rules)
