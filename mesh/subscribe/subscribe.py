"""The SDK of consumers: a topic in, its records or the newest knowledge of each entity out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal, overload

from mesh.kernel.contract import Port
from mesh.kernel.dead_log import read_dead_letters
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PlatformError, SubscribeError
from mesh.kernel.holding import holds_keys
from mesh.kernel.settings import Settings, load_settings
from mesh.subscribe.changes import Changes
from mesh.subscribe.feed import Feed
from mesh.subscribe.intake import Intake, Rejected
from mesh.subscribe.subscription import Records
from schemas.codec import Codec, Codecs
from schemas.derive import avro_schema
from schemas.registry import Registry

STATES = "subscriptions"
"""Folder under the mesh's home where groups keep their states."""
OURS = "mesh."
"""How the groups of the mesh's own applications begin."""


@overload
def subscribe(
    topic: str,
    *,
    latest: Literal[False] = False,
    group: str | None = None,
    since: datetime | None = None,
    follow: bool = True,
    clear: bool = False,
    on_rejected: Callable[[Rejected], None] | None = None,
    settings: Settings | None = None,
    patience: float = 30.0,
) -> Records: ...


@overload
def subscribe(
    topic: str,
    *,
    latest: Literal[True],
    group: str | None = None,
    state: Path | str | None = None,
    follow: bool = True,
    clear: bool = False,
    on_rejected: Callable[[Rejected], None] | None = None,
    settings: Settings | None = None,
    patience: float = 30.0,
) -> Changes: ...


def subscribe(
    topic: str,
    *,
    latest: bool = False,
    group: str | None = None,
    since: datetime | None = None,
    state: Path | str | None = None,
    follow: bool = True,
    clear: bool = False,
    on_rejected: Callable[[Rejected], None] | None = None,
    settings: Settings | None = None,
    patience: float = 30.0,
) -> Records | Changes:
    """Subscribe to a topic of the mesh; see :class:`~mesh.subscribe.subscription.Subscription`.

    ::

        with subscribe("sales.public.orders-enriched.v1", latest=True, group="weekly-report") as lines:
            for change in lines:
                print(change.kind, change.key, change["net_amount"])

    * ``latest`` False: every record, as :class:`Received`. True: the newest knowledge of each entity, as
      :class:`Change`; corrections and deletions are folded by version, repeats are silent.
    * ``group``: a name under which the broker remembers how far this subscription is, and deals the
      partitions among all processes that give the same one. None: all partitions, from their beginning.
    * ``state``: the folder where ``latest`` keeps what it knows between two runs; ``<home>/subscriptions/``
      with the group's name if there is one, else none. With a state and no group, one process has the whole
      table and is still restart-safe. It holds records as they are, personal text in clear.
    * ``since``: where a subscription without a place begins, by time of publishing; default: with the topic.
    * ``follow`` False: end where the topic ends at the beginning.
    * ``clear``: personal text in clear instead of masked.

    Raises :class:`ContractError` ``topic-unknown`` with the nearest names, :class:`SubscribeError`, and
    :class:`PlatformError` when broker or registry do not answer within ``patience`` seconds.
    """
    settings = settings or load_settings()
    port = find_mesh(settings).port(topic)
    if group is not None and group.startswith(OURS):
        raise SubscribeError(
            "group-taken",
            f"groups that begin with {OURS} are the mesh's own",
            place=group,
            remedy="take another",
        )
    intake = intake_of(port, settings, clear=clear, patience=patience)
    feed = partial(Feed, settings, topic, group=group, since=since, patience=patience)
    letters = partial(read_dead_letters, settings.kafka, [port.dead_letters]) if holds_keys(port) else None
    if not latest:
        return Records(topic, intake, feed, letters=letters, follow=follow, on_rejected=on_rejected)
    if since is not None:
        raise SubscribeError(
            "latest-since",
            "the newest of each entity is known from the whole topic only",
            place=topic,
            remedy="leave out since",
        )
    folder = settings.home / STATES / group if state is None and group is not None else state
    return Changes(
        port,
        intake,
        feed,
        state=None if folder is None else Path(folder),
        shared=group is not None,
        letters=letters,
        follow=follow,
        on_rejected=on_rejected,
    )


def intake_of(port: Port, settings: Settings, *, clear: bool, patience: float) -> Intake:
    """The intake of a port, with the registry behind it. Raises :class:`PlatformError`."""
    registry = Registry(settings.registry, patience=patience)
    schema_id = registry.find_id(port.subject, avro_schema(port.record))
    if schema_id is None:
        raise PlatformError(
            "schema-unregistered", "is not registered", place=port.subject, remedy="run `mesh apply`"
        )
    return Intake(port, Codec.of_port(port, schema_id), Codecs(registry), clear=clear)
