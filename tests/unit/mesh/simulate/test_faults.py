"""Faults: as many as asked for, no event with two, and each bad one really bad."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import polars as pl
import pytest

from mesh.kernel.contract import Port
from mesh.simulate.chance import chance
from mesh.simulate.clock import DAY, Clock
from mesh.simulate.faults import (
    BAD,
    BREAKS,
    DOUBLE,
    KEY_MISMATCH,
    LATE,
    NAMES,
    REFUSED,
    SCHEMA_UNKNOWN,
    SHUFFLED,
    SOUND,
    TIME_AHEAD,
    UNDECODABLE,
    Fate,
    Faults,
    fates,
    spoil,
)
from mesh.simulate.post import Post
from schemas.codec import Codec
from schemas.wire import SchemaUnknownError, UndecodableError, belongs, partition
from tests.unit.mesh.simulate.conftest import SINCE, Year

ASKED = Faults(late=0.02, duplicates=0.01, shuffled=0.01, bad=0.005)
MANY = 200_000


def some(
    name: str, faults: Faults = ASKED, count: int = MANY
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Fate]:
    """The fates of events that happen every second."""
    times = SINCE + np.arange(count) * 1_000_000
    return times, fates(name, times, faults, Clock(SINCE), chance(3, name))


def test_shares_are_as_asked_for() -> None:
    """Within a tenth, on many events."""
    _, fate = some("PaymentRecorded")
    found = np.bincount(fate.fault, minlength=len(NAMES)) / MANY
    assert found[1:] == pytest.approx(astuple(ASKED), rel=0.1)


def test_without_faults_every_event_leaves_once_when_it_happens() -> None:
    """The plain case."""
    times, fate = some("PaymentRecorded", Faults())
    assert (fate.fault == SOUND).all()
    assert (fate.leaves == times).all()
    assert not fate.echoes.any()


def test_late_shuffled_and_doubled_events_leave_later() -> None:
    """Late ones by hours or days, shuffled ones within hours; a double leaves on time and once more."""
    times, fate = some("OrderPlaced")
    later = fate.leaves - times
    assert (later[fate.fault == LATE] >= DAY // 24).all()
    assert ((later[fate.fault == SHUFFLED] >= 0) & (later[fate.fault == SHUFFLED] <= DAY // 4)).all()
    assert (later[(fate.fault != LATE) & (fate.fault != SHUFFLED)] == 0).all()
    assert ((fate.echoes > 0) == (fate.fault == DOUBLE)).all()
    assert (fate.echoes[fate.fault == DOUBLE] >= times[fate.fault == DOUBLE]).all()


def test_what_describes_the_world_is_never_bad() -> None:
    """A product that nobody could read would say nothing about the facts."""
    _, fate = some("ProductDescribed")
    assert not (fate.fault == BAD).any()


def test_a_customer_record_is_never_ahead_of_time() -> None:
    """It drives no clock, so that this would be no fault of it."""
    _, fate = some("CustomerRecorded", Faults(bad=0.5))
    assert (fate.fault == BAD).any()
    assert not (fate.kind == TIME_AHEAD).any()


def test_what_belongs_to_no_account_has_no_wrong_key() -> None:
    """Its readers look for no account in the key, so that this would be no fault of it."""
    _, fate = some("StockCounted", Faults(bad=0.5))
    assert set(np.unique(fate.kind[fate.fault == BAD])) == {REFUSED, UNDECODABLE, SCHEMA_UNKNOWN}


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_each_bad_event_is_bad_in_its_own_way(year: Year, ports: dict[str, Port], name: str) -> None:
    """Refused, unreadable, under a wrong key, or ahead of time; the others are sound."""
    port = ports[name]
    events = {**year.world.dimensions(), **year.events}[name].head(400)
    lists = {"lines": year.lines.filter(pl.col("_parent") < 400)} if name == "OrderPlaced" else {}
    fate = fates(name, events["occurred_at"].to_numpy(), Faults(bad=0.5), Clock(SINCE), chance(5, name))
    until = SINCE + 365 * DAY
    post = Post(port, 1, "strideright", 0)
    stamped = post.stamped(spoil(name, events, fate, until))
    posted = post.post(stamped, lists, fate)
    assert {one.position for one in posted.refusals} == set(fate.of(BAD, REFUSED).tolist())
    codec = Codec.of_port(port, 1)
    assert len(fate.of(BAD, UNDECODABLE)) > 5
    assert (len(fate.of(BAD, KEY_MISMATCH)) > 5) == (port.keyed_by is not None)
    for position in range(events.height):
        record = posted.mail.row(position, named=True)
        key = stamped["_key"][position]
        kind = int(fate.kind[position]) if fate.fault[position] == BAD else None
        if port.partition_by is not None:
            owner = stamped[port.partition_by][position].encode()
            assert record["partition"] == partition(owner, port.partitions)
        assert (record["key"].decode() != key) == (kind == KEY_MISMATCH)
        if port.keyed_by is not None:
            owner = stamped[port.keyed_by][position].encode()
            assert belongs(record["key"], owner) == (kind != KEY_MISMATCH)
        assert kind != KEY_MISMATCH or port.keyed_by is not None
        if kind == REFUSED:
            continue
        if kind in (UNDECODABLE, SCHEMA_UNKNOWN):
            with pytest.raises((UndecodableError, SchemaUnknownError)):
                codec.decode(record["value"])
            continue
        occurred_at = codec.decode(record["value"])["occurred_at"]
        assert (occurred_at.timestamp() * 1e6 > until + DAY) == (kind == TIME_AHEAD)
