"""Reading facts as slices: the frame, the walk, the envelope, and what makes a record invalid (rule 2)."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple, Protocol

from fastavro import schemaless_writer

from mesh.kernel.event import ENVELOPE
from schemas.codec import Codec, read_body
from schemas.varint import decode_long, raw
from schemas.walk import Walker, WalkItems
from schemas.wire import HEADER_SIZE, UndecodableError, schema_id
from streams.orders_enriched.registers import RevisionConflictError

DAY_MS = 86_400_000
_SEQ, _OCCURRED_AT = ENVELOPE.index("seq"), ENVELOPE.index("occurred_at")
CONTENTS = len(ENVELOPE)
"""Place of the first field after the envelope."""
_MOST_SEQ = 1 << 60


class KeyMismatchError(ValueError):
    """A record whose key is not that of its account."""

    code = "key-mismatch"


class EventTimeAheadError(ValueError):
    """A fact that claims to have happened more than a day after it was published."""

    code = "event-time-ahead"


REFUSALS = (UndecodableError, KeyMismatchError, EventTimeAheadError, RevisionConflictError)
"""Why a record is parked; each has a ``code``."""


class Translator(Protocol):
    """Rewrites values of other writers' schemas (:class:`schemas.codec.Codecs`)."""

    def translate(self, codec: Codec, value: bytes) -> bytes:
        """``value`` as ``codec`` would have written it."""


class Fact(NamedTuple):
    """A record on the wire with the places of its parts; ``value`` is in canonical form."""

    value: bytes
    offsets: tuple[int, ...]
    """Start of each field, and the end."""
    marks: list[int]
    """Start of each field of each item, for a record with items."""
    seq: int

    @property
    def contents(self) -> bytes:
        """Everything after the envelope."""
        return self.value[self.offsets[CONTENTS] :]


class Reader:
    """Reads the facts of one topic.

    A value with the expected schema id in canonical form is only walked. Any other is decoded and written
    anew, at twenty times the cost, and counted in ``rewritten``.
    """

    def __init__(self, codec: Codec, translator: Translator, items: str | None = None) -> None:
        self.walker = Walker(codec.schema, canonical=True, items=items)
        self.rewritten = 0
        self._codec = codec
        self._frame = codec.header
        self._translator = translator
        self._walk = _with_items(self.walker, items)
        self._walk_any = _with_items(Walker(codec.schema, items=items), items)

    def place(self, field: str) -> int:
        """Where a field stands in the offsets of a fact."""
        return self.walker.position[field]

    def read(self, value: bytes | None) -> Fact:
        """Walk a value. Raises :class:`UndecodableError` with the code of its dead letter."""
        if value is not None and value.startswith(self._frame):
            try:
                offsets, marks = self._walk(value, HEADER_SIZE)
            except ValueError:
                return self._rewrite(value)
            if offsets[-1] == len(value):
                return Fact(value, offsets, marks, self._seq(value, offsets))
        return self._rewrite(value)

    def _rewrite(self, value: bytes | None) -> Fact:
        if value is None:
            raise UndecodableError("the record has no value")
        self.rewritten += 1
        if schema_id(value) == self._codec.schema_id:
            body = BytesIO()
            body.write(self._frame)
            schemaless_writer(body, self._codec.parsed, read_body(value, self._codec.parsed))
            value = body.getvalue()
        else:
            value = self._translator.translate(self._codec, value)
        offsets, marks = self._walk_any(value, HEADER_SIZE)
        return Fact(value, offsets, marks, self._seq(value, offsets))

    def _seq(self, value: bytes, offsets: tuple[int, ...]) -> int:
        seq = decode_long(value, offsets[_SEQ], offsets[_SEQ + 1])
        if not 0 <= seq < _MOST_SEQ:
            raise UndecodableError(f"seq {seq} is not within 0 and 2^60")
        return seq


def occurred_at(fact: Fact) -> int:
    """The event time of a fact in microseconds."""
    return decode_long(fact.value, fact.offsets[_OCCURRED_AT], fact.offsets[_OCCURRED_AT + 1])


def check_key(key: bytes | None, account: bytes) -> None:
    """Raise :class:`KeyMismatchError` unless the key is the account, or begins with it and an ``@``."""
    if key != account and not (key is not None and key.startswith(account + b"@")):
        raise KeyMismatchError("the key is not that of the record's account")


def check_event_time(moment: int, timestamp: int) -> None:
    """Raise :class:`EventTimeAheadError` when ``moment`` (µs) is over a day after ``timestamp`` (ms)."""
    if moment > (timestamp + DAY_MS) * 1000:
        raise EventTimeAheadError("occurred_at is more than a day after the time of publishing")


def text_of(field: bytes) -> bytes:
    """The text of an Avro string's bytes."""
    return field[1:] if field[0] < 128 else field[raw(field, 0)[1] :]


def _with_items(walker: Walker, items: str | None) -> WalkItems:
    if items is not None:
        return walker.walk_items
    walk = walker.walk
    return lambda value, start: (walk(value, start), _NO_ITEMS)


_NO_ITEMS: list[int] = []


def code_of(problem: ValueError) -> str:
    """The code of the dead letter for an error of reading or folding."""
    return str(getattr(problem, "code", UndecodableError.code))
