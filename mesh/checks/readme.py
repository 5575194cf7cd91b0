"""The part of a domain's README that is derived: the table of its ports, between two marks.

``stale`` gives what remains to be written, for ``mesh build``; the check refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mesh.checks.check import Scope
from mesh.kernel.contract import FOREVER, Port
from mesh.kernel.discovery import Domain
from mesh.kernel.errors import ContractError

START, END = "<!-- derived -->", "<!-- /derived -->"
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Stale:
    """A file whose derived part is not what it should be, with the whole text that it should have."""

    path: Path
    text: str

    def write(self) -> None:
        """Bring the file up to date."""
        self.path.write_text(self.text, encoding="utf-8")


def faults(scope: Scope) -> Iterator[ContractError]:
    """READMEs whose table of ports is missing or not that of the contract."""
    for domain in scope.domains:
        place = f"{domain.shown_as}/README.md"
        if not (domain.folder / "README.md").exists():
            continue  # the check of the folders says so
        if stale(domain) is not None:
            yield ContractError(
                "readme-stale",
                "its table of ports is not the contract's",
                place=place,
                remedy="run `mesh build`",
            )


def stale(domain: Domain) -> Stale | None:
    """What remains to be written of a domain's README; None when it is up to date.

    Raises :class:`ContractError` when the file has no marks to write between.
    """
    path = domain.folder / "README.md"
    text = path.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ContractError(
            "readme-marks",
            f"has no part between {START} and {END}",
            place=f"{domain.shown_as}/README.md",
            remedy="add both marks where the table of ports shall stand",
        )
    wanted = f"{before}{START}\n{ports_table(domain)}\n{END}{after}"
    return None if wanted == text else Stale(path, wanted)


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
