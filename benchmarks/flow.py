"""A steady flow of new orders, and when rows of them came out, partition by partition."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import polars as pl
from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks import full_input
from benchmarks.error import BenchmarkError
from benchmarks.full_facts import Facts, Trade
from benchmarks.full_shape import Full
from benchmarks.ground import Ground
from benchmarks.shape import PARTITIONS, Record
from domains.sales.events import OrderLineEnriched, OrderPlaced
from schemas.derive import avro_schema
from schemas.wire import HEADER_SIZE
from streams.engine.avro.varint import raw
from streams.engine.avro.walk import Walker

_SOURCE = "live"
_PARCEL = 4_000  # lines, about a thousand orders, that are made at once
_LOOK = 0.005  # seconds
_LATE = 30.0  # seconds within which a row comes after its order
_SILENCE = 180.0  # seconds after which a row that does not come is given up
_WALKER = Walker(avro_schema(OrderLineEnriched), until="account")


class Flow:
    """Orders numbered from 0 as they are published, and when their rows came."""

    def __init__(self) -> None:
        self.published = 0
        self.stopped = threading.Event()
        self.moments: list[list[float]] = [[] for _ in range(PARTITIONS)]
        """By partition, when each row came, in seconds of the monotonic clock."""
        self._numbers: list[list[int]] = [[] for _ in range(PARTITIONS)]
        self._publishing: Future[None] | None = None
        self._reading: Future[None] | None = None

    def row(self, partition: int, value: bytes, moment: float) -> None:
        """Take note of a row. Those of orders that are not of this flow do not count."""
        start, end = _WALKER.walk(value, HEADER_SIZE)
        source, _, number = value[raw(value, start)[1] : end].decode().partition(":")
        if source == _SOURCE:
            self.moments[partition].append(moment)  # first: who sees the number looks for the moment
            self._numbers[partition].append(int(number))

    def fresh(self, since: int, partitions: Collection[int] = range(PARTITIONS)) -> dict[int, float]:
        """Wait until these partitions show an order numbered ``since`` or later; the first moment of each."""
        found: dict[int, float] = {}
        looked = dict.fromkeys(partitions, 0)
        deadline = time.monotonic() + _SILENCE
        while True:
            for partition in looked.keys() - found.keys():
                numbers = self._numbers[partition]
                for place in range(looked[partition], len(numbers)):
                    if numbers[place] >= since:
                        found[partition] = self.moments[partition][place]
                        break
                    looked[partition] = place + 1
            if len(found) == len(looked):
                return found
            self._check(deadline)
            time.sleep(_LOOK)

    def stop(self) -> int:
        """Publish no more; how many orders have no row, after waiting a while for those that are late."""
        self.stopped.set()
        if self._publishing is not None:
            self._publishing.result()
        deadline = time.monotonic() + _LATE
        while (left := self._missing()) and time.monotonic() < deadline:
            time.sleep(_LATE / 100)
        return left

    def _missing(self) -> int:
        return self.published - len(set(itertools.chain(*self._numbers)))

    def watch(self, publishing: Future[None], reading: Future[None]) -> None:
        """Tell who publishes and who reads, so that their errors are noticed."""
        self._publishing, self._reading = publishing, reading

    def _check(self, deadline: float) -> None:
        for work in (self._publishing, self._reading):
            if work is not None and work.done():
                work.result()
        if time.monotonic() > deadline:
            raise BenchmarkError("engine-failed", f"no row of a new order came for {_SILENCE:.0f} s")


@contextmanager
def flowing(ground: Ground, shape: Full, rate: int) -> Iterator[Flow]:
    """``rate`` new orders a second, until the flow is stopped or the context ends."""
    flow, ended = Flow(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        try:
            ends = ground.sizes({shape.rows_topic(""): PARTITIONS}).items()
            places = [TopicPartition(*place, end) for place, end in ends]
            flow.watch(
                pool.submit(_publish, flow, ground.brokers, _orders(shape), rate),
                pool.submit(_read, flow, ground.brokers, places, ended),
            )
            yield flow
        finally:
            flow.stopped.set()
            ended.set()


def _publish(flow: Flow, brokers: str, orders: Iterator[Record], rate: int) -> None:
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 2, "acks": "all"})
    begun = time.monotonic()
    while not flow.stopped.wait(_LOOK):
        for record in itertools.islice(orders, int((time.monotonic() - begun) * rate) - flow.published):
            producer.produce(record.topic, record.value, record.key, record.partition)
            flow.published += 1
        producer.poll(0)
    producer.flush(_LATE)


def _read(flow: Flow, brokers: str, places: list[TopicPartition], ended: threading.Event) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "bench.flow",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
    )
    consumer.assign(places)
    while not ended.is_set():
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            flow.row(message.partition(), message.value(), time.monotonic())
    consumer.close()


def _orders(shape: Full) -> Iterator[Record]:
    """New orders without end, as records."""
    return full_input.records(_facts(), full_input.ports_of(), shape.ids)


def _facts() -> Iterator[Facts]:
    count = 0
    for seed in itertools.count(1):
        orders = next(facts for facts in Trade(_PARCEL, seed).facts() if facts.event is OrderPlaced)
        numbers = pl.int_range(count, count + orders.rows.height, eager=True)
        count += orders.rows.height
        yield orders._replace(rows=orders.rows.with_columns(order_id=pl.format(f"{_SOURCE}:{{}}", numbers)))
