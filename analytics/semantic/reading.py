"""Reads every domain's ``semantics.yaml`` into one model, and refuses what its views do not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from analytics.semantic.judging import faults
from analytics.semantic.model import (
    Column,
    Dimension,
    Entity,
    Kept,
    Measure,
    Model,
    Relationship,
    Saved,
    Share,
)
from analytics.semantic.statement import (
    Defined,
    DimensionStatement,
    EntityStatement,
    Kind,
    SemanticsStatement,
    ShareStatement,
)
from analytics.semantic.template import references
from mesh.kernel.document import Node, read_document
from mesh.kernel.errors import did_you_mean
from mesh.kernel.structure import shapes

if TYPE_CHECKING:
    from mesh.kernel.contract import Computed, Port
    from mesh.kernel.discovery import Domain, Mesh

FILE = "semantics.yaml"
_Named = TypeVar("_Named", Dimension, Measure)
_Held = TypeVar("_Held")


@dataclass(frozen=True)
class _File:
    """One domain's file."""

    domain: Domain
    document: Node
    statement: SemanticsStatement

    def at(self, *path: str | int) -> Node:
        """What stands at a path, or around it."""
        return self.document.at(list(path))

    def view(self, name: str, node: Node) -> Port:
        """The port of the domain whose view has that name."""
        ports = {port.table: port for port in self.domain.contract.ports if port.table}
        if name not in ports:
            raise node.fault(
                "view-unknown", f"{name!r} is not a view of {self.domain.name}", did_you_mean(name, ports)
            )
        return ports[name]


def read_model(mesh: Mesh) -> Model:
    """The model of all domains; raises :class:`ContractError` with file and line at the first fault."""
    files = [_read(domain) for domain in mesh.domains.values() if (domain.folder / FILE).exists()]
    entities: dict[str, Entity] = {}
    for file in files:
        for place, stated in enumerate(file.statement.entities):
            node = file.at("entities", place)
            _add(entities, _entity(file, stated, node), node)
    for file in files:
        for place, share in enumerate(file.statement.shares):
            node = file.at("shares", place)
            _add(entities, _share(file, share, node, entities), node)
    clock = tuple(
        str(file.view(name, file.at("clock", place)).physical_table)
        for file in files
        for place, name in enumerate(file.statement.clock)
    )
    model = Model(entities, clock, tuple(_saved(files)), tuple(_kept(files)))
    for fault in faults(model):
        raise fault
    return model


def _saved(files: Iterable[_File]) -> Iterator[Saved]:
    for file in files:
        for place, one in enumerate(file.statement.views):
            node = file.at("views", place)
            yield Saved(one.name, one.description, tuple(one.measures), tuple(one.by), node.place)


def _kept(files: Iterable[_File]) -> Iterator[Kept]:
    for file in files:
        for place, one in enumerate(file.statement.kept):
            node = file.at("kept", place)
            yield Kept(
                one.name, one.description, tuple(one.measures), tuple(one.by), node.place, one.pieces_of
            )


