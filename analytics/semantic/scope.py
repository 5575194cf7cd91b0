"""What a name in braces means where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.semantic.model import QUESTION, Column, Dimension, Entity, Model


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A dimension of another entity, at the node that the name says."""

    node: str
    dimension: Dimension


Meaning = Column | Dimension | Elsewhere | str


def meaning(model: Model, entity: Entity, name: str, inside: str = "") -> Meaning | None:
    """What ``name`` means in an expression of ``entity``; None where it means nothing.

    ``as_of`` and ``timezone`` are the question's own. A name with a dot is a dimension of another node. Any
    other is a dimension of the entity, or a column of its view; in the dimension ``inside``, which may be
    named as the column that it is made of, it is the column.
    """
    if name in QUESTION:
        return name
    if name != inside and name in entity.dimensions:
        return entity.dimensions[name]
    if name in entity.columns:
        return entity.columns[name]
    node, dot, bare = name.partition(".")
    other = model.nodes().get(node) if dot else None
    dimension = model.entities[other].dimensions.get(bare) if other else None
    return Elsewhere(node, dimension) if dimension else None
