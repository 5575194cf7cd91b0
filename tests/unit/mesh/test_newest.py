"""The newest records of a topic, read from librdkafka's mock broker."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from mesh.kernel import newest as module
from mesh.kernel.errors import PlatformError
from mesh.kernel.newest import newest

TOPIC = "sales.public.payment-recorded.v1"


def test_the_newest_records_of_each_partition_are_read() -> None:
    """No more than asked for, and no waiting at the end."""
    # librdkafka's mock cluster lives as long as this producer, and any client can reach it.
    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock", "log_level": 0})
    (broker,) = producer.list_topics(timeout=10).brokers.values()
    for number in range(10):
        producer.produce(TOPIC, key=b"k", value=str(number).encode(), partition=number % 2)
    assert producer.flush(30) == 0
    found = sorted(message.value() for message in newest(f"{broker.host}:{broker.port}", TOPIC, 3))
    assert found == [b"4", b"5", b"6", b"7", b"8", b"9"]


def test_an_absent_broker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With address and remedy."""
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with pytest.raises(PlatformError, match=r"broker-unreachable.*127.0.0.1:9.*mesh up"):
        list(newest("127.0.0.1:9", TOPIC, 1))