def _read(domain: Domain) -> _File:
    document = read_document(domain.folder / FILE, f"{domain.shown_as}/{FILE}")
    try:
        statement = SemanticsStatement.model_validate(document.plain())
    except ValidationError as error:
        first = error.errors()[0]
        node = document.at(list(first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        what = ".".join(str(step) for step in first["loc"] if isinstance(step, str))
        raise node.fault("semantics-broken", f"{what}: {said}" if what else said) from None
    return _File(domain, document, statement)


def _add(entities: dict[str, Entity], entity: Entity, node: Node) -> None:
    if entity.name in entities:
        raise node.fault(
            "semantics-repeated",
            f"there is an entity {entity.name!r} already, in {entities[entity.name].place}",
        )
    entities[entity.name] = entity


def _entity(file: _File, stated: EntityStatement, node: Node) -> Entity:
    port = file.view(stated.from_, node.need("from"))
    columns = columns_of(port)
    for key in ("key", "newest_by"):
        for name in getattr(stated, key):
            _need_column(name, columns, node.need(key))
    if stated.time:
        _need_column(stated.time, columns, node.need("time"))
    if stated.where:
        for name in references(stated.where):
            _need_column(name, columns, node.need("where"))
    dimensions = [
        _dimension(file, stated, one, columns, node.need("dimensions").members()[place])
        for place, one in enumerate(stated.dimensions)
    ]
    measures = [
        Measure(**_defined(file, stated, one, node.need("measures").members()[place]), form=one)
        for place, one in enumerate(stated.measures)
    ]
    return Entity(
        name=stated.name,
        domain=file.domain.name,
        description=stated.description,
        view=str(port.view),
        key=tuple(stated.key),
        newest_by=tuple(stated.newest_by),
        time=stated.time,
        is_fact=stated.from_ in file.statement.clock or port.revision == "version",
        where=stated.where,
        columns=columns,
        relationships=_relationships(stated, node),
        dimensions=_by_name(dimensions, node),
        measures=_by_name(measures, node),
        place=node.place,
    )


def _share(file: _File, stated: ShareStatement, node: Node, entities: Mapping[str, Entity]) -> Entity:
    if stated.of not in entities:
        raise node.need("of").fault(
            "entity-unknown", f"{stated.of!r} is not an entity", did_you_mean(stated.of, entities)
        )
    whole, lines = entities[stated.of], stated.lines
    port = file.view(lines.from_, node.need("lines"))
    held = shapes(port.record)
    for name in (lines.by, *(f"{lines.elements}.{one}" for one in (lines.number, lines.weight, *lines.keep))):
        _need_column(name, held, node.need("lines"))
    taken = [
        whole.columns[name] for name in dict.fromkeys((*whole.key, lines.by, *filter(None, [whole.time])))
    ]
    kept = [
        Column(name, _kind(held[f"{lines.elements}.{name}"].python_type))
        for name in (lines.number, *lines.keep)
    ]
    amounts = [Column(name, "number") for name in stated.amounts]
    return Entity(
        name=stated.name,
        domain=file.domain.name,
        description=stated.description,
        view=whole.view,
        key=(*whole.key, lines.number),
        newest_by=(),
        time=whole.time,
        is_fact=whole.is_fact,
        where=None,
        columns={column.name: column for column in (*taken, *kept, *amounts)},
        relationships=_relationships(stated, node),
        dimensions={},
        measures={},
        share=Share(stated.of, stated.amounts, lines, str(port.view)),
        place=node.place,
    )


def columns_of(port: Port) -> dict[str, Column]:
    """The columns of a port's view, those of lists by their dotted path, and the computed ones."""
    found = {}
    for path, shape in shapes(port.record).items():
        promise = port.promises.get(path)
        top = port.record.model_fields.get(path)
        said = (top.description or "") if top else ""
        found[path] = Column(path, _kind(shape.python_type), said, promise.mask if promise else None)
    for computed in port.computed:
        found[computed.name] = Column(computed.name, _computed_kind(computed), computed.meaning)
    return found


def _kind(python_type: type[Any]) -> Kind:
    if issubclass(python_type, bool):
        return "flag"
    if issubclass(python_type, datetime):
        return "moment"
    if issubclass(python_type, date):
        return "date"
    return "text" if issubclass(python_type, str | bytes) else "number"


def _computed_kind(computed: Computed) -> Kind:
    return "text" if "String" in computed.type else "number"


def _defined(
    file: _File, entity: EntityStatement, stated: Defined, node: Node, column: Column | None = None
) -> dict[str, Any]:
    description = stated.description or (column.description.rstrip(".") if column else "")
    return {
        "name": stated.name,
        "entity": entity.name,
        "description": " ".join(description.split()),
        "unit": stated.unit or "",
        "owner": stated.owner or file.domain.product.owner,
        "certified": entity.certified if stated.certified is None else stated.certified,
        "place": node.place,
    }


def _dimension(
    file: _File,
    entity: EntityStatement,
    stated: DimensionStatement,
    columns: Mapping[str, Column],
    node: Node,
) -> Dimension:
    column = None
    if stated.expression is None:
        column = _need_column(stated.column or stated.name, columns, node)
    kind = stated.type or (column.kind if column else "text")
    return Dimension(
        **_defined(file, entity, stated, node, column),
        kind=kind,
        expression=stated.expression or f"{{{column.name if column else ''}}}",
        also=tuple(stated.also),
        unqualified=stated.unqualified,
        clear=stated.clear,
    )


def _relationships(stated: EntityStatement | ShareStatement, node: Node) -> dict[str, Relationship]:
    found: dict[str, Relationship] = {}
    for place, one in enumerate(stated.relationships):
        name = one.as_ or one.to
        if name in found:
            raise (
                node.need("relationships")
                .members()[place]
                .fault(
                    "semantics-repeated", f"two relationships lead to {name!r}", "name one of them with as: …"
                )
            )
        by = (one.by,) if isinstance(one.by, str) else tuple(one.by)
        found[name] = Relationship(name, one.to, by, one.as_ is not None)
    return found


def _by_name(items: Iterable[_Named], node: Node) -> dict[str, _Named]:
    found: dict[str, _Named] = {}
    for item in items:
        if item.name in found:
            raise node.fault("semantics-repeated", f"{item.name!r} is defined twice")
        found[item.name] = item
    return found


def _need_column(name: str, columns: Mapping[str, _Held], node: Node) -> _Held:
    if name not in columns:
        raise node.fault(
            "reference-unknown", f"{name!r} is not a column of the view", did_you_mean(name, columns)
        )
    return columns[name]
