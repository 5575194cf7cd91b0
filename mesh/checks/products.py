"""Products against contracts: no port without a contract, no event without a port, no owner missing."""

from __future__ import annotations

from collections.abc import Iterator

from mesh.checks.check import Scope
from mesh.kernel.contract_file import vocabulary
from mesh.kernel.discovery import Domain
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.product import PortReference
from mesh.kernel.structure import shapes


def faults(scope: Scope) -> Iterator[ContractError]:
    """Every disagreement between the products, the contracts and the events of the mesh."""
    offered = {
        (domain.contract.id, port.name): domain for domain in scope.domains for port in domain.contract.ports
    }
    for domain in scope.domains:
        yield from _outputs(domain)
        for reference in domain.product.inputs:
            yield from _input(reference, offered)
        yield from orphans(domain)
        if domain.contract.team != domain.product.team:
            yield ContractError(
                "team-unknown",
                f"product.yaml says that {domain.product.team!r} owns it",
                place=domain.contract.place,
                remedy=f"write it as the team in place of {domain.contract.team!r}",
            )


def orphans(domain: Domain) -> Iterator[ContractError]:
    """Records of a domain that no port carries, and records that two ports carry."""
    carried = [port.record for port in domain.contract.ports]
    nested = {shape.record for record in carried for shape in shapes(record).values() if shape.record}
    for name, record in vocabulary(domain.events, domain.name).items():
        place = f"{domain.shown_as}/events.py"
        if record not in nested and record not in carried:
            yield ContractError(
                "event-orphan", f"no port carries {name}", place=place, remedy="give it a port"
            )
        if carried.count(record) > 1:
            yield ContractError(
                "event-repeated", f"two ports carry {name}", place=place, remedy="keep one port"
            )


def _outputs(domain: Domain) -> Iterator[ContractError]:
    public = {port.name: port for port in domain.contract.ports if port.kind == "public"}
    listed = {reference.name: reference for reference in domain.product.outputs}
    for name, reference in listed.items():
        if name not in public:
            yield ContractError(
                "port-unknown",
                f"{name!r} is not a public port of the contract",
                place=reference.place,
                remedy=did_you_mean(name, public),
            )
        yield from _version(reference, domain)
    for name, port in public.items():
        if name not in listed:
            yield ContractError(
                "port-orphan",
                f"product.yaml does not offer {name!r}",
                place=port.place,
                remedy="list it there",
            )


def _input(reference: PortReference, offered: dict[tuple[str, str], Domain]) -> Iterator[ContractError]:
    domain = offered.get((reference.contract, reference.name))
    if domain is None:
        known = [f"{contract}:{name}" for contract, name in offered]
        wanted = f"{reference.contract}:{reference.name}"
        yield ContractError(
            "port-unknown",
            f"no contract has the port {wanted!r}",
            place=reference.place,
            remedy=did_you_mean(wanted, known),
        )
    else:
        yield from _version(reference, domain)


def _version(reference: PortReference, domain: Domain) -> Iterator[ContractError]:
    stated, contract = (reference.contract, reference.version), domain.contract
    if stated != (contract.id, contract.version):
        yield ContractError(
            "contract-version",
            f"{reference.name!r} names contract {stated[0]} {stated[1]}",
            place=reference.place,
            remedy=f"the contract is {contract.id} {contract.version}",
        )
