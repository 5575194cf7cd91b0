"""Reading dead letters: everything that stands there, on librdkafka's mock broker."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer

from mesh.kernel import dead_log
from mesh.kernel.dead_letter import headers_of
from mesh.kernel.dead_log import read_dead_letters
from mesh.kernel.errors import PlatformError

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ORDERS, PAYMENTS = "sales.dead.order-placed.v1", "sales.dead.payment-recorded.v1"


@pytest.fixture(scope="module")
def broker() -> Producer:
    """A producer with a mock broker inside, whose address it knows."""
    return Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none"})


def address(broker: Producer) -> str:
    """Where the mock broker listens."""
    (found,) = broker.list_topics(timeout=10).brokers.values()
    return f"{found.host}:{found.port}"


def test_every_dead_letter_is_read_and_those_of_a_key_in_order(broker: Producer) -> None:
    """Of all partitions of the topics asked for, and of no other."""
    for topic in (ORDERS, PAYMENTS):
        for offset in range(20):
            said = headers_of(
                topic=topic,
                partition=1,
                offset=offset,
                consumer="c",
                code="undecodable",
                reason="",
                value=b"",
                seen=NOW,
            )
            broker.produce(topic, b"", b"key-%d" % (offset % 3), headers=said)
    assert broker.flush(10) == 0
    found = list(read_dead_letters(address(broker), [ORDERS]))
    assert {letter.topic for letter in found} == {ORDERS}
    assert sorted(letter.offset for letter in found) == list(range(20))
    for key in range(3):
        mine = [letter.offset for letter in found if letter.key == b"key-%d" % key]
        assert mine == sorted(mine)


def test_reading_ends_when_it_is_cancelled(broker: Producer) -> None:
    """What was read so far is not enough to know what is held, and the caller knows that it cancelled."""
    assert list(read_dead_letters(address(broker), [ORDERS], cancelled=lambda: True)) == []


def test_a_broker_that_is_away_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without somebody who can cancel."""
    monkeypatch.setattr(dead_log, "PATIENCE", 0.2)
    with pytest.raises(PlatformError, match="broker-unreachable"):
        list(read_dead_letters("127.0.0.1:1", [ORDERS]))
    asked = iter([False, True])
    assert list(read_dead_letters("127.0.0.1:1", [ORDERS], cancelled=lambda: next(asked))) == []
