"""Writes the folder of a new domain from the templates beside this module."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from mesh.kernel.discovery import is_built_in
from mesh.kernel.errors import ContractError
from mesh.kernel.product import is_address
from mesh.scaffold.naming import Names

SUFFIX = ".txt"
"""Of every template, so that no tool takes one for what it will become."""


def texts(names: Names, owner: str) -> dict[str, str]:
    """Every file of the domain by its path in the folder. Raises :class:`ContractError` ``owner-address``."""
    if not is_address(owner):
        raise ContractError(
            "owner-address", "is not an e-mail address", place=owner, remedy="write --owner team@company"
        )
    words = {
        "name": names.name,
        "title": names.title,
        "plural": names.table,
        "event": names.event,
        "topic": names.topic,
        "table": names.table,
        "owner": owner,
    }
    return {
        path.removesuffix(SUFFIX).replace("EVENT", names.event): Template(
            template.read_text("utf-8")
        ).substitute(words)
        for path, template in _templates(files("mesh.scaffold") / "template", "")
    }


def place_for(parent: Path, names: Names) -> Path:
    """The folder of the domain in ``parent``, which holds domains only; nothing is written.

    Raises :class:`ContractError` when something is in the way.
    """
    if parent.exists() and not parent.is_dir():
        raise ContractError(
            "folder-missing", "is not a folder", place=str(parent), remedy="name a folder with --in"
        )
    if (parent / "contract.yaml").exists():
        raise ContractError(
            "folder-mixed",
            "is a domain itself",
            place=str(parent),
            remedy="name the folder above it with --in",
        )
    strays = sorted(child.name for child in _folders(parent) if not (child / "contract.yaml").exists())
    folder = parent / names.name
    if folder.exists():
        raise ContractError(
            "folder-taken",
            "is there already",
            place=str(folder),
            remedy="take another name, or move it away",
        )
    if strays:
        raise ContractError(
            "folder-mixed",
            f"holds what is no domain: {', '.join(strays[:3])}",
            place=str(parent),
            remedy="name a folder that holds domains only, or a new one, with --in",
        )
    return folder


def write(folder: Path, contents: dict[str, str]) -> None:
    """Write the files of a new domain; a package of the tree's own domains gets its ``__init__.py``."""
    if is_built_in(folder):
        contents = {"__init__.py": f'"""The {folder.name} domain."""\n', **contents}
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _folders(parent: Path) -> Iterator[Path]:
    """What discovery takes for domains."""
    if parent.is_dir():
        yield from (path for path in parent.iterdir() if path.is_dir() and path.name[0] not in "_.")


def _templates(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry
