"""From what a person types to a product or a port: its name, topic, view or event."""

from __future__ import annotations

from collections.abc import Iterator

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Domain, Mesh
from mesh.kernel.errors import ContractError, did_you_mean


def find(mesh: Mesh, typed: str) -> Domain | Port:
    """The product or port that is meant: by product (``sales``), port (``orders-enriched``), topic, view
    (``sales.orders_enriched``, also with ``_clear``), table or event.

    Raises :class:`ContractError` ``product-unknown`` with the nearest names, or with all that are meant when
    several domains have a port of that name.
    """
    for name, domain in mesh.domains.items():
        if typed in (name, domain.product.id, domain.product.name):
            return domain
    ports = list(dict.fromkeys(port for name, port in _names(mesh) if name == typed))
    if len(ports) == 1:
        return ports[0]
    if ports:
        remedy = "name one of them: " + ", ".join(port.topic for port in ports)
        raise ContractError("product-unknown", "stands for several ports", place=typed, remedy=remedy)
    known = {*mesh.domains, *(name for name, _ in _names(mesh))}
    raise ContractError(
        "product-unknown",
        "is no product, port, topic, view or event",
        place=typed,
        remedy=did_you_mean(typed, known, "mesh products"),
    )


def _names(mesh: Mesh) -> Iterator[tuple[str, Port]]:
    for topic, port in mesh.ports.items():
        yield topic, port
        yield port.name, port
        yield f"{port.domain}.{port.name}", port
        yield port.record.__name__, port
        if port.view is not None and port.physical_table is not None:
            yield port.view, port
            yield f"{port.view}_clear", port
            yield port.physical_table, port


def meant(mesh: Mesh, typed: str = "") -> list[Port]:
    """The ports that are meant, in the contracts' order; all of them where nothing is typed.

    Raises :class:`ContractError` ``product-unknown``.
    """
    found = find(mesh, typed) if typed else None
    if found is None:
        return list(mesh.ports.values())
    if isinstance(found, Domain):
        return [port for port in mesh.ports.values() if port.domain == found.name]
    return [found]


def landed(mesh: Mesh, typed: str = "") -> list[Port]:
    """Those of the ports meant that have a table.

    Raises :class:`ContractError` ``product-unknown``, or ``product-unlanded`` where nothing has a table.
    """
    tables = [port for port in meant(mesh, typed) if port.view is not None]
    if not tables:
        raise ContractError(
            "product-unlanded",
            "has no table in the warehouse",
            place=typed,
            remedy="`mesh describe` tells which topics are landed",
        )
    return tables
