"""All checks, in the order in which their faults are best mended."""

from __future__ import annotations

from mesh.checks import (
    alert_files,
    alerts,
    dashboards,
    examples,
    folders,
    imports,
    naming,
    overlays,
    products,
    published,
    readme,
    references,
    semantics,
    standard,
)
from mesh.checks.check import Check, Result, Scope, run
from mesh.kernel.discovery import Domain, Mesh, assemble, find_folders, read_domain
from mesh.kernel.errors import ContractError
from mesh.kernel.settings import Settings

DOMAINS = "every domain's product, contract and events agree"
CHECKS = (
    Check("folders", "every domain has the same closed list of files", folders.faults),
    Check("standard", "every contract is valid by the standard's own schema", standard.faults),
    Check("products", "every port is offered and owned, every event has one port", products.faults),
    Check("references", "every reference leads to a field of a landed port", references.faults),
    Check("names", "no two ports share dead letters, applications are well named", naming.faults),
    Check("examples", "every example passes or is refused as its name says", examples.faults),
    Check("schemas", "every published schema is current and compatible", published.faults),
    Check("overlays", "every retailer's overlay changes promises that exist", overlays.faults),
    Check("readmes", "every domain's table of ports is the contract's", readme.faults),
    Check(
        "semantics",
        "every measure and dimension is of columns that exist, and can be asked for",
        semantics.faults,
    ),
    Check("alerts", "every alert is owned, measured, explained and proven", alerts.faults),
    Check("rules", "rules, routes and runbooks are those of the contracts", alert_files.faults),
    Check("dashboards", "every dashboard is current and asks for metrics that exist", dashboards.faults),
    Check("imports", "imports flow one way", imports.faults),
)


def run_all(settings: Settings) -> list[Result]:
    """Run every check. One that cannot be read takes nothing from the others."""
    domains: list[Domain] = []
    broken: list[ContractError] = []
    mesh: Mesh | None = None
    for folder in find_folders(settings.domains):
        try:
            domains.append(read_domain(folder, settings.partitions))
        except ContractError as error:
            broken.append(error)
    try:
        mesh = assemble(domains)
    except ContractError as error:
        broken.append(error)
    scope = Scope(tuple(domains), mesh)
    first = Result(Check("domains", DOMAINS, lambda _: broken), tuple(broken))
    return [first, *(run(check, scope) for check in CHECKS)]
