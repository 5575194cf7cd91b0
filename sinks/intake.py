"""Whether a record may land: the validity rules of the mesh, checked on raw bytes without decoding.

Facts come from anyone, so each is walked from end to end. The rows of our own streams are spliced of records
that were walked before, and only the stream may write its topic: of them schema and key are looked at, and
that each ends where its bytes do is left to the warehouse, which reads every byte anyway
(:data:`sinks.clickhouse.columns.SEAL`).
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from fastavro import schemaless_writer

from schemas.codec import Codec, Codecs, read_body
from schemas.wire import HEADER_SIZE, UndecodableError, belongs
from sinks.kernel import ROWS
from sinks.record import Record
from streams.engine.avro.varint import decode_long, raw
from streams.engine.avro.walk import Walker
from streams.engine.avro.walk_pattern import UnrecognisableError

if TYPE_CHECKING:
    from mesh.kernel.contract import Port

_DAY = 86_400_000_000
_SHORT = 64
"""Texts of fewer bytes have a length of one byte, twice their number."""
_STEP = [1 + byte // 2 if byte < 2 * _SHORT and byte % 2 == 0 else 1 << 32 for byte in range(256)]
"""From the first byte of a text to the next field; out of every value where it is not so short."""


class Refusal(NamedTuple):
    """Why a record may not land: a stable code, and one line without personal values."""

    code: str
    reason: str


class Intake:
    """Checks the records of one port; a record of an older or newer schema version is brought to the port's.

    ``schema_id`` is the registry's id of the port's present schema.
    """

    def __init__(self, port: Port, schema_id: int, codecs: Codecs) -> None:
        self._codec = Codec.of_port(port, schema_id)
        self._codecs = codecs
        owner = port.keyed_by
        # the clock of the mesh moves by these facts alone, so only they can push it ahead of time
        moves_clock = (
            port.domain == "sales" and owner is not None and "occurred_at" in port.record.model_fields
        )
        # every field that is located costs as much as ten that are stepped over
        fields = [] if owner is None else [owner]
        fields += ["occurred_at"] * moves_clock
        walker = Walker(self._codec.schema, fields=fields)
        usual = Walker(self._codec.schema, canonical=True, fields=fields)
        self._offsets, self._usual_offsets = walker.offsets, usual.offsets
        self._owner = None if owner is None else walker.position[owner]
        self._mismatch = Refusal("key-mismatch", f"the key does not start with the record's {owner}")
        self._occurred = walker.position["occurred_at"] if moves_clock else None
        is_ours = bool(port.application) and port.revision == "version"
        texts = _texts_before(self._codec, owner) if is_ours else None
        self.is_trusting = texts is not None
        """Whether :attr:`doubtful` leaves the bodies to the warehouse."""
        self.doubtful: Doubtful = self._walk(usual) if texts is None else _beginnings(self._codec, texts)
        """Of some records the places of those that must be shown to :meth:`admit`; the others land as they
        are.

        It may name a record that is right, and never leaves out one that may not land.
        """

    def _walk(self, usual: Walker) -> Doubtful:
        """Facts are walked by compiled code; all are doubtful without it, or where no program walks them."""
        if ROWS is None:
            return _all
        places = (-1 if place is None else place for place in (self._owner, self._occurred))
        try:
            doubtful: Doubtful = ROWS.Facts(self._codec.header, usual.program(), *places).doubtful
        except UnrecognisableError:
            return _all
        return doubtful

    def admit(self, key: bytes | None, value: bytes | None, timestamp: int) -> bytes | Refusal:
        """The framed value to land, or why not. ``timestamp`` is Kafka's, in ms.

        Raises :class:`mesh.kernel.errors.PlatformError` while a schema is needed and the registry is away.
        """
        if value is None:
            return Refusal("undecodable", "the record has no value")
        try:
            value, at = self._located(value)
        except UndecodableError as error:
            return Refusal(error.code, str(error))
        except (ValueError, IndexError):  # their text may quote the record
            name = self._codec.record_type.__name__
            return Refusal("undecodable", f"the body is not that of a {name}")
        if self._owner is not None:
            _, start = raw(value, at[self._owner])
            owner = value[start : at[self._owner + 1]]
            if not belongs(key, owner):
                return self._mismatch
        if self._occurred is not None:
            occurred = decode_long(value, at[self._occurred], at[self._occurred + 1])
            if occurred > timestamp * 1000 + _DAY:
                return Refusal(
                    "event-time-ahead", "occurred_at is more than a day after the time of publishing"
                )
        return value

    def _located(self, value: bytes) -> tuple[bytes, tuple[int, ...]]:
        """The value as our codec writes it, and where its fields lie.

        Whatever is written in another way (or is no Avro at all) is left to the codec to judge, so that the
        warehouse never meets a form that only it, or all but it, can read.
        """
        codec = self._codec
        if value.startswith(codec.header):
            try:
                return value, self._usual_offsets(value, HEADER_SIZE)
            except (ValueError, IndexError):
                body = BytesIO()
                body.write(codec.header)
                schemaless_writer(body, codec.parsed, read_body(value, codec.parsed))
                value = body.getvalue()
        else:
            value = self._codecs.resolve(codec, value)
        return value, self._offsets(value, HEADER_SIZE)


Doubtful = Callable[[list[Record]], list[int]]


def _all(records: list[Record]) -> list[int]:
    return list(range(len(records)))


def _texts_before(codec: Codec, owner: str | None) -> int | None:
    """How many texts stand before the owner; -1 without one, None where other things than texts do."""
    if owner is None:
        return -1
    names = [field["name"] for field in codec.schema["fields"]]
    before = codec.schema["fields"][: names.index(owner)]
    return len(before) if all(field["type"] == "string" for field in before) else None


def _beginnings(codec: Codec, texts: int) -> Doubtful:
    made = PythonBeginnings if ROWS is None else ROWS.Beginnings
    doubtful: Doubtful = made(codec.header, texts).doubtful
    return doubtful


class PythonBeginnings:
    """Finds the records without our schema, or without the owner that their key says.

    ``texts`` is how many texts stand before the owner; -1 where records have none.
    """

    def __init__(self, header: bytes, texts: int) -> None:
        self._header = header
        self._texts = texts
        self._steps = (None,) * texts

    def doubtful(self, records: list[Record]) -> list[int]:
        """Their places."""
        begins = self._begins
        return [place for place, record in enumerate(records) if not begins(record[2], record[3])]

    def _begins(self, key: bytes | None, value: bytes | None) -> bool:
        if value is None or not value.startswith(self._header):
            return False
        if self._texts < 0:
            return True
        if key is None:
            return False
        at = HEADER_SIZE
        try:
            for _ in self._steps:
                at += _STEP[value[at]]
            size = len(key)
            return size < _SHORT and value[at] == 2 * size and value.startswith(key, at + 1)
        except IndexError:
            return False
