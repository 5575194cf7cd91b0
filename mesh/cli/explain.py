"""``mesh explain``: what an error code means and what to do about it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from mesh.kernel.errors import MeshError, did_you_mean

PAGE = Path(__file__).parents[2] / "portal" / "docs" / "errors.md"
_ENTRY = re.compile(r"^### ([a-z-]+)\n(.+?)\nRemedy: (.+?)(?=\n\n|\n?\Z)", re.MULTILINE | re.DOTALL)


class Explanation(NamedTuple):
    """One error code with its meaning and its remedy, each a line or a few."""

    name: str
    meaning: str
    remedy: str


@cache
def entries() -> dict[str, Explanation]:
    """Every error code of the mesh by its name, as ``portal/docs/errors.md`` has them."""
    found = _ENTRY.findall(PAGE.read_text(encoding="utf-8"))
    return {
        code: Explanation(code, " ".join(what.split()), " ".join(remedy.split()))
        for code, what, remedy in found
    }


def command(
    asked: Annotated[
        str | None, typer.Argument(help="The code between the brackets; none: list them all.", metavar="CODE")
    ] = None,
) -> None:
    """Explain an error code: what is wrong, and what to do."""
    known = entries()
    if asked is None:
        for name in sorted(known):
            typer.echo(name)
        return
    if asked not in known:
        raise MeshError(
            "code-unknown", "is not an error code", place=asked, remedy=did_you_mean(asked, known)
        )
    found = known[asked]
    typer.echo(f"{found.name}\n\n{found.meaning}\n\nWhat to do: {found.remedy}")
