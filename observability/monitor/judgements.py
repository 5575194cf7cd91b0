"""What was found last of the quality of what landed, from the history in the warehouse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from mesh.kernel.metrics import QUALITY_BROKEN, QUALITY_FAILING, QUALITY_JUDGED
from mesh.kernel.warehouse import connect
from observability.monitor.shown import Series, Shown

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.settings import Settings

TIMEOUT = 10.0
"""Seconds that the warehouse may take for an answer."""
LATEST = """
SELECT topic, rule, argMax(severity, judged_at), argMax(failing, judged_at),
    argMax(verdict, judged_at) != 'ok', toUnixTimestamp64Micro(max(judged_at)) / 1e6
FROM mesh.quality_results_v1 WHERE judged_at > now64(6) - INTERVAL 30 DAY
GROUP BY topic, rule"""
"""The last judgement of each rule; what nobody has judged for a month is not known any more."""


class Judgement(NamedTuple):
    """The last judgement of one rule."""

    topic: str
    rule: str
    severity: str
    failing: int
    is_broken: bool
    judged_at: float
    """Unix time."""


class Judgements:
    """Publishes them, and no series of a rule that is gone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self.shown = Shown()

    def measure(self) -> None:
        """Ask the warehouse; raises what the client raises when that is away."""
        if self._client is None:
            self._client = connect(self._settings, timeout=TIMEOUT)
        try:
            rows = self._client.query(LATEST).result_rows
        except Exception:
            self._client.close()
            self._client = None
            raise
        self.shown.show(series(Judgement(*row) for row in rows))


def series(judgements: Iterable[Judgement]) -> dict[Series, float]:
    """The value of each series that follows from some judgements."""
    found: dict[Series, float] = defaultdict(float)
    for one in judgements:
        found[QUALITY_FAILING, (one.topic, one.rule, one.severity)] = one.failing
        found[QUALITY_BROKEN, (one.topic, one.severity)] += one.is_broken
        judged = (QUALITY_JUDGED, (one.topic,))
        found[judged] = max(found[judged], one.judged_at)
    return found
