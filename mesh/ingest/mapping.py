"""A mapping file: which files a retailer has, and for each event the SELECT whose columns are its fields.

    source: kiosk                    # names the source system; the prefix of its ids by convention
    timezone: Europe/Berlin          # of times without a zone; default: the business time zone
    currency: EUR                    # of amounts whose SELECT has no currency; default: the reporting one
    files:                           # each becomes a view; CSV cells are text unless a type is stated
      sales: sales.csv
      items: {path: items.csv, types: {units: INTEGER, price: "DECIMAL(18,4)"}, options: {delim: ";"}}
      tills: {package: kiosk_data, path: tills.parquet}   # of a Python package that is installed
    views:                           # SELECTs that several events share, in order of use
      days: SELECT …
    events:                          # ties of event time leave in this order, versions of dimensions first
      PaymentRecorded: SELECT …
      OrderPlaced:
        select: SELECT …
        lists: {lines: {by: order_id, select: SELECT …}}

``overlay.yaml`` (value sets) and ``totals.yaml`` (totals to check against) are found beside it.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mesh.ingest.fields import list_fields
from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh
from mesh.kernel.document import Node, read_document
from mesh.kernel.errors import ContractError, MappingError, did_you_mean
from mesh.kernel.event import Event
from mesh.kernel.settings import Settings

FORMATS = (".csv", ".parquet")
CSV_OPTIONS = ("delim", "quote", "escape", "encoding", "nullstr", "skip")


@dataclass(frozen=True)
class SourceFile:
    """One file of the extract."""

    alias: str
    path: Path
    shown: str
    """The path as the mapping writes it: what errors and dead letters name."""
    types: MappingType[str, str]
    """DuckDB types of CSV columns; all others are text."""
    options: MappingType[str, str | int]
    place: str


@dataclass(frozen=True)
class Select:
    """A SELECT with the place where it is written."""

    sql: str
    place: str


@dataclass(frozen=True)
class ListSelect:
    """The SELECT that gives the elements of a list, joined to their event by a column of both."""

    select: Select
    by: str


@dataclass(frozen=True)
class EventSelect:
    """How the events of one type are made."""

    port: Port
    select: Select
    lists: MappingType[str, ListSelect]

    @property
    def name(self) -> str:
        """The event's name."""
        return self.port.record.__name__

    @property
    def selects(self) -> tuple[Select, ...]:
        """All SELECTs that its rows and their lists come from."""
        return (self.select, *(entry.select for entry in self.lists.values()))


@dataclass(frozen=True)
class Mapping:
    """A mapping file, checked as far as it can be without its data."""

    path: Path
    source: str
    timezone: str
    currency: str
    files: tuple[SourceFile, ...]
    views: MappingType[str, Select]
    events: tuple[EventSelect, ...]


def read_mapping(path: Path, mesh: Mesh, settings: Settings) -> Mapping:
    """Read a mapping file; raises :class:`MappingError` with file and line at the first fault."""
    try:
        return _mapping(read_document(path), path, mesh, settings)
    except ContractError as error:
        raise MappingError(error.code, error.what, place=error.place, remedy=error.remedy) from None


def _mapping(node: Node, path: Path, mesh: Mesh, settings: Settings) -> Mapping:
    node.only("source", "timezone", "currency", "files", "views", "events")
    views = node.get("views")
    return Mapping(
        path=path,
        source=node.need("source").text(),
        timezone=_timezone(node.get("timezone"), settings.timezone),
        currency=settings.currency if (currency := node.get("currency")) is None else currency.text(),
        files=tuple(_file(alias, entry, path.parent) for alias, entry in node.need("files").items()),
        views={} if views is None else {name: _select(entry) for name, entry in views.items()},
        events=tuple(_event(name, entry, mesh) for name, entry in node.need("events").items()),
    )


def _timezone(node: Node | None, default: str) -> str:
    if node is None:
        return default
    try:
        ZoneInfo(node.text())
    except (ZoneInfoNotFoundError, ValueError):
        raise node.fault("timezone-unknown", f"{node.text()!r} is not an IANA time zone") from None
    return node.text()


def _file(alias: str, node: Node, folder: Path) -> SourceFile:
    where = node if isinstance(node.value, str) else node.need("path")
    shown = where.text()
    if not shown.lower().endswith(FORMATS):
        raise where.fault("file-format", f"{shown!r} is neither CSV nor Parquet", "name it .csv or .parquet")
    package = None if isinstance(node.value, str) else node.get("package")
    path = (folder if package is None else _package(package)) / shown
    if not path.is_file():
        near = [found.name for found in path.parent.glob("*")] if path.parent.is_dir() else []
        raise where.fault(
            "file-missing", f"{shown!r} does not exist", did_you_mean(path.name, near) if near else ""
        )
    if isinstance(node.value, str):
        return SourceFile(alias, path, shown, {}, {}, where.place)
    node.only("package", "path", "types", "options")
    types, options = node.get("types"), node.get("options")
    if not shown.lower().endswith(".csv") and (types or options):
        raise node.fault("key-unknown", "types and options are for CSV only", "cast in the SELECT")
    if options is not None:
        options.only(*CSV_OPTIONS)
    return SourceFile(
        alias,
        path,
        shown,
        {} if types is None else {column: entry.text() for column, entry in types.items()},
        {} if options is None else {name: entry.plain() for name, entry in options.items()},
        node.place,
    )


def _package(node: Node) -> Path:
    """The folder of an installed Python package that brings data along."""
    found = find_spec(node.text()) if node.text().isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise node.fault(
            "package-missing",
            f"the Python package {node.text()!r} is not installed",
            "SOURCE.txt beside a mapping says where its data come from",
        )
    return Path(found.submodule_search_locations[0])


def _event(name: str, node: Node, mesh: Mesh) -> EventSelect:
    ports = {port.record.__name__: port for port in mesh.ports.values() if issubclass(port.record, Event)}
    if name not in ports:
        raise node.fault("event-unknown", f"{name!r} is not an event of the mesh", did_you_mean(name, ports))
    port = ports[name]
    if isinstance(node.value, str):
        select, lists = node, {}
    else:
        node.only("select", "lists")
        select, entry = node.need("select"), node.get("lists")
        lists = {} if entry is None else dict(entry.items())
    known = list_fields(port.record)
    for field, element in lists.items():
        if field not in known:
            raise element.fault(
                "field-unknown", f"{field!r} is not a list of {name}", did_you_mean(field, known)
            )
        element.only("select", "by")
    for field in known:
        if field not in lists:
            raise node.fault(
                "list-missing", f"{name} has {field}", f"write lists: {{{field}: {{by: …, select: …}}}}"
            )
    found = {
        field: ListSelect(_select(element.need("select")), element.need("by").text())
        for field, element in lists.items()
    }
    return EventSelect(port, _select(select), found)


def _select(node: Node) -> Select:
    return Select(node.text().strip().rstrip(";"), node.place)
