"""The alerts of a port, from what its contract promises: frequency, freshness, completeness, validity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesh.kernel.contract import Port
from mesh.kernel.holding import RELEASED
from mesh.kernel.names import SINK
from observability.alerts import Alert, Case, Severity, Symptom, subject
from observability.limits import DEAD_LETTERS, DRIFT_FOR, STEADY
from observability.sight import JUDGED, LEDGER, STREAM_JUDGED, TOPICS, fired_unseen, seeing, seen, while_seen


def alerts(port: Port, runbook: str) -> Iterator[Alert]:
    """Every alert of a port; ``runbook`` is the page of its domain. A private port has none: nobody reads it.

    - Silent: where a source speaks. It fires only while the source is declared live.
    - Stale: where there is a view whose freshness is promised.
    - Drifting: where there is a view.
    - Invalid: where a view has rules that must hold. A ticket: what is wrong is there already.
    - Rejected: everywhere.
    """
    if port.kind == "private":
        return
    if not port.application:
        yield _silence(port, runbook)
    if port.table and "freshness" in port.service_levels:
        yield _staleness(port, runbook)
    yield _rejections(port, runbook)
    if port.table:
        yield _drift(port, runbook)
    if port.table and any(rule.severity == "error" for rule in (*port.rules, *port.table_rules)):
        yield _invalid(port, runbook)


def dead_letter_limit(port: Port) -> int:
    """Rejected records a minute that are no cause for alarm."""
    level = port.service_levels.get("deadLetters")
    return DEAD_LETTERS if level is None else int(level.value)


def _silence(port: Port, runbook: str) -> Alert:
    name = f"{subject(port.topic)}Silent"
    condition = (
        "time() - max(\n"
        f'  mesh_topic_last_published_timestamp_seconds{{topic="{port.topic}"}}\n'
        '  or on () mesh_process_start_time_seconds{app="monitor"}\n'  # it never spoke
        f') > max(mesh_source_silence_limit_seconds{{topic="{port.topic}"}})'
    )
    spoke = _series("mesh_topic_last_published_timestamp_seconds", port)
    limit = _series("mesh_source_silence_limit_seconds", port)
    return _alert(
        port,
        name,
        Symptom.SILENT,
        runbook,
        drill="source-silent",
        expr=seen(condition, name, TOPICS),
        holds=STEADY,
        unit="humanizeDuration",
        summary=f"{port.topic} is silent",
        description=(
            f"The source of {port.record.__name__} is declared live and has published nothing to "
            f"{port.topic} for longer than it promised."
        ),
        action="Ask the source's team whether it runs and reaches the broker; what it owes will come late.",
        proof=(
            Case(
                "it spoke last at 10 s and may be silent for 30 s",
                {spoke: "10x60", limit: "30x60", **seeing(TOPICS)},
                fires=50,
                shown="40s",
            ),
            Case(
                "it has never spoken to a monitor that started at 20 s",
                {
                    'mesh_process_start_time_seconds{part="monitor", app="monitor"}': "20x60",
                    limit: "30x60",
                    **seeing(TOPICS),
                },
                fires=60,
                shown="40s",
            ),
            Case("it speaks every 30 s", {spoke: _beats(30), limit: "30x60", **seeing(TOPICS)}, fires=None),
            Case("it is silent and not declared live", {spoke: "10x60", **seeing(TOPICS)}, fires=None),
            Case(
                "it is silent as far as a monitor knows that stopped looking at 20 s",
                {spoke: "10x60", limit: "30x60", **seeing(TOPICS, 4)},
                fires=None,
            ),
        ),
    )


def _staleness(port: Port, runbook: str) -> Alert:
    name = f"{subject(port.topic)}Stale"
    limit = port.service_levels["freshness"].seconds
    waits = [f'mesh_behind_seconds{{application="{SINK}", topic="{port.topic}"}}']
    if port.application:
        waits.append(f'mesh_behind_seconds{{application="{port.application}"}}')
    condition = f"max({waits[0]}) > {limit}"
    if len(waits) > 1:
        condition = "max(\n  {}\n  or {}\n) > {}".format(*waits, limit)
    lag = _series("mesh_behind_seconds", port, application=SINK)
    cases = [
        Case(
            "a record waits for the sink from 0 s on",
            {lag: "0+5x60", **seeing(TOPICS)},
            fires=_first_above(limit) + STEADY,
            shown=_duration(_first_above(limit) + STEADY),
        ),
        Case("the sink is late by just the limit", {lag: f"{limit}x60", **seeing(TOPICS)}, fires=None),
    ]
    if port.application:
        other = f'mesh_behind_seconds{{application="{port.application}", topic="any.public.input.v1"}}'
        cases.append(
            Case(
                "the sink is in time, and the stream is not",
                {lag: "0x60", other: f"{limit + 1}x60", **seeing(TOPICS)},
                fires=STEADY,
                shown=_duration(limit + 1),
            )
        )
    return _alert(
        port,
        name,
        Symptom.STALE,
        runbook,
        drill="stale",
        expr=seen(condition, name, TOPICS),
        holds=STEADY,
        unit="humanizeDuration",
        summary=f"{port.view} is stale",
        description=(
            f"Records of {port.topic} take longer than the promised {_duration(limit)} to reach {port.view}; "
            "its readers see the past."
        ),
        action="Run `mesh status`; the stage that is behind stands in `mesh dash`.",
        proof=tuple(cases),
    )


def _rejections(port: Port, runbook: str) -> Alert:
    """Counted where they are parked, since each consumer of a topic parks its own copy of a record.

    A counter that was not there a minute ago, or began anew, counts from nothing; unless Prometheus did not
    reach its process then, and so knows of no minute. A release parks nothing.
    """
    name, limit = f"{subject(port.topic)}Rejected", dead_letter_limit(port)
    parked = f'mesh_records_parked_total{{topic="{port.topic}", code!="{RELEASED}"}}'
    expr = (
        "max(sum by (application) (\n"
        f"  {parked}\n  - {parked} offset 1m\n  >= 0\n"
        f"  or {parked}\n  and on (part) up offset 1m == 1\n"
        f")) > {limit}"
    )
    sink, stream = _parked(port, "sink", "undecodable"), _parked(port, "orders-enriched", "undecodable")
    ups = {f'up{{part="{part}-1"}}': "1x80" for part in ("sink", "orders-enriched")}
    return _alert(
        port,
        name,
        Symptom.REJECTED,
        runbook,
        drill="poison-flood",
        expr=expr,
        unit="humanize",
        summary=f"{port.topic} rejects records",
        description=(
            f"More than {limit} records of {port.topic} were parked within a minute. They have no effect "
            "until they are mended and redriven."
        ),
        action=f"Run `mesh dead list --topic {port.topic}` for the reasons, and tell the source's team.",
        proof=(
            Case(
                "one more than the limit at 100 s, among 7 of before",
                {sink: f"7x19 {limit + 8}x60", **ups},
                fires=100,
                shown=str(limit + 1),
            ),
            Case(
                "the first ever at 100 s, one more than the limit",
                {sink: f"_x20 {limit + 1}x60", **ups},
                fires=100,
                shown=str(limit + 1),
            ),
            Case(
                "as many as the limit, parked by both of its consumers",
                {sink: f"_x20 {limit}x60", stream: f"7x19 {limit + 7}x60", **ups},
                fires=None,
            ),
            Case(
                "a redrive that releases many keys",
                {_parked(port, "sink", RELEASED): f"0x19 {limit + 500}x60", **ups},
                fires=None,
            ),
            Case(
                "a process that had parked more is out of reach for a while",
                {
                    sink: f"{limit + 50}x9 stale _x8 {limit + 50}x60",
                    'up{part="sink-1"}': "1x9 0x9 1x60",
                },
                fires=None,
            ),
            Case(
                "more than the limit before Prometheus looked",
                {sink: f"{limit + 50}x60", **ups},
                fires=None,
            ),
        ),
    )


def _drift(port: Port, runbook: str) -> Alert:
    name = f"{subject(port.topic)}Drifting"
    drift = _series("mesh_ledger_drift_records", port)
    return _alert(
        port,
        name,
        Symptom.DRIFTING,
        runbook,
        drill="ledger-drift",
        expr=seen(f'max(mesh_ledger_drift_records{{topic="{port.topic}"}}) > 0', name, LEDGER),
        holds=DRIFT_FOR,
        unit="humanize",
        summary=f"{port.view} lacks records",
        description=(
            f"Records of {port.topic} were acknowledged, and neither landed in {port.view} nor were parked."
        ),
        action="Do not purge anything: the topic still holds them. Run `mesh reconcile` to see which.",
        proof=(
            Case(
                "one record is unaccounted for from 20 s on",
                {drift: "0x3 1x60", **seeing(LEDGER)},
                fires=20 + DRIFT_FOR,
                shown="1",
            ),
            Case(
                "a record lands a round after it was acknowledged",
                {drift: "0 1 1 0 0 1 0x60", **seeing(LEDGER)},
                fires=None,
            ),
        ),
    )


def _invalid(port: Port, runbook: str) -> Alert:
    """What the last judgement at rest found and, of rules on the table, what holds in stream."""
    name = f"{subject(port.topic)}Invalid"
    rules = f'mesh_quality_broken_rules{{topic="{port.topic}", severity="error"}}'
    broken, blind = [while_seen(f"max({rules}) > 0", JUDGED)], [fired_unseen(name, JUDGED)]
    proof = _proof_at_rest(rules.replace("{", '{part="monitor", '))
    description = "as `mesh quality` has judged"
    if any(rule.severity == "error" for rule in port.table_rules):
        streamed = f'mesh_quality_stream_broken_rules{{topic="{port.topic}", severity="error"}}'
        broken.append(while_seen(f"sum({streamed}) > 0", STREAM_JUDGED, streamed))
        blind.append(fired_unseen(name, STREAM_JUDGED, known=streamed))
        proof += _proof_in_stream(streamed.replace("{", '{part="monitor", rule="a/value-repeated", '))
        description += " or its monitor sees in stream"
    return _alert(
        port,
        name,
        Symptom.INVALID,
        runbook,
        drill="rule-broken",
        expr="\nor ".join([*broken, *blind]),
        holds=STEADY,
        severity=Severity.TICKET,
        unit="humanize",
        summary=f"{port.view} breaks its contract",
        description=f"Rows of {port.view} break rules of severity error, {description}.",
        action=f"Run `mesh quality {port.topic} --broken`: it names the rules, and rows to look at.",
        proof=proof,
    )


def _proof_at_rest(shown: str) -> tuple[Case, ...]:
    return (
        Case(
            "two rules are found broken at 20 s",
            {shown: "0x3 2x60", **seeing(JUDGED)},
            fires=20 + STEADY,
            shown="2",
        ),
        Case(
            "only a warning is broken",
            {
                shown: "0x60",
                shown.replace("error", "warning"): "3x60",
                **seeing(JUDGED),
            },
            fires=None,
        ),
        Case("nobody has judged yet", {**seeing(JUDGED)}, fires=None),
    )


def _proof_in_stream(shown: str) -> tuple[Case, ...]:
    return (
        Case(
            "a rule is broken in stream at 20 s, and nobody has judged at rest",
            {shown: "0x3 1x60", **seeing(STREAM_JUDGED)},
            fires=20 + STEADY,
            shown="1",
        ),
        Case(
            "only a warning is broken in stream",
            {shown: "0x60", shown.replace("error", "warning"): "1x60", **seeing(STREAM_JUDGED)},
            fires=None,
        ),
        Case(
            "a rule is broken in stream as far as a monitor knows that stopped looking at 20 s",
            {shown: "0x7 1x60", **seeing(STREAM_JUDGED, 4)},
            fires=None,
        ),
        Case("the topic has not been read to its end yet", {**seeing(STREAM_JUDGED)}, fires=None),
    )


def _alert(
    port: Port,
    name: str,
    symptom: Symptom,
    runbook: str,
    *,
    drill: str,
    expr: str,
    summary: str,
    description: str,
    action: str,
    unit: str,
    proof: tuple[Case, ...],
    holds: int = 0,
    severity: Severity = Severity.PAGE,
) -> Alert:
    app: Mapping[str, str] = {"app": port.application.removeprefix("mesh.")} if port.application else {}
    return Alert(
        name=name,
        symptom=symptom,
        domain=port.domain,
        product=port.name,
        owner=port.owner,
        drill=drill,
        expr=expr,
        holds=holds,
        severity=severity,
        summary=summary,
        description=description,
        action=action,
        unit=unit,
        runbook=runbook,
        labels={"topic": port.topic, **app},
        proof=proof,
    )


def _parked(port: Port, app: str, outcome: str) -> str:
    """The series of what an application has parked of a port under one code, for tests."""
    return (
        f'mesh_records_parked_total{{part="{app}-1", application="mesh.{app}", topic="{port.topic}", '
        f'code="{outcome}"}}'
    )


def _series(metric: str, port: Port, application: str = "") -> str:
    """A series of the monitor about a port, for tests."""
    app = f'application="{application}", ' if application else ""
    return f'{metric}{{part="monitor", {app}topic="{port.topic}"}}'


def _beats(every: int) -> str:
    """For tests: when somebody spoke last who speaks at 0 s and then every so many seconds."""
    steps = every // 5
    return " ".join(f"{at}x{steps - 1}" for at in range(0, 300, every))


def _first_above(limit: int) -> int:
    """The first multiple of five seconds that is greater."""
    return limit // 5 * 5 + 5


def _duration(seconds: int) -> str:
    """As Prometheus shows a duration: ``1m 5s``."""
    parts = ((seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"))
    shown = [
        f"{count}{unit}"
        for count, unit in parts
        if count or seconds >= {"d": 86_400, "h": 3600, "m": 60}[unit]
    ]
    return " ".join([*shown, f"{seconds % 60}s"])
