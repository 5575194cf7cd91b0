"""Reading records: the frame, the walk, and rewriting what another version of the code has written."""

from __future__ import annotations

from mesh.kernel.event import ENVELOPE
from schemas.codec import Codec
from schemas.wire import HEADER_SIZE, UndecodableError
from streams.customer_360.numbers import text_of
from streams.engine.avro.varint import decode_long
from streams.engine.avro.walk import Walker
from streams.facts import Resolver, rewrite

_CONTENTS = len(ENVELOPE)


class Read:
    """One record on the wire: ``value`` framed and in canonical form, ``offsets`` where its fields begin."""

    __slots__ = ("offsets", "position", "value")

    def __init__(self, value: bytes, offsets: tuple[int, ...], position: dict[str, int]) -> None:
        self.value = value
        self.offsets = offsets
        self.position = position

    def raw(self, field: str) -> bytes:
        """The Avro bytes of a field."""
        place = self.position[field]
        return self.value[self.offsets[place] : self.offsets[place + 1]]

    def number(self, field: str) -> int:
        """A long or a timestamp, not null."""
        place = self.position[field]
        return decode_long(self.value, self.offsets[place], self.offsets[place + 1])

    def text(self, field: str) -> bytes:
        """A string as UTF-8."""
        return text_of(self.raw(field))

    @property
    def contents(self) -> bytes:
        """The Avro bytes of an event after its envelope."""
        return self.value[self.offsets[_CONTENTS] :]


class Reader:
    """Reads the records of one topic.

    A value with the expected schema id in canonical form is only walked. Any other is decoded, which decides
    whether it is valid, and written anew; ``rewritten`` counts these.
    """

    def __init__(self, codec: Codec, resolver: Resolver) -> None:
        self.codec = codec
        self._walker = Walker(codec.schema, canonical=True)
        self._any = Walker(codec.schema)
        self._resolver = resolver
        self.rewritten = 0

    def read(self, value: bytes | None) -> Read:
        """Walk a value. Raises :class:`UndecodableError` with the code of its dead letter."""
        if value is None:
            raise UndecodableError("the record has no value")
        if value.startswith(self.codec.header):
            try:
                return Read(value, self._walker.offsets(value, HEADER_SIZE), self._walker.position)
            except ValueError:
                pass  # not of the common form: the codec is the judge
        value = self.canonical(value)
        try:
            return Read(value, self._any.offsets(value, HEADER_SIZE), self._any.position)
        except ValueError as problem:
            raise UndecodableError(str(problem)) from None

    def canonical(self, value: bytes) -> bytes:
        """The value as our own codec writes it. Raises :class:`UndecodableError` when it is not valid."""
        self.rewritten += 1
        return rewrite(self.codec, self._resolver, value)
