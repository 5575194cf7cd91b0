"""What is asked of the broker about offsets, on librdkafka's mock broker."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaException, Producer

from mesh.kernel.broker import Broker, Place

TOPIC = "sales.public.order-placed.v1"
FIRST, SECOND = Place(TOPIC, 0), Place(TOPIC, 1)


@pytest.fixture(scope="module")
def producer() -> Producer:
    """A producer with a mock broker inside; three records in one partition of a topic, one in the next."""
    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0})
    for partition in (0, 0, 0, 1):
        producer.produce(TOPIC, b"value", partition=partition)
    assert producer.flush(10) == 0
    return producer


def asked(producer: Producer, group: str) -> Broker:
    """The mock broker as a group asks it."""
    (found,) = producer.list_topics(timeout=10).brokers.values()
    return Broker(f"{found.host}:{found.port}", group, 10)


def test_partitions_begin_and_end_where_their_records_do(producer: Producer) -> None:
    """Of the topics that there are."""
    broker = asked(producer, "reader")
    assert {FIRST, SECOND} <= set(broker.places([TOPIC, "no.such.topic"]))
    assert broker.starts([FIRST, SECOND]) == {FIRST: 0, SECOND: 0}
    assert broker.ends([FIRST, SECOND]) == {FIRST: 3, SECOND: 1}
    assert broker.ends([]) == broker.committed([]) == {}


def test_a_group_goes_on_from_where_it_was_moved(producer: Producer) -> None:
    """It has no position before, and other groups have none afterwards."""
    broker = asked(producer, "moved")
    assert broker.committed([FIRST, SECOND]) == {}
    broker.commit({FIRST: 2})
    assert broker.committed([FIRST, SECOND]) == {FIRST: 2}
    assert asked(producer, "other").committed([FIRST, SECOND]) == {}


def test_a_broker_that_is_away_does_not_answer() -> None:
    """It is an error for who wants offsets, and a no for who asks whether it answers."""
    away = Broker("127.0.0.1:1", "reader", 0.1)
    assert not away.answers()
    with pytest.raises(KafkaException):
        away.places([TOPIC])
