"""Reads a domain's ``product.yaml`` (Open Data Product Standard 1.0.0): its owner, purpose and ports."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesh.kernel.document import Node

API_VERSION = "v1.0.0"
STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_KEYS = (
    "apiVersion",
    "kind",
    "id",
    "name",
    "version",
    "status",
    "domain",
    "tenant",
    "description",
    "tags",
    "inputPorts",
    "outputPorts",
    "managementPorts",
    "support",
    "team",
    "customProperties",
    "authoritativeDefinitions",
    "productCreatedTs",
)


@dataclass(frozen=True)
class PortReference:
    """A port that a product reads or offers: one port of one version of a contract."""

    name: str
    version: str
    contract: str
    place: str


@dataclass(frozen=True)
class Product:
    """A data product: who answers for it, what it is for, what it reads and offers."""

    id: str
    name: str
    version: str
    status: str
    """One of :data:`STATUSES`."""
    domain: str
    purpose: str
    owner: str
    """E-mail address of the team member whose role is owner."""
    team: str
    """Name of that member."""
    inputs: tuple[PortReference, ...]
    outputs: tuple[PortReference, ...]
    place: str


def is_address(text: str) -> bool:
    """Whether it looks like an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def read_product(document: Node, domain: str) -> Product:
    """The product that a document states; raise :class:`ContractError` with the line of the first fault."""
    document.only(*_KEYS)
    document.need("apiVersion").one_of((API_VERSION,), "standard-version")
    document.need("kind").one_of(("DataProduct",), "standard-kind")
    status = document.need("status").one_of(STATUSES, "status-unknown")
    named = document.need("domain")
    if named.text() != domain:
        raise named.fault("domain-wrong", f"{named.text()!r} is not the folder's name", f"write {domain!r}")
    owner = _owner(document)
    return Product(
        id=document.need("id").text(),
        name=document.need("name").text(),
        version=document.need("version").text(),
        status=status,
        domain=domain,
        purpose=document.need("description").need("purpose").text(),
        owner=_address(owner),
        team=owner.need("name").text(),
        inputs=tuple(_reference(node) for node in document.elements("inputPorts")),
        outputs=tuple(_reference(node) for node in document.elements("outputPorts")),
        place=document.place,
    )


def _owner(document: Node) -> Node:
    for member in document.elements("team"):
        role = member.get("role")
        if role is not None and role.text() == "owner":
            return member
    raise document.fault(
        "owner-missing", "nobody in the team has the role owner", "add one with an e-mail address"
    )


def _address(member: Node) -> str:
    name = member.need("username")
    if not is_address(name.text()):
        raise name.fault("owner-address", f"{name.text()!r} is not an e-mail address")
    return name.text()


def _reference(node: Node) -> PortReference:
    return PortReference(
        name=node.need("name").text(),
        version=node.need("version").text(),
        contract=node.need("contractId").text(),
        place=node.place,
    )
