"""The members of a dimension, each as the bytes that rows show of it."""

from __future__ import annotations

from streams.engine.avro.reader import Reader
from streams.engine.avro.rewrite import Schemas
from streams.engine.avro.splice import Splice


class Members:
    """The newest version of each member of the dimension ``prefix`` of a splice.

    ``fragments`` maps the bytes of the field that names a member to the member's block.
    """

    def __init__(self, splice: Splice, prefix: str, schemas: Schemas | None = None) -> None:
        place = splice.place(prefix)
        shown = splice.dimensions[place]
        self._block = splice.blocks[place]
        self._branch = splice.branches[place]
        self._reader = Reader(shown.schema, schemas, keys=(shown.key,))
        self._key = self._reader.walker.position[shown.key]
        self._named: dict[bytes, bytes] = {}  # the record's Kafka key -> what names the member
        self.fragments: dict[bytes, bytes] = {}

    def put(self, key: bytes, value: bytes | None) -> None:
        """Take in a version of the member whose record has this Kafka key; without a value it is gone.

        Raises :class:`~streams.engine.avro.rewrite.UnreadableError`; the version before stays.
        """
        slices = None if value is None else self._reader.read(value)
        before = self._named.pop(key, None)
        if before is not None:
            self.fragments.pop(before, None)
        if slices is not None:
            member = self._branch + slices.field(self._key)
            self._named[key] = member
            self.fragments[member] = self._block.fragment(slices.value, slices.offsets)
