"""The Faust app on the batch transport, with the settings that its defects ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import faust
from faust.serializers.schemas import Schema
from faust.types import TP

from streams.engine.transport import driver


class BatchApp(faust.App):  # type: ignore[misc]  # Faust is untyped
    """A Faust app whose stream topics arrive in batches.

    Whoever runs agents sets four functions. ``begin`` is called when the app starts, before it has any
    partition. ``delivered`` is called once all batches of a fetch are delivered; ``delivering`` is true
    before. ``settle`` is awaited before partitions are given up and before the app ends: it finishes, writes
    and acknowledges the batches in flight. ``held`` says of a partition whether its records have to wait, as
    while its state is read back; those of others flow.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.batch_topics: set[str] = set()
        self.delivering = False
        self.begin: Callable[[], None] = lambda: None
        self.delivered: Callable[[], None] = lambda: None
        self.settle: Callable[[], Awaitable[None]] = _nothing
        self.held: Callable[[TP], bool] = _flows
        super().__init__(*args, **options)

    async def on_first_start(self) -> None:
        """Begin, beside what Faust does."""
        self.begin()
        await super().on_first_start()

    def batch_topic(self, *names: str) -> Any:
        """The channel of one or more topics, whose messages are batches."""
        self.batch_topics.update(names)
        return self.topic(*names, schema=BatchSchema())


class BatchSchema(Schema):  # type: ignore[misc]  # Faust is untyped
    """Hands a batch on as it is: agents decode, since Faust loses or stalls on what it cannot decode."""

    def __init__(self) -> None:
        super().__init__(key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    def compile(self, app: Any, **_options: Any) -> Callable[..., Awaitable[Any]]:
        """The function that makes an event of a message."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, None, message)

        return decode


async def _nothing() -> None:
    """No batch is in flight."""


def _flows(_partition: TP) -> bool:
    """No partition is held."""
    return False


def batch_app(name: str, kafka: str, datadir: Path, changes: Mapping[str, Any] | None = None) -> BatchApp:
    """The app (and consumer group) ``name`` on the brokers ``kafka`` (``host:port[,host:port]``).

    ``changes`` to the settings below go by Faust's names.
    """
    datadir.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "broker": [f"{driver.SCHEME}://{address}" for address in kafka.split(",")],
        "datadir": str(datadir),
        # Outputs go outside of Faust's transactions; correctness is convergence.
        "processing_guarantee": "at_least_once",
        # A dead worker's partitions move after 7 s. The thread that fetches sends the heartbeats.
        "broker_session_timeout": 7,
        "broker_heartbeat_interval": 2,
        # What is acknowledged is committed within a second: less to repeat after a kill.
        "broker_commit_interval": 1.0,
        # 16 batches wait for the agent; the default would let 4,096 wait.
        "stream_buffer_maxsize": 16,
        # A graceful stop, and a rebalance, finish the batch in flight.
        "stream_wait_empty": True,
        # Topics are created from the contracts before any worker starts.
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "consumer_auto_offset_reset": "earliest",
        # Not for standbys (there is no Faust table): with 0 Faust takes aiokafka's round-robin assignor,
        # which does not keep partition n of all topics with one worker.
        "table_standby_replicas": 1,
        "web_enabled": False,
        "worker_redirect_stdouts": False,
    }
    return BatchApp(name, **settings | dict(changes or {}))
