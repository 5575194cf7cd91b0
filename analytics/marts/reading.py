"""Reads every mart and ground from its file, and refuses what cannot be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from analytics.marts.closing import CLOSINGS, POSTINGS
from analytics.marts.header import GroundHeader, MartHeader
from analytics.marts.relation import CUSTOMER, Column, Ground, Library, Mart, Relation
from mesh.kernel.discovery import Mesh
from mesh.kernel.document import Node, parse_document
from mesh.kernel.errors import ContractError, did_you_mean

FOLDER = Path(__file__).parent
GROUNDS, QUESTIONS = "grounds", "questions"
_FILE = re.compile(r"/\*\n(?P<header>.*?)\n\*/\n(?P<sql>.+)", re.DOTALL)
_HEADING = re.compile(r"(\w+)(?: \((.+)\))?")
_READ = re.compile(r"\b(?:FROM|(?<!ARRAY )JOIN)\s+([a-z_][\w.]*)", re.IGNORECASE)
_DUE = re.compile(r"\{due (?:\w+\.)?(\w+)\}")
_PART = re.compile(r"\{part (\w+)\}")
_CTE = re.compile(r"\b([a-z_]\w*) AS \(", re.IGNORECASE)
_Header = TypeVar("_Header", GroundHeader, MartHeader)


def read_library(mesh: Mesh, folder: Path = FOLDER) -> Library:
    """All marts and grounds; raises :class:`ContractError` with file and line at the first fault."""
    relations: dict[str, Relation] = {}
    documents: dict[str, Node] = {}
    for kind in (GROUNDS, QUESTIONS):
        for path in sorted((folder / kind).glob("*.sql")):
            relation, document = _read(path, kind)
            if relation.name in relations:
                raise document.fault("mart-broken", f"{relation.name!r} is the name of a ground already")
            relations[relation.name], documents[relation.name] = relation, document
    views = {view for port in mesh.ports.values() if port.view for view in (port.view, f"{port.view}_clear")}
    views |= {CLOSINGS, POSTINGS}
    for name, relation in relations.items():
        for fault in _faults(relation, relations, views, mesh, documents[name]):
            raise fault
    for name, document in documents.items():
        _require_no_circle(name, relations, document, ())
    return Library(relations)


def _read(path: Path, kind: str) -> tuple[Relation, Node]:
    shown = f"analytics/marts/{kind}/{path.name}"
    match = _FILE.fullmatch(path.read_text(encoding="utf-8"))
    if match is None:
        raise ContractError(
            "mart-broken", "has no header", place=shown, remedy="begin with /*, YAML and */, then the query"
        )
    document = parse_document("\n" + match["header"], shown)
    sql = match["sql"].strip().rstrip(";")
    if kind == GROUNDS:
        ground = _header(GroundHeader, document)
        return Ground(path.stem, sql, tuple(ground.reads), shown, ground), document
    mart = _header(MartHeader, document)
    return Mart(path.stem, sql, tuple(mart.reads), shown, mart, tuple(_columns(mart))), document


def _header(kind: type[_Header], document: Node) -> _Header:
    try:
        return kind.model_validate(document.plain())
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(str(step) for step in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise document.at(list(first["loc"])).fault(
            "mart-broken", f"{what}: {said}" if what else said
        ) from None


def _columns(header: MartHeader) -> Iterator[Column]:
    for heading, meaning in header.columns.items():
        match = _HEADING.fullmatch(heading)
        assert match is not None
        yield Column(match[1], match[2] or "", " ".join(meaning.split()))


def _faults(
    relation: Relation, relations: dict[str, Relation], views: set[str], mesh: Mesh, document: Node
) -> Iterator[ContractError]:
    """Names that lead nowhere, and readings that the header does not tell."""
    for name in relation.reads:
        if name not in relations:
            yield document.need("reads").fault(
                "mart-broken", f"{name!r} is no ground or mart", did_you_mean(name, relations)
            )
    told = set(relation.reads)
    if isinstance(relation, Ground):
        yield from _kept_faults(relation, relations, document)
        yield from _worked_faults(relation, document)
        if relation.header.concerns and "{in_scope " not in relation.sql and not relation.reads:
            yield document.fault(
                "mart-broken", "limits nothing to {in_scope <account>}", "limit by it what it reads"
            )
        for view in (*relation.header.views, *relation.header.clear):
            if view not in views:
                yield document.fault("mart-broken", f"there is no view {view}", did_you_mean(view, views))
        told |= {*relation.header.views, *relation.header.clear}
    elif isinstance(relation, Mart):
        names = [column.name for column in relation.columns]
        ordered = [one.removesuffix(" desc") for one in relation.header.order]
        needed = [*relation.header.key, *ordered, *([CUSTOMER] if relation.by_customer else [])]
        for name in needed:
            if name not in names:
                yield document.need("columns").fault("mart-broken", f"{name!r} is not among them")
        if relation.from_sums and not any(
            isinstance(one, Ground) and one.header.sums for one in Library(relations).grounds(relation)
        ):
            yield document.need("refresh").fault("mart-broken", "reads no sums")
        if relation.by_customer or relation.from_sums:
            for one in Library(relations).grounds(relation):
                if one.header.worked:
                    yield document.need("refresh").fault(
                        "mart-broken", f"stands on {one.name}, which is worked out whole once a run"
                    )
        if relation.from_marts and not any(isinstance(relations.get(one), Mart) for one in relation.reads):
            yield document.need("refresh").fault("mart-broken", "reads no mart")
        if relation.header.owner not in mesh.domains:
            yield document.need("owner").fault(
                "mart-broken",
                f"{relation.header.owner!r} is no domain",
                did_you_mean(relation.header.owner, mesh.domains),
            )
    made = set(_CTE.findall(relation.sql))
    for name in _READ.findall(_without_comments(relation.sql)):
        if name not in told and name not in made:
            yield document.fault(
                "mart-broken", f"the query reads {name}, the header does not tell it", "add it to the header"
            )


def _kept_faults(ground: Ground, relations: dict[str, Relation], document: Node) -> Iterator[ContractError]:
    """A kept ground that cannot be limited to some facts, and sums of what is not kept."""
    header = ground.header
    read = [relations[name] for name in ground.reads if name in relations]
    if header.kept:
        below = [one for one in read if isinstance(one, Ground)]
        views = {view for one in below for view in one.header.views} | set(header.views)
        for view in sorted(views - set(header.kept.due)):
            yield document.need("kept").fault(
                "mart-broken", f"does not tell which facts a record of {view} changes", "add it to due"
            )
        limited = {name for one in (ground, *below) for name in _DUE.findall(one.sql)}
        told = {header.kept.by, *header.kept.beside}
        for column in sorted(told ^ limited):
            yield document.need("kept").fault(
                "mart-broken",
                f"limits nothing to {{due {column}}}"
                if column in told
                else f"reads what is {{due {column}}}, of which beside does not tell the ids",
            )
    if header.sums and not (len(read) == 1 and isinstance(read[0], Ground) and read[0].header.kept):
        yield document.need("sums").fault("mart-broken", "does not read one kept ground alone")


def _worked_faults(ground: Ground, document: Node) -> Iterator[ContractError]:
    """Stretches that the query does not keep to, or that the header does not tell."""
    worked = ground.header.worked
    told = {worked.by} if worked and worked.by else set()
    for column in sorted(told ^ set(_PART.findall(ground.sql))):
        yield document.fault(
            "mart-broken",
            f"limits nothing to {{part {column}}}" if column in told else f"is not worked out by {column}",
        )


def _without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


def _require_no_circle(
    name: str, relations: dict[str, Relation], document: Node, above: tuple[str, ...]
) -> None:
    if name in above:
        raise document.fault("mart-broken", f"reads itself, by way of {', '.join(above[1:]) or name}")
    for read in relations[name].reads:
        _require_no_circle(read, relations, document, (*above, name))
