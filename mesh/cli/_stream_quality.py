"""``mesh quality --stream``: the rules on whole tables, judged by reading their topics to the end."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException

from analytics.quality.finding import Finding
from analytics.quality.rule_names import nearest
from mesh.catalogue.lookup import meant
from mesh.kernel.broker import Broker
from mesh.kernel.errors import ContractError, PlatformError
from mesh.kernel.table_rules import named
from observability.monitor.table_verdicts import TableVerdicts, table_verdicts

if TYPE_CHECKING:
    from mesh.kernel.contract import Port
    from mesh.kernel.discovery import Mesh
    from mesh.kernel.settings import Settings
    from mesh.kernel.table_fold import Judged

LISTER = "mesh quality --stream"
PATIENCE = 10.0
"""Seconds that broker and registry may take for an answer."""


def laid(mesh: Mesh, typed: str, rule: str) -> list[Port]:
    """The ports meant that have rules on whole tables; where one is named, those that have this one.

    Raises :class:`ContractError` ``product-unruled`` or ``rule-unknown``, both with those that there are.
    """
    found = [port for port in meant(mesh, typed) if port.table_rules]
    if not found:
        known = ", ".join(port.topic for port in mesh.ports.values() if port.table_rules)
        raise ContractError(
            "product-unruled",
            "has no rule on a whole table, which --stream judges",
            place=typed,
            remedy=f"name one of those that have: {known}" if known else "lay one in its contract",
        )
    if not rule:
        return found
    nearest({name for port in found for name in named(port.table_rules)}, rule, LISTER)
    return [port for port in found if rule in named(port.table_rules)]


def judge(settings: Settings, ports: list[Port], rule: str = "") -> list[Finding]:
    """What the rules of some ports find on the topics as they are now; the rule of this name alone.

    Raises :class:`PlatformError` when the broker or the registry does not answer.
    """
    broker = Broker(settings.kafka, "mesh.quality", PATIENCE)
    verdicts = table_verdicts(ports, settings, broker, patience=PATIENCE)
    try:
        _read(verdicts, settings)
    except KafkaException as problem:
        raise _unreachable(settings, problem.args[0].str()) from None
    finally:
        verdicts.close()
    judged = verdicts.judged()
    return [
        _finding(port, one, verdicts)
        for port in ports
        for one in judged[port.topic]
        if rule in ("", one.name)
    ]


def _read(verdicts: TableVerdicts, settings: Settings) -> None:
    left = -1
    while missing := verdicts.reading:
        verdicts.advance(inf)
        before, left = left, sum(verdicts.behind().values())
        if set(missing) - verdicts.behind().keys():
            raise PlatformError(
                "topic-missing", "is not on the broker", place=missing[0], remedy="run `mesh apply`"
            )
        if left and left == before:
            raise _unreachable(settings, "it does not hand out records")


def _finding(port: Port, one: Judged, verdicts: TableVerdicts) -> Finding:
    keys = verdicts.keys(port.topic, one.name) if one.failing else ()
    return Finding(
        topic=port.topic,
        view=port.view or port.topic,
        rule=one.name,
        says=one.rule.text,
        severity=one.rule.severity,
        judged=one.judged,
        failing=one.failing,
        limit=one.limit,
        keys=tuple(tuple(map(str, key)) for key in keys),
    )


def _unreachable(settings: Settings, why: str) -> PlatformError:
    return PlatformError(
        "broker-unreachable",
        f"cannot read the topics: {why}",
        place=settings.kafka,
        remedy="start it with `mesh up`, or set MESH_KAFKA",
    )
