"""The SDK of domain teams: an event in, checked, stamped and on its topic, or an error that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.errors import PublishError, did_you_mean
from mesh.kernel.event import Event
from mesh.kernel.quality import Check, compile_rules
from mesh.kernel.settings import Settings, load_settings
from mesh.publish.envelope import stamp
from mesh.publish.outbox import Outbox
from schemas.codec import Codec
from schemas.registry import schema_ids
from schemas.wire import partition

APPLICATION = "publish"

_CODES = {
    "missing": ("value-missing", "is not given", "give it"),
    "extra_forbidden": ("field-unknown", "is not a field of the event", ""),
}


class Publisher:
    """Publishes events of the mesh, each to the one topic of its class; a context manager.

    ::

        with Publisher() as publisher:
            publisher.publish(OrderPlaced, {"source": "till-7", "seq": 1, "order_id": "till-7:4711", …})

    Leaving the block flushes: it raises :class:`PublishError` ``undelivered`` with what the broker did not take,
    so nothing is half-published without a word. When the block fails, what it published before still goes out.
    """

    def __init__(self, settings: Settings | None = None, *, mesh: Mesh | None = None) -> None:
        self._settings = settings or load_settings()
        self._mesh = mesh or find_mesh(self._settings)
        self._ports = {port.record: port for port in self._mesh.ports.values() if issubclass(port.record, Event)}
        self._checks: dict[str, Check] = {}
        self._codecs: dict[str, Codec] = {}
        self._outbox = Outbox(self._settings, APPLICATION)
        self.published = 0
        """Events handed to the broker."""
        self.warnings = 0
        """Rules of severity ``warning`` that published events break."""

    def publish(
        self, event: Event | type[Event], values: Mapping[str, Any] | None = None, *, traceparent: str | None = None
    ) -> str:
        """Check, stamp and send one event; return its event id.

        ``event`` is a complete event, or its class with ``values``: the fields but for those that are stamped,
        ``event_id`` (source, fact and ``seq``), ``recorded_at`` (``occurred_at``) and ``trace_id`` (from a W3C
        ``traceparent``). Raises :class:`PublishError` naming event, field, rule and remedy; nothing is sent then.
        """
        record, port = self._target(event)
        drafted = event.model_dump() if isinstance(event, Event) else dict(values or {})
        valid = self.check(record, stamp(port, drafted, traceparent))
        fields = valid.model_dump()
        owner = None if port.partition_by is None else str(fields[port.partition_by]).encode()
        self._outbox.send(
            port.topic,
            port.key_of(fields).encode(),
            self._codec(port).encode(valid),
            partition=0 if owner is None else partition(owner, port.partitions),
        )
        self.published += 1
        return valid.event_id

    def check(self, record: type[Event], values: Mapping[str, Any]) -> Event:
        """The event that these values make; raises :class:`PublishError` when its class or its contract refuses."""
        port = self._target(record)[1]
        try:
            event = record.model_validate(values)
        except ValidationError as error:
            raise _invalid(record, port, error) from None
        if port.topic not in self._checks:
            self._checks[port.topic] = compile_rules(port)
        violations = self._checks[port.topic](event.model_dump())
        for violation in violations:
            if violation.severity == "error":
                raise PublishError(
                    violation.code,
                    f"breaks the rule that {violation.rule}",
                    place=f"{record.__name__}.{violation.field}",
                    remedy=violation.remedy,
                )
        self.warnings += len(violations)
        return event

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

    def _target(self, event: Event | type[Event]) -> tuple[type[Event], Port]:
        record = event if isinstance(event, type) else type(event)
        if record not in self._ports:
            known = [known.__name__ for known in self._ports]
            raise PublishError(
                "event-unknown", "no domain has a port for it", place=record.__name__,
                remedy=did_you_mean(record.__name__, known),
            )  # fmt: skip
        return record, self._ports[record]

    def _codec(self, port: Port) -> Codec:
        if port.topic not in self._codecs:
            self._codecs[port.topic] = Codec.of_port(port, self._ids[port.topic])
        return self._codecs[port.topic]


def publish(*events: Event, settings: Settings | None = None) -> None:
    """Publish a few events and return when they are on the broker; for a flow of events keep a :class:`Publisher`.

    All are checked before the first is sent. Raises :class:`PublishError`.
    """
    with Publisher(settings) as publisher:
        for event in events:
            publisher.check(type(event), event.model_dump())
        for event in events:
            publisher.publish(event)


def _invalid(record: type[Event], port: Port, error: ValidationError) -> PublishError:
    # The message of a value's type is pydantic's; the value itself stays out, since it may be a person's.
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    code, what, remedy = _CODES.get(first["type"], ("value-invalid", "", f"see {port.place or record.__module__}"))
    if code == "field-unknown":
        remedy = did_you_mean(field, record.model_fields)
    message = what or first["msg"][0].lower() + first["msg"][1:]
    return PublishError(code, message, place=f"{record.__name__}.{field}", remedy=remedy)
