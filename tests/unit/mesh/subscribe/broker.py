"""A broker in memory for subscriptions: partitions, groups, crashes and rebalances in the test's hands."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

from mesh.checks.examples import read_event
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.settings import Settings
from mesh.subscribe.feed import Owner
from mesh.subscribe.intake import Intake
from schemas.codec import Codec, Codecs
from schemas.version import ORDER_LINE, pack

Headers = Sequence[tuple[str, bytes]]
SCHEMA_ID = 7
PUBLISHED = (TIMESTAMP_CREATE_TIME, 1_800_000_000_000)
"""When every record was, as the client tells it: kind and milliseconds."""
LINES = "sales.public.orders-enriched.v1"
PAYMENTS = "sales.public.payment-recorded.v1"


def port_of(topic: str) -> Port:
    """A port of the tree's own domains, without any retailer's overlay."""
    return find_mesh(Settings(domains="", retailer="", partitions=4)).port(topic)


def example(topic: str, name: str) -> dict[str, Any]:
    """The values of an example of a port."""
    port = port_of(topic)
    path = root() / "domains" / port.domain / "examples" / f"{port.record.__name__}.v1.{name}.pass.json"
    return read_event(json.loads(path.read_text(encoding="utf-8")), port.record).model_dump()


@cache
def codec_of(topic: str) -> Codec:
    """The codec of a port, under the one schema id of these tests."""
    return Codec.of_port(port_of(topic), SCHEMA_ID)


def intake_of(topic: str, *, clear: bool = True) -> Intake:
    """The intake of a port; no other schema is known."""
    return Intake(port_of(topic), codec_of(topic), Codecs(_NoSchemas()), clear=clear)


def version(structure: int, registers: int) -> bytes:
    """A version of an order line."""
    return pack((structure, registers, 0, 0), ORDER_LINE)


class _NoSchemas:
    def schema(self, schema_id: int) -> dict[str, Any]:
        raise AssertionError(f"schema {schema_id} was asked for")


@dataclass
class Broker:
    """One topic, and what its one group has committed."""

    topic: str
    topic_id: str = "first life"
    partitions: dict[int, list[Message]] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)

    def publish(
        self, partition: int, values: Mapping[str, Any], *, key: bytes | None = None, headers: Headers = ()
    ) -> None:
        """Append a record of these values; its key is the account unless told otherwise."""
        key = str(values["account"]).encode() if key is None else key
        self.append(partition, key, codec_of(self.topic).encode(values), headers=headers)

    def append(
        self, partition: int, key: bytes | None, value: bytes | None, *, headers: Headers = ()
    ) -> None:
        """Append a record of any content."""
        log = self.partitions.setdefault(partition, [])
        log.append(
            Message(
                topic=self.topic,
                partition=partition,
                offset=len(log),
                key=key,
                value=value,
                headers=list(headers),
                timestamp=PUBLISHED,
            )
        )


class FakeFeed:
    """A feed of some partitions of such a broker; reads them interleaved as ``chance`` has it."""

    def __init__(
        self,
        broker: Broker,
        owner: Owner,
        *,
        group: bool = True,
        owned: set[int] | None = None,
        seed: int = 0,
    ) -> None:
        self.broker = broker
        self.owner = owner
        self.group = group
        self.owned = set(broker.partitions) if owned is None else owned
        self.at: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.closed = False
        self.rebalance: set[int] | None = None
        self._chance = random.Random(seed)

    @property
    def topic_id(self) -> str:
        """The topic's id."""
        return self.broker.topic_id

    @property
    def at_end(self) -> bool:
        """Whether the marked ends are reached."""
        return all(self.at[partition] >= end for partition, end in self.ends.items())

    def start(self) -> None:
        """Deal the partitions."""
        self.deal(self.owned)

    def deal(self, partitions: set[int]) -> None:
        """Give the owner these partitions."""
        self.owned = partitions
        places = self.broker.committed if self.group else {}
        begin = self.owner.assigned(sorted(partitions), {p: places[p] for p in partitions if p in places})
        self.at = {partition: begin.get(partition, 0) for partition in partitions}
        self.mark()

    def mark(self) -> None:
        """Take the ends of now."""
        self.ends = {partition: len(self.broker.partitions.get(partition, [])) for partition in self.owned}

    def poll(self, timeout: float) -> Any:
        """The next record of a partition taken by chance; first a rebalance that is due."""
        if self.rebalance is not None:
            self.owner.revoked(lost=False)
            self.deal(self.rebalance)
            self.rebalance = None
        ready = [p for p in sorted(self.at) if self.at[p] < len(self.broker.partitions.get(p, []))]
        if not ready:
            return None
        partition = self._chance.choice(ready)
        self.at[partition] += 1
        return self.broker.partitions[partition][self.at[partition] - 1]

    def commit(self, offsets: Mapping[int, int], *, wait: bool = False) -> None:
        """Remember the group's places."""
        if self.group:
            self.broker.committed.update(offsets)

    def close(self) -> None:
        """Read no more."""
        self.closed = True


def crash(subscription: Any) -> None:
    """What kill -9 leaves: nothing is finished or committed any more, and the files are free."""
    subscription._closed = True
    for state in getattr(subscription, "_states", {}).values():
        state.close()


def files(folder: Path) -> list[str]:
    """The states in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.sqlite"))
