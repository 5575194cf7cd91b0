"""The rows of a kept table, one set a piece.

A piece is a stretch of the keys of one entity, such as fifty thousand orders; a row of any other entity
belongs to the piece of the key that it names. So pieces add up to the whole, and what has changed is worked
out alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from analytics.semantic.model import Kept, Measure, Model
from analytics.semantic.parts import measures_of, parts
from analytics.semantic.query import Query, compile_question
from analytics.semantic.question import Question
from analytics.semantic.sources import Stretch

DATABASE = "model"
PIECE = "piece"
"""The column with the number of a row's piece."""


def piece(model: Model, kept: Kept, timezone: str, low: str, high: str) -> Query:
    """The query of one piece's rows; ``low`` and ``high`` are SQL of its keys, as in :class:`Stretch`."""
    stretch = Stretch(divided(model, kept.pieces_of), low, high)
    small = _small(model, kept)
    entities = dict(model.entities)
    for measure in small:
        one = entities[measure.entity]
        entities[one.name] = replace(one, measures={**one.measures, measure.name: measure})
    question = Question(tuple(small), tuple(model.dimension(name) for name in kept.by))
    return compile_question(replace(model, entities=entities), question, timezone, stretch=stretch)


def divided(model: Model, entity: str) -> dict[str, str]:
    """The column with the key of ``entity``, by entity: its own, and that of each with rows of one key."""
    key = model.entities[entity].key[0]
    found = {entity: key}
    for other in model.entities.values():
        for link in other.relationships.values():
            if link.entity == entity and len(link.by) == 1 and not link.is_role:
                found[other.name] = link.by[0]
            elif other.name == entity and link.by == (key,):
                found[link.entity] = model.entities[link.entity].key[0]
    return found


def table(model: Model, kept: Kept, timezone: str) -> str:
    """The table's name, which another definition changes."""
    text = piece(model, kept, timezone, "low", "high").sql
    return f"{DATABASE}.kept_{kept.name}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def kept_tables(model: Model, timezone: str) -> dict[str, str]:
    """The tables of a model's kept measures, by the names of their definitions."""
    return {kept.name: table(model, kept, timezone) for kept in model.kept}


def _small(model: Model, kept: Kept) -> list[Measure]:
    """The parts of its measures, as measures."""
    return [
        replace(measure, name=part.name, form=part)
        for measure in measures_of(model, kept).values()
        for part in parts(measure)
    ]
