"""``python -m benchmarks sink``: the sink's share of the whole way.

Enriched order lines stand on their topic already; the sink lands them from the first on. Broker, registry and
warehouse are a small mesh of its own, which is gone afterwards. ``--in-process`` measures the stages between
broker and warehouse instead, in nanoseconds a row, and needs neither.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import typer
from confluent_kafka import Message, Producer
from fastavro import schemaless_writer

from benchmarks import result
from benchmarks.error import BenchmarkError
from benchmarks.measure import STEADY_FROM
from benchmarks.own_mesh import ENRICHED, SERVICES, versions
from benchmarks.processes import Tree
from mesh import provisioning
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings, load_settings
from mesh.kernel.warehouse import connect
from mesh.platform import launch
from mesh.platform.paths import ROOT
from schemas.codec import Codec, Codecs
from schemas.registry import Registry, schema_ids
from schemas.wire import partition
from sinks.block import Block
from sinks.clickhouse.tables import Table
from sinks.container import Container
from sinks.intake import Intake
from sinks.landing import EventLane
from sinks.record import Record

DISTINCT = 5_000
"""Different rows; beyond them they repeat, as re-emitted rows do."""
SEED = 7
_LOOK = 0.25  # seconds
_MOMENT = datetime(2024, 5, 1, 17, 30, tzinfo=UTC)


class Nowhere:
    """A warehouse that takes everything and keeps nothing."""

    def insert_avro(self, table: str, columns: Sequence[str], container: bytes, token: str) -> None:
        """Take a container."""

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        """Take rows."""


def rows(port: Port, schema_id: int) -> list[tuple[bytes, bytes]]:
    """Keys and framed values of enriched order lines, four an order; about 600 bytes each."""
    chance = random.Random(SEED)  # noqa: S311 - the same rows each time
    codec = Codec.of_port(port, schema_id)
    made = []
    for number in range(DISTINCT):
        row = {
            field["name"]: _value(field["name"], field["type"], chance) for field in codec.parsed["fields"]
        }
        account, order = f"bench:{chance.randrange(20_000)}", f"bench:{number // 4}"
        row |= {"account": account, "order_id": order, "line_number": number % 4, "is_deleted": False}
        row["version"] = number.to_bytes(32, "little")
        body = BytesIO()
        schemaless_writer(body, codec.parsed, row)
        made.append((account.encode(), codec.header + body.getvalue()))
    return made


def command(
    count: Annotated[int, typer.Option("--rows", help="Rows to land.")] = 300_000,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Only the stages between broker and warehouse.")
    ] = False,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
) -> None:
    """Land enriched order lines by one sink process: rows a CPU second, or nanoseconds a row by stage."""
    port = find_mesh(load_settings()).port(ENRICHED)
    found, known = (_stages(port), dict[str, str]()) if in_process else _landed(count)
    typer.echo(result.keep(found, result.about(**known), "sink", keep), nl=False)


def _stages(port: Port) -> dict[str, float]:
    """Nanoseconds of CPU a row of each stage, and of all of them."""
    intake = Intake(port, 1, Codecs(Registry("http://127.0.0.1:9")))
    lane = EventLane(Table(port), intake, Nowhere())
    container = Container(Table(port).schema)
    runs: dict[int, list[Record]] = {number: [] for number in range(port.partitions)}
    size = 0
    for number, (key, value) in enumerate(rows(port, 1)):
        records = runs[partition(key, port.partitions)]
        records.append((len(records), 1_700_000_000_000 + number // 50, key, value, Message()))
        size += len(value)

    def gather() -> Block:
        block = Block(ENRICHED, 0.0)
        for place, records in runs.items():
            block.take(place, records)
        return block

    whole = gather()
    every = [record for records in runs.values() for record in records]
    return {
        "bytes a row": size // DISTINCT,
        "walk it": _best(lambda: [intake.admit(key, value, moment) for _, moment, key, value, _ in every]),
        "gather": _best(gather),
        "look at it": _best(lambda: [intake.doubtful(records) for records in runs.values()]),
        "container": _best(lambda: container.build(list(runs.items()))),
        "land (look, container and bookkeeping)": _best(lambda: lane.land(whole)),
    }


def _best(work: Callable[[], object]) -> int:
    spent = []
    for _ in range(5):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return round(min(spent) / DISTINCT * 1e9)


def _landed(count: int) -> tuple[dict[str, float], dict[str, str]]:
    """Land so many rows by a sink process on a mesh of its own; also the versions of the services."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-sink-") as folder:
        home = Path(folder) / "home"
        launch.up(only=[*SERVICES], home=home)
        try:
            settings = load_settings(home=home)
            provisioning.apply(settings, lambda _: None)
            _publish(settings, count)
            return _watched(settings, home, count), versions(home)
        finally:
            launch.down(purge=True, home=home)


def _publish(settings: Settings, count: int) -> None:
    port = find_mesh(settings).port(ENRICHED)
    made = rows(port, schema_ids(settings)[ENRICHED])
    places = [partition(key, port.partitions) for key, _ in made]
    producer = Producer({"bootstrap.servers": settings.kafka, "linger.ms": 50, "batch.size": 1_000_000})
    for number in range(count):
        key, value = made[number % DISTINCT]
        producer.produce(ENRICHED, value, key, places[number % DISTINCT])
        if number % DISTINCT == 0:
            producer.flush(60)
    producer.flush(60)


def _watched(settings: Settings, home: Path, count: int) -> dict[str, float]:
    """Run a sink until all rows are in the ledger; what it took from the first fifth on."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MESH_")}
    sink = Tree(
        [sys.executable, "-m", "sinks.worker"], {**clean, "MESH_HOME": str(home)}, ROOT, home / "sink.log"
    )
    client = connect(settings)
    try:
        began: tuple[int, float] | None = None
        while True:
            landed = int(client.command("SELECT count() FROM mesh.raw_events_v1"))
            spent = sink.look()
            if began is None and landed >= count * STEADY_FROM:
                began = landed, spent
            if landed >= count and began is not None:
                break
            if sink.ended:
                raise BenchmarkError(
                    "engine-failed",
                    f"ended at {landed:,} of {count:,} rows; its last words: {sink.last_words()}",
                    place="sink",
                    remedy="run it by hand: python -m sinks.worker",
                )
            time.sleep(_LOOK)
        return {
            "rows": landed,
            "rows_per_cpu_second": round((landed - began[0]) / max(spent - began[1], 1e-9)),
            "whole_run_rows_per_cpu_second": round(landed / spent),
            "peak_memory_mb": sink.peak_memory >> 20,
        }
    finally:
        client.close()
        sink.end()


def _value(name: str, kind: Any, chance: random.Random) -> Any:
    """Something of an Avro type, as long as such fields usually are; a tenth of what may be null is."""
    if isinstance(kind, list):
        return None if chance.random() < 0.1 else _value(name, kind[1], chance)
    if isinstance(kind, str):
        kind = {"type": kind}
    match kind:
        case {"logicalType": "decimal"}:
            return Decimal(chance.randrange(10**7)).scaleb(-kind["scale"])
        case {"logicalType": "timestamp-micros"}:
            return _MOMENT
        case {"logicalType": "date"}:
            return _MOMENT.date()
        case {"type": "bytes"}:
            return b"someone"
        case {"type": "string"}:
            return f"{name[:7]} {chance.randrange(1_000)}"
        case {"type": "fixed", "size": size}:
            return bytes(size)
        case {"type": "boolean"}:
            return chance.random() < 0.5
        case {"type": "double"}:
            return chance.random()
    return chance.randrange(100)
