"""The faults: each breaks one thing for real, and heals it.

A fault is a generator of two steps. It prepares and breaks, and yields; resumed, it heals, and yields while
the resolution is awaited; resumed again, it clears away what it needed for that. Closed anywhere, it heals.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from mesh.drills import certificate, offsets
from mesh.drills.ground import Ground, Record
from mesh.drills.rogue import Rogue
from mesh.kernel.broker import Place
from mesh.kernel.errors import DrillError
from mesh.platform import client

Steps = Generator[None, None, None]
Fault = Callable[[Ground], Steps]

BEAT = 2.0
"""Seconds between two records of a source that speaks."""
SILENCE = 10.0
"""Seconds of silence that the drill allows the source."""
UNKNOWN_SCHEMA = b"\0" + (2**31 - 1).to_bytes(4, "big") + b"drill"
"""The frame of a schema id that no registry gives out."""
FLOOD = 60
"""Broken records of a flood: three times what a contract allows a minute unless it says otherwise."""
WARM_UP = 15.0
"""Seconds that a source speaks before it falls silent: two rounds of the monitor and of Prometheus."""


def stopped(app: str) -> Fault:
    """Every process of a part or an application stopped, and kept stopped."""

    def fault(ground: Ground) -> Steps:
        names = [part.name for part in ground.processes(app)]
        try:
            for name in names:
                ground.tell(f"stopping {name}")
                client.stop_part(name, ground.home)
            yield
        finally:
            for name in names:
                ground.tell(f"starting {name}")
                client.start_part(name, ground.home)
        yield

    return fault


def stream_stalled(ground: Ground) -> Steps:
    """A record of a schema that nobody knows, while the registry is away: whoever reads it waits in place.

    The processes answer all the while. When the registry is back the record is parked: nobody has its schema.
    """
    records = ground.newest(5)
    unknown = Record(ground.topic, 0, f"drill:{ground.run}".encode(), UNKNOWN_SCHEMA)
    try:
        ground.tell("stopping the registry")
        client.stop_part("registry", ground.home)
        ground.tell(f"sending a record of an unknown schema to {ground.topic}")
        ground.send([unknown])
        with _speaking(ground, records):
            yield
    finally:
        ground.tell("starting the registry")
        client.start_part("registry", ground.home)
    yield


def source_silent(ground: Ground) -> Steps:
    """A source that is declared live speaks, and falls silent."""
    records = ground.newest(1)[:1]
    try:
        ground.declare_live(SILENCE)
        ground.tell(f"{ground.topic} is live for now: {SILENCE:.0f} s of silence allowed")
        with _speaking(ground, records):
            ground.interrupted.wait(WARM_UP)
        ground.tell("the source falls silent")
        yield
        ground.tell("the source speaks again")
        with _speaking(ground, records):
            yield
    finally:
        ground.declare_live(None)


def poison_flood(ground: Ground) -> Steps:
    """A publisher gone wrong: many records that are no Avro, each under a key of its own."""
    ground.tell(f"sending {FLOOD} broken records to {ground.topic}")
    ground.send(
        [
            Record(ground.topic, 0, f"drill:{ground.run}-{number}".encode(), b"not avro")
            for number in range(FLOOD)
        ]
    )
    yield
    ground.tell("the publisher is mended; what it sent stays parked")
    yield


def ledger_drift(ground: Ground) -> Steps:
    """Records that the sink has committed and never landed, as after offsets that somebody moved by hand."""
    sinks = [part.name for part in ground.processes("sink")]

    def moved(positions: dict[Place, int]) -> None:
        for name in sinks:
            client.stop_part(name, ground.home)
        offsets.move(ground.settings, ground.topic, positions)
        for name in sinks:
            client.start_part(name, ground.home)

    records = ground.newest(5)
    for name in sinks:
        client.stop_part(name, ground.home)
    before = offsets.committed(ground.settings, ground.topic)
    try:
        ground.send(records)
        ground.tell(f"moving the sink's offsets past {len(records)} records that it has not read")
        moved(offsets.ends(ground.settings, ground.topic))
        yield
    finally:
        ground.tell("moving the offsets back, so that the records land")
        moved(before)
    yield


def robbed(ground: Ground) -> Steps:
    """A stranger joins the sink's consumer group, is given partitions, and lands nothing of them."""
    records = ground.newest(5)
    rogue = Rogue(ground.settings, ground.topic)
    try:
        ground.tell("a stranger joins the group mesh.sink")
        rogue.start()
        with _speaking(ground, records):
            yield
    finally:
        ground.tell("the stranger leaves")
        rogue.stop()
    yield


def disk_filling(ground: Ground) -> Steps:
    """The volume of the mesh's state filled to below the limit, by space set aside and never written to."""
    free, limit = shutil.disk_usage(ground.home).free, ground.settings.disk_free_limit
    size = free - limit * 7 // 8
    if size <= 0:
        raise DrillError(
            "drill-impossible",
            f"only {free >> 20:,} MiB are free, less than the limit already",
            place=str(ground.home),
            remedy="free some space, or lower MESH_DISK_FREE_LIMIT",
        )
    # A file without a name: its space is free again once this process ends, however it ends.
    with tempfile.TemporaryFile(dir=ground.home) as file:
        ground.tell(f"setting {size >> 30:,} GiB aside in {ground.home}")
        _set_aside(file.fileno(), size, ground.home)
        yield
    yield


def certificate_ending(ground: Ground) -> Steps:
    """A certificate that ends in three days, among those that the monitor looks at."""
    path = ground.home / "certificates" / "drill.pem"
    try:
        ground.tell(f"putting a certificate that ends in three days into {path}")
        certificate.write(path, days=3)
        yield
    finally:
        path.unlink(missing_ok=True)
    yield


def _set_aside(file: int, size: int, home: Path) -> None:
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        raise DrillError(
            "drill-impossible",
            f"the space cannot be set aside: {error.strerror}",
            place=str(home),
            remedy="put MESH_HOME on a file system that can (ext4, xfs)",
        ) from None


@contextmanager
def _speaking(ground: Ground, records: list[Record]) -> Iterator[None]:
    """The same records again and again from a thread, so that the input grows and no row changes."""
    ended = threading.Event()

    def speak() -> None:
        while not ended.is_set():
            ground.send(records)
            ended.wait(BEAT)

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()
