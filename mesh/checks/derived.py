"""Everything that is derived and committed, and what of it remains to be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mesh.checks import alert_files, dashboards, tables
from mesh.checks.readme import Stale, stale, stale_products
from mesh.kernel.discovery import Domain, Mesh
from schemas.published import Pending, pending, records


def waiting(mesh: Mesh) -> Iterator[Pending | Stale]:
    """What is stale: schemas and READMEs of every domain, and what the tree keeps of its own domains.

    Raises :class:`ContractError` for an event that breaks with what was published.
    """
    domains = list(mesh.domains.values())
    yield from waiting_in(domains)
    yield from filter(None, [stale_products(domains)])
    yield from tables.stale(mesh)
    yield from dashboards.stale(mesh)
    yield from alert_files.stale(mesh)


def waiting_in(domains: Iterable[Domain]) -> Iterator[Pending | Stale]:
    """What is stale in, or beside, the folders of these domains."""
    domains = list(domains)
    for domain in domains:
        yield from filter(None, (pending(record) for record in records(domain.contract.ports)))
        yield from filter(None, [stale(domain)])
    yield from alert_files.runbooks(domains)
