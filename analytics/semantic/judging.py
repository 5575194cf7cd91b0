"""What must hold over all entities together: every name means something, one thing, and leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.semantic.model import Definition, Dimension, Entity, Kept, Model
from analytics.semantic.parts import measures_of
from analytics.semantic.paths import path
from analytics.semantic.pieces import anywhere, divided, pieces
from analytics.semantic.scope import Elsewhere, meaning
from analytics.semantic.sources import CLOCK
from analytics.semantic.template import references
from mesh.kernel.errors import ContractError, MeasureError, did_you_mean


def faults(model: Model) -> Iterator[ContractError]:
    """Every fault of a model."""
    yield from _clashes(model)
    related = list(_relations(model))
    yield from related
    if related:
        return  # paths would lead nowhere
    for entity in model.entities.values():
        for dimension in entity.dimensions.values():
            yield from _expression(model, entity, dimension, dimension.expression, dimension.name)
            yield from _circle(model, dimension)
        yield from _measures(model, entity)
    yield from _saved(model)
    yield from _kept(model)


def _defect(one: Definition | Entity, code: str, what: str, remedy: str = "") -> ContractError:
    return ContractError(code, what, place=one.place, remedy=remedy)


def _clashes(model: Model) -> Iterator[ContractError]:
    """Names that would mean two things in a question."""
    measures: dict[str, Definition] = {}
    bare: dict[str, Dimension] = {}
    called = set(model.names())
    for entity in model.entities.values():
        for measure in entity.measures.values():
            if measure.name in measures or measure.name in called:
                yield _defect(measure, "semantics-repeated", f"{measure.name!r} is defined twice")
            measures[measure.name] = measure
        for dimension in entity.dimensions.values():
            for name in (dimension.name, *dimension.also) if dimension.unqualified else ():
                if name in bare:
                    yield _defect(
                        dimension, "semantics-repeated", f"{name!r} alone means {bare[name].entity}'s already"
                    )
                bare[name] = dimension
            if dimension.kind == "number" and not dimension.unit and not dimension.name.endswith("_number"):
                yield _defect(dimension, "unit-missing", f"{dimension.name!r} is a number", "add unit: …")


def _relations(model: Model) -> Iterator[ContractError]:
    roles: set[str] = set(model.entities)
    for entity in model.entities.values():
        for link in entity.relationships.values():
            other = model.entities.get(link.entity)
            if other is None:
                yield _defect(
                    entity,
                    "entity-unknown",
                    f"{link.entity!r} is not an entity",
                    did_you_mean(link.entity, model.entities),
                )
            elif strange := [name for name in link.by if name not in entity.columns]:
                yield _defect(
                    entity,
                    "reference-unknown",
                    f"{strange[0]!r} is not a column",
                    did_you_mean(strange[0], entity.columns),
                )
            elif len(other.key) != len(link.by):
                key, given = ", ".join(other.key), ", ".join(link.by)
                yield _defect(
                    entity,
                    "key-wide",
                    f"{link.entity!r} has the key {key}, and {given} is given for it",
                    "name a column for each of the key's, or relate the other way",
                )
            if link.is_role:
                if link.node in roles:
                    yield _defect(entity, "semantics-repeated", f"{link.node!r} is a name already")
                roles.add(link.node)


def _expression(
    model: Model, entity: Entity, one: Definition, text: str, inside: str = ""
) -> Iterator[ContractError]:
    """Names in braces that mean nothing, or lie where rows would be multiplied on the way."""
    try:
        names = references(text)
    except ValueError as error:
        yield _defect(one, "semantics-broken", f"{one.name!r}: {error}")
        return
    for name in names:
        found = meaning(model, entity, name, inside)
        if found is None:
            known = [*entity.dimensions, *entity.columns, *model.names()]
            yield _defect(
                one, "reference-unknown", f"{name!r} of {one.name!r} means nothing", did_you_mean(name, known)
            )
        elif isinstance(found, Elsewhere):
            try:
                steps = path(model, entity.name, found.node)
            except MeasureError as error:
                yield _defect(one, error.code, f"{name!r} of {one.name!r}: {error.what}")
            else:
                if not all(step.forward for step in steps):
                    yield _defect(
                        one,
                        "path-missing",
                        f"{name!r} of {one.name!r} has many values a row of {entity.name}",
                    )


def _circle(model: Model, start: Dimension) -> Iterator[ContractError]:
    """A dimension that is made of itself."""
    waiting, seen = [start], set[tuple[str, str]]()
    while waiting:
        here = waiting.pop()
        try:
            names = references(here.expression)
        except ValueError:
            return
        for name in names:
            found = meaning(model, model.entities[here.entity], name, here.name)
            found = found.dimension if isinstance(found, Elsewhere) else found
            if not isinstance(found, Dimension):
                continue
            if found == start:
                yield _defect(
                    start, "semantics-circular", f"{start.name!r} is made of itself, by {here.name!r}"
                )
                return
            if (found.entity, found.name) not in seen:
                seen.add((found.entity, found.name))
                waiting.append(found)


def _measures(model: Model, entity: Entity) -> Iterator[ContractError]:
    known = model.measures
    for measure in entity.measures.values():
        form = measure.form
        for text in filter(None, (form.sum, form.average, form.share, form.where)):
            yield from _expression(model, entity, measure, text)
        for name in (form.ratio.of, form.ratio.per) if form.ratio else ():
            if name not in known:
                yield _defect(
                    measure, "measure-unknown", f"{name!r} is not a measure", did_you_mean(name, known)
                )
            elif known[name].form.ratio:
                yield _defect(
                    measure, "semantics-broken", f"{measure.name!r} is a ratio of the ratio {name!r}"
                )
        if form.split and form.split.entity not in model.entities:
            near = did_you_mean(form.split.entity, model.entities)
            yield _defect(measure, "entity-unknown", f"{form.split.entity!r} is not an entity", near)
        elif form.split:
            yield from _expression(model, model.entities[form.split.entity], measure, form.split.sum)


def _saved(model: Model) -> Iterator[ContractError]:
    for saved in model.saved:
        try:
            for name in saved.measures:
                model.measure(name)
            for name in saved.by:
                model.dimension(name)
        except MeasureError as error:
            yield ContractError(
                error.code, f"{error.place!r} {error.what}", place=saved.place, remedy=error.remedy
            )


def _kept(model: Model) -> Iterator[ContractError]:
    """Kept measures that are not the sum of pieces, or whose view would have another's name."""
    taken = {*model.entities, *(one.name for one in model.saved)}
    taken |= {"kept_draft", "kept_pieces", "kept_refreshes"}
    for kept in model.kept:
        called = f"kept_{kept.name}"
        if called in taken:
            yield ContractError("semantics-repeated", f"there is a {called!r} already", place=kept.place)
        taken.add(called)
        entity = model.entities.get(kept.pieces_of)
        if entity is None or len(entity.key) != 1:
            what = f"{kept.pieces_of!r} is not an entity with a key of one column"
            near = did_you_mean(kept.pieces_of, model.entities)
            yield ContractError("entity-unknown", what, place=kept.place, remedy=near)
            continue
        try:
            found = list(_unkept(model, kept))
        except MeasureError as error:
            what = f"{error.place!r} {error.what}"
            yield ContractError(error.code, what, place=kept.place, remedy=error.remedy)
            continue
        for what in found:
            yield ContractError("semantics-broken", what, place=kept.place, remedy="leave it out")


def _unkept(model: Model, kept: Kept) -> Iterator[str]:
    """Why measures cannot be kept so: a row must belong to one piece and one group, whatever day it is."""
    measures, own = measures_of(model, kept), divided(model, kept.pieces_of)
    for measure in measures.values():
        split = measure.form.split
        if measure.entity not in own or (split and split.entity not in own):
            yield f"a row of {measure.name!r} is not of one {kept.pieces_of}"
            return
    query = pieces(model, kept, "UTC", anywhere(model, kept))
    nodes = [model.dimension(name).node for name in kept.by]
    for measure in measures.values():
        if measure.name in query.repeats:
            yield f"a row of {measure.name!r} is not of one group"
        split = measure.form.split
        if split and model.entities[split.entity].share is None:
            ways = (path(model, measure.entity, node) for node in nodes)
            if not all(step.forward for way in ways for step in way):
                yield f"the parts of {measure.name!r} are of another table, and might not add up to it"
    if CLOCK in query.sql.replace(f"<= (SELECT clock FROM {CLOCK})", ""):
        yield f"{kept.name!r} changes with every day, whatever lands"
