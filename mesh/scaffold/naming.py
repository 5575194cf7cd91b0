"""What a new domain may be called, and the names that follow from it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection
from dataclasses import dataclass

from mesh.kernel.errors import ContractError

_NAME = re.compile(r"[a-z][a-z0-9]*")
LONGEST = 32
"""Characters of a name: a topic with its dead letters must fit into Kafka's 249."""

RESERVED = {
    **dict.fromkeys(("mesh", "system", "default"), "is a database of the warehouse"),
    **dict.fromkeys(("table", "function", "array"), "means something else where the warehouse reads a name"),
    **dict.fromkeys(("raw", "private", "public", "dead"), "is a kind of topic"),
    **dict.fromkeys(("platform", "watchdog"), "is a receiver of pages"),
    **dict.fromkeys(keyword.kwlist, "is a word of Python"),
}
"""Names that the mesh, or something beneath it, uses itself, and for what."""


@dataclass(frozen=True)
class Names:
    """A domain's name and what the scaffold calls the things in it."""

    name: str

    @property
    def title(self) -> str:
        """As a heading has it: ``Supplier``."""
        return self.name.capitalize()

    @property
    def event(self) -> str:
        """The class of its one event: ``SupplierDescribed``."""
        return f"{self.title}Described"

    @property
    def topic(self) -> str:
        """The topic of that event: ``supplier.public.supplier.v1``."""
        return f"{self.name}.public.{self.name}.v1"

    @property
    def table(self) -> str:
        """Its table in the database of the domain: ``suppliers``."""
        return plural(self.name)


def plural(word: str) -> str:
    """More than one of it, well enough for a table: suppliers, deliveries, branches; what ends in s stays."""
    if word.endswith("s"):
        return word
    if word.endswith(("x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}s"


def name_domain(name: str, taken: Collection[str]) -> Names:
    """The names of a new domain beside those that are ``taken``.

    Raises :class:`ContractError`: ``domain-name``, ``domain-reserved`` or ``domain-taken``.
    """
    if _NAME.fullmatch(name) is None or len(name) > LONGEST:
        raise ContractError(
            "domain-name",
            "is not a domain's name",
            place=name or "''",
            remedy=f"write a letter, then letters and digits, all small, at most {LONGEST}{_near(name)}",
        )
    if name in RESERVED:
        raise ContractError(
            "domain-reserved", RESERVED[name], place=name, remedy=f"take another, such as {name}data"
        )
    if name in taken:
        raise ContractError(
            "domain-taken",
            "is a domain already",
            place=name,
            remedy=f"add a port to it, or take another name; taken: {', '.join(sorted(taken))}",
        )
    return Names(name)


def _near(name: str) -> str:
    """The nearest name that would do, as the end of a remedy."""
    kept = re.sub(r"[^a-z0-9]", "", name.lower()).lstrip("0123456789")[:LONGEST]
    return f", as in {kept!r}" if kept else ""
