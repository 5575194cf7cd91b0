"""The alerts of the platform: its parts, what runs out, and the sign of life of the alerting itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mesh.kernel.names import APPLICATIONS, SINK
from observability.alerts import PLATFORM, Alert, Case, Severity, Symptom, camel
from observability.limits import (
    AFTERMATH,
    BLIND_FOR,
    CATCHING_UP,
    CERTIFICATE_DAYS,
    DOWN,
    SERVICE_DOWN,
    SINK_BEHIND,
    STEADY,
)
from observability.sight import HOST, LEDGER, SERVICES, TOPICS, seeing, seen

RUNBOOK = "observability/runbook.md"
SILENT = "PlatformAlertingSilent"
"""The one incident that no rule makes: the pager opens it when the watchdog stays away."""
SERVICE_PARTS = {
    "broker": "nothing is published, read or landed until it is back",
    "registry": "publishers and streams that meet a schema for the first time wait",
    "warehouse": "nothing lands and nobody can query; Kafka keeps what comes",
}
"""The services whose absence is paged, each with what it means.

Alertmanager is none of them: without it no page goes out. That it is away is :data:`SILENT`.
"""


def alerts(owner: str) -> Iterator[Alert]:
    """Every alert of the platform; ``owner`` is the e-mail address of who runs it."""
    streams = "|".join(name.removeprefix("mesh.") for name in APPLICATIONS)
    yield _process("worker", f'=~"{streams}"', APPLICATIONS[0].removeprefix("mesh."), "a stream", owner)
    yield _process("sink", '="sink"', "sink", "the sink", owner)
    yield _monitor(_process("monitor", '="monitor"', "monitor", "the monitor", owner))
    yield _process("pager", '="pager"', "pager", "the pager", owner)
    yield _process("scheduler", '="scheduler"', "scheduler", "the scheduler", owner)
    yield _job(owner)
    for part, meaning in SERVICE_PARTS.items():
        yield _service(part, meaning, owner)
    yield _sink_behind(owner)
    yield _disk(owner)
    yield _certificate(owner)
    yield _watchdog(owner)


_FIRST_STEPS = {
    "worker": "Run `mesh status`, then `mesh logs` of the part: its end says why it stopped.",
    "sink": "Run `mesh status` and `mesh logs sink-1`. Nothing is lost: Kafka keeps what has not landed.",
    "monitor": "Run `mesh logs monitor`. Until it is back no alert on lag, silence or the ledger can fire.",
    "pager": "Run `mesh logs pager`. Alertmanager keeps what fires and delivers it when the pager is back.",
    "scheduler": "Run `mesh logs scheduler`. Until it is back nothing is judged or refreshed by itself.",
}


def _process(role: str, selects: str, app: str, shown: str, owner: str) -> Alert:
    """A process of ours that Prometheus cannot reach."""
    up = f'up{{job="mesh", part="{app}-1", app="{app}"}}'
    return Alert(
        name=f"Platform{camel(role)}Down",
        symptom=Symptom.PART_DOWN,
        domain=PLATFORM,
        owner=owner,
        drill=f"{role}-down",
        expr=f'min by (part, app) (up{{job="mesh", app{selects}}}) == 0',
        holds=DOWN,
        lingers=AFTERMATH,
        summary="{{ $labels.part }} is down",
        description=(
            f"{{{{ $labels.part }}}}, a process of {shown}, has not answered for {DOWN} s: "
            "it ended, or it is frozen."
        ),
        action=_FIRST_STEPS[role],
        runbook=RUNBOOK,
        proof=(
            Case(
                "it ends after 20 s",
                {up: "1x4 0x60"},
                fires=25 + DOWN,
                labels={"part": f"{app}-1", "app": app},
            ),
            Case("it is restarted and away for ten seconds", {up: "1x4 0 0 0 1x60"}, fires=None),
            Case("it was taken away by whoever scales", {up: "1x4 stale"}, fires=None),
        ),
    )


def _monitor(down: Alert) -> Alert:
    """The monitor is down as well when it is up and does not measure, though every service answers."""
    last, broker = "mesh_monitor_last_round_timestamp_seconds", 'mesh_service_up{part="broker"}'
    stuck = f'{last}{{part="monitor", app="monitor", kind="{LEDGER}"}}'
    labels = {"part": "monitor", "app": "monitor"}
    return replace(
        down,
        summary="The monitor is down, or sees nothing",
        description=(
            f"It has not answered for {DOWN} s, or has finished no round of one kind for {BLIND_FOR} s "
            "although every service answers."
        ),
        expr=(
            f"{down.expr}\n"
            f"or max by (part, app) (time() - {last}) > {BLIND_FOR}\n"
            "unless on () mesh_service_up == 0"
        ),
        proof=(
            *down.proof,
            Case(
                "rounds over the ledger stand still from 10 s on",
                {stuck: "0 5 10x60", broker: "1x60"},
                fires=10 + BLIND_FOR + 5 + DOWN,
                labels=labels,
            ),
            Case("they do because the broker is away", {stuck: "0 5 10x60", broker: "0x60"}, fires=None),
        ),
    )


def _service(part: str, meaning: str, owner: str) -> Alert:
    """A service that does not answer the monitor."""
    name, up = f"Platform{camel(part)}Down", f'mesh_service_up{{part="{part}"}}'
    return Alert(
        name=name,
        symptom=Symptom.PART_DOWN,
        domain=PLATFORM,
        owner=owner,
        drill=f"{part}-down",
        expr=seen(f"max({up}) == 0", name, SERVICES),
        holds=SERVICE_DOWN,
        lingers=AFTERMATH,
        summary=f"The {part} is down",
        description=f"It has not answered for {SERVICE_DOWN} s: {meaning}.",
        action=f"Run `mesh status` and `mesh logs {part}`; the rest goes on by itself when it is back.",
        runbook=RUNBOOK,
        labels={"part": part},
        proof=(
            Case("it stops answering at 25 s", {up: "1x4 0x60", **seeing(SERVICES)}, fires=25 + SERVICE_DOWN),
            Case("one answer is lost", {up: "1x4 0 1 1 0 1x60", **seeing(SERVICES)}, fires=None),
            Case(
                "it fires, and then the monitor ends",
                {up: "0x4 stale", **seeing(SERVICES, 4)},
                fires=SERVICE_DOWN,
                stays=170,
            ),
            Case(
                "it does not answer as far as a monitor knows that last looked at 0 s",
                {up: "1x4 0x60", **seeing(SERVICES, 0)},
                fires=None,
            ),
        ),
    )


def _sink_behind(owner: str) -> Alert:
    name = "PlatformSinkBehind"
    waits = f'mesh_behind_records{{application="{SINK}"}}'
    condition = (
        f'max(mesh_behind_seconds{{application="{SINK}"}}) > {SINK_BEHIND}\n'
        f"and sum({waits})\n  >= sum({waits} offset {CATCHING_UP}s)"
    )
    of_topic = f'part="monitor", application="{SINK}", topic="any.public.fact.v1"'
    seconds, records = f"mesh_behind_seconds{{{of_topic}}}", f"mesh_behind_records{{{of_topic}}}"
    return Alert(
        name=name,
        symptom=Symptom.SINK_BEHIND,
        domain=PLATFORM,
        owner=owner,
        drill="sink-behind",
        expr=seen(condition, name, TOPICS),
        holds=STEADY,
        unit="humanizeDuration",
        summary="The sink is behind",
        description=(
            f"Records wait for the sink for more than {SINK_BEHIND} s, and in the last {CATCHING_UP} s it "
            "did not catch up; the views show the past."
        ),
        action="Run `mesh logs sink-1` and `mesh dash`; if inserts are slow look at the warehouse first.",
        runbook=RUNBOOK,
        labels={"app": "sink"},
        proof=(
            Case(
                "nothing lands from 25 s on",
                {seconds: "0x4 0+5x60", records: "0x4 0+50x60", **seeing(TOPICS, 80)},
                fires=25 + SINK_BEHIND + 5 + STEADY,
                shown="30s",
            ),
            Case(
                "a great ingest of which the last record waits for 50 s",
                {seconds: "0 0+5x10 0x60", records: "0 500000-50000x10 0x60", **seeing(TOPICS)},
                fires=None,
            ),
            Case(
                "records always wait for just the limit",
                {seconds: f"{SINK_BEHIND}x60", records: "100x60", **seeing(TOPICS)},
                fires=None,
            ),
        ),
    )


def _job(owner: str) -> Alert:
    """A command that runs by the clock has failed, and not yet run well again."""
    failed = 'mesh_failed_jobs{part="scheduler", app="scheduler", name="marts"}'
    return Alert(
        name="PlatformJobFailing",
        symptom=Symptom.JOB,
        domain=PLATFORM,
        owner=owner,
        drill="job-failing",
        expr="max by (name) (mesh_failed_jobs) == 1",
        holds=STEADY,
        summary="The job {{ $labels.name }} has failed",
        description=(
            "The last run of {{ $labels.name }} ended with an error; what it brings up to date grows old."
        ),
        action="Run `mesh jobs`: it says what the job printed last, and where all of it is.",
        runbook=RUNBOOK,
        proof=(
            Case(
                "its run at 20 s fails",
                {failed: "0x3 1x60"},
                fires=20 + STEADY,
                labels={"name": "marts"},
            ),
            Case("it fails, and runs well when it is due next", {failed: "0x3 1 0x60"}, fires=None),
        ),
    )


def _disk(owner: str) -> Alert:
    name = "PlatformDiskFilling"
    free, limit = 'mesh_disk_free_bytes{volume="home"}', 'mesh_disk_free_limit_bytes{volume="home"}'
    mib = 1 << 20
    return Alert(
        name=name,
        symptom=Symptom.DISK,
        domain=PLATFORM,
        owner=owner,
        drill="disk-filling",
        expr=seen(
            "min by (volume) (mesh_disk_free_bytes) < max by (volume) (mesh_disk_free_limit_bytes)",
            name,
            HOST,
            by="volume",
        ),
        holds=STEADY,
        unit="humanize1024",
        summary="The volume {{ $labels.volume }} is filling up",
        description=(
            "Fewer bytes are free where {{ $labels.volume }} lies than must stay free; "
            "the broker stops when none are."
        ),
        action="Free some space: logs and old homes first. Never delete segments of the broker by hand.",
        runbook=RUNBOOK,
        proof=(
            Case(
                "one byte less than the limit is free from 20 s on",
                {free: f"{900 * mib}x3 {512 * mib - 1}x60", limit: f"{512 * mib}x60", **seeing(HOST)},
                fires=20 + STEADY,
                shown="512Mi",
                labels={"volume": "home"},
            ),
            Case("just the limit is free", {free: "1000x60", limit: "1000x60", **seeing(HOST)}, fires=None),
        ),
    )


def _certificate(owner: str) -> Alert:
    name, seconds = "PlatformCertificateEnding", CERTIFICATE_DAYS * 86_400
    end = 'mesh_certificate_end_timestamp_seconds{certificate="broker.pem"}'
    return Alert(
        name=name,
        symptom=Symptom.CERTIFICATE,
        domain=PLATFORM,
        owner=owner,
        drill="certificate-ending",
        severity=Severity.TICKET,
        expr=seen(
            f"min by (certificate) (mesh_certificate_end_timestamp_seconds) - time() < {seconds}",
            name,
            HOST,
            by="certificate",
        ),
        holds=STEADY,
        unit="humanizeDuration",
        summary="{{ $labels.certificate }} ends soon",
        description=f"{{{{ $labels.certificate }}}} is valid for less than {CERTIFICATE_DAYS} days.",
        action="Renew it and put the new one in its place; the monitor reads it within a round.",
        runbook=RUNBOOK,
        proof=(
            Case(
                f"it has {CERTIFICATE_DAYS} days left at 30 s",
                {end: f"{seconds + 30}x60", **seeing(HOST)},
                fires=35 + STEADY,
                shown="13d 23h 59m 50s",
                labels={"certificate": "broker.pem"},
            ),
            Case("it has an hour more", {end: f"{seconds + 3600}x60", **seeing(HOST)}, fires=None),
        ),
    )


def _watchdog(owner: str) -> Alert:
    return Alert(
        name="Watchdog",
        symptom=Symptom.WATCHDOG,
        domain=PLATFORM,
        owner=owner,
        drill="watchdog",
        severity=Severity.NONE,
        expr="vector(1)",
        summary="The alerting is alive",
        description="It always fires. Whoever no longer hears it knows that no other alert is heard either.",
        action=f"None. When it stays away the pager opens {SILENT}.",
        runbook=RUNBOOK,
        proof=(Case("nothing at all is known", {}, fires=0),),
    )
