"""One test for each defect of Faust that the transport works around.

Each first shows the defect in Faust itself and then that the transport has none of it. When an upgrade makes
the first half fail, the work-around may go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import faust
import pytest
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from faust.exceptions import ValueDecodeError
from faust.tables.recovery import Recovery
from faust.transport.conductor import ConductorCompiler
from faust.transport.drivers import aiokafka as base
from faust.types import TP, ConsumerMessage

from streams.engine.errors import EngineError
from streams.engine.transport.app import BatchApp, batch_app
from streams.engine.transport.driver import BatchConsumer

TOPIC = TP("test.public.fact.v1", 0)


@pytest.fixture
def vanilla() -> faust.App:
    """A Faust app as Faust makes it."""
    return faust.App("vanilla", broker="kafka://127.0.0.1:1", web_enabled=False)


@pytest.fixture
def ours(tmp_path: Path) -> BatchApp:
    """The app of this project."""
    app = batch_app("ours", "127.0.0.1:1", tmp_path)
    app.batch_topics.add(TOPIC.topic)
    return app


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in an event loop of its own."""
    return asyncio.run(work)


def message(offset: int) -> ConsumerMessage:
    """A message that one stream has to acknowledge."""
    made = ConsumerMessage(TOPIC.topic, 0, offset, 0.0, 0, None, None, [], None, -1, -1, TOPIC)
    made.incref()
    return made


def acknowledged(consumer: Any, *offsets: int) -> None:
    """Have these offsets acknowledged."""
    consumer._acked[TOPIC].extend(offsets)
    consumer._acked_index[TOPIC].update(offsets)


def test_acks_are_kept_until_revoked_partitions_are_committed(vanilla: faust.App, ours: BatchApp) -> None:
    """Faust forgets the acks of revoked partitions before it commits, so that survivors repeat them."""

    async def acks_at_commit(app: faust.App) -> list[int]:
        consumer, seen = app.consumer, []

        async def commit(*_: Any, **__: Any) -> bool:
            seen.extend(consumer._acked.get(TOPIC, ()))
            return True

        consumer.commit = commit
        consumer._on_partitions_revoked = AsyncMock(side_effect=commit)
        acknowledged(consumer, 7)
        await consumer.on_partitions_revoked({TOPIC})
        return seen

    assert run(acks_at_commit(vanilla)) == []
    assert run(acks_at_commit(ours)) == [7]


def test_no_commit_passes_an_unfinished_message(vanilla: faust.App, ours: BatchApp) -> None:
    """Faust commits whatever was acknowledged first, where nothing was committed yet."""

    async def commit_point(app: faust.App) -> int | None:
        consumer = app.consumer
        for last in (4, 9):  # delivered in this order
            consumer._to_message(TOPIC, [(last, 0, b"", b"", ())]) if app is ours else None
        acknowledged(consumer, 9)
        found: int | None = consumer._new_offset(TOPIC)
        return found

    assert run(commit_point(vanilla)) == 10
    assert run(commit_point(ours)) is None


def test_no_gap_swallows_an_unfinished_message(vanilla: faust.App, ours: BatchApp) -> None:
    """Faust counts the message after a gap of offsets to the gap, and so as done."""

    async def commit_point(app: faust.App) -> int | None:
        consumer = app.consumer
        consumer._committed_offset[TOPIC] = 10
        for last in (10, 15, 20):  # 11 to 14 are missing, 15 is not finished
            consumer._to_message(TOPIC, [(last, 0, b"", b"", ())]) if app is ours else None
        await consumer._add_gap(TOPIC, 11, 15)
        acknowledged(consumer, 10, 20)
        found: int | None = consumer._new_offset(TOPIC)
        return found

    assert run(commit_point(vanilla)) == 16
    assert run(commit_point(ours)) == 11


def test_a_late_message_does_not_hold_a_rebalance_up(vanilla: faust.App, ours: BatchApp) -> None:
    """Faust waits for an ack of every message that anything still refers to."""

    async def returns(app: faust.App) -> bool:
        late = message(3)
        app.consumer._unacked_messages.add(late)
        app.consumer.commit = AsyncMock(return_value=True)
        waiting = asyncio.create_task(app.consumer.wait_empty())
        await asyncio.wait({waiting}, timeout=0.3)
        returned = waiting.done()
        app.consumer._unacked_messages.discard(late)  # Faust swallows a cancellation here
        await waiting
        return returned

    assert not run(returns(vanilla))
    assert run(returns(ours))


def test_partitions_stay_still_until_they_are_sought(vanilla: faust.App, ours: BatchApp) -> None:
    """Faust lets stream partitions go before it seeks them to their committed offsets (issue 596)."""

    async def active_while_seeking(app: faust.App) -> set[TP]:
        consumer, seen = app.consumer, set()
        consumer.assignment = lambda: {TOPIC}

        async def seek() -> dict[TP, int]:
            seen.update(consumer._active_partitions)
            return {TOPIC: 5}

        consumer.seek_to_committed = seek
        consumer._active_partitions = set()
        consumer.resume_partitions({TOPIC})  # what recovery does before it seeks
        await consumer.perform_seek()
        assert consumer._active_partitions == {TOPIC}
        assert consumer._read_offset[TOPIC] == 5
        return seen

    assert run(active_while_seeking(vanilla)) == {TOPIC}
    assert run(active_while_seeking(ours)) == set()


