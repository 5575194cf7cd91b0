"""Every record of a topic, read from librdkafka's own broker in memory: places, groups, ends, batches."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Producer

from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import Settings, load_settings
from mesh.subscribe.feed import Feed
from mesh.subscribe.subscription import Records
from tests.unit.mesh.subscribe.broker import PAYMENTS, codec_of, example, intake_of

PAYMENT = example(PAYMENTS, "completed")
NOON = 1_714_564_800  # 2024-05-01 12:00 UTC


class Topic:
    """A topic of a broker that lives as long as its producer."""

    def __init__(self) -> None:
        self._producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock", "log_level": 0})
        (broker,) = self._producer.list_topics(timeout=10).brokers.values()
        self.settings: Settings = load_settings(kafka=f"{broker.host}:{broker.port}")

    def publish(self, partition: int, *seqs: int) -> None:
        """Payments of these revisions, a minute apart."""
        for seq in seqs:
            value = codec_of(PAYMENTS).encode({**PAYMENT, "seq": seq})
            moment = (NOON + 60 * seq) * 1000
            key = PAYMENT["account"].encode()
            self._producer.produce(PAYMENTS, value, key, partition, timestamp=moment)
        assert self._producer.flush(30) == 0

    def append(self, value: bytes) -> None:
        """A record of any content."""
        self._producer.produce(PAYMENTS, value, b"k", 0)
        assert self._producer.flush(30) == 0

    def records(self, *, follow: bool = False, **options: Any) -> Records:
        """A subscription to every record."""
        feed = partial(Feed, self.settings, PAYMENTS, **options)
        return Records(PAYMENTS, intake_of(PAYMENTS), feed, follow=follow)

    def seqs(self, **options: Any) -> list[int]:
        """What a subscription gets until the end."""
        with self.records(**options) as records:
            return [record["seq"] for record in records]


@pytest.fixture
def topic() -> Topic:
    """A topic with four records in two partitions."""
    topic = Topic()
    topic.publish(0, 1, 2)
    topic.publish(1, 3, 4)
    return topic


def test_without_a_group_everything_comes_each_time(topic: Topic) -> None:
    """In the order of each partition, with place and time."""
    for _ in range(2):
        with topic.records() as records:
            found = [(r.partition, r.offset, r["seq"]) for r in records]
        assert sorted(found) == [(0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 1, 4)]
    with topic.records(only=1) as records:
        first = next(records)
    assert (first.key, first.topic) == (PAYMENT["account"], PAYMENTS)
    assert first.published_at == datetime.fromtimestamp(NOON + 180, UTC)


def test_a_group_goes_on_where_it_was(topic: Topic) -> None:
    """What was finished does not come again; an item of a block that fails does."""
    with topic.records(group="g") as records:
        first = [next(records)["seq"], next(records)["seq"]]
    assert sorted(first + topic.seqs(group="g")) == [1, 2, 3, 4]
    topic.publish(0, 5)
    with pytest.raises(LookupError), topic.records(group="g") as records:
        next(records)["no such field"]
    assert topic.seqs(group="g") == [5]
    assert topic.seqs(group="g") == []
    assert len(topic.seqs(group="another")) == 5


def test_a_subscription_may_begin_later(topic: Topic) -> None:
    """With the newest so many of each partition; a moment needs a real broker."""
    assert sorted(topic.seqs(newest=1)) == [2, 4]
    assert sorted(topic.seqs(newest=9)) == [1, 2, 3, 4]


def test_the_end_may_be_passed(topic: Topic) -> None:
    """By asking for what comes after it."""
    with topic.records() as records:
        assert len(list(records)) == 4
        topic.publish(1, 6)
        records.follow = True
        assert next(records)["seq"] == 6


def test_batches_are_cut_by_number_and_time(topic: Topic) -> None:
    """And finished one by one."""
    with topic.records(group="b") as records:
        sizes = [len(batch) for batch in records.batches(3, 5)]
    assert sizes == [3, 1]
    with topic.records(group="c", follow=True) as records:
        batches = records.batches(3, 5)
        assert len(next(batches)) == 3
        assert len(next(batches)) == 1
    assert topic.seqs(group="c") == []


def test_poison_is_skipped_and_told(topic: Topic) -> None:
    """It ends nothing."""
    topic.append(b"poison")
    topic.publish(0, 7)
    with topic.records(only=0) as records:
        assert [record["seq"] for record in records] == [1, 2, 7]
        (rejected,) = records.rejected
    assert (rejected.code, rejected.partition, rejected.offset) == ("undecodable", 0, 2)


def test_an_absent_broker_is_told() -> None:
    """With address and remedy, after the patience that was asked for."""
    feed = partial(Feed, load_settings(kafka="127.0.0.1:9"), PAYMENTS, patience=0.5)
    with pytest.raises(PlatformError, match=r"broker-unreachable\] 127.0.0.1:9.*mesh up"):
        Records(PAYMENTS, intake_of(PAYMENTS), feed)
