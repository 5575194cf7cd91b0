"""Statements are split where ClickHouse splits them."""

from __future__ import annotations

import pytest

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.statements import SQL_LIMIT, Statement, parse


def body_of(statement: Statement) -> bytes:
    """All data of an INSERT."""
    assert statement.data is not None
    return b"".join(statement.data)


@pytest.mark.parametrize(
    ("query", "body", "sql", "form", "data"),
    [
        (
            b"",
            b"INSERT INTO t (a, b) FORMAT Native\n\x01\x00;x",
            "INSERT INTO t (a, b)",
            "Native",
            b"\x01\x00;x",
        ),
        (b"", b"INSERT INTO t FORMAT CSV\r\n1\n", "INSERT INTO t", "CSV", b"1\n"),
        (b"", b"insert into t format CSV; 1", "insert into t", "CSV", b" 1"),
        (b"", b'INSERT INTO t FORMAT JSONEachRow {"a":1}', "INSERT INTO t", "JSONEachRow", b'{"a":1}'),
        (b"INSERT INTO t FORMAT Avro", b" \nObj", "INSERT INTO t", "Avro", b" \nObj"),
        (b"INSERT INTO t FORMAT CSV\n1\n", b"2\n", "INSERT INTO t", "CSV", b"1\n2\n"),
        (b"INSERT INTO t VALUES", b"(1)", "INSERT INTO t", "Values", b"(1)"),
        (b"INSERT INTO t VALUES (1),", b"(2)", "INSERT INTO t", "Values", b" (1),(2)"),
        (b"INSERT INTO t", b"(1)", "INSERT INTO t", "Values", b"(1)"),
        (
            b"INSERT INTO t SETTINGS a = 'FORMAT x' FORMAT CSV",
            b"1",
            "INSERT INTO t SETTINGS a = 'FORMAT x'",
            "CSV",
            b"1",
        ),
    ],
)
def test_inserts_end_where_their_data_begin(
    query: bytes, body: bytes, sql: str, form: str, data: bytes
) -> None:
    """The statement, the format, and every byte of the data."""
    statement = parse(query, body)
    assert (statement.first, statement.sql, statement.format) == ("INSERT", sql, form)
    assert body_of(statement) == data


@pytest.mark.parametrize(
    ("sql", "head", "settings"),
    [
        ("INSERT INTO t", "INSERT INTO t", ""),
        ("/* c */ INSERT INTO t (settings, b) -- d", "/* c */ INSERT INTO t (settings, b) -- d", ""),
        ("INSERT INTO t SETTINGS a = 1, b = 'SETTINGS'", "INSERT INTO t ", "SETTINGS a = 1, b = 'SETTINGS'"),
        (
            "/* SETTINGS */ INSERT INTO t (a) SETTINGS a = 1",
            "/* SETTINGS */ INSERT INTO t (a) ",
            "SETTINGS a = 1",
        ),
    ],
)
def test_inserts_can_read_their_data_from_a_file(sql: str, head: str, settings: str) -> None:
    """The file stands between the table and the settings, whatever comments and columns there are."""
    statement = parse(b"", f"{sql}\nFORMAT CSV\n1".encode())
    assert statement.reading("/f") == f"{head}\nFROM INFILE '/f' COMPRESSION 'none'\n{settings}\nFORMAT CSV"


def test_a_format_is_a_bare_word() -> None:
    """A quoted name could smuggle in a clause of its own."""
    assert parse(b"", b"INSERT INTO t FORMAT `CSV SETTINGS x = 1` 1").format is None


@pytest.mark.parametrize(
    ("sql", "rest", "form"),
    [
        ("SELECT 1 FORMAT JSON", "SELECT 1", "JSON"),
        ("SELECT 1\n FORMAT Native ;", "SELECT 1", "Native"),
        ("SELECT 1 FORMAT JSON SETTINGS max_threads = 1", "SELECT 1  SETTINGS max_threads = 1", "JSON"),
        ("SELECT format FROM t", "SELECT format FROM t", None),
        ("SELECT 'x FORMAT JSON'", "SELECT 'x FORMAT JSON'", None),
        ("SELECT 1 -- FORMAT JSON", "SELECT 1 -- FORMAT JSON", None),
        ("SELECT a AS format, b FROM t", "SELECT a AS format, b FROM t", None),
        ("INSERT INTO t SELECT 1", "INSERT INTO t SELECT 1", None),
    ],
)
def test_the_format_clause_is_found_at_the_end_only(sql: str, rest: str, form: str | None) -> None:
    """A column, a string or a comment with that word is none."""
    statement = parse(b"", sql.encode())
    assert (statement.sql, statement.format, statement.data) == (rest, form, None)


def test_query_and_body_are_one_text() -> None:
    """Unless the query is an INSERT that takes data."""
    assert parse(b"SELECT 1", b"+ 1").sql == "SELECT 1\n+ 1"
    assert parse(b"INSERT INTO t SELECT", b"1").sql == "INSERT INTO t SELECT\n1"


def test_values_inside_the_statement_stay_there() -> None:
    """The engine reads them, with parameters; the policy sees them as expressions."""
    statement = parse(b"", b"INSERT INTO t VALUES (1, 'a;b'), (f(2), 'c')")
    assert statement.sql.endswith("(f(2), 'c')")
    assert (statement.data, statement.expressions) == (None, b" (1, 'a;b'), (f(2), 'c')")
    assert [token.value for token in statement.tokens] == ["INSERT", "INTO", "t"]


@pytest.mark.parametrize(
    "text", [b"", b"   ", b"-- nothing", b";", b"SELECT 1; SELECT 2", b"DROP TABLE a; DROP TABLE b"]
)
def test_none_or_several_statements_are_a_syntax_error(text: bytes) -> None:
    """One request, one statement."""
    with pytest.raises(ClickHouseError) as caught:
        parse(b"", text)
    assert caught.value.code == 62


def test_too_long_a_statement_is_refused() -> None:
    """The SQL part has a limit; data has none here."""
    with pytest.raises(ClickHouseError):
        parse(b"", b"SELECT " + b" " * SQL_LIMIT + b"1")
    assert len(body_of(parse(b"", b"INSERT INTO t FORMAT CSV\n" + b"1\n" * SQL_LIMIT))) == 2 * SQL_LIMIT


@pytest.mark.parametrize(
    ("sql", "is_query", "returns_rows", "keeps_state"),
    [
        ("SELECT 1", True, True, False),
        ("(SELECT 1)", True, True, False),
        ("WITH 1 AS x SELECT x", True, True, False),
        ("FROM t SELECT a", True, True, False),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", False, False, False),
        ("SHOW TABLES", False, True, False),
        ("SET a = 1", False, False, True),
        ("USE d", False, False, True),
        ("CREATE TEMPORARY TABLE t (a Int32)", False, False, True),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a Int32)", False, False, True),
        ("CREATE TABLE t (a Int32) ENGINE = Memory", False, False, False),
        ("ALTER TABLE t DELETE WHERE 1", False, False, False),
    ],
)
def test_kinds_of_statements(sql: str, is_query: bool, returns_rows: bool, keeps_state: bool) -> None:
    """What may be streamed and killed, what has columns, what a session must remember."""
    statement = parse(b"", sql.encode())
    assert (statement.is_query, statement.returns_rows, statement.keeps_state) == (
        is_query,
        returns_rows,
        keeps_state,
    )
