"""The parts of READMEs that are derived, each between two marks.

A domain's README holds the table of its ports; the README of the tree that of all public ports, the data
products. ``stale`` and ``stale_products`` give what remains to be written, for ``mesh build``; the check
refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mesh.checks.check import Scope
from mesh.kernel.contract import FOREVER, Port
from mesh.kernel.discovery import Domain, is_built_in, root
from mesh.kernel.errors import ContractError

PORTS = ("<!-- derived -->", "<!-- /derived -->")
PRODUCTS = ("<!-- derived:products -->", "<!-- /derived:products -->")
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Stale:
    """A file whose derived part is not what it should be, with the whole text that it should have."""

    path: Path
    text: str

    def write(self) -> None:
        """Bring the file up to date."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.text, encoding="utf-8")


def faults(scope: Scope) -> Iterator[ContractError]:
    """READMEs whose derived table is missing or not what the contracts say."""
    for domain in scope.domains:
        if not (domain.folder / "README.md").exists():
            continue  # the check of the folders says so
        if stale(domain) is not None:
            yield _fault(f"{domain.shown_as}/README.md", "its table of ports is not the contract's")
    if stale_products(scope.domains) is not None:
        yield _fault("README.md", "its table of data products is not the contracts'")


def stale(domain: Domain) -> Stale | None:
    """What remains to be written of a domain's README; None when it is up to date.

    Raises :class:`ContractError` when the file has no marks to write between.
    """
    return _stale(domain.folder / "README.md", f"{domain.shown_as}/README.md", PORTS, ports_table(domain))


def stale_products(domains: Iterable[Domain], path: Path | None = None) -> Stale | None:
    """What remains to be written of the tree's README, which tells the products of the tree's own domains.

    None when it is up to date, or when the tree's domains are not among these. ``path`` is another file for
    it. Raises :class:`ContractError` when the file has no marks to write between.
    """
    own = [domain for domain in domains if is_built_in(domain.folder)]
    if not own:
        return None
    return _stale(path or root() / "README.md", "README.md", PRODUCTS, products_table(own))


def products_table(domains: Iterable[Domain]) -> str:
    """The public ports of domains as a Markdown table."""
    rows = [
        "| domain | topic | event | view | key | owner |",
        "|---|---|---|---|---|---|",
    ]
    for domain in domains:
        shown = f"[{domain.name}]({domain.shown_as}/README.md)"
        for port in domain.contract.ports:
            if port.kind == "public":
                view = f"`{port.view}`" if port.view else "–"
                event = port.record.__name__
                rows.append(f"| {shown} | `{port.topic}` | {event} | {view} | `{port.key}` | {port.owner} |")
    return "\n".join(rows)


def ports_table(domain: Domain) -> str:
    """The ports of a domain as a Markdown table."""
    rows = [
        "| topic | event | what it says | key | kept | view |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join(rows + [_row(port) for port in domain.contract.ports])


def _row(port: Port) -> str:
    meaning = " ".join((port.record.__doc__ or "").split("\n\n")[0].split())
    kept = "for ever" if port.retention_ms == FOREVER else f"{port.retention_ms // _DAY_MS} days"
    if port.cleanup == "compact":
        kept = "the newest of each key"
    view = f"`{port.view}`" if port.view else "–"
    return f"| `{port.topic}` | {port.record.__name__} | {meaning} | `{port.key}` | {kept} | {view} |"


def _stale(path: Path, shown: str, marks: tuple[str, str], table: str) -> Stale | None:
    first, last = marks
    text = path.read_text(encoding="utf-8")
    before, start, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not start or not end:
        raise ContractError(
            "readme-marks",
            f"has no part between {first} and {last}",
            place=shown,
            remedy="add both marks where the table shall stand",
        )
    wanted = f"{before}{first}\n{table}\n{last}{after}"
    return None if wanted == text else Stale(path, wanted)


def _fault(place: str, what: str) -> ContractError:
    return ContractError("readme-stale", what, place=place, remedy="run `mesh build`")
