"""What waits behind an invalid record: one function of the partition, however often it is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.kernel.dead_letter import DeadLetter, headers_of, read_letter
from mesh.kernel.discovery import find_mesh
from mesh.kernel.holding import (
    REDRIVE,
    REDRIVE_OF,
    RELEASE,
    RELEASED,
    WAITING,
    Holding,
    holds_keys,
    recalled,
    release_of,
)
from mesh.kernel.settings import Settings
from mesh.reconcile.facts import Queue

TOPIC, PLACE = "sales.public.order-placed.v1", 2
NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Record(NamedTuple):
    """As much of a record as decides what becomes of it."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def bad(self) -> bool:
        """Whether it is invalid by rule 2."""
        return self.key is None or self.value is None or self.value.startswith(b"bad")


def redriven(record: Record, of: int = 0) -> Record:
    """The same, published by a redrive."""
    return record._replace(headers=((REDRIVE, b"r1"), (REDRIVE_OF, b"2@%d" % of)))


def release(key: bytes | None, covers: int) -> Record:
    """Releases a key up to an offset."""
    return Record(key, None, ((REDRIVE, b"r1"), (RELEASE, b"%d" % covers)))


A, B = b"shop:a", b"shop:b"
KEYS = st.sampled_from((A, B, A, B, None))
PLAIN = st.builds(Record, KEYS, st.sampled_from((b"good", b"good", b"good", b"bad", None)))
RECORDS = st.lists(
    st.one_of(PLAIN, PLAIN, PLAIN.map(redriven), st.builds(release, KEYS, st.integers(0, 25))), max_size=25
)


def outcomes(records: list[Record]) -> list[str]:
    """Rule 24, word by word: for each record the code that it is parked under, or that it has an effect."""
    found: list[str] = []
    parked: dict[bytes, list[int]] = {}  # of each held key, the offsets parked since
    for offset, record in enumerate(records):
        headers = dict(record.headers)
        if record.key is None:
            found.append("undecodable" if record.bad else "effect")
        elif RELEASE in headers and record.value is None:
            if all(other <= int(headers[RELEASE]) for other in parked.get(record.key, [])):
                parked.pop(record.key, None)
            found.append(RELEASED)
        elif record.key in parked and REDRIVE not in headers:
            parked[record.key].append(offset)
            found.append(WAITING)
        elif record.bad:
            parked.setdefault(record.key, []).append(offset)
            found.append("undecodable")
        else:
            found.append("effect")
    return found


class Consumer:
    """A consumer of one partition that may be killed: it parks, and then commits what it has read."""

    name = "mesh.test"

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.dead: list[DeadLetter] = []
        self.effects: set[int] = set()
        self.position = 0
        self.holding = Holding(PLACE)

    def read(self, count: int) -> None:
        """Read records, as sink and streams do."""
        for _ in range(min(count, len(self.records) - self.position)):
            self._take(self.position)
            self.position += 1

    def restart(self, position: int) -> None:
        """Go on from an earlier position, with nothing but the dead letters."""
        self.position = min(position, self.position)
        self.holding = recalled(self.dead, self.name, [(TOPIC, PLACE)])[TOPIC, PLACE]

    def _take(self, offset: int) -> None:
        key, value, headers = record = self.records[offset]
        if value is None or key in self.holding.keys:
            verdict = self.holding.verdict(offset, key, value, headers)
            if verdict is not None:
                self._park(offset, *verdict)
                return
        if record.bad:
            self.holding.refused(offset, key, "undecodable", "it is bad")
            self._park(offset, "undecodable", "it is bad")
        else:
            self.effects.add(offset)

    def _park(self, offset: int, code: str, reason: str) -> None:
        key, value, headers = self.records[offset]
        said = headers_of(
            topic=TOPIC, partition=PLACE, offset=offset, consumer=self.name, code=code, reason=reason,
            value=value, seen=NOW, headers=headers,
        )  # fmt: skip
        self.dead.append(read_letter(key, value, said, 0))

    def found(self) -> list[str]:
        """What became of each record, by the dead letters."""
        codes = {letter.offset: letter.code for letter in self.dead}
        return [codes.get(offset, "effect") for offset in range(len(self.records))]


@settings(max_examples=300, deadline=None)
@given(records=RECORDS, steps=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 25)), max_size=6))
def test_kills_and_repeats_change_nothing(records: list[Record], steps: list[tuple[int, int]]) -> None:
    """Whatever was read twice: each record has an effect or is parked, and that is what the rule says."""
    consumer = Consumer(records)
    for count, position in steps:
        consumer.read(count)
        consumer.restart(position)
    consumer.read(len(records))
    assert consumer.found() == outcomes(records)
    assert consumer.effects == {n for n, found in enumerate(outcomes(records)) if found == "effect"}


@settings(max_examples=200, deadline=None)
@given(records=RECORDS, count=st.integers(0, 25), position=st.integers(0, 25))
def test_going_back_without_forgetting_changes_nothing(
    records: list[Record], count: int, position: int
) -> None:
    """A partition that stays with its consumer over a rebalance is read again from what was committed."""
    consumer = Consumer(records)
    consumer.read(count)
    consumer.position = min(position, consumer.position)
    consumer.read(len(records))
    assert consumer.found() == outcomes(records)
    assert consumer.effects == {n for n, found in enumerate(outcomes(records)) if found == "effect"}


