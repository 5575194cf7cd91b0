"""The batch transport on its own: tuples, batches, commits in order, and private names that it leans on."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult
from faust.transport.consumer import Consumer as FaustConsumer
from faust.types import TP

from streams.engine.transport import driver
from streams.engine.transport.app import BatchApp, batch_app

TOPIC = TP("test.public.fact.v1", 2)
OTHER = TP("test.public.fact.v1", 3)


@pytest.fixture
def app(tmp_path: Path) -> BatchApp:
    """An app that batches one topic."""
    app = batch_app("ours", "127.0.0.1:1,127.0.0.1:2", tmp_path)
    app.batch_topics.add(TOPIC.topic)
    return app


def test_the_libraries_still_have_the_names_that_it_leans_on(app: BatchApp) -> None:
    """A new aiokafka that moved them would be found here, and not by slow or missing records."""

    async def consumer() -> AIOKafkaConsumer:
        thread = app.consumer._thread
        made = thread._create_worker_consumer(app.transport)
        assert made._isolation_level == "read_committed"
        assert made._fetch_max_wait_ms == driver.FETCH_WAIT_MS
        return made

    made = asyncio.run(consumer())
    source = Path(sys.modules[AIOKafkaConsumer.__module__].__file__ or "").read_text()
    assert "isolation_level=self._isolation_level" in source
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in source
    assert "self._fetcher = Fetcher(" in source
    fetcher = Path(sys.modules[FetchResult.__module__].__file__ or "").read_text()
    assert "self._records = collections.OrderedDict()" in fetcher
    assert "self._records[tp] = FetchResult(" in fetcher
    assert "self._consumer_record(tp, record)" in fetcher
    assert "records = MemoryRecords(part_data[-1])" in fetcher
    assert "res_or_error.getall(max_records)" in fetcher
    assert made is not None
    assert "await self.wait_first(" in inspect.getsource(FaustConsumer._drain_messages)


def test_a_fetch_is_cut_into_batches(app: BatchApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a bounded number of records, each a message with the last offset."""
    monkeypatch.setattr(driver, "BATCH_RECORDS", 3)
    rows: list[Any] = [(offset, 0, b"", b"", ()) for offset in range(8)]

    async def messages() -> list[Any]:
        consumer = app.consumer

        async def getmany(*_: Any) -> dict[TP, list[Any]]:
            return {TOPIC: rows, TP(TOPIC.topic, 3): []}

        consumer._thread.getmany = getmany
        found = await consumer._getmany({TOPIC}, 1.0)
        assert list(found) == [TOPIC]
        return [consumer._to_message(TOPIC, batch) for batch in found[TOPIC]]

    made = asyncio.run(messages())
    assert [message.offset for message in made] == [2, 5, 7]
    assert [row for message in made for row in message.value] == rows


