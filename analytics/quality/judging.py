"""Judges the rules of ports over what the warehouse holds now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from analytics.quality.asking import ask
from analytics.quality.finding import Finding
from analytics.quality.growth import Count, odd_rows
from analytics.quality.history import earlier
from analytics.quality.rule_names import named
from analytics.quality.statement import Scene, statements
from analytics.quality.upkeep import Growing
from mesh.kernel.table_rules import Share

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.quality.rule_names import Laid
    from mesh.kernel.contract import Port


def judge(client: Client, ports: Iterable[Port], scene: Scene, only: str = "") -> Iterator[Finding]:
    """What every rule of the ports finds, in the contract's order; of the rule named ``only`` alone.

    Ports without a table have nothing at rest. Raises :class:`WarehouseError`.
    """
    for port in ports:
        if port.view is None:
            continue
        rules = {name: rule for name, rule in named(port).items() if only in ("", name)}
        found = {finding.rule: finding for finding in _of_port(client, port, rules, scene)}
        yield from (found[name] for name in rules)


def _of_port(client: Client, port: Port, rules: Mapping[str, Laid], scene: Scene) -> Iterator[Finding]:
    for statement in statements(port, rules, scene):
        (row,) = ask(client, port, statement.sql)
        answers = iter(row)
        for name, judged, failing, keys in zip(statement.rules, answers, answers, answers, strict=True):
            rule = rules[name]
            if isinstance(rule, Growing):
                failing = odd_rows(earlier(client, port, name), Count(scene.moment.timestamp(), judged))
            yield Finding(
                topic=port.topic,
                view=str(port.view),
                rule=name,
                says=rule.text,
                severity=rule.severity,
                judged=judged,
                failing=failing,
                limit=rule.below if isinstance(rule, Share) else Decimal(0),
                keys=tuple(map(tuple, keys)) if failing else (),
            )
