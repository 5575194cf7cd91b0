"""The model as views of the warehouse, for whoever brings another tool: in the database ``model``.

``model.clock``              the clock of the mesh, and the moment of the first fact
``model.<entity>``           a row of an entity with every dimension that it has one of, related entities' too
``model.<share>``            the parts of wholes with theirs, for sums by product
``model.<saved question>``   measures by dimensions, as the saved questions of ``semantics.yaml`` say
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from analytics.semantic.frame import Frame
from analytics.semantic.model import Choice, Entity, Model
from analytics.semantic.paths import path
from analytics.semantic.query import compile_question
from analytics.semantic.question import ask
from analytics.semantic.sources import CLOCK, Moment, quoted
from mesh.kernel.errors import MeasureError
from mesh.kernel.literal import text

DATABASE = "model"


class View(NamedTuple):
    """A view of the warehouse and its query."""

    name: str
    query: str


def views(model: Model, timezone: str) -> Iterator[View]:
    """Every view of the model, each after those that it reads."""
    yield View(CLOCK, _clock(model))
    moment = Moment(f"(SELECT clock FROM {CLOCK})", stated=False, timezone=text(timezone))
    for entity in model.entities.values():
        yield View(f"{DATABASE}.{entity.name}", _rows(model, entity, moment))
    for saved in model.saved:
        question = ask(model, saved.measures, saved.by)
        by = tuple(replace(choice, label=choice.label.replace(".", "_")) for choice in question.by)
        query = compile_question(model, replace(question, by=by), timezone)
        yield View(f"{DATABASE}.{saved.name}", query.sql)


def _clock(model: Model) -> str:
    """The first and the last moment of any fact; where no domain names its facts, the present moment."""
    ends = (
        f"SELECT * FROM (SELECT occurred_at FROM {table} ORDER BY occurred_at{way} LIMIT 1)"
        for table in model.clock
        for way in ("", " DESC")  # by the index of event times, without reading the rest
    )
    rows = " UNION ALL ".join(ends) or "SELECT now64(6, 'UTC') AS occurred_at"
    return f"SELECT min(occurred_at) AS first, max(occurred_at) AS clock FROM ({rows})"


def columns(model: Model, entity: Entity) -> dict[str, Choice]:
    """The columns of an entity's view: its dimensions, then those of all that it has one of.

    Each has the name by which a question would call it, so far as that is one word: the bare name means the
    entity's own dimension, or the only one of that name, or the one that is meant by it; any other has its
    entity or role before it.
    """
    reached = [
        (node, dimension)
        for node, other in model.nodes().items()
        if _is_one(model, entity.name, node)
        for dimension in model.entities[other].dimensions.values()
    ]
    own = {dimension.name for node, dimension in reached if node == entity.name}
    shared = Counter(dimension.name for node, dimension in reached if node == dimension.entity)
    found: dict[str, Choice] = {}
    for node, dimension in sorted(reached, key=lambda one: one[0] != entity.name):
        is_only = shared[dimension.name] == 1 or dimension.unqualified
        is_meant = node == dimension.entity and is_only and dimension.name not in own
        bare = node == entity.name or is_meant
        label = dimension.name if bare else f"{node}_{dimension.name}"
        found[label] = Choice(node, dimension, label)
    return found


def _is_one(model: Model, entity: str, node: str) -> bool:
    """Whether a row of the entity has one of the node, and which one is plain."""
    try:
        return all(step.forward for step in path(model, entity, node))
    except MeasureError:
        return False


def _rows(model: Model, entity: Entity, moment: Moment) -> str:
    frame = Frame(model, entity.name, moment)
    selected = []
    if entity.share:
        amounts = (entity.share.lines.number, *entity.share.amounts)
        selected += [f"{frame.column(name)} AS {quoted(_share_column(entity, name))}" for name in amounts]
    for label, choice in columns(model, entity).items():
        selected.append(f"{frame.dimension(choice.node, choice.dimension)} AS {quoted(label)}")
    return f"SELECT {', '.join(selected)}\nFROM {frame.source()}\nSETTINGS join_use_nulls = 1"


def _share_column(entity: Entity, name: str) -> str:
    """A share's own amount, told from the amount of the whole beside it."""
    assert entity.share is not None
    return f"{name}_share" if name in entity.share.amounts else name
