"""The plan: every difference between contracts and running parts. Applying does what it shows, no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mesh.kernel.discovery import find_mesh, parents
from mesh.kernel.settings import Settings, remember
from mesh.provisioning.acl import Access
from mesh.provisioning.change import Area, Change, Report
from mesh.provisioning.subjects import Subjects
from mesh.provisioning.tables import Tables
from mesh.provisioning.topics import Topics, changelog_topics, mesh_topics
from mesh.provisioning.views import Views
from mesh.provisioning.watching import Watching


@dataclass(frozen=True)
class Plan:
    """What was found, area by area, in the order in which it is told."""

    areas: tuple[tuple[Area, tuple[Change, ...]], ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every difference."""
        return tuple(change for _, found in self.areas for change in found)

    @property
    def due(self) -> tuple[Change, ...]:
        """What applying would do."""
        return tuple(change for change in self.changes if change.is_due)

    @property
    def refused(self) -> tuple[Change, ...]:
        """What cannot be; while there is any, nothing is applied."""
        return tuple(change for change in self.changes if change.refusal)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know besides."""
        return tuple(area.note for area, _ in self.areas if area.note)


def make_plan(settings: Settings) -> Plan:
    """Read broker, registry, warehouse and home, at once, and compare. Changes nothing.

    Raises :class:`MeshError` where contracts cannot be read or a part is away.
    """
    mesh = find_mesh(settings)
    areas: Sequence[Area] = (
        Topics(settings, [*mesh_topics(mesh, settings), *changelog_topics(settings)]),
        Subjects(settings, mesh),
        Tables(settings, mesh),
        Views(settings, mesh),
        Access(settings, mesh),
        Watching(settings, mesh),
    )
    with ThreadPoolExecutor(len(areas)) as threads:
        found = list(threads.map(lambda area: tuple(area.changes()), areas))
    return Plan(tuple(zip(areas, found, strict=True)))


def apply_plan(plan: Plan, report: Report) -> None:
    """Do what the plan shows; ``report`` gets one line for each change.

    Areas of different parts are changed side by side, those of one part in their order. Raises the first
    refusal before anything is changed, and the first fault when every part has done what it could.
    """
    for refused in plan.refused:
        assert refused.refusal is not None
        raise refused.refusal
    due = [(area, [change for change in found if change.is_due]) for area, found in plan.areas]
    parts: defaultdict[str, list[tuple[Area, list[Change]]]] = defaultdict(list)
    for area, changes in due:
        if changes:
            parts[area.part].append((area, changes))
    done: list[Area] = []

    def change(part: list[tuple[Area, list[Change]]]) -> None:
        for area, changes in part:
            area.apply(changes)
            done.append(area)

    with ThreadPoolExecutor(max(1, len(parts))) as threads:
        running = [threads.submit(change, part) for part in parts.values()]
    for area, changes in due:
        if area in done:
            for one in changes:
                report(str(one))
    for outcome in running:
        outcome.result()


def apply(settings: Settings, report: Report) -> Plan:
    """Make a plan and apply it; twice changes nothing. Gives the plan that was applied.

    Raises :class:`PlatformError` when a part cannot be reached or a topic's partitions would have to change,
    and :class:`ContractError` or :class:`WarehouseError` when schemas or tables cannot follow the contracts.
    """
    plan = make_plan(settings)
    apply_plan(plan, report)
    if settings.domains:
        # what is applied here is what every process of this home must find, whoever starts it
        remember(
            settings.home, domains=":".join(str(folder.absolute()) for folder in parents(settings.domains))
        )
    return plan
