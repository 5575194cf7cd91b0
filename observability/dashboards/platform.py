"""The dashboard of the platform: is everything up, does it flow, is it exact, will it last."""

from __future__ import annotations

from mesh.kernel.names import SINK
from observability.dashboards.expression import DEAD, LIVE, quantile, quantiles
from observability.dashboards.panel import (
    Dashboard,
    Panel,
    Query,
    Section,
    Unit,
    above,
    below,
    number,
    series,
    states,
)

NAME = "platform"

_SINK = f'application="{SINK}"'


def platform_dashboard() -> Dashboard:
    """What those who run the mesh look at."""
    return Dashboard(
        name=NAME,
        title="Mesh platform",
        tells="Whether everything is up, flows, is exact and will last.",
        sections=(
            Section("Now", _now()),
            Section("Flow", _flow()),
            Section("Delay", _delay()),
            Section("Exactness", _exactness()),
            Section("Warehouse", _warehouse()),
            Section("Resources", _resources()),
            Section("Alerting", _alerting()),
        ),
        alerts="",
    )


def _now() -> tuple[Panel, ...]:
    return (
        number(
            "Parts down",
            "Parts that do not answer Prometheus or the monitor.",
            'count(min by (part) (up{job="mesh"} or mesh_service_up) == 0) or vector(0)',
            Unit.COUNT,
            above(None, 1),
        ),
        number(
            "Published",
            "Records that came onto all topics, dead letters aside, over the last minute.",
            f"sum(rate(mesh_topic_end_offsets{{{LIVE}}}[1m]))",
            Unit.RECORDS_A_SECOND,
        ),
        number(
            "Behind",
            "Records published that some application has yet to take in.",
            "sum(mesh_behind_records)",
            Unit.COUNT,
        ),
        number(
            "Longest wait",
            "How long the oldest of them has waited.",
            "max(mesh_behind_seconds)",
            Unit.SECONDS,
            above(30, 60),
        ),
        number(
            "End to end p95",
            "From publishing to queryable in the warehouse, derived rows included.",
            quantile(0.95, "mesh_event_age_seconds", _SINK),
            Unit.SECONDS,
            above(2, 5),
        ),
        number(
            "Ledger drift",
            "Records that the sink has passed and that neither landed nor were parked. Must be 0.",
            "sum(mesh_ledger_drift_records)",
            Unit.COUNT,
            above(None, 1),
        ),
        number(
            "Parked, 1 h",
            "Dead letters of the last hour; each reader of a bad record parks its own copy.",
            f"sum(increase(mesh_topic_end_offsets{{{DEAD}}}[1h]))",
            Unit.COUNT,
            above(1, 100),
        ),
        number(
            "Open incidents",
            "Incidents of any severity that are not resolved.",
            "sum(mesh_open_incidents) or vector(0)",
            Unit.COUNT,
            above(None, 1),
        ),
        number(
            "Watchdog heard",
            "Since the pager last heard the alert that always fires. Silence means that no page can come.",
            "time() - max(mesh_watchdog_last_seen_timestamp_seconds)",
            Unit.SECONDS,
            above(60, 120),
        ),
        number(
            "Monitor heard",
            "Since the monitor last finished its slowest kind of round; all gauges from outside are as old.",
            "time() - min(mesh_monitor_last_round_timestamp_seconds)",
            Unit.SECONDS,
            above(30, 60),
        ),
        number(
            "Disk left",
            "Free space above the limit that MESH_DISK_FREE_LIMIT sets.",
            "min(mesh_disk_free_bytes - mesh_disk_free_limit_bytes)",
            Unit.BYTES,
            below(5 << 30, 0),
        ),
        number(
            "Certificates",
            "Until the first certificate that is watched is no longer valid.",
            "min(mesh_certificate_end_timestamp_seconds) - time()",
            Unit.SECONDS,
            below(30 * 86_400, 7 * 86_400),
            empty="no certificate is watched",
        ),
    )


