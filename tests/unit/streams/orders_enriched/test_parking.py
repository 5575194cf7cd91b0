"""What the fold parks, and what moves its clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.wire import header
from streams.orders_enriched import topics
from tests.unit.streams.orders_enriched.rows import publish

# -- what is parked


def test_equal_revisions_with_other_contents_are_parked(runtime: Any, world: Any) -> None:
    """The first one holds, for facts of every kind, for replaced revisions too, and after a recovery."""
    seen = set()
    for topic, name, first, other in (
        (topics.ORDER, "channel", "A", "B"),
        (topics.PAYMENT, "payment_method", "A", "B"),
        (topics.FULFILMENT, "tracking_number", "A", "B"),
        (topics.RETURN, "reason", "A", "B"),
        (topics.CUSTOMER, "occupation", "A", "B"),
        (topics.PRODUCT, "designer", "A", "B"),
        (topics.LOCATION, "contact_phone", "A", "B"),
        (topics.EMPLOYEE, "gender", "A", "B"),
    ):
        for seq, text in ((1, first), (2, first), (1, other), (2, other), (1, first)):
            publish(runtime, topic, seq=seq, **{name: text})
        runtime.start()
        for seq in (1, 2):
            publish(runtime, topic, seq=seq, **{name: other})
        seen |= {(topic, offset, "revision-conflict") for offset in (2, 3, 5, 6)}
    assert runtime.parked == seen


def test_the_envelope_takes_no_part_in_comparing(runtime: Any, world: Any) -> None:
    """The same fact stated twice under other event ids is the same fact."""
    publish(runtime, topics.PAYMENT, event_id="a", trace_id="t", source="x")
    publish(runtime, topics.PAYMENT, event_id="b", recorded_at=world.at(9))
    assert runtime.parked == set()


@pytest.mark.parametrize("topic", [*topics.INPUTS, *topics.BROADCAST])
def test_poison_is_parked_and_the_rest_goes_on(runtime: Any, world: Any, topic: str) -> None:
    """Every way in which bytes are no value of their schema."""
    good = world.event(topic)
    poison = {
        "undecodable": [
            b"",
            b"\x00\x00",
            b"\x01" + good[1:],
            good[:5],
            good[:-1],
            good + b"\x00",
            good[:6],
            header(world.IDS[topic]) + b"\xff" * 30,
            good.replace(b"test", b"te\xffs"),
            world.event(topic, seq=2**60 + 1),
        ],
        "schema-unknown": [header(9999) + good[5:]],
    }
    for values in poison.values():
        for value in values:
            runtime.publish(topic, value, key=b"shop:1")
    runtime.publish(topic, good)
    runtime.run()
    parked = {(topic, n, "undecodable") for n in range(len(poison["undecodable"]))}
    assert runtime.parked == parked | {(topic, len(parked), "schema-unknown")}
    assert len(runtime.changelog) == (1 if topic in topics.INPUTS else 0)


@pytest.mark.parametrize("topic", topics.INPUTS)
def test_a_record_under_anothers_key_is_parked(runtime: Any, world: Any, topic: str) -> None:
    """The key must be the account, or begin with it and an @ or #."""
    value = world.event(topic)
    for key in (b"", b"shop:2", b"shop:1 ", b"shop:12@3#4", b"@shop:1"):
        runtime.publish(topic, value, key=key)
    for key in (b"shop:1", b"shop:1@0#1", b"shop:1#1"):
        runtime.publish(topic, value, key=key)
    runtime.run()
    assert runtime.parked == {(topic, offset, "key-mismatch") for offset in range(5)}


def test_a_fact_from_the_future_is_parked(runtime: Any, world: Any) -> None:
    """More than a day ahead of its publishing; a day sharp is right. A customer's moment is not looked at."""
    published = int(world.at(0).timestamp() * 1000)
    ahead = world.at(24) + timedelta(microseconds=1)
    for topic in topics.INPUTS:
        runtime.publish(topic, world.event(topic, occurred_at=world.at(24)), published)
        runtime.publish(topic, world.event(topic, occurred_at=ahead, seq=2), published)
    runtime.run()
    facts = set(topics.INPUTS) - {topics.CUSTOMER}
    assert runtime.parked == {(topic, 1, "event-time-ahead") for topic in facts}


# -- the clock


def test_the_clock_is_told_when_it_grows(runtime: Any, world: Any) -> None:
    """Once a batch, under the partition's number; a repeat of what set it tells it again."""

    def clocks() -> list[Any]:
        told, runtime.clocks = runtime.clocks, []
        codec = world.codecs[topics.CLOCK]
        return [(key, codec.decode(value)["event_time"]) for key, value, _ in told]

    for hour in (1, 5, 3):
        runtime.publish(topics.PAYMENT, world.event(topics.PAYMENT, seq=hour, occurred_at=world.at(hour)))
    runtime.run()
    assert clocks() == [(b"2", world.at(5))]
    publish(runtime, topics.PAYMENT, seq=4, occurred_at=world.at(4))
    assert clocks() == []
    publish(runtime, topics.PAYMENT, seq=5, occurred_at=world.at(5))
    assert clocks() == [(b"2", world.at(5))]
    publish(runtime, topics.CUSTOMER, occurred_at=world.at(9))
    assert clocks() == []
    runtime.start()
    publish(runtime, topics.PAYMENT, seq=2, occurred_at=world.at(2))
    assert clocks() == [(b"2", world.at(5))]


def test_a_repeat_with_a_later_moment_moves_the_clock_for_good(runtime: Any, world: Any) -> None:
    """The envelope may differ between repeats of one fact: its event time counts, and survives a crash."""
    publish(runtime, topics.PAYMENT, occurred_at=world.at(1))
    publish(runtime, topics.PAYMENT, occurred_at=world.at(7))
    runtime.start()
    publish(runtime, topics.PAYMENT, seq=2, occurred_at=world.at(2))
    assert world.codecs[topics.CLOCK].decode(runtime.clocks[-1][1])["event_time"] == world.at(7)


def test_a_conflicting_fact_does_not_move_the_clock(runtime: Any, world: Any) -> None:
    """It has no effect at all."""
    publish(runtime, topics.PAYMENT, occurred_at=world.at(1))
    publish(runtime, topics.PAYMENT, occurred_at=world.at(9), payment_method="other")
    assert world.codecs[topics.CLOCK].decode(runtime.clocks[-1][1])["event_time"] == world.at(1)
