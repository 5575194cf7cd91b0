"""Runs one query on a handle and hands the answer, piece by piece, to an outlet; blocks its thread."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from mesh.kernel.literal import text
from sinks.warehouse_server.engine import quote_name
from sinks.warehouse_server.errors import ClickHouseError, without_prefix
from sinks.warehouse_server.lanes import Lane
from sinks.warehouse_server.native import empty_block
from sinks.warehouse_server.policy import check
from sinks.warehouse_server.statements import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sinks.warehouse_server.engine import Engine, Handle
    from sinks.warehouse_server.request import ExternalTable, Query
    from sinks.warehouse_server.sessions import Sessions
    from sinks.warehouse_server.statements import Statement

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


def execute(engine: Engine, sessions: Sessions, query: Query, outlet: Outlet) -> Inserted | None:
    """Run ``query``; raise :class:`ClickHouseError` for whatever is refused or fails."""
    _refuse(query)
    try:
        return _execute(engine, sessions, query, outlet)
    except ClickHouseError as error:
        raise without_prefix(error, len(query.tag)) from None


def _execute(engine: Engine, sessions: Sessions, query: Query, outlet: Outlet) -> Inserted | None:
    session = query.session
    if session is None:
        with closing(engine.handle()) as handle:
            _prepare(handle, query)
            return _run(handle, query, outlet)
    with sessions.hold(session) as entry:
        if entry.handle is None and query.statement.keeps_state:
            entry.handle = engine.handle()
        if entry.handle is None:
            with closing(engine.handle()) as handle:
                _prepare(handle, query)
                return _run(handle, query, outlet)
        with _borrowed(entry.handle, query):
            return _run(entry.handle, query, outlet)


def _refuse(query: Query) -> None:
    statement = query.statement
    check(statement, query.parameters.values())
    if query.read_only and query.lane is Lane.WRITER:
        raise ClickHouseError(164, "default: Cannot execute query in readonly mode.", "READONLY")
    for table in query.external:
        check(parse(b"", _create(table).encode()))
    words = [token.upper for token in statement.tokens]
    if words[0] == "INSERT" and any(
        word == "INPUT" and statement.tokens[place + 1].value == "(" for place, word in enumerate(words[:-1])
    ):
        # The engine would take it, and insert nothing.
        raise ClickHouseError(48, "INSERT … SELECT … FROM input(…)", "NOT_IMPLEMENTED")


def _settings(query: Query) -> dict[str, str]:
    if query.read_only:
        return {**query.settings, "readonly": "2"}
    return query.settings


def _prepare(handle: Handle, query: Query) -> None:
    """Bring a fresh handle to the request's database and settings."""
    if query.database and query.database != "default":
        handle.use(query.database)
    handle.apply(_settings(query))


@contextmanager
def _borrowed(handle: Handle, query: Query) -> Iterator[None]:
    """A session's handle with the request's own database and settings; afterwards they are as before.

    What SET and USE themselves change stays.
    """
    settings = query.settings  # without readonly, which a handle can never leave again
    database = ""
    if query.database and query.statement.first != "USE":
        database = str(handle.rows("SELECT currentDatabase()")[0][0])
        handle.use(query.database)
    before: dict[str, str | None] = {}
    if settings and query.statement.first != "SET":
        names = ", ".join(text(name) for name in settings)
        known = handle.rows(f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})")
        before = {name: (value if changed else None) for name, value, changed in known}
        handle.apply(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            handle.run(f"SET {name} = {'DEFAULT' if value is None else text(value)}")
        if database:
            handle.use(database)
        for table in query.external:
            handle.run(f"DROP TEMPORARY TABLE IF EXISTS {quote_name(table.name)}")


def _run(handle: Handle, query: Query, outlet: Outlet) -> Inserted | None:
    for table in query.external:
        _load(handle, table)
    statement = query.statement
    if statement.data is not None:
        return _insert(handle, query, outlet)
    form = statement.format or query.default_format
    if statement.is_query and query.stream and form in _STREAMABLE:
        _stream(handle, query, form, outlet)
        return None
    result = handle.run(query.tag + statement.sql, form, query.parameters)
    answer = result.bytes() or b""
    if not answer and statement.returns_rows and form == "Native":
        answer = empty_block(handle, statement, query.parameters)
    outlet.head(form if statement.returns_rows else None, _summary(result, len(answer)))
    if answer:
        outlet.data(answer)
    return None


def _stream(handle: Handle, query: Query, form: str, outlet: Outlet) -> None:
    begun = False
    with closing(handle.stream(query.tag + query.statement.sql, form, query.parameters)) as blocks:
        for block in blocks:
            if not begun:
                outlet.head(form, {})
                begun = True
            if not outlet.data(block):
                return
    if not begun:
        outlet.head(form, {})
        if form == "Native":
            outlet.data(empty_block(handle, query.statement, query.parameters))


def _insert(handle: Handle, query: Query, outlet: Outlet) -> Inserted:
    statement: Statement = query.statement
    assert statement.data is not None
    assert statement.format is not None
    handle.apply({f"param_{name}": value for name, value in query.parameters.items()})
    result = handle.insert(lambda path: query.tag + statement.reading(path), statement.data)
    inserted = Inserted(int(result.rows_read()), int(result.bytes_read()))
    summary = {"read": inserted, "written": inserted}
    counts = {f"{verb}_rows": str(what.rows) for verb, what in summary.items()}
    sizes = {f"{verb}_bytes": str(what.bytes) for verb, what in summary.items()}
    outlet.head(None, {**counts, **sizes, "elapsed_ns": str(int(result.elapsed() * 1e9))})
    return inserted


def _create(table: ExternalTable) -> str:
    return f"CREATE TEMPORARY TABLE {quote_name(table.name)} ({table.structure}\n)"


def _load(handle: Handle, table: ExternalTable) -> None:
    name = quote_name(table.name)
    handle.run(_create(table))
    handle.insert(
        lambda path: f"INSERT INTO {name} FROM INFILE '{path}' COMPRESSION 'none' FORMAT {table.format}",
        (memoryview(table.data),),
    )


def _summary(result: Any, size: int) -> dict[str, str]:
    return {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "written_rows": str(result.rows_written()),
        "written_bytes": str(result.bytes_written()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
        "result_bytes": str(size),
    }
