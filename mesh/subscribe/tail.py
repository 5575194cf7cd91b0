"""The end of a topic, for people: its newest records, or rows, and what comes after them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from confluent_kafka import Message

from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.holding import Holding
from mesh.kernel.settings import Settings
from mesh.subscribe import keys
from mesh.subscribe.changes import Change, Changes
from mesh.subscribe.feed import Feed
from mesh.subscribe.intake import Received, place
from mesh.subscribe.letters import Everything, Letters
from mesh.subscribe.subscribe import intake_of
from mesh.subscribe.subscription import Records, Subscription

Sight = Received | Change
SEEN = 2_000
"""Keys of each partition that are remembered, to name near ones when none is the one that was asked for."""
_PATIENCE = 30.0


@dataclass(frozen=True)
class Wish:
    """What a person wants to see of a topic."""

    topic: str
    latest: bool = False
    """One row of each entity instead of every record."""
    since: datetime | None = None
    """Published at this moment or later."""
    key: str | None = None
    """Records of this key only."""
    limit: int | None = None
    """The newest so many; None: all of them, as they are read."""
    follow: bool = False
    """Go on with what comes."""
    clear: bool = False


def tail(wish: Wish, settings: Settings) -> Iterator[Sight]:
    """What is on a topic now, in the order of publishing; then, if so wished, what comes.

    Raises :class:`ContractError` ``topic-unknown``, and :class:`SubscribeError` ``key-unknown`` when nothing
    has the key and nothing is waited for; both with the nearest names.
    """
    port, dead = port_of(wish.topic, settings)
    rule = _Rule(wish, port, dead)
    with _open(wish, port, dead, settings) as subscription:
        now: Iterable[Sight] = subscription.snapshot() if isinstance(subscription, Changes) else subscription
        found = rule.filter(now)
        yield from found if wish.limit is None else _newest(found, wish.limit)
        if wish.follow:
            subscription.follow = True
            yield from rule.filter(subscription)
    if wish.key is not None and not rule.matched:
        raise keys.unknown(wish.key, wish.topic, {**_newest_keys(wish.topic, settings), **rule.seen})


def port_of(topic: str, settings: Settings) -> tuple[Port, bool]:
    """The port of a topic, and whether the topic is that of its dead letters."""
    mesh = find_mesh(settings)
    parked = {port.dead_letters: port for port in mesh.ports.values()}
    if topic in parked:
        return parked[topic], True
    if topic not in mesh.ports:
        known = [*mesh.ports, *(parked if ".dead." in topic else ())]
        raise ContractError(
            "topic-unknown", "is not a topic of the mesh", place=topic, remedy=did_you_mean(topic, known)
        )
    return mesh.ports[topic], False


class _Rule:
    """Which records are meant, and which keys went by."""

    def __init__(self, wish: Wish, port: Port, dead: bool) -> None:
        self._wish = wish
        self._port = None if dead else port
        self.matched = False
        self.seen: dict[str, None] = {}

    def filter(self, sights: Iterable[Sight]) -> Iterator[Sight]:
        """Those that are meant."""
        for sight in sights:
            if self._meant(sight):
                self.matched = True
                yield sight

    def _meant(self, sight: Sight) -> bool:
        wish = self._wish
        if wish.since is not None and sight.published_at < wish.since:
            return False
        if wish.key is None:
            return True
        key = self._port.key_of(sight.values) if self._port and isinstance(sight, Change) else str(sight.key)
        if len(self.seen) < SEEN:
            self.seen[key] = None
        return keys.means(wish.key, key)


def _open(wish: Wish, port: Port, dead: bool, settings: Settings) -> Subscription[Any]:
    only = None if wish.key is None or dead else keys.partition_of(wish.key, port)
    # The newest so many of each partition hold the newest so many of all, unless some are left out.
    newest = None if wish.latest or wish.key is not None or wish.since is not None else wish.limit
    since = None if wish.latest else wish.since
    intake = intake_of(port, settings, clear=wish.clear, patience=_PATIENCE)
    feed = partial(Feed, settings, wish.topic, since=since, newest=newest, only=only, patience=_PATIENCE)
    if wish.latest and not dead:
        return Changes(port, intake, feed, follow=False, on_rejected=lambda _: None)
    return Records(wish.topic, Letters(intake) if dead else Everything(intake), feed, follow=False)


def _newest_keys(topic: str, settings: Settings) -> dict[str, None]:
    """The keys of a topic's newest records, of all partitions: a misspelt key lies in any of them."""
    with Records(topic, _Keys(), partial(Feed, settings, topic, newest=SEEN), follow=False) as records:
        return {record.key: None for record in records}


class _Keys:
    """Reads nothing of a record but its key."""

    def read(self, message: Message, holding: Holding | None = None) -> Received:
        """The record without its values."""
        return Received(*place(message), {}, {})

    def shown(self, values: dict[str, Any]) -> dict[str, Any]:
        """There are none."""
        return values


def _newest(sights: Iterable[Sight], limit: int) -> list[Sight]:
    return sorted(heapq.nlargest(limit, sights, key=_when), key=_when)


def _when(sight: Sight) -> tuple[datetime, int, int]:
    return sight.published_at, sight.partition, sight.offset
