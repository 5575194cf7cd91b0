"""What the warehouse holds of the ledger: which stretches of offsets have no row, and newest event times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesh.kernel.names import SINK
from mesh.kernel.warehouse import connect
from observability.monitor.book import Claim, Finding

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.settings import Settings

TIMEOUT = 3.0
"""Seconds that the warehouse may take for an answer."""
GAPS = 1000
"""Gaps of one claim that are told apart; what follows them is looked at again by whoever comes later."""


@dataclass(frozen=True)
class Look:
    """What one look at the ledger brought; event times are the greatest of each topic, in Unix time."""

    findings: list[Finding]
    event_times: dict[str, float]


class Landings:
    """Asks the warehouse. Two statements a look, and one more for each claim that is not whole."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def look(self, claims: Sequence[Claim]) -> Look:
        """Look at claims that do not overlap; raises what the client raises when the warehouse is away."""
        if not claims:
            return Look([], {})
        if self._client is None:
            self._client = connect(self._settings, timeout=TIMEOUT)
        try:
            return self._look(self._client, claims)
        except Exception:
            self._client.close()
            self._client = None
            raise

    def _look(self, client: Client, claims: Sequence[Claim]) -> Look:
        rows = client.query(counts(claims)).result_rows
        present = {int(number): int(count) for number, count, _ in rows}
        times: dict[str, float] = {}
        for number, _, newest in rows:
            if newest is not None:
                topic = claims[number].place.topic
                times[topic] = max(times.get(topic, 0.0), float(newest))
        findings = []
        for number, claim in enumerate(claims):
            if present.get(number, 0) == claim.end - claim.start:
                findings.append(Finding(claim, ()))
            else:
                found = client.query(gaps(claim)).result_rows
                findings.append(_cut(claim, [(int(first), int(last)) for first, last in found]))
        return Look(findings, times)


def counts(claims: Sequence[Claim]) -> str:
    """The statement for how many offsets of each claim have a row: claim, offsets, newest event time."""
    number = ", ".join(f"{_condition(claim)}, {at}" for at, claim in enumerate(claims))
    either = " OR ".join(f"({_condition(claim)})" for claim in claims)
    return f"""
SELECT multiIf({number}, -1) AS claim, uniqExact(offset), max(toUnixTimestamp64Micro(event_time)) / 1e6
FROM (
    SELECT topic, partition, offset, event_time FROM mesh.raw_events_v1 WHERE {either}
    UNION ALL
    SELECT topic, partition, offset, NULL FROM mesh.dead_letters_v1 WHERE consumer = '{SINK}' AND ({either})
)
GROUP BY claim"""


def gaps(claim: Claim) -> str:
    """The statement for the stretches of a claim without a row: first offset, and the one after the last."""
    return f"""
SELECT offset + 1 AS first, next AS last
FROM (
    SELECT offset, leadInFrame(offset, 1, toInt64({claim.end})) OVER (
        ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next
    FROM (
        SELECT toInt64({claim.start - 1}) AS offset
        UNION DISTINCT
        SELECT offset FROM mesh.raw_events_v1 WHERE {_condition(claim)}
        UNION DISTINCT
        SELECT offset FROM mesh.dead_letters_v1 WHERE consumer = '{SINK}' AND {_condition(claim)}
    )
)
WHERE next > offset + 1
ORDER BY first
LIMIT {GAPS}"""


def _condition(claim: Claim) -> str:
    topic, partition = claim.place
    return (
        f"topic = '{topic}' AND partition = {partition} AND offset >= {claim.start} AND offset < {claim.end}"
    )


def _cut(claim: Claim, found: list[tuple[int, int]]) -> Finding:
    """The finding; with more gaps than are told, of that part of the claim in which all of them are."""
    if len(found) < GAPS:
        return Finding(claim, tuple(found))
    return Finding(claim._replace(end=found[-1][1]), tuple(found))
