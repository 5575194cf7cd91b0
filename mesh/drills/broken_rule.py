"""A judgement by which rows at rest break a rule of their contract."""

from __future__ import annotations

from decimal import Decimal

from analytics.quality.finding import Finding
from analytics.quality.history import keep
from mesh.drills.faults import Steps
from mesh.drills.ground import Ground
from mesh.kernel.clock import now
from mesh.kernel.errors import DrillError
from mesh.kernel.warehouse import connect

RULE = "drill"
"""The rule that is broken: one of no contract, so that no real finding is covered."""


def rule_broken(ground: Ground) -> Steps:
    """Writes down that ten rows break a rule, and then that none does. No row is touched."""
    ground.tell(f"writing down that rows of {ground.topic} break a rule")
    _judged(ground, 10)
    try:
        yield
    finally:
        ground.tell("writing down that the rule holds again")
        _judged(ground, 0)
    yield


def _judged(ground: Ground, failing: int) -> None:
    port = ground.mesh.port(ground.topic)
    if port.view is None:
        raise DrillError(
            "drill-impossible",
            "has no table whose rows could be judged",
            place=ground.topic,
            remedy="name another topic with --topic",
        )
    found = Finding(
        topic=ground.topic,
        view=port.view,
        rule=RULE,
        says="what a drill says",
        severity="error",
        judged=10,
        failing=failing,
        limit=Decimal(0),
        keys=(),
    )
    client = connect(ground.settings)
    try:
        keep(client, f"drill:{ground.run}", now(), [found])
    finally:
        client.close()
