"""What a runbook says to whoever was woken by an alert of a port or a stream."""

from __future__ import annotations

from dataclasses import dataclass

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh
from observability.alerts import Symptom


@dataclass(frozen=True)
class Advice:
    """The four parts of a section of a runbook."""

    meaning: str
    impact: str
    diagnosis: tuple[tuple[str, str], ...]
    """Command lines, each with what it tells."""
    mitigation: tuple[str, ...]


def of_port(symptom: Symptom, port: Port, mesh: Mesh) -> Advice:
    """What to do about a symptom of a port."""
    return _OF_PORTS[symptom](port, _readers(port, mesh))


def of_stream(application: str, mesh: Mesh) -> Advice:
    """What to do when a stream application stands still."""
    stem = application.removeprefix("mesh.")
    written = [port for port in mesh.ports.values() if port.application == application]
    readers = sorted({reader for port in written for reader in mesh.users(port)})
    shown = _list([f"`{port.view or port.topic}`" for port in written])
    return Advice(
        meaning=(
            f"`{application}` runs, or seems to, has records to read, and has committed none for half a "
            "minute. It may wait for another part, or find something that cannot be and stop before it "
            "acknowledges."
        ),
        impact=f"{shown} and what {_list(readers) or 'nobody else'} makes of them stand still. Nothing is "
        "lost.",
        diagnosis=(
            ("mesh status", "is it ready, and how often was it restarted"),
            (f"mesh logs {stem}-1 -n 100", "for what it waits, or which record it stopped at"),
            ("mesh dash --once", "its lag, and waits for other parts"),
        ),
        mitigation=(
            "It waits for the broker or the registry: mend that part; the stream goes on by itself.",
            "It stopped over too much to park (`MESH_DEAD_LETTER_LIMIT`): see who sends it, as for Rejected.",
            "It is alive and does nothing: end the process that `mesh status` shows. The supervisor starts "
            "it anew, and it goes on where it had committed.",
            f"It is too slow for what comes: `mesh workers 2 --app {stem}`.",
        ),
    )


def _silent(port: Port, readers: str) -> Advice:
    return Advice(
        meaning=(
            "The source is declared live: the contract's `frequency`, or `live` in the retailer's overlay, "
            "is the longest that it may be silent. A source that has never spoken is timed from the "
            "monitor's start."
        ),
        impact=f"The newest facts are missing: {readers}. Nothing is wrong with what is there.",
        diagnosis=(
            (f"mesh tail {port.topic} --since 1h", "what came last, and from which source"),
            (f"mesh conformance {port.topic} --count 20", "whether what came last was right"),
            ("mesh status", "whether the broker is there for the source"),
        ),
        mitigation=(
            "Ask the source's team whether it runs. What it has kept meanwhile it publishes late: do "
            "nothing then.",
            "It is silent on purpose: acknowledge the incident with `mesh ack ID --note why`.",
            "It is no longer live: take the promise out of the contract or overlay, then `mesh apply`.",
        ),
    )


def _stale(port: Port, readers: str) -> Advice:
    level = port.service_levels["freshness"]
    stage = port.application.removeprefix("mesh.")
    stream = (
        ((f"mesh logs {stage}-1", "whether the stream that writes it waits or is slow"),) if stage else ()
    )
    scale = (f"The stream is slow: `mesh workers 2 --app {stage}`.",) if stage else ()
    return Advice(
        meaning=(
            f"The contract promises that a record is in `{port.view}` {level.value} {level.unit} after it "
            "was published. The oldest one that is not has waited longer."
        ),
        impact=f"Who reads the view sees the past: {readers}. Nothing is lost.",
        diagnosis=(
            ("mesh incidents", "a part that is down is the cause, and is told as well"),
            *stream,
            ("mesh logs sink-1", "whether the sink waits for the warehouse"),
            (f"mesh dash {port.domain} --once", "since when, and which topics"),
            (
                'mesh query "SELECT partition, max(published_at), max(landed_at) FROM mesh.raw_events '
                f"WHERE topic = '{port.topic}' GROUP BY partition\"",
                "what landed last",
            ),
        ),
        mitigation=(
            "Somebody publishes history in bulk: wait, the lag shrinks by itself.",
            *scale,
            "The sink is slow: `mesh workers 2 --app sink`. Inserts are slow: look at the warehouse's disk "
            "and memory.",
        ),
    )


