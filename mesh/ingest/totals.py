"""A retailer's own totals, straight from its source files: the outer check on everything in between.

``totals.yaml`` beside the mapping lists SELECTs whose columns are totals (see
data/adventureworks/totals.yaml).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from mesh.ingest.mapping import read_mapping
from mesh.ingest.source import open_source, refusals
from mesh.kernel.discovery import find_mesh
from mesh.kernel.document import Node, read_document
from mesh.kernel.errors import ContractError, MappingError, did_you_mean
from mesh.kernel.settings import load_settings

MAPPING = "mapping.yaml"
TOTALS = "totals.yaml"


@dataclass(frozen=True, slots=True)
class Total:
    """One named figure, as text so that every digit counts: money with its four decimals, counts without."""

    name: str
    source_value: str
    """Computed from the source files."""
    published_value: str | None
    """Found by others; None where nobody has said."""
    landed_sql: str | None
    """A ClickHouse SELECT of one row, whose column ``name`` is the figure as landed."""


def source_totals(folder: Path) -> list[Total]:
    """The totals of the retailer in ``folder``; none where it has no ``totals.yaml``.

    Raises :class:`MappingError` with file and line when mapping, totals or their SQL cannot be used.
    """
    path = folder / TOTALS
    if not path.exists():
        return []
    settings = load_settings(retailer=str(folder.resolve()))
    mapping = read_mapping(folder / MAPPING, find_mesh(settings), settings)
    try:
        root = read_document(path)
        if not isinstance(root.value, list):
            raise root.fault("type-wrong", "totals are a list")
        connection = open_source(mapping)
        return [total for entry in root.value for total in _totals(connection, entry)]
    except ContractError as error:
        raise MappingError(error.code, error.what, place=error.place, remedy=error.remedy) from None


def figure(value: Any) -> str:
    """A figure as text: decimals as they are, whole numbers without a point."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError(f"{type(value).__name__} is no exact figure")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _totals(connection: duckdb.DuckDBPyConnection, node: Node) -> list[Total]:
    node.only("source", "landed", "published")
    source, landed, published = node.need("source"), node.get("landed"), node.get("published")
    with refusals(source.place):
        found = connection.sql(source.text())
        names, rows = list(found.columns), found.fetchall()
    if len(rows) != 1:
        raise source.fault("totals-rows", f"gives {len(rows)} rows", "write a SELECT of one row")
    known = {} if published is None else dict(published.items())
    for name, entry in known.items():
        if name not in names:
            raise entry.fault(
                "total-unknown", f"{name!r} is not a column of source", did_you_mean(name, names)
            )
    totals = []
    for name, value in zip(names, rows[0], strict=True):
        try:
            text = figure(value)
        except TypeError as error:
            raise source.fault("type-wrong", f"{name!r}: {error}", "cast it to a DECIMAL") from None
        said = known.get(name)
        totals.append(
            Total(
                name,
                text,
                None if said is None else str(said.plain()),
                None if landed is None else landed.text(),
            )
        )
    return totals
