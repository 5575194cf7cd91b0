"""``mesh ingest`` as a function: a mapping in, events on the broker and rejects parked, numbers out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mesh.ingest.extract import FILE, ROW, Extract
from mesh.ingest.mapping import EventSelect, Mapping, read_mapping
from mesh.ingest.merge import merge
from mesh.ingest.pack import Packer, Parcel, Reject
from mesh.ingest.report import EventReport, IngestReport
from mesh.ingest.source import open_source
from mesh.kernel.clock import now
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import MappingError, PublishError, did_you_mean
from mesh.kernel.metrics import RECORDS_PARKED
from mesh.kernel.settings import Settings
from mesh.publish.dead_letter import row_headers
from mesh.publish.outbox import Outbox, reach
from schemas.registry import schema_ids

APPLICATION = "ingest"
BATCH = 20_000
"""Events of one type that are held at a time."""
EXAMPLES = 5
"""Rejected rows that a report names."""

Progress = Callable[[int, int, int], None]
"""Called with events sent, events in all, and the event time reached (microseconds)."""


def ingest(
    path: Path,
    settings: Settings,
    *,
    only: str | None = None,
    shuffle: int | None = None,
    limit: int | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _sent, _total, _time: None,
) -> IngestReport:
    """Publish the extract that a mapping describes, in order of event time across topics.

    ``only`` takes one event type, ``limit`` that many of each, ``shuffle`` puts chance (by this seed) in
    the place of event time, ``dry_run`` checks and encodes everything and sends nothing. All SELECTs are
    run and checked before the first event leaves. Raises :class:`MappingError`, and :class:`PublishError`
    when the broker does not take everything.
    """
    started, cpu = time.perf_counter(), time.process_time()
    # The mapping's own folder holds the overlay that is in force for it.
    settings = settings.model_copy(update={"retailer": str(path.resolve().parent)})
    mapping = read_mapping(path, find_mesh(settings), settings)
    events = _ranked(_chosen(mapping, only))
    ids = dict.fromkeys(find_mesh(settings).ports, 0) if dry_run else _provisioned(settings, events)
    connection = open_source(mapping, [select for event in events for select in event.selects])
    extracts = [
        Extract(connection, mapping, event, settings, shuffle=shuffle, limit=limit) for event in events
    ]
    reports = [EventReport(e.event.name, e.event.port.topic, e.count) for e in extracts]
    report = IngestReport(str(path), dry_run, reports)
    outbox = None if dry_run else Outbox(settings, APPLICATION)
    dead = DeadLetters(outbox, report)
    if limit is None:
        for extract, event_report in zip(extracts, reports, strict=True):
            dead.park_orphans(extract, event_report)
    streams = [
        _parcels(extract, ids[extract.event.port.topic], event_report, dead)
        for extract, event_report in zip(extracts, reports, strict=True)
    ]
    total, sent, shown = sum(extract.count for extract in extracts), 0, 0
    for run in merge(streams):
        if outbox is not None:
            outbox.send_batch(reports[run.stream].topic, run.records)
        reports[run.stream].published += len(run.records)
        sent += len(run.records)
        if sent >= shown + total // 200:
            progress(shown := sent, total, run.time)
    if outbox is not None:
        outbox.flush()
    report.seconds, report.cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    return report


class DeadLetters:
    """Parks the rows that cannot become events, and counts them."""

    def __init__(self, outbox: Outbox | None, report: IngestReport) -> None:
        self._outbox = outbox
        self._report = report

    def park(self, extract: Extract, rejects: list[Reject], report: EventReport) -> None:
        """Park rejected rows, with what the SELECTs gave for them."""
        values = extract.raw([reject.position for reject in rejects]) if rejects else []
        for reject, value in zip(rejects, values, strict=True):
            self._park(extract.event.port, reject, value, report)

    def park_orphans(self, extract: Extract, report: EventReport) -> None:
        """Park the elements of lists whose event does not exist."""
        for name, elements in extract.orphans().items():
            if not elements.height:
                continue
            reason = f"{name}: no {extract.event.name} has its {extract.event.lists[name].by}"
            rows = zip(
                elements[FILE].to_list(), elements[ROW].to_list(), extract.raw_orphans(name), strict=True
            )
            for file, row, value in rows:
                self._park(
                    extract.event.port, Reject(file, row, "element-orphan", reason, "", -1), value, report
                )

    def _park(self, port: Port, reject: Reject, value: bytes, report: EventReport) -> None:
        report.rejected[reject.code] += 1
        if len(self._report.examples) < EXAMPLES:
            self._report.examples.append(f"{reject.file} row {reject.row}: {report.event}.{reject.reason}")
        if self._outbox is None:
            return
        headers = row_headers(
            port.topic, file=reject.file, row=reject.row, consumer=APPLICATION, code=reject.code,
            reason=reject.reason, seen=now(),
        )  # fmt: skip
        self._outbox.send(port.dead_letters, reject.key.encode() or None, value, headers=headers)
        RECORDS_PARKED.labels(APPLICATION, port.topic, reject.code).inc()


def _parcels(extract: Extract, schema_id: int, report: EventReport, dead: DeadLetters) -> Iterator[Parcel]:
    packer = Packer(extract, schema_id)
    for batch in extract.batches(BATCH):
        parcel = packer.pack(batch)
        report.elements += parcel.elements
        report.warnings.update(parcel.warnings)
        dead.park(extract, parcel.rejects, report)
        yield parcel


def _chosen(mapping: Mapping, only: str | None) -> tuple[EventSelect, ...]:
    if only is None:
        return mapping.events
    chosen = tuple(event for event in mapping.events if event.name == only)
    if not chosen:
        names = [event.name for event in mapping.events]
        raise MappingError(
            "event-unknown", f"{only!r} is not in the mapping", place=str(mapping.path),
            remedy=did_you_mean(only, names),
        )  # fmt: skip
    return chosen


def _ranked(events: tuple[EventSelect, ...]) -> list[EventSelect]:
    """Versions of dimensions before the facts that look them up, each in the mapping's order."""
    return sorted(events, key=lambda event: "valid_from" not in event.port.record.model_fields)


def _provisioned(settings: Settings, events: list[EventSelect]) -> dict[str, int]:
    """The schema id of each topic, once every topic that will be written is there."""
    present = reach(settings)
    for event in events:
        for topic in (event.port.topic, event.port.dead_letters):
            if topic not in present:
                raise PublishError("topic-missing", "does not exist", place=topic, remedy="run `mesh apply`")
    return schema_ids(settings)
