"""Finds the domains: every folder of ``domains/``, and of the extra folders in the settings, is one.

Nothing else in the mesh lists domains. A domain is a folder with ``events.py``, ``contract.yaml`` and
``product.yaml``; reading all of them takes some hundredths of a second and is done once a process.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

from mesh.kernel.contract import Contract, Port
from mesh.kernel.contract_file import read_contract
from mesh.kernel.document import read_document
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.overlay import Overlay, apply_overlay, read_overlay
from mesh.kernel.product import Product, read_product
from mesh.kernel.settings import Settings, load_settings

BUILT_IN = "domains"


@dataclass(frozen=True, eq=False)
class Domain:
    """One domain: its folder, its vocabulary, its product and its contract."""

    name: str
    folder: Path
    events: ModuleType
    product: Product
    contract: Contract

    @property
    def shown_as(self) -> str:
        """The folder as errors name it."""
        return _shown(self.folder)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Everything that the domains promise, with the retailer's overlay in force."""

    domains: Mapping[str, Domain]
    ports: Mapping[str, Port]
    """Every port by its topic, in order of domains and of their contracts."""

    def port(self, topic: str) -> Port:
        """The port of a topic; raise :class:`ContractError` with the nearest names."""
        if topic not in self.ports:
            raise ContractError(
                "topic-unknown",
                "is not a topic of the mesh",
                place=topic,
                remedy=did_you_mean(topic, self.ports),
            )
        return self.ports[topic]

    def users(self, port: Port) -> list[str]:
        """The other domains whose products name a port as an input."""
        contract = self.domains[port.domain].contract.id
        return [
            name
            for name, domain in self.domains.items()
            if name != port.domain
            and any((found.contract, found.name) == (contract, port.name) for found in domain.product.inputs)
        ]

    def with_overlay(self, overlay: Overlay) -> Mesh:
        """The same mesh with the promises of an overlay."""
        return replace(self, ports=apply_overlay(self.ports, overlay))


def find_mesh(settings: Settings | None = None) -> Mesh:
    """The mesh that the settings describe; raise :class:`ContractError` at the first fault. Cached."""
    settings = settings or load_settings()
    return _find(settings.domains, settings.retailer, settings.partitions)


def find_folders(extra: str = "") -> list[Path]:
    """The folder of every domain, those of the installed tree first."""
    roots = [root() / BUILT_IN, *parents(extra)]
    found = []
    for parent in roots:
        if not parent.is_dir():
            raise ContractError(
                "folder-missing",
                "is not a folder",
                place=str(parent),
                remedy="mend MESH_DOMAINS, or 'domains' in settings.json of MESH_HOME",
            )
        found += sorted(path for path in parent.iterdir() if path.is_dir() and path.name[0] not in "_.")
    return found


def parents(extra: str) -> list[Path]:
    """The folders that a setting names, separated by colons, each once."""
    return list(dict.fromkeys(Path(part).expanduser() for part in extra.split(":") if part))


def root() -> Path:
    """The folder of the installed tree, which holds ``domains`` and ``data``."""
    return Path(importlib.import_module(BUILT_IN).__path__[0]).resolve().parent


def is_built_in(folder: Path) -> bool:
    """Whether the folder of a domain lies in the installed tree."""
    return folder.resolve().parent == root() / BUILT_IN


def read_domain(folder: Path, partitions: int) -> Domain:
    """Read one domain; raise :class:`ContractError` with file and line at the first fault."""
    name, shown = folder.name, _shown(folder)
    events = _events(folder)
    product = read_product(read_document(folder / "product.yaml", f"{shown}/product.yaml"), name)
    document = read_document(folder / "contract.yaml", f"{shown}/contract.yaml")
    contract = read_contract(document, name, events, product.owner, partitions)
    return Domain(name, folder, events, product, contract)


def assemble(domains: Iterable[Domain]) -> Mesh:
    """The mesh of some domains; raise :class:`ContractError` where two claim one name, topic or table."""
    by_name: dict[str, Domain] = {}
    ports: dict[str, Port] = {}
    tables: dict[str, Port] = {}
    for domain in domains:
        if domain.name in by_name:
            raise ContractError("domain-repeated", f"{domain.name!r} is found twice", place=domain.shown_as)
        by_name[domain.name] = domain
        for port in domain.contract.ports:
            if port.topic in ports:
                raise ContractError("topic-repeated", f"{port.topic!r} has two ports", place=port.place)
            ports[port.topic] = port
            if port.physical_table is not None:
                if port.physical_table in tables:
                    raise ContractError("table-repeated", f"{port.view!r} has two ports", place=port.place)
                tables[port.physical_table] = port
    return Mesh(by_name, ports)


def retailer_folder(retailer: str) -> Path | None:
    """The folder of a retailer: one of data/, or any by its path; None where there is no retailer.

    Raises :class:`ContractError` ``retailer-unknown``.
    """
    if not retailer:
        return None
    folder = Path(retailer) if "/" in retailer else root() / "data" / retailer
    if not folder.is_dir():
        raise ContractError(
            "retailer-unknown",
            f"there is no folder {_shown(folder)}",
            place=retailer,
            remedy="name a folder of data/, or the path of another one, with --retailer or MESH_RETAILER",
        )
    return folder


@cache
def _find(extra: str, retailer: str, partitions: int) -> Mesh:
    mesh = assemble(read_domain(folder, partitions) for folder in find_folders(extra))
    folder = retailer_folder(retailer)
    if folder is None:
        return mesh
    path = folder / "overlay.yaml"
    return mesh.with_overlay(read_overlay(path, _shown(path))) if path.exists() else mesh


def _events(folder: Path) -> ModuleType:
    """The module of a domain's events: by its name in the installed tree, by its file elsewhere."""
    path = folder / "events.py"
    if not path.exists():
        raise ContractError("file-missing", "a domain has events", place=f"{_shown(folder)}/events.py")
    if is_built_in(folder):
        importlib.invalidate_caches()  # `mesh new` may have written it a moment ago
        return importlib.import_module(f"{BUILT_IN}.{folder.name}.events")
    name = f"mesh_domains.{folder.resolve().as_posix().strip('/').replace('/', '_')}.events"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ContractError("events-broken", f"cannot be imported: {error}", place=str(path)) from error
    return module


def _shown(path: Path) -> str:
    """A path as people know it: from the tree's root where it lies in it."""
    absolute = path.resolve()
    return str(absolute.relative_to(root())) if absolute.is_relative_to(root()) else str(path)
