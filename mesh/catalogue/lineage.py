"""Where the records of a port come from, and who reads them."""

from __future__ import annotations

from dataclasses import dataclass

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Domain, Mesh
from mesh.kernel.names import SINK
from streams.applications import READS


@dataclass(frozen=True)
class Lineage:
    """One step before a port and one after it."""

    inputs: tuple[str, ...]
    """The topics that its records are made of; none where a source states them."""
    written_by: str
    """The stream that writes it; empty where a source does."""
    read_by: tuple[str, ...]
    """The streams that read it, and the sink."""
    outputs: tuple[str, ...]
    """The topics that those streams write."""
    products: tuple[str, ...]
    """The other products that name it as an input."""


def of_port(port: Port, mesh: Mesh) -> Lineage:
    """The lineage of one port."""
    streams = tuple(name for name, topics in READS.items() if port.topic in topics)
    return Lineage(
        inputs=READS.get(port.application, ()),
        written_by=port.application,
        read_by=(*streams, *([SINK] if port.table else [])),
        outputs=tuple(other.topic for other in mesh.ports.values() if other.application in streams),
        products=tuple(mesh.users(port)),
    )


def of_product(domain: Domain, mesh: Mesh) -> tuple[str, ...]:
    """The topics that a product names as its inputs."""
    by_name = {(mesh.domains[port.domain].contract.id, port.name): port for port in mesh.ports.values()}
    found = (by_name.get((reference.contract, reference.name)) for reference in domain.product.inputs)
    return tuple(port.topic for port in found if port is not None)
