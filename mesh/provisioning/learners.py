"""Which processes learn of a change only when they start, and so must be started anew."""

from __future__ import annotations

from collections.abc import Iterable

from mesh.kernel.discovery import Mesh
from mesh.kernel.names import SINK
from mesh.provisioning import subjects, tables, topics, watching
from mesh.provisioning.change import Action, Change

MONITOR = "mesh.monitor"


def learners(changes: Iterable[Change], mesh: Mesh) -> set[str]:
    """The applications that must be started anew after these changes were made.

    The sink subscribes, and every process compiles the schemas that it reads and writes, once at its start.
    """
    from streams.applications import READS

    found: set[str] = set()
    ports = {port.subject: port for port in mesh.ports.values()}
    for change in changes:
        if change.area == topics.AREA and change.action is Action.CREATE:
            found |= {SINK, MONITOR}
        if change.area == watching.SILENCE:
            found.add(MONITOR)
        if change.area == tables.AREA and not change.name.startswith("mesh."):
            found.add(SINK)
        if change.area == subjects.AREA and change.name in ports:
            port = ports[change.name]
            found |= {SINK} if port.table else set()
            found |= {MONITOR} if port.table_rules else set()
            found |= {name for name, read in READS.items() if port.topic in read or port.application == name}
    return found