def _flow() -> tuple[Panel, ...]:
    return (
        series(
            "Published, by domain",
            "Records that came onto the topics of each domain.",
            Unit.RECORDS_A_SECOND,
            Query(f"sum by (domain) (rate(mesh_topic_end_offsets{{{LIVE}}}[1m]))", "{{domain}}"),
            stacked=True,
        ),
        series(
            "Taken in, by stream",
            "Records whose effect each stream has written.",
            Unit.RECORDS_A_SECOND,
            Query("sum by (application) (rate(mesh_records_read_total[1m]))", "{{application}}"),
        ),
        series(
            "Written, by stream",
            "Records that each stream wrote, changelogs included.",
            Unit.RECORDS_A_SECOND,
            Query("sum by (application) (rate(mesh_records_written_total[1m]))", "{{application}}"),
        ),
        series(
            "Landed, by domain",
            "Rows that the sink inserted into the warehouse.",
            Unit.ROWS_A_SECOND,
            Query("sum by (domain) (rate(mesh_insert_rows_sum[1m]))", "{{domain}}"),
            stacked=True,
        ),
    )


def _delay() -> tuple[Panel, ...]:
    return (
        series(
            "Records behind",
            "Records published and not taken in, by application.",
            Unit.COUNT,
            Query("sum by (application) (mesh_behind_records)", "{{application}}"),
        ),
        series(
            "Seconds behind",
            "How long the oldest of them has waited, by application.",
            Unit.SECONDS,
            Query("max by (application) (mesh_behind_seconds)", "{{application}}"),
            thresholds=above(30, 60),
        ),
        series(
            "End to end",
            "From publishing to queryable in the warehouse.",
            Unit.SECONDS,
            *quantiles("mesh_event_age_seconds", _SINK),
            thresholds=above(2, 5),
        ),
        series(
            "Age after each stage, p95",
            "Age of an event when a stage has written what follows from it.",
            Unit.SECONDS,
            Query(
                quantile(0.95, "mesh_event_age_seconds", by="application"),
                "{{application}}",
            ),
        ),
        series(
            "Work on a batch, p95",
            "Time for folding and encoding one batch; waiting for the broker is not in it.",
            Unit.SECONDS,
            Query(
                quantile(0.95, "mesh_batch_seconds", by="application"),
                "{{application}}",
            ),
        ),
    )


def _exactness() -> tuple[Panel, ...]:
    return (
        series(
            "Ledger drift",
            "Records unaccounted for, by domain. Anything but 0 is a lost record.",
            Unit.COUNT,
            Query("sum by (domain) (mesh_ledger_drift_records)", "{{domain}}"),
            thresholds=above(None, 1),
        ),
        series(
            "Parked in 5 minutes",
            "Dead letters, by domain; each reader of a bad record parks its own copy.",
            Unit.COUNT,
            Query(f"sum by (domain) (increase(mesh_topic_end_offsets{{{DEAD}}}[5m]))", "{{domain}}"),
            thresholds=above(1, 20),
        ),
        series(
            "Corrected rows",
            "Rows written again because a dimension or the clock changed after the fact.",
            Unit.ROWS_A_SECOND,
            Query("sum by (application) (rate(mesh_rows_corrected_total[1m]))", "{{application}}"),
            empty="nothing has been corrected",
        ),
        series(
            "Rewritten records",
            "Records that another version wrote, decoded first: right, and twenty times as dear.",
            Unit.RECORDS_A_SECOND,
            Query(
                "sum by (application, topic) (rate(mesh_records_rewritten_total[1m]))",
                "{{application}} {{topic}}",
            ),
            empty="every record came as its reader expects it",
        ),
        series(
            "Retries in place",
            "Waits of an application because another part did not answer, in 5 minutes.",
            Unit.COUNT,
            Query(
                "sum by (application, part) (increase(mesh_waits_total[5m]))", "{{application}} for {{part}}"
            ),
            thresholds=above(1, 60),
            empty="nothing has waited for another part",
        ),
    )


