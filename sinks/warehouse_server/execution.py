"""Runs one query on a handle and hands the answer, piece by piece, to an outlet; blocks its thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from sinks.warehouse_server.engine import Engine, Handle, quote_name
from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.native import empty_block
from sinks.warehouse_server.policy import check
from sinks.warehouse_server.statements import Lane, Statement

if TYPE_CHECKING:
    from sinks.warehouse_server.config import Limits
    from sinks.warehouse_server.request import ExternalTable, Query
    from sinks.warehouse_server.sessions import Entry, Sessions

_STREAMABLE: Final = frozenset(
    ("Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow", "NDJSON", "JSONLines")
)
"""Formats whose answer is the concatenation of its blocks' answers."""


class Outlet(Protocol):
    """Where the answer goes."""

    def head(self, form: str | None, summary: dict[str, str]) -> None:
        """The answer begins; ``form`` is its format, or None when it has no columns."""

    def data(self, piece: bytes) -> bool:
        """A piece of the answer; False: nobody wants more."""


@dataclass(frozen=True)
class Inserted:
    """What an INSERT with data brought."""

    rows: int
    bytes: int


def execute(
    engine: Engine, sessions: Sessions, limits: Limits, query: Query, outlet: Outlet
) -> Inserted | None:
    """Run ``query``; raise :class:`ClickHouseError` for whatever is refused or fails."""
    check(query.statement.tokens)
    if query.session is None:
        handle = engine.handle()
        try:
            _prepare(handle, query, limits)
            return _run(handle, query, outlet)
        finally:
            handle.close()
    entry = sessions.enter(query.session)
    try:
        return _run_in_session(engine, entry, limits, query, outlet)
    finally:
        sessions.leave(query.session, entry)


def _run_in_session(
    engine: Engine, entry: Entry, limits: Limits, query: Query, outlet: Outlet
) -> Inserted | None:
    kept = entry.handle
    if kept is None:
        handle = engine.handle()
        keep = False
        try:
            if query.statement.keeps_state:
                handle.run("SELECT 1")
                if query.database:
                    handle.use(query.database)
                inserted = _run(handle, query, outlet)
                entry.handle, keep = handle, True
            else:
                _prepare(handle, query, limits)
                inserted = _run(handle, query, outlet)
            return inserted
        finally:
            if not keep:
                handle.close()
    before = _remember(kept, query, limits)
    try:
        return _run(kept, query, outlet)
    finally:
        before.restore(kept)


def _settings(query: Query, limits: Limits) -> dict[str, str]:
    settings: dict[str, str] = {}
    if query.statement.lane is not Lane.WRITER:
        settings["max_threads"] = str(limits.reader_threads)
    settings.update(query.settings)
    if query.read_only:
        settings["readonly"] = "2"
    return settings


def _prepare(handle: Handle, query: Query, limits: Limits) -> None:
    handle.apply(_settings(query, limits))
    if query.database and query.database != "default":
        handle.use(query.database)


@dataclass(frozen=True)
class _Before:
    """A session's settings and database as they were before a request that has its own."""

    settings: dict[str, str | None]
    database: str | None

    def restore(self, handle: Handle) -> None:
        """Put them back."""
        if self.database is not None:
            handle.use(self.database)
        for name, value in self.settings.items():
            if value is None:
                handle.run(f"SET {name} = DEFAULT")
            else:
                handle.apply({name: value})


def _remember(handle: Handle, query: Query, limits: Limits) -> _Before:
    """Apply the request's own settings to the session's handle; what they replaced is returned."""
    if query.statement.first == "SET":
        return _Before({}, None)
    settings = dict(query.settings)
    database = None
    if query.database and query.statement.first != "USE":
        current = str(handle.rows("SELECT currentDatabase()")[0][0])
        if current != query.database:
            database = current
            handle.use(query.database)
    if query.read_only:
        settings["readonly"] = "2"
    if not settings:
        return _Before({}, database)
    names = ", ".join(f"'{name}'" for name in settings)
    known = handle.rows(f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})")
    previous = {name: (value if changed else None) for name, value, changed in known}
    handle.apply(settings)
    return _Before(previous, database)


def _run(handle: Handle, query: Query, outlet: Outlet) -> Inserted | None:
    for table in query.external:
        _load(handle, table)
    statement = query.statement
    if statement.data is not None:
        return _insert(handle, statement, outlet)
    form = statement.format or query.default_format
    sql = query.tag + statement.sql if statement.is_query else statement.sql
    if statement.is_query and query.stream and form in _STREAMABLE:
        _stream(handle, query, sql, form, outlet)
        return None
    result = handle.run(sql, form, query.parameters)
    answer = result.bytes() or b""
    if not answer and statement.returns_rows and form == "Native":
        answer = empty_block(handle, statement, query.parameters)
    outlet.head(form if statement.returns_rows else None, _summary(result, len(answer)))
    if answer:
        outlet.data(answer)
    return None


def _stream(handle: Handle, query: Query, sql: str, form: str, outlet: Outlet) -> None:
    begun = False
    blocks = handle.stream(sql, form, query.parameters)
    for block in blocks:
        if not begun:
            outlet.head(form, {})
            begun = True
        if not outlet.data(block):
            blocks.close()  # type: ignore[attr-defined]
            return
    if not begun:
        answer = empty_block(handle, query.statement, query.parameters) if form == "Native" else b""
        outlet.head(form, {})
        if answer:
            outlet.data(answer)


def _insert(handle: Handle, statement: Statement, outlet: Outlet) -> Inserted:
    assert statement.data is not None
    assert statement.format is not None
    result = handle.insert(statement.sql, statement.format, statement.data)
    rows, size = str(result.rows_written), str(result.bytes_written)
    outlet.head(
        None,
        {
            "read_rows": rows,
            "read_bytes": size,
            "written_rows": rows,
            "written_bytes": size,
            "elapsed_ns": str(int(result.elapsed * 1e9)),
        },
    )
    return Inserted(int(result.rows_written), int(result.bytes_written))


def _load(handle: Handle, table: ExternalTable) -> None:
    name = quote_name(table.name)
    handle.run(f"CREATE TEMPORARY TABLE {name} ({table.structure})")
    handle.insert(f"INSERT INTO {name}", table.format, (memoryview(table.data),))


def _summary(result: Any, size: int) -> dict[str, str]:
    return {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "written_rows": str(result.rows_written()),
        "written_bytes": str(result.bytes_written()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
        "result_bytes": str(size),
    }


__all__ = ["ClickHouseError", "Inserted", "Outlet", "execute"]
