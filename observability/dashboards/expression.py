"""Expressions of Prometheus that several panels share."""

from __future__ import annotations

from collections.abc import Iterator

from observability.dashboards.panel import Query

LIVE = r'topic!~".+\\.dead\\..+"'
"""Selects every topic but those of dead letters."""
DEAD = r'topic=~".+\\.dead\\..+"'
"""Selects the topics of dead letters."""
SHARES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))


def quantile(share: float, histogram: str, selects: str = "", by: str = "") -> str:
    """A quantile of a histogram over the last five minutes, for each value of the label ``by``."""
    series = f"{histogram}_bucket" + (f"{{{selects}}}" if selects else "")
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({series}[5m])))"


def quantiles(histogram: str, selects: str = "") -> Iterator[Query]:
    """Median, 95 % and 99 % of a histogram."""
    return (Query(quantile(share, histogram, selects), name) for share, name in SHARES)
