"""The semantic model: entities with their dimensions and measures, and how they are related."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analytics.semantic.statement import Kind, Lines, MeasureStatement
from mesh.kernel.errors import MeasureError, did_you_mean

LISTER = "mesh measures"
"""The command that lists measures and dimensions, of which there are too many for a line."""
QUESTION = ("as_of", "timezone")
"""Names in braces that the question gives: the moment that it is about, and the business time zone."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an entity's view."""

    name: str
    kind: Kind
    description: str = ""
    mask: str | None = None
    """How the view masks it, where it is personal."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a dimension and a measure have in common."""

    name: str
    entity: str
    description: str
    unit: str
    owner: str
    certified: bool
    place: str = field(repr=False)
    """``<file>:<line>``."""


@dataclass(frozen=True, slots=True)
class Dimension(Definition):
    """Something to group and filter by."""

    kind: Kind
    expression: str
    """ClickHouse expression with names in braces."""
    also: tuple[str, ...]
    unqualified: bool
    clear: bool


@dataclass(frozen=True, slots=True)
class Measure(Definition):
    """A number over rows of its entity."""

    form: MeasureStatement


@dataclass(frozen=True, slots=True)
class Relationship:
    """Many rows of an entity to one of another."""

    node: str
    """What it leads to: the name of the other entity, or its role."""
    entity: str
    by: tuple[str, ...]
    """The columns of the many; they hold the other's key."""
    is_role: bool


@dataclass(frozen=True, slots=True)
class Share:
    """How amounts of another entity's rows are divided among lines."""

    of: str
    amounts: Mapping[str, str]
    lines: Lines
    view: str
    """The view that has the lines."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Rows that are counted, grouped and related."""

    name: str
    domain: str
    description: str
    view: str
    """Its view, such as ``sales.orders``; personal texts are in clear in the one ending in ``_clear``."""
    key: tuple[str, ...]
    newest_by: tuple[str, ...]
    time: str | None
    is_fact: bool
    """Whether no row is later than the clock: it is one of those that make it, or made of these."""
    where: str | None
    columns: Mapping[str, Column]
    relationships: Mapping[str, Relationship]
    """By what they lead to."""
    dimensions: Mapping[str, Dimension]
    measures: Mapping[str, Measure]
    share: Share | None = None
    place: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Saved:
    """A question that is kept as a view."""

    name: str
    description: str
    measures: tuple[str, ...]
    by: tuple[str, ...]
    place: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept(Saved):
    """Measures by dimensions that are kept as a table of the warehouse."""

    pieces_of: str
    """The entity whose keys are divided into pieces, each worked out by itself."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A dimension as a question names it: at which node, and how its column is called in the answer."""

    node: str
    dimension: Dimension
    label: str


@dataclass(frozen=True)
class Model:
    """Every entity of the mesh."""

    entities: Mapping[str, Entity]
    clock: tuple[str, ...]
    """Tables of the facts whose greatest event time is the clock, superseded revisions included."""
    saved: tuple[Saved, ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def measures(self) -> dict[str, Measure]:
        """Every measure by its name."""
        return {name: one for entity in self.entities.values() for name, one in entity.measures.items()}

    def nodes(self) -> dict[str, str]:
        """Entity by node: each entity by its own name and, in a role, by the role's."""
        found = {name: name for name, entity in self.entities.items() if entity.share is None}
        for entity in self.entities.values():
            found |= {link.node: link.entity for link in entity.relationships.values() if link.is_role}
        return found

    def measure(self, name: str) -> Measure:
        """The measure of that name; raises :class:`MeasureError` with the nearest names."""
        measures = self.measures
        if name not in measures:
            raise MeasureError(
                "measure-unknown", "is not a measure", place=name, remedy=did_you_mean(name, measures, LISTER)
            )
        return measures[name]

    def dimension(self, name: str) -> Choice:
        """The dimension that a question names, bare or as ``<entity or role>.<dimension>``.

        Raises :class:`MeasureError` ``name-unknown`` with the nearest names, or ``name-ambiguous``
        with the ones that it may be.
        """
        before, dot, bare = name.rpartition(".")
        found = [
            (node, dimension)
            for node, dimension in self._offered()
            if bare in (dimension.name, *dimension.also)
            and (node == before if dot else node == dimension.entity)
        ]
        if len(found) > 1:
            found = [one for one in found if one[1].unqualified] or found
        if not found:
            raise MeasureError(
                "name-unknown",
                "is not a dimension",
                place=name,
                remedy=did_you_mean(name, self.names(), LISTER),
            )
        if len(found) > 1:
            choices = " or ".join(f"{node}.{dimension.name}" for node, dimension in found)
            raise MeasureError(
                "name-ambiguous",
                "is a dimension of several entities",
                place=name,
                remedy=f"write {choices}",
            )
        ((node, dimension),) = found
        return Choice(node, dimension, name if dot else dimension.name)

    def names(self) -> list[str]:
        """Every name by which a question may call a dimension."""
        names: dict[str, None] = {}
        for node, dimension in self._offered():
            if node == dimension.entity:
                names |= dict.fromkeys((dimension.name, *dimension.also))
            names[f"{node}.{dimension.name}"] = None
        return list(names)

    def _offered(self) -> Iterator[tuple[str, Dimension]]:
        for node, entity in self.nodes().items():
            for dimension in self.entities[entity].dimensions.values():
                yield node, dimension
