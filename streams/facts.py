"""Reading facts as slices: the frame, the walk, the envelope, and what makes a record invalid (rule 2)."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple, Protocol

from fastavro import schemaless_writer

from mesh.kernel.event import ENVELOPE
from schemas.codec import Codec, read_body
from schemas.wire import HEADER_SIZE, UndecodableError, belongs, schema_id
from streams.engine.avro.recognise import Items
from streams.engine.avro.varint import decode_long, raw
from streams.engine.avro.walk import ItemsWalker, Walker

DAY_MS = 86_400_000
_MOST_SEQ = 1 << 60


class KeyMismatchError(ValueError):
    """A record whose key is not that of its account."""

    code = "key-mismatch"


class EventTimeAheadError(ValueError):
    """A fact that claims to have happened more than a day after it was published."""

    code = "event-time-ahead"


class RevisionConflictError(ValueError):
    """A record with the ``seq`` of a known revision and other contents."""

    code = "revision-conflict"


REFUSALS = (UndecodableError, KeyMismatchError, EventTimeAheadError, RevisionConflictError)
"""Why a record is parked; each has a ``code``."""


class Resolver(Protocol):
    """Rewrites values that other versions of the code have written (:class:`schemas.codec.Codecs`)."""

    def resolve(self, codec: Codec, value: bytes) -> bytes:
        """``value`` as ``codec`` would have written it. Raises :class:`UndecodableError`."""


class Fact(NamedTuple):
    """A record on the wire with the places of its parts; ``value`` is in canonical form."""

    value: bytes
    offsets: tuple[int, ...]
    """Start of each field that the reader reports, and the end."""
    items: Items
    """The items of the array that the reader cuts up."""
    seq: int
    contents: int
    """Where the fields after the envelope begin."""


class Array(NamedTuple):
    """A field that is an array of records, the last of its event, and the fields of each that are wanted."""

    name: str
    fields: tuple[str, ...]


class Reader:
    """Reads the facts of one topic.

    A value with the expected schema id in canonical form is only walked. Any other is decoded, which
    decides whether it is valid, and written anew, at twenty times the cost; ``rewritten`` counts these.
    ``fields`` are those that facts report (all by default, or all before the ``array``).
    """

    def __init__(
        self,
        codec: Codec,
        resolver: Resolver,
        *,
        fields: tuple[str, ...] | None = None,
        array: Array | None = None,
    ) -> None:
        until = array.name if array else None
        self._codec = codec
        self.frame = codec.header
        self._resolver = resolver
        self.walker = Walker(codec.schema, canonical=True, fields=fields, until=until)
        self._general = Walker(codec.schema, fields=fields, until=until)
        self.cut: ItemsWalker | None = None
        self._cut_canonical: ItemsWalker | None = None
        if array:
            self.cut = ItemsWalker(codec.schema, *array)
            self._cut_canonical = ItemsWalker(codec.schema, *array, canonical=True)
        self.rewritten = 0
        self._seq = self.place("seq")
        self._occurred_at = self.place("occurred_at")
        self.contents = self.place(list(codec.record_type.model_fields)[len(ENVELOPE)])

    def place(self, field: str) -> int:
        """Where a field stands in the offsets of a fact."""
        return self.walker.position[field]

    def read(self, value: bytes | None) -> Fact:
        """Walk a value. Raises :class:`UndecodableError` with the code of its dead letter."""
        if value is not None and value.startswith(self.frame):
            try:
                return self._fact(value, self.walker, self._cut_canonical)
            except ValueError:
                pass  # not of the common form, or no value of the schema: the codec decides
        return self._fact(self._rewrite(value), self._general, self.cut)

    def occurred_at(self, fact: Fact) -> int:
        """The event time of a fact in microseconds."""
        place = self._occurred_at
        return decode_long(fact.value, fact.offsets[place], fact.offsets[place + 1])

    def _fact(self, value: bytes, walker: Walker, cut: ItemsWalker | None) -> Fact:
        offsets = walker.walk(value, HEADER_SIZE)
        items, end = cut.walk(value, offsets[-1]) if cut else (_NO_ITEMS, offsets[-1])
        if end != len(value):
            raise ValueError("bytes after the last field")
        seq = decode_long(value, offsets[self._seq], offsets[self._seq + 1])
        check_seq(seq)
        return Fact(value, offsets, items, seq, offsets[self.contents])

    def _rewrite(self, value: bytes | None) -> bytes:
        if value is None:
            raise UndecodableError("the record has no value")
        self.rewritten += 1
        return rewrite(self._codec, self._resolver, value)


def rewrite(codec: Codec, resolver: Resolver, value: bytes) -> bytes:
    """``value`` as ``codec`` writes it, whoever wrote it. Raises :class:`UndecodableError`."""
    if schema_id(value) != codec.schema_id:
        return resolver.resolve(codec, value)
    body = BytesIO()
    body.write(codec.header)
    schemaless_writer(body, codec.parsed, read_body(value, codec.parsed))
    return body.getvalue()


def check_key(key: bytes | None, account: bytes) -> None:
    """Raise :class:`KeyMismatchError` unless the key is the account, or begins with it and ``@`` or ``#``."""
    if not belongs(key, account):
        raise KeyMismatchError("the key is not that of the record's account")


def check_seq(seq: int) -> None:
    """Raise :class:`UndecodableError` unless a revision is within 0 and 2^60: others do not add up."""
    if not 0 <= seq < _MOST_SEQ:
        raise UndecodableError("seq is not within 0 and 2^60")


def check_event_time(moment: int, timestamp: int) -> None:
    """Raise :class:`EventTimeAheadError` when ``moment`` (µs) is over a day after ``timestamp`` (ms)."""
    if moment > (timestamp + DAY_MS) * 1000:
        raise EventTimeAheadError("occurred_at is more than a day after the time of publishing")


def text_of(field: bytes) -> bytes:
    """The text of an Avro string's bytes."""
    return field[1:] if field[0] < 128 else field[raw(field, 0)[1] :]


_NO_ITEMS: Items = []


def code_of(problem: ValueError) -> str:
    """The code of the dead letter for an error of reading or folding."""
    return str(getattr(problem, "code", UndecodableError.code))
