"""Dead letters on the wire: what is written reads back, and no header can do harm."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mesh.kernel.dead_letter import headers_of, read_letter

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SAID = {"topic": "sales.public.order-placed.v1", "partition": 3, "offset": 17, "consumer": "mesh.sink"}


def test_what_is_written_reads_back() -> None:
    """The record's own headers go along, save those that look like a dead letter's."""
    own = [("trace", b"1"), ("mesh-redrive", b"r"), ("mesh-topic", b"other"), ("empty", None)]
    value = b"\x00\x00\x00\x00\x2abody"
    said = headers_of(**SAID, code="undecodable", reason="not\n  Avro", value=value, seen=NOW, headers=own)  # type: ignore[arg-type]
    found = read_letter(b"key", value, said, 0)
    assert (found.topic, found.partition, found.offset, found.consumer) == tuple(SAID.values())
    assert (found.code, found.reason, found.schema_id) == ("undecodable", "not Avro", 42)
    assert (found.first_seen, found.attempts, found.key, found.value) == (NOW, 1, b"key", value)
    assert found.headers == (("trace", b"1"), ("mesh-redrive", b"r"), ("empty", b""))


NAMES = st.sampled_from(
    ["mesh-topic", "mesh-partition", "mesh-offset", "mesh-code", "mesh-schema-id", "mesh-first-seen", "x"]
)


@given(
    headers=st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=24))),
    value=st.none() | st.binary(max_size=9),
    timestamp=st.integers(-1, 2**41),
)
def test_anything_can_be_read(
    headers: list[tuple[str, bytes | None]], value: bytes | None, timestamp: int
) -> None:
    """Anyone may write a dead letter."""
    found = read_letter(None, value, headers, timestamp)
    assert -(2**31) <= found.partition < 2**31
    assert -(2**63) <= found.offset < 2**63
    assert found.first_seen.tzinfo is not None
