"""Every domain is one folder with the same closed list of files, and each of them says something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mesh.checks.check import Scope
from mesh.kernel.errors import ContractError, did_you_mean

REQUIRED = ("README.md", "product.yaml", "contract.yaml", "events.py", "examples", "runbook.md")
OPTIONAL = (
    "__init__.py",
    "source.py",
    "semantics.yaml",
    "quality.py",
    "slo.yaml",
    "alerts.yaml",
    "dashboard.yaml",
)


def faults(scope: Scope) -> Iterator[ContractError]:
    """Files that no domain may have, files that it lacks, and empty ones."""
    for domain in scope.domains:
        yield from folder_faults(domain.folder, domain.shown_as)


def folder_faults(folder: Path, shown_as: str) -> Iterator[ContractError]:
    """The faults of one folder."""
    known = (*REQUIRED, *OPTIONAL)
    present = {path.name: path for path in folder.iterdir() if path.name != "__pycache__"}
    for name, path in sorted(present.items()):
        place = f"{shown_as}/{name}"
        if name not in known:
            yield ContractError(
                "file-unknown", "is not a file of a domain", place=place, remedy=did_you_mean(name, known)
            )
        elif path.is_file() and path.stat().st_size == 0:
            yield ContractError("file-empty", "holds nothing", place=place, remedy="fill it or remove it")
    for name in REQUIRED:
        if name not in present:
            yield ContractError(
                "file-missing", "every domain has it", place=f"{shown_as}/{name}", remedy="add it"
            )
