"""The files and views of a mapping inside DuckDB, and its refusals as errors of the mapping.

Every view of a file has the column ``_at``: the file, the row (1 is the first after a CSV's header) and the
fault of the row, null unless a CSV cell is not of its stated type. A SELECT that carries ``_at`` through
makes an event answer for its row; one that does not makes it answer for its place in the SELECT's result.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from mesh.ingest.coerce import cell, literal, quoted
from mesh.ingest.mapping import Mapping, SourceFile
from mesh.kernel.errors import MappingError, did_you_mean

AT = "_at"
AT_TYPE = "STRUCT(file VARCHAR, row BIGINT, fault VARCHAR)"


def open_source(mapping: Mapping) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for each file and each view of the mapping.

    Raises :class:`MappingError` with the place in the mapping for whatever DuckDB refuses.
    """
    # Extracts that do not fit into memory spill here, not into the folder that one happens to be in.
    connection = duckdb.connect(config={"temp_directory": tempfile.gettempdir()})
    connection.execute("SET TimeZone = 'UTC'")
    for file in mapping.files:
        with refusals(file.place):
            connection.execute(f"CREATE VIEW {quoted(file.alias)} AS {_reading(connection, file)}")
    for name, select in mapping.views.items():
        with refusals(select.place):
            connection.execute(f"CREATE TABLE {quoted(name)} AS {select.sql}")
    return connection


@contextmanager
def refusals(place: str) -> Iterator[None]:
    """Turn DuckDB's errors into one line with the place of the SQL that caused them."""
    try:
        yield
    except duckdb.Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        text = re.sub(r"^[A-Za-z ]+ Error: ", "", lines[0]) if lines else type(error).__name__
        hints = [line for line in lines[1:3] if line.startswith(("Candidate", "Did you mean"))]
        raise MappingError(
            _code(error), text.rstrip("!"), place=place, remedy=hints[0] if hints else "mend the SQL"
        ) from None


def _code(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.BinderException):
        return "column-unknown" if "not found" in str(error) or "Candidate" in str(error) else "sql-broken"
    if isinstance(error, duckdb.CatalogException):
        return "table-unknown" if "Table" in str(error) else "sql-broken"
    if isinstance(
        error, duckdb.ConversionException | duckdb.OutOfRangeException | duckdb.InvalidInputException
    ):
        return "value-unreadable"
    if isinstance(error, duckdb.IOException):
        return "file-unreadable"
    return "sql-broken"


def _reading(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> str:
    if file.path.suffix.lower() == ".parquet":
        scan = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
        return f"SELECT {_at(file, 'file_row_number + 1', 'NULL')}, * EXCLUDE (file_row_number) FROM {scan}"
    options = "".join(f", {name} = {_option(value)}" for name, value in file.options.items())
    scan = (
        f"read_csv({literal(str(file.path))}, header = true, all_varchar = true, strict_mode = true{options})"
    )
    columns = connection.sql(f"SELECT * FROM {scan}").columns
    for column in file.types:
        if column not in columns:
            raise MappingError(
                "column-unknown", f"{file.shown} has no column {column!r}", place=file.place,
                remedy=did_you_mean(column, columns),
            )  # fmt: skip
    cells = {column: cell(quoted(column), stated, file.place) for column, stated in file.types.items()}
    faults = " ".join(
        f"WHEN {quoted(column)} IS NOT NULL AND {value} IS NULL"
        f" THEN {literal(f'{column} is not {file.types[column]}')}"
        for column, value in cells.items()
    )
    fault = f"CASE {faults} END" if cells else "NULL"
    replaced = ", ".join(f"{value} AS {quoted(column)}" for column, value in cells.items())
    star = f"* REPLACE ({replaced})" if cells else "*"
    return f"SELECT {_at(file, 'row_number() OVER ()', fault)}, {star} FROM {scan}"


def _at(file: SourceFile, row: str, fault: str) -> str:
    fields = f"{{'file': {literal(file.shown)}, 'row': {row}, 'fault': {fault}}}"
    return f"CAST({fields} AS {AT_TYPE}) AS {AT}"


def _option(value: str | int) -> str:
    return str(value) if isinstance(value, int) else literal(value)