def _rejected(port: Port, readers: str) -> Advice:
    return Advice(
        meaning=(
            "Records were refused for a reason of the contract or the wire format. Each is parked with its "
            f"reason and its bytes in `{port.dead_letters}`."
        ),
        impact=f"What was parked has no effect until it is redriven: {readers}.",
        diagnosis=(
            (f"mesh dead list --topic {port.topic}", "how many, by reason"),
            (f"mesh conformance {port.topic} --count 20", "whether what comes now is right"),
        ),
        mitigation=(
            "Tell the source's team, and have it stop or mend the publisher.",
            "Once the cause is mended see what a redrive would change, with `mesh dead redrive --topic "
            f"{port.topic} --dry-run`, and then do it.",
            "The records were right and the contract is not: mend the contract, `mesh apply`, then redrive.",
        ),
    )


def _drifting(port: Port, readers: str) -> Advice:
    return Advice(
        meaning=(
            "The sink has acknowledged records that neither landed nor were parked. It commits only after "
            "the insert, so somebody moved offsets or rows by hand, or the warehouse lost what it had "
            "confirmed."
        ),
        impact=f"`{port.view}` is incomplete, without any sign of it in the view: {readers}.",
        diagnosis=(
            ("mesh reconcile --no-wait", "which rows of which tables are missing"),
            ("mesh logs sink-1 -n 200", "what happened when it went wrong"),
            (
                'mesh query "SELECT partition, min(offset), max(offset), count() FROM mesh.raw_events '
                f"WHERE topic = '{port.topic}' GROUP BY partition\"",
                "where the gap is: a full ledger has max - min + 1 = count",
            ),
        ),
        mitigation=(
            "Do not purge, and do not shorten the retention: the topic still holds every record.",
            f"Have the sink read `{port.topic}` again from before the gap (platform runbook: Land a topic "
            "again). Landing twice changes nothing.",
        ),
    )


def _invalid(port: Port, readers: str) -> Advice:
    judge = f"`mesh quality` has judged the rows of `{port.view}`"
    whole: tuple[tuple[str, str], ...] = ()
    if port.table_rules:
        judge += ", or the monitor what is on the topic"
        whole = (
            (f"mesh quality {port.topic} --stream", "unique values and shares as of now, from the topic"),
        )
    return Advice(
        meaning=(
            f"{judge}, and rules of the contract with severity "
            "error do not hold. A publisher checks each record, so a rule on the whole table is broken "
            "(unique, share), or rows are older than the rule, or somebody published without the SDK."
        ),
        impact=f"Numbers about `{port.view}` may be wrong: {readers}.",
        diagnosis=(
            (f"mesh quality {port.topic} --broken", "which rules, how many rows, and ten keys of each"),
            *whole,
            (
                'mesh query "SELECT judged_at, rule, failing, judged FROM mesh.quality_results '
                f"WHERE topic = '{port.topic}' AND verdict = 'fail' ORDER BY judged_at DESC LIMIT 20\"",
                "since when",
            ),
            (f"mesh conformance {port.topic} --count 20", "whether what comes now is right"),
        ),
        mitigation=(
            "Tell the source's team the keys. What it publishes corrected, with a higher `seq`, takes the "
            "place of what is wrong; then run `mesh quality` again.",
            "The rows are right and the contract is not: mend the contract or the retailer's overlay, and "
            "judge again.",
        ),
    )


_OF_PORTS = {
    Symptom.SILENT: _silent,
    Symptom.STALE: _stale,
    Symptom.REJECTED: _rejected,
    Symptom.DRIFTING: _drifting,
    Symptom.INVALID: _invalid,
}


def _readers(port: Port, mesh: Mesh) -> str:
    """Who reads a port, in words."""
    view = [f"readers of `{port.view}`"] if port.view else []
    return _list([*view, *(f"the domain {name}" for name in mesh.users(port))]) or "nobody yet"


def _list(words: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
