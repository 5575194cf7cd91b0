"""Product, location and employee: broadcast knowledge, whole in every worker, ready to be spliced."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping
from typing import NamedTuple

from streams.engine.avro.block import Block
from streams.engine.avro.varint import decode_long
from streams.engine.fold import Fetched
from streams.facts import Reader
from streams.orders_enriched.asof import AsOf

Members = dict[bytes, AsOf]
"""The members of a dimension in one role, by the raw Avro bytes of their id."""


class Change(NamedTuple):
    """A version of a dimension's member that is new, or newly revised."""

    topic: str
    member: bytes
    """Raw Avro bytes of its id."""
    valid_from: int
    timestamp: int
    """Kafka timestamp of the record that made the change, in ms."""


class Role(NamedTuple):
    """A dimension as one block of the row shows it; a location is shown as store and as territory."""

    topic: str
    id_field: str
    block: Block


class Dimensions:
    """The broadcast dimensions of one worker, by the prefix of their block."""

    def __init__(self, readers: Mapping[str, Reader], roles: Mapping[str, Role]) -> None:
        self.members: dict[str, Members] = {prefix: {} for prefix in roles}
        self.readers = readers
        self.roles = roles
        self._blocks: dict[str, list[tuple[Block, Members]]] = {role.topic: [] for role in roles.values()}
        for prefix, role in roles.items():
            self._blocks[role.topic].append((role.block, self.members[prefix]))
        self._places = {
            role.topic: (readers[role.topic].place(role.id_field), readers[role.topic].place("valid_from"))
            for role in roles.values()
        }
        self._log: dict[str, list[tuple[int, Change]]] = {topic: [] for topic in self._blocks}

    def put(self, topic: str, record: Fetched) -> Change | None:
        """Take in a version; return the change that it makes, None for one that is known or outdated.

        Raises :class:`ValueError` (with a ``code``) for a record that cannot be read or contradicts another.
        """
        offset, timestamp, _, value, _ = record
        fact = self.readers[topic].read(value)
        offsets = fact.offsets
        id_place, from_place = self._places[topic]
        member = fact.value[offsets[id_place] : offsets[id_place + 1]]
        valid_from = decode_long(fact.value, offsets[from_place], offsets[from_place + 1])
        contents = fact.value[fact.contents :]
        changed = False
        for block, members in self._blocks[topic]:
            versions = members.get(member)
            if versions is None:
                versions = members[member] = AsOf()
            if versions.put(valid_from, fact.seq, contents, block.fragment(fact.value, offsets)):
                changed = True
        if not changed:
            return None
        change = Change(topic, member, valid_from, timestamp)
        self._log[topic].append((offset, change))
        return change

    def span(self, change: Change) -> tuple[float, float]:
        """The order times [from, to), in microseconds, whose choice is now the version that changed."""
        _, members = self._blocks[change.topic][0]
        return members[change.member].span(change.valid_from)

    def changes_since(self, positions: Mapping[str, int]) -> set[Hashable]:
        """Every change made by records at or after ``positions`` (topic -> offset); of other topics all."""
        changes: set[Hashable] = set()
        for topic, log in self._log.items():
            start = bisect_left(log, positions.get(topic, 0), key=lambda entry: entry[0])
            changes.update(change for _, change in log[start:])
        return changes
