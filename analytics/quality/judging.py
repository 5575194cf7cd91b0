"""Judges the rules of ports over what the warehouse holds now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from analytics.quality.asking import ask
from analytics.quality.finding import Finding
from analytics.quality.rule_names import named
from analytics.quality.statement import statements
from mesh.kernel.table_rules import Share

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port
    from mesh.kernel.quality import Rule
    from mesh.kernel.table_rules import TableRule


def judge(client: Client, ports: Iterable[Port], only: str = "") -> Iterator[Finding]:
    """What every rule of the ports finds, in the contract's order; of the rule named ``only`` alone.

    Ports without a table have nothing at rest. Raises :class:`WarehouseError`.
    """
    for port in ports:
        if port.view is None:
            continue
        rules = {name: rule for name, rule in named(port).items() if only in ("", name)}
        found = {finding.rule: finding for finding in _of_port(client, port, rules)}
        yield from (found[name] for name in rules)


def _of_port(client: Client, port: Port, rules: Mapping[str, Rule | TableRule]) -> Iterator[Finding]:
    for statement in statements(port, rules):
        (row,) = ask(client, port, statement.sql)
        answers = iter(row)
        for name, judged, failing, keys in zip(statement.rules, answers, answers, answers, strict=True):
            yield _finding(port, name, rules[name], judged, failing, keys)


def _finding(
    port: Port, name: str, rule: Rule | TableRule, judged: int, failing: int, keys: list[list[str]]
) -> Finding:
    assert port.view is not None
    return Finding(
        topic=port.topic,
        view=port.view,
        rule=name,
        says=rule.text,
        severity=rule.severity,
        judged=judged,
        failing=failing,
        limit=rule.below if isinstance(rule, Share) else Decimal(0),
        keys=tuple(map(tuple, keys)),
    )
