"""SQL of ``semantics.yaml``: text with names in braces."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in braces: of a column or dimension, ``<entity>.<dimension>``, or one of the question's."""

    name: str


Part = str | Reference


def parse(text: str) -> tuple[Part, ...]:
    """Text and references in their order; raises :class:`ValueError` where braces do not match."""
    parts: list[Part] = []
    for literal, name, form, conversion in Formatter().parse(text):
        if literal:
            parts.append(literal)
        if name is not None:
            if not name or form or conversion:
                raise ValueError("braces hold a name and nothing else")
            parts.append(Reference(name))
    return tuple(parts)


def references(text: str) -> tuple[str, ...]:
    """The names in braces."""
    return tuple(part.name for part in parse(text) if isinstance(part, Reference))
