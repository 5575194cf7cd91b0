"""The dashboard of one data product: does it keep what its contract promises."""

from __future__ import annotations

from collections.abc import Sequence

from mesh.kernel.contract import Port
from mesh.kernel.metrics import SECONDS
from mesh.kernel.names import SINK
from observability.dashboards.expression import DEAD, LIVE, quantile, quantiles
from observability.dashboards.panel import (
    Dashboard,
    Panel,
    Query,
    Section,
    Thresholds,
    Unit,
    above,
    below,
    number,
    series,
)

NEAR = 0.5
"""The share of a promise that is used up when its panel warns."""


def product_dashboard(
    name: str, title: str, purpose: str, ports: Sequence[Port], own: tuple[Panel, ...] = ()
) -> Dashboard:
    """What owner and consumers of a domain's data look at; ``own`` are panels that it brings itself."""
    return Dashboard(
        name=name,
        title=f"{title} data product",
        tells=purpose,
        sections=(
            Section("Promises", _promises(name, ports)),
            Section("Flow", _flow(name)),
            Section("Freshness", _freshness(name, ports)),
            Section("Quality", _quality(name)),
            *((Section("Own", own),) if own else ()),
        ),
        alerts=f'domain="{name}"',
    )


def promised(ports: Sequence[Port], level: str) -> int | None:
    """The strictest promise in seconds of a domain's landed ports; None where nothing is promised."""
    levels = [port.service_levels[level] for port in ports if port.table and level in port.service_levels]
    return min((found.seconds for found in levels), default=None)


def _limit(seconds: int | None) -> Thresholds | None:
    return None if seconds is None else above(seconds * NEAR, seconds)


def _live(domain: str) -> str:
    return f'domain="{domain}",{LIVE}'


def _dead(domain: str) -> str:
    return f'domain="{domain}",{DEAD}'


def _landing(domain: str) -> str:
    return f'application="{SINK}",{_live(domain)}'


def _promises(domain: str, ports: Sequence[Port]) -> tuple[Panel, ...]:
    freshness, latency = promised(ports, "freshness"), promised(ports, "latency")
    panels = [
        number(
            "Published",
            "Records that came onto the topics of the domain over the last minute.",
            f"sum(rate(mesh_topic_end_offsets{{{_live(domain)}}}[1m]))",
            Unit.RECORDS_A_SECOND,
        ),
        number(
            "Freshness",
            f"How long the oldest record that has not landed has waited. {_promise(freshness)}",
            f"max(mesh_behind_seconds{{{_landing(domain)}}})",
            Unit.SECONDS,
            _limit(freshness),
        ),
        number(
            "End to end p95",
            f"From publishing to queryable. {_promise(latency)}",
            quantile(0.95, "mesh_event_age_seconds", _landing(domain)),
            Unit.SECONDS,
            _limit(latency),
        ),
        number(
            "Complete",
            "Share of all records passed by the sink that landed or were parked. Promised: all.",
            f"1 - sum(mesh_ledger_drift_records{{{_live(domain)}}})"
            f" / clamp_min(sum(mesh_ledger_verified_offsets{{{_live(domain)}}}), 1)",
            Unit.SHARE,
            below(1, 1 - 1e-9),
        ),
        number(
            "Parked, 1 h",
            "Dead letters of the last hour; each reader of a bad record parks its own copy.",
            f"sum(increase(mesh_topic_end_offsets{{{_dead(domain)}}}[1h]))",
            Unit.COUNT,
            above(1, 20),
        ),
        number(
            "Open incidents",
            "Incidents of this domain that are not resolved.",
            f'sum(mesh_open_incidents{{domain="{domain}"}}) or vector(0)',
            Unit.COUNT,
            above(None, 1),
        ),
    ]
    if freshness is not None:
        panels.append(
            number(
                "Fresh, 24 h",
                f"Share of the last day in which nothing had waited for more than {freshness} s.",
                f"avg_over_time((max(mesh_behind_seconds{{{_landing(domain)}}}) <= bool {freshness})[1d:1m])",
                Unit.SHARE,
                below(0.999, 0.99),
            )
        )
    bound = _bucket(latency)
    if bound is not None:
        within, all_of_them = (
            f"sum(increase(mesh_event_age_seconds_{part}[1h]))"
            for part in (f'bucket{{{_landing(domain)},le="{bound}"}}', f"count{{{_landing(domain)}}}")
        )
        panels.append(
            number(
                "In time, 1 h",
                f"Share of the batches of the last hour that were queryable within {latency} s.",
                f"{within} / {all_of_them}",
                Unit.SHARE,
                below(0.99, 0.95),
            )
        )
    return tuple(panels)


