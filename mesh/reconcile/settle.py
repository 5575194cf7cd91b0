"""Wait until nothing lags: every consumer group at the end of its inputs, and nobody writes any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from mesh.kernel import names
from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.errors import ReconcileError
from mesh.kernel.settings import Settings

INPUTS = {
    names.CUSTOMER_MASTERING: ("customer.raw.customer-record.v1",),
    names.ORDERS_ENRICHED: (
        "customer.public.customer.v1",
        "sales.public.order-placed.v1",
        "sales.public.payment-recorded.v1",
        "sales.public.fulfilment-updated.v1",
        "sales.public.return-recorded.v1",
    ),
    names.CUSTOMER_360: (
        "customer.public.customer.v1",
        "customer.public.crosswalk.v1",
        "sales.public.orders-enriched.v1",
        "sales.public.payment-recorded.v1",
        "customer.private.account-activity.v1",
    ),
}
"""What each application reads as a group. Broadcast topics need none: their effect is new records."""

QUIET = 2.5
"""Seconds without any lag and without a new record on any topic: longer than any part holds a batch back."""

_POLL = 0.5
_TIMEOUT = 10.0


class Lag(NamedTuple):
    """How many records of a topic a group has still to read."""

    group: str
    topic: str
    records: int

    def __str__(self) -> str:
        return f"{self.group} by {self.records:,} records of {self.topic}"


def settle(settings: Settings, timeout: float, progress: Callable[[list[Lag]], None]) -> None:
    """Wait until nothing has lagged or been written for :data:`QUIET` seconds, at most ``timeout`` seconds.

    ``progress`` is told who lags. Raises :class:`ReconcileError` ``still-lagging`` when the time is over.
    """
    groups = Groups(settings)
    deadline = time.monotonic() + timeout
    ends, quiet_since = groups.ends(), time.monotonic()
    while True:
        now = groups.ends()
        lags = groups.lags(now)
        progress(lags)
        if lags or now != ends:
            ends, quiet_since = now, time.monotonic()
        elif time.monotonic() - quiet_since >= QUIET:
            return
        if time.monotonic() > deadline:
            raise ReconcileError(
                "still-lagging",
                f"after {timeout:g} s: " + ("; ".join(map(str, lags[:5])) or "records keep coming"),
                place=settings.kafka,
                remedy="see `mesh status` and `mesh logs`; wait longer with --timeout, or use --no-wait",
            )
        time.sleep(_POLL)


class Groups:
    """The consumer groups of the mesh, and the ends of all of its topics."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.kafka
        self._admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
        self._mesh = find_mesh(settings)
        self._inputs = {**INPUTS, names.SINK: _landed(self._mesh)}

    def ends(self) -> dict[tuple[str, int], int]:
        """The end of every partition of the mesh. Raises :class:`ReconcileError`."""
        wanted = {*self._mesh.ports, *(topic for topics in self._inputs.values() for topic in topics)}
        try:
            there = self._admin.list_topics(timeout=_TIMEOUT).topics
            absent = sorted(wanted - there.keys())
            if absent:
                raise ReconcileError(
                    "topic-absent", "is not there", place=absent[0], remedy="run `mesh apply`"
                )
            asked = {
                TopicPartition(topic, partition): OffsetSpec.latest()
                for topic in wanted
                for partition in there[topic].partitions
            }
            answers = self._admin.list_offsets(asked, request_timeout=_TIMEOUT)
            return {(p.topic, p.partition): future.result().offset for p, future in answers.items()}
        except KafkaException as error:
            raise self._unreachable(error) from None

    def lags(self, ends: dict[tuple[str, int], int]) -> list[Lag]:
        """Who lags, the greatest lag first. Raises :class:`ReconcileError`."""
        lags = []
        for group, topics in self._inputs.items():
            committed = self._committed(group)
            for topic in topics:
                behind = sum(
                    max(0, end - committed.get((name, partition), 0))
                    for (name, partition), end in ends.items()
                    if name == topic
                )
                if behind:
                    lags.append(Lag(group, topic, behind))
        return sorted(lags, key=lambda lag: -lag.records)

    def _committed(self, group: str) -> dict[tuple[str, int], int]:
        try:
            futures = self._admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(group)], request_timeout=_TIMEOUT
            )
            partitions = futures[group].result().topic_partitions
        except KafkaException as error:
            raise self._unreachable(error) from None
        return {(p.topic, p.partition): max(p.offset, 0) for p in partitions}

    def _unreachable(self, error: KafkaException) -> ReconcileError:
        return ReconcileError(
            "broker-unreachable", error.args[0].str(), place=self._address, remedy="see `mesh status`"
        )


def _landed(mesh: Mesh) -> tuple[str, ...]:
    """What the sink reads: every topic with a table, and the dead letters."""
    ports = [port for port in mesh.ports.values() if port.table]
    return (*(port.topic for port in ports), *(port.dead_letters for port in ports))
