"""Lands records while questions are asked, as the sink lands those of its topics.

``python -m benchmarks.questions_ingest RATE`` lands so many events a second in the warehouse of
``MESH_WAREHOUSE``: gathered into blocks, which wait for company as long as the sink's do, checked, packed and
inserted by the sink's own lanes. Who falls behind lands no larger blocks than the sink does.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import TYPE_CHECKING

from confluent_kafka import Message

from benchmarks.questions_events import TABLES, Event, prepared
from mesh.kernel import clock
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import load_settings
from mesh.kernel.warehouse import connect
from schemas.codec import Codecs
from schemas.registry import Registry
from sinks.block import Block
from sinks.clickhouse.tables import Table
from sinks.clickhouse.writer import Writer
from sinks.intake import Intake
from sinks.landing import EventLane
from sinks.pace import Pace
from sinks.record import Record
from sinks.worker import AT_ONCE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port

_FETCH = 10_000
"""Events that are taken at once, as the sink takes them."""
_POLL = 0.05  # seconds
_AHEAD = 2 * 365 * 86_400_000  # ms: growth reaches into the future


class Feed:
    """Takes events as they are due, and lands a block when it is full or old enough."""

    def __init__(self, client: Client, ports: dict[str, Port], events: Sequence[Event]) -> None:
        writer = Writer(client, lambda _error: None)
        codecs = Codecs(Registry("http://127.0.0.1:9"))  # all events have the present schema
        self._topics = {table: port.topic for table, port in ports.items()}
        self._lanes = {
            port.topic: EventLane(Table(port), Intake(port, 1, codecs), writer) for port in ports.values()
        }
        self._events: Iterator[Event] = cycle(events)
        # later ones than those of any feed before, so that no block has the token of another
        first = int(clock.now_seconds() * 1_000_000)
        self._offsets: dict[tuple[str, int], int] = defaultdict(lambda: first)
        self._blocks: dict[str, Block] = {}
        self._pace = Pace()
        self._inserting = ThreadPoolExecutor(AT_ONCE)

    def take(self, count: int) -> None:
        """Gather the next events; blocks that are full are landed."""
        moment, message = int(clock.now_seconds() * 1000) + _AHEAD, Message()  # nobody asks for headers
        found: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for event in islice(self._events, count):
            place = event.table, event.partition
            offset = self._offsets[place]
            self._offsets[place] = offset + 1
            found[place].append((offset, moment, event.key, event.value, message))
        for (table, partition), records in found.items():
            topic, rest = self._topics[table], records
            while rest:
                block = self._blocks.setdefault(topic, Block(topic, since=time.monotonic()))
                rest = rest[block.take(partition, rest) :]
                if rest:
                    self._land([topic])

    def land_due(self) -> bool:
        """Land blocks that have waited long enough, as many as land at once; whether there were any."""
        moment = time.monotonic()
        patience = self._pace.patience(moment)
        old = [block for block in self._blocks.values() if moment - block.since >= patience]
        due = [block.topic for block in sorted(old, key=lambda block: block.since)[:AT_ONCE]]
        rates = {topic: self._blocks[topic].rate(moment) for topic in due}
        for topic, seconds in self._land(due):
            self._pace.took(topic, seconds / len(due), time.monotonic(), rates[topic])
        return bool(due)

    def _land(self, topics: Sequence[str]) -> list[tuple[str, float]]:
        """The topics, with the seconds that landing their blocks took."""
        return list(self._inserting.map(self._insert, [self._blocks.pop(topic) for topic in topics]))

    def _insert(self, block: Block) -> tuple[str, float]:
        began = time.monotonic()
        parked = self._lanes[block.topic].land(block)
        if parked:
            raise ValueError(f"{len(parked)} records of {block.topic} were refused: {parked[0].refusal}")
        return block.topic, time.monotonic() - began


def _due(rate: int) -> Callable[[], int]:
    """Tells how many events have become due since it was asked before, and no more than are taken at once."""
    begun, taken = time.monotonic(), 0

    def due() -> int:
        nonlocal taken
        count = min(int(rate * (time.monotonic() - begun)) - taken, _FETCH)
        taken += count
        return count

    return due


def main(rate: int) -> None:
    """Land ``rate`` events a second until the process is ended; prints ``ready`` before the first."""
    settings = load_settings()
    ports = {str(one.table): one for one in find_mesh(settings).ports.values() if one.domain == "sales"}
    client = connect(settings)
    chosen = {table: ports[table] for table in TABLES}
    feed = Feed(client, chosen, prepared(client, chosen))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    due = _due(rate)
    while True:
        feed.take(due())
        if not feed.land_due():
            time.sleep(_POLL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
