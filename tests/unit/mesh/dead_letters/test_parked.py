"""Parked records: what several consumers say, as one, and what has become of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mesh.dead_letters.parked import Parked, Place, State, parked_records
from mesh.dead_letters.selection import Selection
from mesh.kernel.dead_letter import DeadLetter
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import DeadLetterError
from mesh.kernel.holding import REDRIVE, RELEASE
from mesh.kernel.settings import Settings

PORTS = find_mesh(Settings(home="nowhere")).ports
ORDERS, PRODUCTS = "sales.public.order-placed.v1", "product.public.product.v1"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def letter(
    offset: int,
    code: str = "undecodable",
    *,
    consumer: str = "mesh.sink",
    topic: str = ORDERS,
    key: bytes | None = b"shop:a",
    covers: int | None = None,
    minute: int = 0,
) -> DeadLetter:
    """A dead letter of partition 1."""
    return DeadLetter(
        topic=topic,
        partition=1,
        offset=offset,
        consumer=consumer,
        file="",
        code=code,
        reason=f"{code} it is",
        schema_id=None,
        code_version="1",
        first_seen=NOW + timedelta(minutes=minute),
        attempts=1,
        key=key,
        value=b"v",
        headers=() if covers is None else ((REDRIVE, b"r"), (RELEASE, b"%d" % covers)),
    )


def states(*letters: DeadLetter, audit: dict[Place, State] | None = None) -> list[tuple[int, State]]:
    """Offsets and states."""
    return [(one.place.offset, one.state) for one in parked_records(letters, PORTS, audit or {})]


def test_what_several_consumers_say_is_one_record() -> None:
    """Its code is that of a fault, whoever only waits; it was parked when the first one did."""
    (one,) = parked_records(
        [
            letter(4, "waiting-behind", consumer="mesh.sink", minute=2),
            letter(4, "schema-unknown", consumer="mesh.orders-enriched", minute=1),
            letter(4, "schema-unknown", consumer="mesh.orders-enriched", minute=3),
        ],
        PORTS,
        {},
    )
    assert (one.code, one.consumers) == ("schema-unknown", ["mesh.orders-enriched", "mesh.sink"])
    assert one.first_seen == NOW + timedelta(minutes=1)
    assert str(one.place) == "1@4"


def test_a_record_is_open_until_every_consumer_has_released_its_key() -> None:
    """What waits says behind which record."""
    parked = [letter(4), letter(5, "waiting-behind"), letter(4, consumer="mesh.orders-enriched")]
    assert states(*parked) == [(4, State.OPEN), (5, State.WAITING)]
    assert parked_records(parked, PORTS, {})[1].behind == 4
    parked.append(letter(9, "released", covers=5))
    assert states(*parked) == [(4, State.OPEN), (5, State.DONE)]
    parked.append(letter(9, "released", consumer="mesh.orders-enriched", covers=5))
    assert states(*parked) == [(4, State.DONE), (5, State.DONE)]
    assert states(*parked, audit={Place(ORDERS, 1, 4): State.DISCARDED})[0] == (4, State.DISCARDED)


def test_a_key_that_is_held_again_opens_only_what_came_since() -> None:
    """What was released stays done."""
    parked = [letter(4), letter(6, "released", covers=4), letter(7), letter(8, "waiting-behind")]
    assert states(*parked) == [(4, State.DONE), (7, State.OPEN), (8, State.WAITING)]


def test_of_what_holds_nothing_the_audit_tells() -> None:
    """Versions, records without key, and faults that are not the record's own."""
    parked = [letter(1, topic=PRODUCTS), letter(2, key=None), letter(3, "revision-conflict")]
    assert [state for _, state in states(*parked)] == [State.OPEN] * 3
    audit = {Place(PRODUCTS, 1, 1): State.DONE, Place(ORDERS, 1, 2): State.DISCARDED}
    assert dict(states(*parked, audit=audit)) == {
        1: State.DONE,
        2: State.DISCARDED,
        3: State.OPEN,
    }
    assert not any(one.held for one in parked_records(parked, PORTS, audit))


def test_dead_letters_of_unknown_topics_are_passed_over() -> None:
    """Anyone may write there."""
    assert states(letter(1, topic=""), letter(2, topic="shop.public.gone.v1")) == []


@pytest.fixture
def parked() -> list[Parked]:
    """Two faults of one topic, one of another."""
    letters = [letter(4), letter(5, "waiting-behind"), letter(7, "key-mismatch", key=b"shop:b", minute=9)]
    return parked_records([*letters, letter(1, topic=PRODUCTS, key=b"p@1#1")], PORTS, {})


@pytest.mark.parametrize(
    ("selection", "offsets"),
    [
        (Selection(), [1, 4, 5, 7]),
        (Selection(topic=ORDERS), [4, 5, 7]),
        (Selection(key="shop:a"), [4, 5]),
        (Selection(fault="waiting-behind"), [5]),
        (Selection(since=NOW + timedelta(minutes=5)), [7]),
        (Selection(place="1@7"), [7]),
        (Selection(topic=ORDERS, since=NOW + timedelta(hours=1)), []),
    ],
)
def test_a_selection_takes_what_is_meant(
    parked: list[Parked], selection: Selection, offsets: list[int]
) -> None:
    """By topic, key, code, time and place."""
    assert [one.place.offset for one in selection.of(parked)] == offsets


@pytest.mark.parametrize(
    ("selection", "near"),
    [
        (Selection(key="shop:c"), "'shop:"),
        (Selection(fault="undecodabel"), "'undecodable'"),
        (Selection(place="1@44"), "'1@4'"),
        (Selection(topic=PRODUCTS, key="shop:a"), "p@1#1"),
    ],
)
def test_what_is_not_parked_is_told_with_the_nearest(
    parked: list[Parked], selection: Selection, near: str
) -> None:
    """Else a misspelt key would look like good news."""
    with pytest.raises(DeadLetterError, match="not-parked") as error:
        selection.of(parked)
    assert near in str(error.value)


def test_a_place_is_spelt_right() -> None:
    """Partition and offset, or file and row."""
    with pytest.raises(DeadLetterError, match="place-invalid"):
        Selection(place="17").of([])
