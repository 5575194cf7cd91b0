"""Reads one ``quality`` entry of a contract (ODCS 3.1) into a rule.

========================================================================  =========
entry                                                                     rule
========================================================================  =========
``metric: invalidValues, arguments: {validValues: […]}, mustBe: 0``       Values
``metric: invalidValues, arguments: {pattern: …}, mustBe: 0``             Regex
``type: custom, engine: mesh, implementation: {minimum: …, maximum: …}``  Range
``type: custom, engine: mesh, implementation: {equals: …, tolerance: …}`` Equation
``metric: duplicateValues, mustBe: 0``                                    Unique
``metric: invalidValues, …, mustBeLessThan: 10, unit: percent``           Share
``metric: nullValues, mustBeLessThan: 10, unit: percent``                 Share of nulls
========================================================================  =========

The last three are rules on a whole table (:mod:`mesh.kernel.table_rules`), all others on each record.

An Equation stands at the field of its left side. ``severity`` is error (the default) or warning;
``dimension`` is one of the standard's. A field that must be given has ``required: true``: the rule NotNull.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mesh.kernel.document import Node
from mesh.kernel.errors import did_you_mean
from mesh.kernel.event import Record
from mesh.kernel.quality import (
    SEVERITIES,
    Equation,
    NotNull,
    Range,
    Regex,
    Rule,
    Values,
    parse_expression,
    portable_pattern,
)
from mesh.kernel.structure import FieldShape, shapes
from mesh.kernel.table_rules import Share, TableRule, Unique

DIMENSIONS = ("accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness")
ENGINE = "mesh"
UNIQUE, NULLS, SHARE = "duplicateValues", "nullValues", "mustBeLessThan"


def is_of_table(node: Node) -> bool:
    """Whether a quality entry states a rule on a whole table."""
    metric = node.get("metric")
    return node.get(SHARE) is not None or (metric is not None and metric.value == UNIQUE)


def read_table_rule(node: Node, path: str, record: type[Record]) -> TableRule:
    """The rule on a whole table that an entry states; raise :class:`ContractError` with its line."""
    grade, shape = _grade(node), shapes(record)[path]
    if "." in path or shape.repeated:
        raise node.fault("rule-type", f"{path!r} is within a list", "rules on tables are for plain fields")
    if node.need("metric").value == UNIQUE:
        _zero(node.need("mustBe"))
        return Unique(path, **grade)
    node.need("unit").one_of(("percent",), "share-unit")
    below = read_share(node.need(SHARE))
    if node.need("metric").value == NULLS:
        return Share(NotNull(path), below, **{"dimension": "completeness", **grade})
    return Share(_invalid_values(node, shape, {}), below, **grade)


def read_share(node: Node) -> Decimal:
    """A percentage above 0, up to 100."""
    below = node.number()
    if not 0 < below <= 100:
        raise node.fault("share-limit", f"{below} is not a share", "write a percentage up to 100")
    return below


def read_rule(node: Node, path: str, record: type[Record]) -> Rule:
    """The rule that one quality entry of a field states; raise :class:`ContractError` with its line."""
    grade = _grade(node)
    shape = shapes(record)[path]
    if node.get("engine") is None:
        return _invalid_values(node, shape, grade)
    node.need("engine").one_of((ENGINE,), "engine-unknown")
    stated = node.need("implementation")
    if stated.get("equals") is not None:
        return _equation(stated, shape, record, grade)
    return _range(stated, shape, grade)


def _grade(node: Node) -> dict[str, str]:
    grade: dict[str, str] = {}
    if (severity := node.get("severity")) is not None:
        grade["severity"] = severity.one_of(SEVERITIES, "severity-unknown")
    if (dimension := node.get("dimension")) is not None:
        grade["dimension"] = dimension.one_of(DIMENSIONS, "dimension-unknown")
    return grade


def _zero(allowed: Node) -> None:
    if allowed.value != 0:
        raise allowed.fault(
            "rule-aggregate", "rules hold for each record", "write mustBe: 0, or mustBeLessThan with a unit"
        )


def _invalid_values(node: Node, shape: FieldShape, grade: dict[str, str]) -> Values | Regex:
    node.need("metric").one_of(("invalidValues",), "metric-unknown")
    if node.get(SHARE) is None:
        _zero(node.need("mustBe"))
    _typed(node, shape, str)
    stated = node.need("arguments")
    stated.only("validValues", "pattern")
    if (values := stated.get("validValues")) is not None:
        return Values(shape.path, values.texts(), **grade)
    pattern = stated.need("pattern")
    try:
        portable_pattern(pattern.text())
    except ValueError as error:
        raise pattern.fault("pattern-wrong", str(error), "spell the characters out, as in [0-9]") from None
    return Regex(shape.path, pattern.text(), **grade)


def _range(node: Node, shape: FieldShape, grade: dict[str, str]) -> Rule:
    node.only("minimum", "maximum")
    _typed(node, shape, int, float, Decimal)
    minimum, maximum = node.get("minimum"), node.get("maximum")
    if minimum is None and maximum is None:
        raise node.fault("rule-empty", "neither minimum nor maximum is given")
    low = None if minimum is None else minimum.number()
    return Range(shape.path, low, None if maximum is None else maximum.number(), **grade)


def _equation(node: Node, shape: FieldShape, record: type[Record], grade: dict[str, str]) -> Rule:
    node.only("equals", "tolerance")
    _typed(node, shape, int, Decimal)
    right, tolerance = node.need("equals"), node.get("tolerance")
    try:
        terms = parse_expression(right.text())
    except ValueError as error:
        raise right.fault("expression-wrong", str(error), "write sums of products of fields") from None
    rule = Equation(
        shape.path, terms, right.text(), Decimal(0) if tolerance is None else tolerance.number(), **grade
    )
    known = shapes(record)
    prefix = shape.path[: shape.path.rfind(".") + 1]
    for name in rule.names:
        if prefix + name not in known:
            near = [path[len(prefix) :] for path in known if path.startswith(prefix)]
            raise right.fault(
                "field-unknown", f"{name!r} is not a field beside {shape.path!r}", did_you_mean(name, near)
            )
        _typed(right, known[prefix + name], int, Decimal)
    return rule


def _typed(node: Node, shape: FieldShape, *kinds: type[Any]) -> None:
    if shape.python_type not in kinds or shape.repeated:
        raise node.fault(
            "rule-type",
            f"{shape.path!r} is {'a list' if shape.repeated else shape.python_type.__name__}",
            f"this rule is for {' or '.join(kind.__name__ for kind in kinds)}",
        )
