"""The rows of a kept table, one set a piece.

A piece is a stretch of the keys of one entity, such as fifty thousand orders; a row of any other entity
belongs to the piece of the key that it names. So pieces add up to the whole, and what has changed is worked
out alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from analytics.semantic.model import Kept, Measure, Model
from analytics.semantic.parts import measures_of, parts
from analytics.semantic.query import Query, compile_question
from analytics.semantic.question import Question
from analytics.semantic.sources import Stretch

DATABASE = "model"


def pieces(model: Model, kept: Kept, timezone: str, stretch: Stretch) -> Query:
    """The query of the rows of some pieces, their numbers first."""
    small = _small(model, kept)
    entities = dict(model.entities)
    for measure in small:
        one = entities[measure.entity]
        entities[one.name] = replace(one, measures={**one.measures, measure.name: measure})
    question = Question(tuple(small), tuple(model.dimension(name) for name in kept.by))
    return compile_question(replace(model, entities=entities), question, timezone, stretch=stretch)


def anywhere(model: Model, kept: Kept) -> Stretch:
    """A stretch that stands for all, where a query is looked at and not asked."""
    return Stretch(divided(model, kept.pieces_of), "''", "''", "0", "CAST([], 'Array(String)')")


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
    text = pieces(model, kept, timezone, anywhere(model, kept)).sql
    return f"{DATABASE}.kept_{kept.name}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def view(kept: Kept) -> str:
    """The view by which other tools read the table; another definition leaves it its name."""
    return f"{DATABASE}.kept_{kept.name}"


def kept_tables(model: Model, timezone: str) -> dict[str, str]:
    """The tables of a model's kept measures, by the names of their definitions."""
    return {kept.name: table(model, kept, timezone) for kept in model.kept}


def runs(numbers: Iterable[int], most: int) -> Iterator[tuple[int, int]]:
    """Numbers that follow each other, so many at the most: the first, and the first beyond."""
    first = end = -1
    for number in sorted(numbers):
        if number == end < first + most:
            end += 1
            continue
        if end > first:
            yield first, end
        first, end = number, number + 1
    if end > first:
        yield first, end


def _small(model: Model, kept: Kept) -> list[Measure]:
    """The parts of its measures, as measures."""
    return [
        replace(measure, name=part.name, form=part)
        for measure in measures_of(model, kept).values()
        for part in parts(measure)
    ]
