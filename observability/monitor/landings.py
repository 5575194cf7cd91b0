"""What the warehouse holds of the ledger: which stretches of offsets have no row, and newest event times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.kernel.broker import Place
from mesh.kernel.names import SINK
from mesh.kernel.warehouse import connect
from observability.monitor.book import Claim, Finding

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.settings import Settings

TIMEOUT = 10.0
"""Seconds that the warehouse may take for an answer: longer than for a sign of life, since it may be busy."""
GAPS = 1000
"""Gaps of one claim that are told apart; what follows them is looked at in the next round."""


class Present(NamedTuple):
    """How many offsets of a claim have a row, and the greatest event time of these (Unix time)."""

    offsets: int
    event_time: float | None


class Landings:
    """Asks the warehouse; its methods raise what the client raises when that is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def look(self, claims: Sequence[Claim]) -> tuple[list[Finding], dict[str, float]]:
        """What is found of claims, one a partition, and the greatest event time of each topic among them."""
        if not claims:
            return [], {}
        rows = self._select(counts(claims))
        present = {Place(topic, partition): Present(count, time) for topic, partition, count, time in rows}
        findings = [self._finding(claim, present.get(claim.place)) for claim in claims]
        times: dict[str, float] = {}
        for place, (_, time) in present.items():
            if time is not None:
                times[place.topic] = max(time, times.get(place.topic, 0.0))
        return findings, times

    def gaps(self, claim: Claim) -> list[tuple[int, int]]:
        """The stretches of a claim without a row. The last of very many is all that follows the others."""
        found = self._stretches(claim)
        return found if len(found) < GAPS else [*found, (found[-1][1], claim.end)]

    def _finding(self, claim: Claim, present: Present | None) -> Finding:
        if present is not None and present.offsets == claim.end - claim.start:
            return Finding(claim, ())
        found = self._stretches(claim)
        return Finding(claim if len(found) < GAPS else claim._replace(end=found[-1][1]), tuple(found))

    def _stretches(self, claim: Claim) -> list[tuple[int, int]]:
        return [(first, last) for first, last in self._select(gaps(claim))]

    def _select(self, statement: str) -> Sequence[Sequence[Any]]:
        if self._client is None:
            self._client = connect(self._settings, timeout=TIMEOUT)
        try:
            rows: Sequence[Sequence[Any]] = self._client.query(statement).result_rows
            return rows
        except Exception:
            self._client.close()
            self._client = None
            raise


def counts(claims: Sequence[Claim]) -> str:
    """The statement for how many offsets of each claim have a row: topic, partition, offsets, event time."""
    where = _conditions(claims)
    return f"""
SELECT topic, partition, uniqExact(offset), max(time)
FROM (
    SELECT topic, partition, offset, toUnixTimestamp64Micro(event_time) / 1e6 AS time
    FROM mesh.raw_events_v1 WHERE {where}
    UNION ALL
    SELECT topic, partition, offset, NULL FROM mesh.dead_letters_v1 WHERE consumer = '{SINK}' AND ({where})
)
GROUP BY topic, partition"""


def gaps(claim: Claim) -> str:
    """The statement for the stretches of a claim without a row: first offset, and the one after the last."""
    where = _conditions([claim])
    return f"""
SELECT offset + 1 AS first, next AS last
FROM (
    SELECT offset, leadInFrame(offset, 1, toInt64({claim.end})) OVER (
        ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next
    FROM (
        SELECT toInt64({claim.start - 1}) AS offset
        UNION DISTINCT
        SELECT offset FROM mesh.raw_events_v1 WHERE {where}
        UNION DISTINCT
        SELECT offset FROM mesh.dead_letters_v1 WHERE consumer = '{SINK}' AND {where}
    )
)
WHERE next > offset + 1
ORDER BY first
LIMIT {GAPS}"""


def _conditions(claims: Sequence[Claim]) -> str:
    """That a row belongs to one of the claims, in few words: each is work for whoever reads the statement."""

    def topic(claim: Claim) -> str:
        return claim.place.topic

    return " OR ".join(
        f"(topic = '{name}' AND ({' OR '.join(map(_within, found))}))"
        for name, found in groupby(sorted(claims, key=topic), key=topic)
    )


def _within(claim: Claim) -> str:
    return f"partition = {claim.place.partition} AND offset BETWEEN {claim.start} AND {claim.end - 1}"