def _warehouse() -> tuple[Panel, ...]:
    return (
        series(
            "Duration of inserts",
            "What the sink waits for the warehouse to take a block.",
            Unit.SECONDS,
            *quantiles("mesh_insert_seconds"),
            thresholds=above(1, 5),
        ),
        series(
            "Rows of an insert",
            "Average rows of a block. Large blocks are cheap, small ones fresh.",
            Unit.COUNT,
            Query("sum(rate(mesh_insert_rows_sum[5m])) / sum(rate(mesh_insert_rows_count[5m]))", "rows"),
        ),
        series(
            "Statements",
            "Statements of all clients, by kind.",
            Unit.CALLS_A_SECOND,
            Query("sum by (kind) (rate(mesh_statements_total[1m]))", "{{kind}}"),
            empty="a ClickHouse server counts its own statements",
        ),
        series(
            "Duration of statements, p95",
            "By kind: reading, writing, other.",
            Unit.SECONDS,
            Query(
                quantile(0.95, "mesh_statement_seconds", by="kind"),
                "{{kind}}",
            ),
            empty="a ClickHouse server times its own statements",
        ),
        series(
            "Statements under way",
            "Statements that run or wait for a place, by kind.",
            Unit.COUNT,
            Query("sum by (kind) (mesh_running_statements)", "{{kind}}"),
            empty="a ClickHouse server counts its own statements",
        ),
        series(
            "Memory of the engine",
            "What the engine accounts for, of the process's resident memory.",
            Unit.BYTES,
            Query("max by (engine) (mesh_engine_memory_bytes)", "{{engine}}"),
            empty="a ClickHouse server tells of its own memory",
        ),
    )


def _resources() -> tuple[Panel, ...]:
    return (
        states(
            "Parts",
            "Whether each part answers.",
            Query('min by (part) (up{job="mesh"} or mesh_service_up)', "{{part}}"),
        ),
        series(
            "Memory",
            "Resident memory of each part.",
            Unit.BYTES,
            Query(
                "max by (part) (mesh_part_memory_bytes)"
                " or max by (part) (mesh_process_resident_memory_bytes)",
                "{{part}}",
            ),
            stacked=True,
        ),
        series(
            "Processors",
            "Processor cores in use, of the parts that are Python processes.",
            Unit.CORES,
            Query("sum by (part) (rate(mesh_process_cpu_seconds_total[1m]))", "{{part}}"),
            stacked=True,
        ),
        series(
            "Free disk space",
            "Where the mesh keeps its state.",
            Unit.BYTES,
            Query("min by (volume) (mesh_disk_free_bytes)", "{{volume}}"),
            Query("min(mesh_disk_free_limit_bytes)", "limit"),
        ),
        series(
            "Rebalances in an hour",
            "How often the partitions of an application were dealt anew.",
            Unit.COUNT,
            Query("sum by (application) (increase(mesh_rebalances_total[1h]))", "{{application}}"),
        ),
        series(
            "Last recovery",
            "How long an application last read its state back.",
            Unit.SECONDS,
            Query("max by (application) (mesh_recovery_seconds)", "{{application}}"),
            thresholds=above(60, 180),
        ),
        series(
            "Restarts",
            "Restarts of each part since it was declared.",
            Unit.COUNT,
            Query("max by (part) (mesh_part_restarts)", "{{part}}"),
            empty="no supervisor of the mesh runs the parts",
        ),
    )


def _alerting() -> tuple[Panel, ...]:
    return (
        series(
            "Open incidents",
            "By domain and severity.",
            Unit.COUNT,
            Query("sum by (domain, severity) (mesh_open_incidents)", "{{domain}} {{severity}}"),
            thresholds=above(None, 1),
            empty="no incident has been opened",
        ),
        series(
            "Pages in an hour",
            "Messages of the pager, by channel and outcome.",
            Unit.COUNT,
            Query("sum by (channel, outcome) (increase(mesh_pages_total[1h]))", "{{channel}} {{outcome}}"),
            empty="no page has been sent",
        ),
        series(
            "Rounds of the monitor",
            "How long the last round of each kind took.",
            Unit.SECONDS,
            Query("max by (kind) (mesh_monitor_round_seconds)", "{{kind}}"),
            thresholds=above(3, 10),
        ),
        series(
            "Jobs that failed",
            "Commands of the clock whose last run ended with an error.",
            Unit.COUNT,
            Query("max by (name) (mesh_failed_jobs)", "{{name}}"),
            thresholds=above(None, 1),
        ),
        series(
            "Age of jobs",
            "Since each command of the clock last ended well.",
            Unit.SECONDS,
            Query("time() - max by (name) (mesh_job_last_success_timestamp_seconds)", "{{name}}"),
            empty="no job was due yet",
        ),
    )