class Message(NamedTuple):
    """A record as the oracle gets it."""

    record: Record
    at: int

    def key(self) -> bytes | None:
        return self.record.key

    def value(self) -> bytes | None:
        return self.record.value

    def headers(self) -> list[tuple[str, bytes]] | None:
        return list(self.record.headers) or None

    def partition(self) -> int:
        return PLACE

    def offset(self) -> int:
        return self.at


class Judge:
    """The oracle's intake, for these records."""

    def admit(self, message: Any) -> dict[str, Any] | None:
        """The fields of a valid record."""
        return None if message.record.bad else {"offset": message.at}


@settings(max_examples=300, deadline=None)
@given(records=RECORDS)
def test_the_oracle_finds_the_same(records: list[Record]) -> None:
    """By code of its own."""
    queue = Queue(Judge(), ordered=True)  # type: ignore[arg-type]
    found = [queue.admit(Message(record, n)) is not None for n, record in enumerate(records)]  # type: ignore[arg-type]
    assert found == [outcome == "effect" for outcome in outcomes(records)]
    free = Queue(Judge(), ordered=False)  # type: ignore[arg-type]
    found = [free.admit(Message(record, n)) is not None for n, record in enumerate(records)]  # type: ignore[arg-type]
    assert found == [not record.bad for record in records]


def test_a_redrive_brings_everything_back_in_order() -> None:
    """The mended record, those that waited, the release; then the key is free."""
    records = [Record(A, b"bad"), Record(A, b"1"), Record(B, b"2"), Record(A, b"3")]
    again = [redriven(Record(A, value), of) for value, of in ((b"0", 0), (b"1", 1), (b"3", 3))]
    consumer = Consumer([*records, *again, release(A, 3), Record(A, b"4")])
    consumer.read(99)
    assert consumer.found() == [
        *("undecodable", WAITING, "effect", WAITING),
        *("effect", "effect", "effect", RELEASED, "effect"),
    ]
    assert consumer.dead[1].reason == "waits behind 2@0"


def test_a_release_that_has_not_seen_everything_releases_nothing() -> None:
    """What came between the redrive's reading and its release still waits; the next release covers it."""
    consumer = Consumer([Record(A, b"bad"), Record(A, b"1"), release(A, 0), Record(A, b"2"), release(A, 3)])
    consumer.read(4)
    assert consumer.found()[3] == WAITING
    consumer.read(1)
    assert consumer.holding.keys[A].hold() is None


def test_a_redriven_record_that_is_still_invalid_keeps_its_key() -> None:
    """Since the release cannot have covered it."""
    consumer = Consumer([Record(A, b"bad"), redriven(Record(A, b"bad")), release(A, 0), Record(A, b"1")])
    consumer.read(99)
    assert consumer.found() == ["undecodable", "undecodable", RELEASED, WAITING]


def test_what_was_parked_stays_parked() -> None:
    """A judge that has learned better is not asked again: the record would have landed and been parked."""
    consumer = Consumer([Record(A, b"bad"), Record(A, b"1")])
    consumer.read(1)
    consumer.records[0] = Record(A, b"good")
    consumer.restart(0)
    consumer.read(2)
    assert consumer.found() == ["undecodable", WAITING]
    assert consumer.effects == set()


def test_dead_letters_of_others_hold_nothing_here() -> None:
    """Other consumers, partitions and topics, rows of files, faults that are not the record's own."""
    letter = read_letter(
        A,
        b"bad",
        headers_of(
            topic=TOPIC, partition=PLACE, offset=4, consumer="mesh.test", code="undecodable", reason="",
            value=b"bad", seen=NOW,
        ),
        0,
    )  # fmt: skip
    others = [
        letter._replace(consumer="mesh.sink"),
        letter._replace(partition=1),
        letter._replace(topic="sales.public.payment-recorded.v1"),
        letter._replace(partition=-1, file="orders.csv"),
        letter._replace(code="revision-conflict"),
        letter._replace(code="warehouse-refused"),
        letter._replace(key=None),
    ]
    assert recalled(others, "mesh.test", [(TOPIC, PLACE)])[TOPIC, PLACE].keys == {}
    assert A in recalled([*others, letter], "mesh.test", [(TOPIC, PLACE)])[TOPIC, PLACE].keys


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"v", ((REDRIVE, b"r"), (RELEASE, b"3"))),
        (None, ((RELEASE, b"3"),)),
        (None, ((REDRIVE, b"r"),)),
        (None, ((REDRIVE, b"r"), (RELEASE, b""))),
        (None, ((REDRIVE, b"r"), (RELEASE, b"-3"))),
        (None, ((REDRIVE, b"r"), (RELEASE, "³".encode()))),
        (None, ((REDRIVE, b"r"), (RELEASE, b"9" * 19))),
        (None, ()),
        (None, None),
    ],
)
def test_what_is_no_release_releases_nothing(value: bytes | None, headers: Any) -> None:
    """A value, or a header that is missing or no offset."""
    assert release_of(value, headers) is None


def test_the_topics_on_which_records_wait() -> None:
    """Facts whose key is their partition field alone; not versions, not derived records, not the clock."""
    ports = find_mesh(Settings(home="nowhere")).ports.values()
    assert {port.topic for port in ports if holds_keys(port)} == {
        "customer.raw.customer-record.v1",
        "customer.public.segment-assigned.v1",
        "sales.public.order-placed.v1",
        "sales.public.payment-recorded.v1",
        "sales.public.fulfilment-updated.v1",
        "sales.public.return-recorded.v1",
    }
