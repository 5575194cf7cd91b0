"""Who may do what on the broker, derived from the contracts: nobody writes a rule of access by hand.

===================  ====================================================================================
principal            may
===================  ====================================================================================
``User:<domain>``    write its topics that no application writes, read all of its own and their dead letters,
                     park in them, and read in groups ``<domain>.…``
``User:mesh.<app>``  read what the application reads, write what it writes, keep its changelogs, park, and
                     read in its one group
``User:mesh.sink``   read every topic with a table and all dead letters, park, and read in its group
``User:mesh.monitor``  describe topics, groups and the cluster; read topics that have rules on whole tables
``User:*``           read every public topic, in groups ``reader.…``
===================  ====================================================================================

Whoever operates the mesh (``mesh apply``, ``mesh reconcile``) is a super user of the broker.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mesh.kernel.discovery import Mesh
from mesh.kernel.names import APPLICATIONS, SINK, TopicName
from mesh.kernel.settings import Settings

EVERYBODY = "User:*"
MONITOR = "User:mesh.monitor"
READERS = "reader."
"""What the groups of those begin with who are no domain."""


class Entry(NamedTuple):
    """One thing that a principal may do, from any host."""

    principal: str
    operation: str
    """read, write or describe; the first two include the third."""
    resource: str
    """topic, group or cluster."""
    name: str
    is_prefix: bool = False
    """Whether the name stands for all that begin with it."""

    def __str__(self) -> str:
        return f"{self.operation} {self.resource} {self.name}{'*' if self.is_prefix else ''}"


def entries(mesh: Mesh, settings: Settings) -> set[Entry]:
    """Every entry that the contracts and the stream applications ask for."""
    return {*_domains(mesh), *_applications(settings), *_sink(mesh), *_monitor(mesh)}


def is_managed(entry: Entry, mesh: Mesh) -> bool:
    """Whether an entry on the broker is ours to take away: a principal of ours, or everybody's."""
    kind, _, name = entry.principal.partition(":")
    if kind != "User":
        return False
    if name == "*":
        return entry.resource == "group" or entry.name in mesh.ports
    return name in mesh.domains or name in (*APPLICATIONS, SINK) or entry.principal == MONITOR


def _domains(mesh: Mesh) -> Iterator[Entry]:
    yield Entry(EVERYBODY, "read", "group", READERS, is_prefix=True)
    for name in mesh.domains:
        yield Entry(f"User:{name}", "read", "group", f"{name}.", is_prefix=True)
    for port in mesh.ports.values():
        principal = f"User:{port.domain}"
        yield from (Entry(principal, "read", "topic", name) for name in (port.topic, port.dead_letters))
        if port.application:
            yield Entry(f"User:{port.application}", "write", "topic", port.topic)
        else:
            yield from (Entry(principal, "write", "topic", name) for name in (port.topic, port.dead_letters))
        if port.kind == "public":
            yield Entry(EVERYBODY, "read", "topic", port.topic)


def _applications(settings: Settings) -> Iterator[Entry]:
    from streams.applications import READS, stores

    for application, topics in READS.items():
        principal = f"User:{application}"
        yield Entry(principal, "read", "group", application)
        for topic in topics:
            yield Entry(principal, "read", "topic", topic)
            yield from _park(principal, topic)
    for store in stores(settings):
        for operation in ("read", "write"):
            yield Entry(f"User:{store.application}", operation, "topic", store.changelog)


def _sink(mesh: Mesh) -> Iterator[Entry]:
    principal = f"User:{SINK}"
    yield Entry(principal, "read", "group", SINK)
    for port in mesh.ports.values():
        yield from _park(principal, port.topic)
        if port.table:
            yield Entry(principal, "read", "topic", port.topic)


def _monitor(mesh: Mesh) -> Iterator[Entry]:
    yield Entry(MONITOR, "describe", "cluster", "kafka-cluster")
    yield Entry(MONITOR, "describe", "topic", "*")
    yield Entry(MONITOR, "describe", "group", "*")
    yield from (
        Entry(MONITOR, "read", "topic", port.topic) for port in mesh.ports.values() if port.table_rules
    )


def _park(principal: str, topic: str) -> Iterator[Entry]:
    """What is parked is read too: by the sink to land it, by a stream to know what waits behind it."""
    dead = str(TopicName.parse(topic).dead)
    yield Entry(principal, "write", "topic", dead)
    yield Entry(principal, "read", "topic", dead)