def _flow(domain: str) -> tuple[Panel, ...]:
    return (
        series(
            "Published, by topic",
            "Records that came onto each topic.",
            Unit.RECORDS_A_SECOND,
            Query(f"sum by (product) (rate(mesh_topic_end_offsets{{{_live(domain)}}}[1m]))", "{{product}}"),
            stacked=True,
        ),
        series(
            "Landed, by topic",
            "Rows that the sink inserted into each table.",
            Unit.ROWS_A_SECOND,
            Query(f"sum by (product) (rate(mesh_insert_rows_sum{{{_live(domain)}}}[1m]))", "{{product}}"),
            stacked=True,
        ),
        series(
            "Behind, by reader",
            "Records of this domain that an application has yet to take in.",
            Unit.COUNT,
            Query(f'sum by (application) (mesh_behind_records{{domain="{domain}"}})', "{{application}}"),
        ),
    )


def _freshness(domain: str, ports: Sequence[Port]) -> tuple[Panel, ...]:
    return (
        series(
            "Waiting to land, by topic",
            "How long the oldest record that has not landed has waited.",
            Unit.SECONDS,
            Query(f"max by (product) (mesh_behind_seconds{{{_landing(domain)}}})", "{{product}}"),
            thresholds=_limit(promised(ports, "freshness")),
        ),
        series(
            "End to end",
            "From publishing to queryable in the warehouse.",
            Unit.SECONDS,
            *quantiles("mesh_event_age_seconds", _landing(domain)),
            thresholds=_limit(promised(ports, "latency")),
        ),
        series(
            "Since the last record",
            "How long each source has been silent.",
            Unit.SECONDS,
            Query(
                "time() - max by (product)"
                f" (mesh_topic_last_published_timestamp_seconds{{{_live(domain)}}} > 0)",
                "{{product}}",
            ),
        ),
        series(
            "Event time behind the clock",
            "Age of the newest event that landed, by when it happened. History that is read in is old.",
            Unit.SECONDS,
            Query(
                f"time() - max by (product) (mesh_topic_last_event_timestamp_seconds{{{_live(domain)}}} > 0)",
                "{{product}}",
            ),
        ),
    )


def _quality(domain: str) -> tuple[Panel, ...]:
    return (
        series(
            "Parked in 5 minutes",
            "Dead letters, by topic; each reader of a bad record parks its own copy.",
            Unit.COUNT,
            Query(
                f"sum by (product) (increase(mesh_topic_end_offsets{{{_dead(domain)}}}[5m]))", "{{product}}"
            ),
            thresholds=above(1, 20),
        ),
        series(
            "Rejected, by error",
            "By the process that rejected most since it started; `mesh explain CODE` tells more.",
            Unit.COUNT,
            Query(
                "max by (code) (sum by (application, code)"
                f' (mesh_records_parked_total{{domain="{domain}"}}))',
                "{{code}}",
            ),
            empty="no running process has rejected anything",
        ),
        series(
            "Ledger drift, by topic",
            "Records that the sink has passed and that neither landed nor were parked. Must be 0.",
            Unit.COUNT,
            Query(f"sum by (product) (mesh_ledger_drift_records{{{_live(domain)}}})", "{{product}}"),
            thresholds=above(None, 1),
        ),
        series(
            "Rows at fault, by rule",
            "What `mesh quality` found last in the warehouse; it names the rows.",
            Unit.COUNT,
            Query(
                f"max by (product, rule) (mesh_quality_failing_rows{{{_live(domain)}}}) > 0",
                "{{product}} {{rule}}",
            ),
            empty="nobody has judged, or every rule holds",
        ),
    )


def _promise(seconds: int | None) -> str:
    return "Nothing is promised." if seconds is None else f"Promised: at most {seconds} s."


def _bucket(seconds: int | None) -> str | None:
    """The bound of the histogram that is exactly a promise, as Prometheus writes it; None where none is."""
    if seconds is None:
        return None
    return next((str(float(bound)) for bound in SECONDS if bound == seconds), None)
