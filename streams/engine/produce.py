"""Requests to write, encoded in one pass.

aiokafka's encoder builds a request from within: partitions are joined to topics, topics to lists, lists to
the request, and each time every batch is copied. Here all are copied once.
"""

from __future__ import annotations

from functools import cache
from struct import Struct
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.types import Int32, String

_BATCH = Struct(">ii")  # partition, bytes
_TOPICS, _NAME = "topics", String("utf-8")


class _Request(ProduceRequest):  # type: ignore[misc]  # aiokafka is untyped
    def build(self, request_struct_class: Any) -> Any:
        return super().build(_in_one_pass(request_struct_class))


@cache
def _in_one_pass(version: Any) -> Any:
    """The class of a version's requests, all of which end in the topics."""
    assert version.SCHEMA.names[-1] == _TOPICS

    def encode(self: Any) -> bytes:
        fields = zip(version.SCHEMA.names[:-1], version.SCHEMA.fields, strict=False)
        parts = [field.encode(getattr(self, name)) for name, field in fields]
        parts.append(Int32.encode(len(self.topics)))
        for topic, batches in self.topics:
            parts += _NAME.encode(topic), Int32.encode(len(batches))
            for partition, batch in batches:
                parts += _BATCH.pack(partition, len(batch)), batch
        return b"".join(parts)

    return type(version.__name__, (version,), {"encode": encode})


def encode_in_one_pass(client: AIOKafkaClient) -> None:
    """Have a client encode what it is asked to write this way."""
    send = client.send

    async def sent(node_id: int, request: Any, **more: Any) -> Any:
        if type(request) is ProduceRequest:
            request.__class__ = _Request  # it is as it was but for how it is encoded
        return await send(node_id, request, **more)

    client.send = sent
