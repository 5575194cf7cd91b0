"""The files and views of a mapping inside DuckDB, and its refusals as errors of the mapping.

Every view of a file has the column ``_at``: the file, the row (1 is the first after a CSV's header) and the
fault of the row, null unless a CSV cell is not of its stated type. A SELECT that carries ``_at`` through
makes an event answer for its row; one that does not makes it answer for its place in the SELECT's result.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from mesh.ingest.coerce import cell, literal, quoted
from mesh.ingest.mapping import Mapping, Select, SourceFile
from mesh.kernel.errors import MappingError, did_you_mean

AT = "_at"
AT_TYPE = "STRUCT(file VARCHAR, row BIGINT, fault VARCHAR)"
_NONE = "(empty)"
"""How DuckDB writes that a dialect has no such character."""


def open_source(mapping: Mapping, selects: Iterable[Select] | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for each file and each view of the mapping that ``selects`` need.

    Without ``selects`` it has them all. Raises :class:`MappingError` with the place in the mapping for
    whatever DuckDB refuses.
    """
    needed = None if selects is None else _needed(mapping, selects)
    # Extracts that do not fit into memory spill here, not into the folder that one happens to be in.
    connection = duckdb.connect(config={"temp_directory": tempfile.gettempdir()})
    connection.execute("SET TimeZone = 'UTC'")
    for file in mapping.files:
        if needed is None or file.alias in needed:
            with refusals(file.place):
                connection.execute(f"CREATE VIEW {quoted(file.alias)} AS {_reading(connection, file)}")
    for name, select in mapping.views.items():
        if needed is None or name in needed:
            with refusals(select.place):
                connection.execute(f"CREATE TABLE {quoted(name)} AS {select.sql}")
    return connection


def _needed(mapping: Mapping, selects: Iterable[Select]) -> set[str]:
    """The files and views that SELECTs mention, themselves or by a view; one too many at worst."""
    sqls = [select.sql for select in selects]
    needed = set()
    # A view can only be made of views before it.
    for name in (*reversed(list(mapping.views)), *(file.alias for file in mapping.files)):
        word = re.compile(rf"(?<!\w){re.escape(quoted(name)[1:-1])}(?!\w)", re.IGNORECASE)
        if any(map(word.search, sqls)):
            needed.add(name)
            if name in mapping.views:
                sqls.append(mapping.views[name].sql)
    return needed


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
    scan, columns = _csv(connection, file)
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


def _csv(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> tuple[str, list[str]]:
    """The scan of a CSV file, every cell as text, and its columns.

    The file's dialect is found out once and stated from then on: DuckDB would do it again for every SELECT,
    which costs more than reading some thousand rows. No line is taken for a comment, since it would be lost.
    """
    fixed = "header = true, all_varchar = true, strict_mode = true, comment = ''"
    stated = "".join(f", {name} = {_option(value)}" for name, value in file.options.items())
    path = literal(str(file.path))
    try:
        ((delim, quote, escape, skip, columns),) = connection.sql(
            "SELECT Delimiter, Quote, Escape, SkipRows, list_transform(Columns, lambda cell: cell.name)"
            f" FROM sniff_csv({path}, {fixed}{stated})"
        ).fetchall()
    except duckdb.InvalidInputException:
        # Such as a file without a row: reading it tells what is wrong with it, if anything is.
        scan = f"read_csv({path}, {fixed}{stated})"
        return scan, connection.sql(f"SELECT * FROM {scan}").columns
    found = {"delim": delim, "quote": quote, "escape": escape, "skip": skip}
    found |= {name: "" for name, value in found.items() if value == _NONE}
    # How lines end is left to the reader: told that they end with CR and LF, it finds none (DuckDB 2.0).
    dialect = "".join(f", {name} = {_option(value)}" for name, value in {**file.options, **found}.items())
    names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return f"read_csv({path}, auto_detect = false, {fixed}, columns = {{{names}}}{dialect})", columns


def _at(file: SourceFile, row: str, fault: str) -> str:
    fields = f"{{'file': {literal(file.shown)}, 'row': {row}, 'fault': {fault}}}"
    return f"CAST({fields} AS {AT_TYPE}) AS {AT}"


def _option(value: str | int) -> str:
    return str(value) if isinstance(value, int) else literal(value)
