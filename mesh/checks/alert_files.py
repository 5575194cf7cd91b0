"""What follows from alerts and is committed: rules, their tests, routes, the derived parts of runbooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mesh.checks.check import Scope
from mesh.checks.readme import Stale
from mesh.kernel.discovery import Domain, Mesh, assemble, is_built_in, root
from mesh.kernel.errors import ContractError, MeshError
from mesh.kernel.settings import Settings
from observability import platform_alerts
from observability.routes import alertmanager, route_tests
from observability.rule_tests import test_file
from observability.rules import alerts_of, document, groups, rule_file
from observability.runbooks import FILE, MARKS, blank, domain_sections, platform_sections

DEFAULTS = Settings.model_construct()
"""The settings whatever the environment says: committed files must not depend on it."""


def generated() -> Path:
    """Where the committed files lie."""
    return root() / "observability" / "generated"


def faults(scope: Scope) -> Iterator[MeshError]:
    """Committed files that are not what the contracts say."""
    if scope.mesh is not None:
        for found in (*runbooks(scope.domains), *stale(scope.mesh)):
            shown = found.path.relative_to(root()) if found.path.is_relative_to(root()) else found.path
            yield ContractError(
                "derived-stale",
                "is not what follows from the contracts",
                place=str(shown),
                remedy="run `mesh build`",
            )


def stale(mesh: Mesh) -> Iterator[Stale]:
    """What is not as it should be of what the tree keeps: its own domains' rules, and the platform's.

    Other domains get their rules where the mesh runs.
    """
    own = [domain for domain in mesh.domains.values() if is_built_in(domain.folder)]
    if not own:
        return
    for path, text in wanted(assemble(own)).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield Stale(path, text)
    page = root() / platform_alerts.RUNBOOK
    sections = platform_sections(platform_alerts.alerts(DEFAULTS.operations))
    yield from _page(page, platform_alerts.RUNBOOK, page.read_text(encoding="utf-8"), sections)


def runbooks(domains: Iterable[Domain]) -> Iterator[Stale]:
    """The runbooks of domains that are not what follows from their contracts; a missing one is begun.

    Raises :class:`ContractError` when one has no marks to write between.
    """
    everyone = list(domains)
    own = [domain for domain in everyone if is_built_in(domain.folder)]
    for domain in everyone:  # the tree's own pages do not speak of domains that lie elsewhere
        mesh = assemble(own if domain in own else everyone)
        page = domain.folder / FILE
        before = page.read_text(encoding="utf-8") if page.exists() else blank(domain)
        yield from _page(page, f"{domain.shown_as}/{FILE}", before, domain_sections(alerts_of(domain), mesh))


def wanted(mesh: Mesh) -> dict[Path, str]:
    """Rules, their tests, routes and their tests, each with its text."""
    found: dict[Path, str] = {}
    folder, by_name = generated(), groups(mesh, DEFAULTS)
    for name, alerts in by_name.items():
        found[folder / "rules" / f"{name}.yaml"] = rule_file(name, alerts, "")
        found[folder / "tests" / f"{name}.yaml"] = test_file(name, alerts, "")
    found[folder / "alertmanager.yaml"] = document(alertmanager(mesh.domains, DEFAULTS, folder))
    every = [alert for group in by_name.values() for alert in group]
    found[folder / "tests" / "routes.yaml"] = document(route_tests(every, mesh.domains, DEFAULTS))
    return found


def _page(path: Path, shown: str, before: str, sections: str) -> Iterator[Stale]:
    start, first, rest = before.partition(MARKS[0])
    _, last, end = rest.partition(MARKS[1])
    if not first or not last:
        raise ContractError(
            "runbook-marks",
            f"has no part between {MARKS[0]} and {MARKS[1]}",
            place=shown,
            remedy="add both marks where the sections of derived alerts shall stand",
        )
    text = f"{start}{MARKS[0]}\n{sections}{MARKS[1]}{end}"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        yield Stale(path, text)
