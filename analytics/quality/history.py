"""Judgements kept in the warehouse: each with its moment, its run and the digest of every rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from analytics.quality.asking import ask
from analytics.quality.growth import Count
from mesh.kernel.literal import text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.quality.finding import Finding
    from mesh.kernel.contract import Port

REMEMBERED = 50
"""Judgements that tell how a table grows."""
TABLE = "mesh.quality_results_v1"
COLUMNS = (
    *("run", "judged_at", "topic", "view", "rule", "says", "digest", "severity", "judged", "failing"),
    *("limit_percent", "verdict", "keys"),
)


def keep(client: Client, run: str, moment: datetime, findings: Iterable[Finding]) -> None:
    """Write down what a run has found as of a moment. The same run twice is one."""
    rows = [
        (
            run,
            moment,
            found.topic,
            found.view,
            found.rule,
            found.says,
            digest(found),
            found.severity,
            found.judged,
            found.failing,
            float(found.limit),
            found.verdict.value,
            [list(key) for key in found.keys],
        )
        for found in findings
    ]
    if rows:
        client.insert(TABLE, rows, column_names=list(COLUMNS))


def earlier(client: Client, port: Port, rule: str) -> list[Count]:
    """The last judgements' counts of rows of a port, oldest first."""
    rows = ask(
        client,
        port,
        f"SELECT toUnixTimestamp64Micro(judged_at) / 1e6, judged FROM {TABLE} FINAL "
        f"WHERE topic = {text(port.topic)} AND rule = {text(rule)} "
        f"ORDER BY judged_at DESC LIMIT {REMEMBERED}",
    )
    return [Count(at, count) for at, count in reversed(rows)]


def digest(found: Finding) -> str:
    """What tells a rule from what it said before: SHA-256 of its sentence, severity and limit."""
    return sha256(f"{found.says}\n{found.severity}\n{found.limit}".encode()).hexdigest()
