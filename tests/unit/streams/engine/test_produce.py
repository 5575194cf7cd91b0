"""Requests to write: the same bytes as aiokafka's encoder gives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.protocol.produce import ProduceRequest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.produce import encode_in_one_pass

BATCHES = st.lists(st.tuples(st.integers(0, 2**31 - 1), st.binary(max_size=50).map(bytearray)), max_size=4)
TOPICS = st.lists(st.tuples(st.text(min_size=1, max_size=9), BATCHES), max_size=4)


class Client:
    """Stands in for the client that sends: it keeps what it is given."""

    def __init__(self) -> None:
        self.sent: Any = None

    async def send(self, node_id: int, request: Any, **more: Any) -> Any:
        """Keep it."""
        self.sent = request
        return node_id, more


@given(topics=TOPICS, acks=st.sampled_from([-1, 1]), patience=st.integers(0, 2**31 - 1))
@pytest.mark.parametrize("version", range(len(ProduceRequest._CLASSES)))
def test_gives_the_bytes_of_aiokafka(version: int, topics: Any, acks: int, patience: int) -> None:
    made = ProduceRequest._CLASSES[version]
    client: Any = Client()
    encode_in_one_pass(client)
    request = ProduceRequest(transactional_id=None, required_acks=acks, timeout=patience, topics=topics)
    expected = request.build(made).encode()
    assert asyncio.run(client.send(7, request, group=1)) == (7, {"group": 1})
    built = client.sent.build(made)
    assert built.encode() == expected
    assert type(built) is not made
    assert version == built.API_VERSION
    assert built.RESPONSE_TYPE is made.RESPONSE_TYPE


def test_leaves_other_requests_alone() -> None:
    client: Any = Client()
    encode_in_one_pass(client)
    asyncio.run(client.send(1, "another"))
    assert client.sent == "another"
