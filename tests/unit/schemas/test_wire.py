"""Framing and partitioner, against Kafka's own results."""

from __future__ import annotations

import random
import timeit
import tracemalloc

import polars as pl
import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire

# By org.apache.kafka.common.utils.Utils.murmur2 of kafka-clients 4.0.2, one for each length from 0 to 16.
KAFKA = [
    (b"", 275646681),
    (b"a", -1563381124),
    (b"aw", 48736369),
    (b"aw:", 1926492862),
    (b"aw:1", -1880147929),
    (b"aw:12", -1839204264),
    (b"aw:123", 630819446),
    (b"aw:1234", -26977401),
    (b"aw:12345", 349345667),
    (b"aw:123456", 1257354117),
    (b"aw:1234567", 295456448),
    (b"aw:12345678", -1663833056),
    (b"aw:123456789", 277112035),
    (b"aw:1234567890", -997127747),
    (b"aw:1234567890A", -1320837625),
    (b"aw:1234567890AB", -1286988041),
    (b"aw:1234567890ABC", 1256037837),
    (b"adventureworks:29825", -1188410947),
    (b"guest:aw:43659", 1526585627),
    ("müller:7".encode(), 1756288454),
    (b"\xff\xfe\x80", -160726397),
]
# Those of Kafka's own unit test (UtilsTest.testMurmur2).
KAFKA += [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]


@pytest.mark.parametrize(("key", "signed"), KAFKA)
def test_murmur2_is_kafkas(key: bytes, signed: int) -> None:
    """The same bits as Kafka's Java client, which shows them as a signed number."""
    assert wire.murmur2(key) == signed % 2**32


def test_partitions_are_librdkafkas() -> None:
    """librdkafka's murmur2_random puts records where we say, for keys of every length from 0 to 40."""
    chance = random.Random(7)
    keys = [chance.randbytes(length) for length in range(41) for _ in range(10)]
    found: dict[bytes, int] = {}
    producer = Producer(
        {
            "test.mock.num.brokers": 1,
            "bootstrap.servers": "mock",
            "partitioner": "murmur2_random",
            "log_level": 0,
        }
    )
    partitions = len(producer.list_topics("t", timeout=10).topics["t"].partitions)
    for key in keys:
        producer.produce(
            "t",
            key=key,
            value=b"",
            on_delivery=lambda _, sent: found.update({sent.key() or b"": sent.partition()}),
        )
    assert producer.flush(30) == 0
    assert partitions == 4
    assert found == {key: wire.partition(key, partitions) for key in keys}


@given(st.lists(st.none() | st.binary(max_size=30), max_size=20), st.integers(1, 100))
def test_a_column_of_keys_gets_the_partitions_of_its_keys(keys: list[bytes | None], partitions: int) -> None:
    """The vectorised partitioner agrees with the plain one; a null key has no partition."""
    expected = [None if key is None else wire.partition(key, partitions) for key in keys]
    found = wire.partition_column(pl.Series(keys, dtype=pl.Binary), partitions)
    assert found.dtype == pl.Int32
    assert found.to_list() == expected


def test_a_long_key_does_not_widen_the_others() -> None:
    """One broken cell of a file may be megabytes; side by side, all keys would need its room."""
    keys = [b"x" * 256, None, b"y" * 257, *(b"shop:%d" % number for number in range(20_000)), b"z" * 20_000]
    column = pl.Series(keys, dtype=pl.Binary)
    tracemalloc.start()
    try:
        found = wire.partition_column(column, 4).to_list()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == [None if key is None else wire.partition(key, 4) for key in keys]
    assert column.to_list() == keys
    assert peak < 100_000_000


def test_text_keys_are_taken_as_utf8() -> None:
    """A String column gives the partitions of its UTF-8 bytes."""
    keys = ["adventureworks:29825", "müller:7", ""]
    expected = [wire.partition(key.encode(), 4) for key in keys]
    assert wire.partition_column(pl.Series(keys), 4).to_list() == expected


def test_many_keys_are_partitioned_quickly() -> None:
    """A column costs a fraction of key by key, which is why it exists."""
    keys = [f"adventureworks:{number}" for number in range(50_000)]
    column = pl.Series(keys)
    by_column = min(timeit.repeat(lambda: wire.partition_column(column, 4), number=1, repeat=3))
    by_key = timeit.timeit(lambda: [wire.partition(key.encode(), 4) for key in keys], number=1)
    assert by_column < by_key


def test_a_header_is_magic_and_big_endian_id() -> None:
    """Confluent's frame."""
    assert wire.header(258) == b"\x00\x00\x00\x01\x02"


@given(st.integers(0, 2**32 - 1), st.binary())
def test_the_id_comes_back_out_of_a_frame(number: int, body: bytes) -> None:
    """What header writes, schema_id reads."""
    assert wire.schema_id(wire.header(number) + body) == number


@pytest.mark.parametrize(
    "value", [b"", b"\x00", b"\x00\x00\x00\x01", b"\x01\x00\x00\x00\x01body", b'{"json": 1}']
)
def test_a_value_without_frame_is_undecodable(value: bytes) -> None:
    """Too short, or another first byte."""
    with pytest.raises(wire.UndecodableError, match="frame"):
        wire.schema_id(value)


def test_codes_are_those_of_the_dead_letters() -> None:
    """A consumer parks with the code of the error, and may catch either as ValueError."""
    assert wire.UndecodableError.code == "undecodable"
    assert wire.SchemaUnknownError.code == "schema-unknown"
    assert issubclass(wire.SchemaUnknownError, ValueError)
