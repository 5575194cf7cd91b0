"""Wait until nothing lags: every consumer group at the end of its inputs, and nobody writes any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaException

from mesh.kernel import names
from mesh.kernel.broker import Broker, Place
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
        "customer.public.segment-assigned.v1",
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
        self._mesh = find_mesh(settings)
        self._inputs = {**INPUTS, names.SINK: _landed(self._mesh)}
        self._brokers = {group: Broker(settings.kafka, group, _TIMEOUT) for group in self._inputs}

    def ends(self) -> dict[Place, int]:
        """The end of every partition of the mesh. Raises :class:`ReconcileError`."""
        wanted = {*self._mesh.ports, *(topic for topics in self._inputs.values() for topic in topics)}
        broker = self._brokers[names.SINK]
        try:
            places = broker.places(wanted)
            absent = sorted(wanted - {place.topic for place in places})
            if absent:
                raise ReconcileError(
                    "topic-absent", "is not there", place=absent[0], remedy="run `mesh apply`"
                )
            return broker.ends(places)
        except KafkaException as error:
            raise self._unreachable(error) from None

    def lags(self, ends: Mapping[Place, int]) -> list[Lag]:
        """Who lags, the greatest lag first. Raises :class:`ReconcileError`."""
        lags = []
        for group, topics in self._inputs.items():
            places = [place for place in ends if place.topic in topics]
            committed = self._committed(group, places)
            for topic in topics:
                behind = sum(
                    max(0, ends[place] - committed.get(place, 0)) for place in places if place.topic == topic
                )
                if behind:
                    lags.append(Lag(group, topic, behind))
        return sorted(lags, key=lambda lag: -lag.records)

    def _committed(self, group: str, places: list[Place]) -> dict[Place, int]:
        try:
            return self._brokers[group].committed(places)
        except KafkaException as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: KafkaException) -> ReconcileError:
        return ReconcileError(
            "broker-unreachable", error.args[0].str(), place=self._address, remedy="see `mesh status`"
        )


def _landed(mesh: Mesh) -> tuple[str, ...]:
    """What the sink reads: every topic with a table, and the dead letters."""
    ports = [port for port in mesh.ports.values() if port.table]
    return (*(port.topic for port in ports), *(port.dead_letters for port in ports))
