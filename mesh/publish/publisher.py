"""The SDK of domain teams: an event in, checked, stamped and on its topic, or an error that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.errors import PublishError
from mesh.kernel.event import Event
from mesh.kernel.settings import Settings, load_settings
from mesh.publish.check import Checker
from mesh.publish.envelope import stamp
from mesh.publish.outbox import Outbox
from schemas.codec import Codec
from schemas.registry import schema_ids
from schemas.wire import partition

APPLICATION = "publish"


class Publisher:
    """Publishes events of the mesh, each to the one topic of its class; a context manager.

    ::

        with Publisher() as publisher:
            publisher.publish(OrderPlaced, {"source": "till-7", "seq": 1, "order_id": "till-7:4711", …})

    Leaving the block flushes: it raises :class:`PublishError` ``undelivered`` with what the broker did not
    take, so nothing is half-published without a word. When the block fails, what it published before still
    goes out. Not thread-safe.
    """

    def __init__(
        self, settings: Settings | None = None, *, mesh: Mesh | None = None, outbox: Outbox | None = None
    ) -> None:
        self._settings = settings or load_settings()
        self._checker = Checker(mesh or find_mesh(self._settings))
        self._outbox = outbox or Outbox(self._settings, APPLICATION)
        self._codecs: dict[str, Codec] = {}
        self.published = 0
        """Events handed to the producer."""
        self.warnings = 0
        """Rules of severity ``warning`` that published events broke."""

    def publish(
        self,
        event: Event | type[Event],
        values: Mapping[str, Any] | None = None,
        *,
        traceparent: str | None = None,
    ) -> str:
        """Check, stamp and send one event; return its event id.

        ``event`` is a complete event, or its class with ``values``: its fields but for those that are
        stamped, ``event_id`` (from source, fact and ``seq``), ``recorded_at`` (``occurred_at``) and
        ``trace_id`` (from a W3C ``traceparent``). Raises :class:`PublishError` naming event, field, rule
        and remedy; nothing is sent then.
        """
        record = event if isinstance(event, type) else type(event)
        port = self._checker.port(record)
        given = dict(values or {}) if isinstance(event, type) else event.model_dump()
        valid, warnings = self._checker.check(record, stamp(port, given, traceparent))
        fields = valid.model_dump()
        owner = None if port.partition_by is None else str(fields[port.partition_by]).encode()
        self._outbox.send(
            port.topic,
            port.key_of(fields).encode(),
            self._codec(port).encode(valid),
            partition=0 if owner is None else partition(owner, port.partitions),
        )
        self.published += 1
        self.warnings += len(warnings)
        return valid.event_id

    def flush(self) -> None:
        """Return when everything published so far is on the broker; raises ``undelivered`` otherwise."""
        self._outbox.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        except PublishError as undelivered:
            if error is None:
                raise
            error.add_note(str(undelivered))

    @cached_property
    def _ids(self) -> dict[str, int]:
        return schema_ids(self._settings)

    def _codec(self, port: Port) -> Codec:
        if port.topic not in self._codecs:
            self._codecs[port.topic] = Codec.of_port(port, self._ids[port.topic])
        return self._codecs[port.topic]


def publish(*events: Event, settings: Settings | None = None) -> None:
    """Publish a few events and return when they are on the broker; for a flow keep a :class:`Publisher`.

    All are checked before the first is sent. Raises :class:`PublishError`.
    """
    settings = settings or load_settings()
    checker = Checker(find_mesh(settings))
    for event in events:
        checker.check(type(event), event.model_dump())
    with Publisher(settings) as publisher:
        for event in events:
            publisher.publish(event)
