"""Which records of a topic count: those that land, by the rules of the mesh that every consumer keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesh.kernel.holding import Holding, Verdict, holds_keys
from schemas.codec import Codec, Codecs
from schemas.version import ORDER_LINE, unpack
from schemas.wire import UndecodableError, belongs

if TYPE_CHECKING:
    from confluent_kafka import Message

    from mesh.kernel.contract import Port

_DAY_MS = 86_400_000


class Admission:
    """Reads the records of one port, from the beginning of each partition on.

    What waits behind an invalid record follows from the topic alone, so no dead letters need to be read.
    """

    def __init__(self, port: Port, schema_id: int, codecs: Codecs) -> None:
        self._codec = Codec.of_port(port, schema_id)
        self._codecs = codecs
        self._owner = port.keyed_by
        # the clock of the mesh moves by these facts alone, so only they can push it ahead of time
        self._moves_clock = (
            port.domain == "sales" and bool(self._owner) and "occurred_at" in port.record.model_fields
        )
        # Records that only clear an old sort key say nothing about the entity (semantics, rule 10).
        self._clears = port.revision == "version" and port.order_by is not None
        self._holdings: _Holdings | None = _Holdings() if holds_keys(port) else None

    def admit(self, message: Message) -> dict[str, Any] | None:
        """The fields of a record, personal text in clear; None where it does not count.

        Raises :class:`mesh.kernel.errors.PlatformError` while a schema is needed and the registry is away.
        """
        key, value = message.key(), message.value()
        holding = None if self._holdings is None else self._holdings[message.partition()]
        if (
            holding is not None
            and (value is None or key in holding.keys)
            and holding.verdict(message.offset(), key, value, message.headers()) is not None
        ):
            return None
        read = self._read(key, value, message.timestamp()[1])
        if isinstance(read, Verdict):
            if holding is not None:
                holding.refused(message.offset(), key, read.code, read.reason)
            return None
        return None if self._clears and unpack(read["version"], ORDER_LINE)[1] == 0 else read

    def _read(self, key: bytes | None, value: bytes | None, published_ms: int) -> dict[str, Any] | Verdict:
        """The fields, or why there are none."""
        if value is None:
            return Verdict("undecodable", "it has no value")
        try:
            fields = self._codecs.decode(self._codec, value)
        except UndecodableError as problem:
            return Verdict(problem.code, "it cannot be read")
        if self._owner and not belongs(key, str(fields[self._owner]).encode()):
            return Verdict("key-mismatch", "its key is that of another")
        if self._moves_clock and fields["occurred_at"].timestamp() * 1000 > published_ms + _DAY_MS:
            return Verdict("event-time-ahead", "it is of a later day")
        return fields


class _Holdings(dict[int, Holding]):
    """What is held, by partition."""

    def __missing__(self, partition: int) -> Holding:
        found = self[partition] = Holding(partition)
        return found
