"""The dashboards as Grafana's JSON, committed; every metric that a panel asks for exists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mesh.checks.check import Scope
from mesh.checks.readme import Stale
from mesh.kernel.discovery import Mesh, is_built_in, root
from mesh.kernel.errors import ContractError
from observability.dashboards import committed
from observability.dashboards.grafana import to_json, uid
from observability.dashboards.panel import Dashboard
from observability.promql import faults as unknown_series

FOLDER = Path("observability") / "generated" / "dashboards"


def faults(scope: Scope) -> Iterator[ContractError]:
    """Panels that ask for a metric that does not exist, and dashboards that are not what is committed."""
    for dashboard in committed(scope.domains).values():
        yield from unknown_metrics(dashboard)
    if scope.mesh is not None:
        for found in stale(scope.mesh):
            yield ContractError(
                "dashboard-stale",
                "is not what the contracts say",
                place=str(found.path.relative_to(root())),
                remedy="run `mesh build` and commit what it writes",
            )


def unknown_metrics(dashboard: Dashboard) -> Iterator[ContractError]:
    """The panels of a dashboard that ask for a metric that no process has."""
    for panel in dashboard.panels:
        for query in panel.queries:
            yield from unknown_series(query.expr, f"dashboard {dashboard.name}, panel {panel.title!r}")


def stale(mesh: Mesh, folder: Path | None = None) -> Iterator[Stale]:
    """The committed dashboards that remain to be written: the platform's and those of the tree's domains.

    ``folder`` is another place for them. A domain from elsewhere gets its dashboard by ``mesh apply``.
    """
    folder = folder or root() / FOLDER
    own = (domain for domain in mesh.domains.values() if is_built_in(domain.folder))
    for name, dashboard in committed(own).items():
        path, text = folder / f"{uid(name)}.json", to_json(dashboard)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield Stale(path, text)