def test_the_fewer_come_the_longer_more_are_let_gather(
    app: BatchApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between one and five milliseconds; not at all after an answer of none, or of many."""
    consumer, pauses = app.consumer, list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def after(records: int) -> list[float]:
        """The pauses before the fetch that follows an answer of so many records."""

        async def answer(*_: Any) -> dict[TP, list[Any]]:
            return {TOPIC: [(offset, 0, b"", b"", ()) for offset in range(records)]}

        monkeypatch.setattr(consumer._thread, "getmany", answer)
        await consumer._getmany({TOPIC}, 1.0)
        pauses.clear()
        await consumer._getmany({TOPIC}, 1.0)
        return list(pauses)

    async def scene() -> None:
        monkeypatch.setattr(driver.asyncio, "sleep", pause)
        assert [await after(count) for count in (1, 2, 5)] == [[0.005], [0.0025], [0.001]]
        assert [await after(count) for count in (25, 999)] == [[0.001], [0.001]]
        assert [await after(count) for count in (0, 1_000)] == [[], []]

    asyncio.run(scene())


def test_the_end_of_a_delivery_is_told_once(app: BatchApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the next fetch is asked for: by then every batch of the last one was handed on."""
    consumer, told = app.consumer, list[bool]()
    answers = [{TOPIC: [(0, 0, b"", b"", ())]}, {}, {}]

    async def answer(*_: Any) -> dict[TP, list[Any]]:
        return answers.pop(0)

    async def scene() -> list[bool]:
        monkeypatch.setattr(consumer._thread, "getmany", answer)
        monkeypatch.setattr(consumer, "_get_active_partitions", lambda: {TOPIC})
        app.flow_control.resume()
        consumer.resume_flow()
        app.delivered = lambda: told.append(app.delivering)
        delivering = []
        for _ in range(3):
            await consumer._wait_next_records(1.0)
            delivering.append(app.delivering)
        return delivering

    assert asyncio.run(scene()) == [True, False, False]
    assert told == [False]


def test_a_delivery_that_need_not_wait_makes_no_task(app: BatchApp) -> None:
    """It is done when it is asked for, and what it would have been raced against is closed."""

    async def scene() -> None:
        consumer, others = app.consumer, len(asyncio.all_tasks())

        async def deliver() -> str:
            assert len(asyncio.all_tasks()) == others
            return "delivered"

        stop = asyncio.Event().wait()
        found = await consumer.wait_first(deliver(), stop)
        assert (found.results, found.stopped) == (["delivered"], False)
        assert inspect.getcoroutinestate(stop) == inspect.CORO_CLOSED

    asyncio.run(scene())


def test_a_delivery_that_waits_gives_way_as_fausts_does(app: BatchApp) -> None:
    """It goes on from where it waits; when flow is suspended first it is broken off there."""

    async def scene() -> tuple[list[Any], list[str]]:
        consumer, room, suspended = app.consumer, asyncio.Event(), asyncio.Event()
        steps: list[str] = []

        async def deliver() -> str:
            try:
                await room.wait()
                await asyncio.sleep(0)
                steps.append("delivered")
            except GeneratorExit:
                steps.append("broken off")
                raise
            return "result"

        loop = asyncio.get_running_loop()
        loop.call_later(0.01, room.set)
        first = await consumer.wait_first(deliver(), suspended.wait())
        room.clear()
        loop.call_later(0.01, suspended.set)
        second = await consumer.wait_first(deliver(), suspended.wait())
        await asyncio.sleep(0.01)
        return [first.results, second.results], steps

    assert asyncio.run(scene()) == ([["result"], [True]], ["delivered", "broken off"])


def test_a_full_buffer_holds_the_others_up_for_a_moment_only(app: BatchApp) -> None:
    """What has come of its partition lies there, and nothing would end the wait when there is room."""

    async def waits() -> list[float]:
        consumer, asked = app.consumer, []

        async def getmany(_: set[TP], timeout: float) -> dict[TP, list[Any]]:
            asked.append(timeout)
            return {}

        consumer._thread.getmany = getmany
        consumer.flow_active = True
        consumer._set_active_tps({TOPIC, OTHER})
        await consumer._wait_next_records(1.0)
        consumer.on_buffer_full(OTHER)
        await consumer._wait_next_records(1.0)
        consumer.on_buffer_full(TOPIC)
        assert await asyncio.wait_for(consumer._wait_next_records(1.0), 0.5) == ({}, set())
        consumer.on_buffer_drop(OTHER)
        consumer.on_buffer_drop(TOPIC)
        await consumer._wait_next_records(1.0)
        return asked

    assert asyncio.run(waits()) == [1.0, driver.FULL_SECONDS, 1.0]


def test_batches_are_committed_in_the_order_of_delivery(app: BatchApp) -> None:
    """An ack out of order waits for those before it; a second delivery starts anew."""

    async def commits() -> list[int | None]:
        consumer, points = app.consumer, []
        for last in (9, 19, 29):
            consumer._to_message(TOPIC, [(last, 0, b"", b"", ())])
        for last in (19, 9, 29):
            consumer._acked[TOPIC].append(last)
            consumer._acked_index[TOPIC].add(last)
            points.append(consumer._new_offset(TOPIC))
        assert consumer._acked[TOPIC] == []
        assert consumer._acked_index[TOPIC] == set()
        return points

    assert asyncio.run(commits()) == [None, 20, 30]


def test_the_scheme_is_known_without_the_distribution(tmp_path: Path) -> None:
    """In a checkout that was never installed there is no entry point."""
    program = (
        "import mode.utils.imports as imports; imports.load_extension_class_names = lambda _: iter(());"
        "from streams.engine.transport.app import batch_app; from pathlib import Path;"
        f"app = batch_app('ours', '127.0.0.1:1', Path({str(tmp_path)!r}));"
        "print(type(app.transport).__module__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "streams.engine.transport.driver"


def test_every_broker_of_the_list_is_tried(app: BatchApp) -> None:
    """Addresses are separated by commas, as everywhere in Kafka."""
    assert [(url.scheme, url.host, url.port) for url in app.conf.broker_consumer] == [
        ("kafkabatch", "127.0.0.1", 1),
        ("kafkabatch", "127.0.0.1", 2),
    ]


def test_partitions_of_a_number_stay_together(app: BatchApp) -> None:
    """Three members, four topics: partition n of all of them goes to one member."""
    topics = [f"test.public.{name}.v1" for name in "abcd"]
    cluster = SimpleNamespace(partitions_for_topic=lambda _topic: {0, 1, 2, 3})
    assignor = app.assignor
    members = {name: assignor.metadata(set(topics)) for name in ("one", "two", "three")}
    shares = assignor.assign(cluster, members)
    owned: dict[tuple[str, int], str] = {
        (topic, partition): member
        for member, share in shares.items()
        for topic, partitions in share.assignment
        for partition in partitions
    }
    assert len(owned) == 16
    for partition in range(4):
        assert len({owned[topic, partition] for topic in topics}) == 1
    assert len(set(owned.values())) == 3