def test_only_on_rebalance_complete_holds_the_flow() -> None:
    """Recovery stands on it: Faust awaits this hook, then resumes, seeks, and lets records flow."""
    order: list[str] = []

    def note(name: str) -> Any:
        return MagicMock(side_effect=lambda *_: order.append(name))

    async def anote(name: str) -> None:
        await asyncio.sleep(0.01)
        order.append(name)

    consumer = SimpleNamespace(
        assignment=lambda: {TOPIC},
        resume_partitions=note("resume"),
        perform_seek=lambda: anote("seek"),
        resume_flow=note("flow"),
    )
    app = SimpleNamespace(
        consumer=consumer,
        consumer_generation_id=1,
        on_rebalance_complete=SimpleNamespace(send=lambda: anote("hook")),
        conf=SimpleNamespace(broker_request_timeout=1.0),
        flow_control=MagicMock(),
        _fetcher=SimpleNamespace(maybe_start=AsyncMock()),
        on_rebalance_end=MagicMock(),
    )
    recovery = SimpleNamespace(
        app=app,
        _is_changelog_tp=lambda _tp: False,
        _wait=lambda work, timeout: work,
        completed=MagicMock(),
        tables=MagicMock(),
        log=MagicMock(),
    )
    run(Recovery._resume_streams(recovery, generation_id=1))
    assert order == ["hook", "resume", "seek", "flow"]


def test_an_exception_in_an_agent_acknowledges_the_event(vanilla: faust.App) -> None:
    """So no exception may leave an agent's body: the processor ends the process before."""

    async def acked() -> bool:
        vanilla.flow_control.resume()
        stream = vanilla.channel().stream()
        vanilla.topics._acking_topics.add(TOPIC.topic)
        failing = message(1)
        failing.generation_id = vanilla.consumer_generation_id
        await stream.channel.queue.put(vanilla.create_event(None, b"value", None, failing))
        events = aiter(stream)
        await anext(events)
        with pytest.raises(RuntimeError):
            await events.athrow(RuntimeError("in the body"))
        return bool(failing.acked)

    assert run(acked())


def test_a_value_that_faust_cannot_decode_is_acknowledged_and_lost(vanilla: faust.App) -> None:
    """So topics carry raw bytes, and the folds decode."""

    async def acked() -> bool:
        vanilla.topics._acking_topics.add(TOPIC.topic)
        channel = MagicMock()
        channel.decode = AsyncMock(side_effect=ValueDecodeError("broken"))
        channel.on_value_decode_error = AsyncMock()
        vanilla.flow_control.resume()
        deliver = ConductorCompiler().build(SimpleNamespace(app=vanilla), TOPIC, {channel})
        broken = message(1)
        broken.refcount = 0
        await deliver(broken)
        return bool(broken.acked)

    assert run(acked())


def test_the_producer_is_idempotent(vanilla: faust.App, ours: BatchApp) -> None:
    """Faust's at-least-once producer is not: a retry may write a record twice, or out of order."""

    async def settings(app: faust.App) -> dict[str, Any]:
        return dict(app.transport.create_producer()._settings_default())

    assert "enable_idempotence" not in run(settings(vanilla))
    assert run(settings(ours))["enable_idempotence"] is True
    assert run(settings(ours))["acks"] == "all"


def test_exactly_once_is_refused(tmp_path: Path) -> None:
    """Outputs would go outside of the transaction, and no generation is fenced."""
    app = BatchApp("ours", broker="kafkabatch://127.0.0.1:1", processing_guarantee="exactly_once")

    async def consumer() -> Any:
        return app.consumer

    with pytest.raises(EngineError, match="exactly-once"):
        run(consumer())


def test_the_assignor_keeps_partitions_of_a_number_together(vanilla: faust.App, ours: BatchApp) -> None:
    """Without tables and standbys Faust takes aiokafka's round robin, which scatters them."""

    async def assignor(app: faust.App) -> Any:
        thread = app.consumer._thread
        thread._create_worker_consumer(app.transport)
        return thread._assignor

    vanilla.conf.table_standby_replicas = 0
    assert run(assignor(vanilla)) is RoundRobinPartitionAssignor
    assert run(assignor(ours)) is ours.assignor
    assert isinstance(run(_consumer(ours)), BatchConsumer)
    assert not isinstance(run(_consumer(vanilla)), BatchConsumer)


async def _consumer(app: faust.App) -> base.Consumer:
    return app.consumer


def test_few_batches_wait_for_the_agent(vanilla: faust.App, ours: BatchApp) -> None:
    """Faust lets 4,096 messages wait, which would be as many batches."""
    assert vanilla.conf.stream_buffer_maxsize == 4096
    assert ours.conf.stream_buffer_maxsize == 16
