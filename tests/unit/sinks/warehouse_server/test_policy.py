"""The second wall: refused by its tokens, whatever the engine's grants would say."""

from __future__ import annotations

import pytest

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.policy import check
from sinks.warehouse_server.statements import parse


def refused(sql: str, *texts: str) -> bool:
    """Whether the policy refuses ``sql``."""
    statement = parse(b"", sql.encode())
    try:
        check(statement, texts)
    except ClickHouseError as error:
        return error.code == 497
    return False


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x (a Int32) ENGINE = Kafka",
        "create table x (a Int32) engine kafka",
        "CREATE TABLE x (a Int32) /* c */ ENGINE -- c\n = `Kafka`",
        "CREATE TABLE x (a Int32) ENGINE = ReplicatedSummingMergeTree",
        "CREATE TABLE x (a Int32) ENGINE = IcebergS3('u')",
        "CREATE DATABASE x ENGINE = Replicated('/a', 'b', 'c')",
        "CREATE DATABASE x ENGINE = Lazy(1)",
        "ATTACH DATABASE x ENGINE = Filesystem('/')",
        "ATTACH TABLE x FROM '/p' (a Int32) ENGINE = MergeTree ORDER BY a",
        "CREATE TABLE x (a Int32) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local)",
        "SELECT * FROM File('x')",
        "SELECT * FROM `url`('x')",
        "SELECT * FROM icebergLocal('x')",
        "SELECT * FROM python(x)",
        "SELECT file('x')",
        "SELECT arrayMap(file, [a])",
        "SELECT * APPLY(file) FROM t",
        "INSERT INTO FUNCTION url('x') SELECT 1",
        "INSERT INTO TABLE FUNCTION s3('x') SELECT 1",
        "INSERT INTO t VALUES (1, file('x'))",
        "INSERT INTO t VALUES (1, `file`('x'))",
        "INSERT INTO t VALUES (arrayMap(file, ['x']))",
        "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        "SELECT 1 INTO OUTFILE 'x'",
        "CREATE VIEW v AS SELECT * FROM remote('h', 'd', 't')",
        "CREATE DICTIONARY d (k UInt64) PRIMARY KEY k SOURCE(EXECUTABLE(COMMAND 'id')) LAYOUT(FLAT())",
        "CREATE OR REPLACE DICTIONARY d (k UInt64) PRIMARY KEY k SOURCE(HTTP(URL 'u')) LAYOUT(FLAT())",
        "CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(CLICKHOUSE(QUERY 'SELECT file(1)'))",
        "CREATE DICTIONARY d (k Int8) PRIMARY KEY k LAYOUT(SSD_CACHE(PATH 'p'))",
        "SELECT * FROM format(CSV, 'a String DEFAULT file(1)', 'x')",
        "SET ROLE x",
        "SET DEFAULT ROLE x TO y",
        "EXECUTE AS x SELECT 1",
        "SYSTEM SHUTDOWN",
        "DROP DATABASE IF EXISTS system",
        "DROP DATABASE `default`",
        "DETACH DATABASE information_schema",
        "RENAME DATABASE default TO x",
        "ALTER TABLE system.query_log DELETE WHERE 1",
        "RENAME TABLE a.b TO system.c",
        "BACKUP TABLE t TO File('x')",
        "RESTORE TABLE t FROM File('x')",
    ],
)
def test_dangerous_statements_are_refused(sql: str) -> None:
    """In odd casing, quotes, comments and places."""
    assert refused(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'file(1)', \"url\" FROM t -- remote(1)",
        "SELECT file, t.file, min(file) FROM t WHERE url = 'x' ORDER BY (file, url)",
        "SELECT engine FROM system.tables WHERE engine = 'Kafka'",
        "CREATE VIEW v AS SELECT name, engine FROM system.tables",
        "CREATE VIEW v AS SELECT count() FROM system.parts",
        "CREATE TABLE file (a Int32) ENGINE = MergeTree ORDER BY a",
        "CREATE TABLE IF NOT EXISTS sales.url (a Int32) ENGINE = MergeTree ORDER BY a",
        "INSERT INTO url (a, b) VALUES (1, 'file(2)')",
        "INSERT INTO dead.letters (file, row) VALUES ({file:String}, 1)",
        "CREATE DATABASE x ENGINE = Atomic",
        "CREATE DATABASE IF NOT EXISTS x",
        "DROP DATABASE test_default SYNC",
        "CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(CLICKHOUSE(HOST 'localhost' TABLE 't'))",
        "SYSTEM FLUSH LOGS",
        "SYSTEM REFRESH VIEW v",
        "SET max_threads = 1",
        "ALTER TABLE t ADD COLUMN file String",
        "CREATE TABLE t (a Int32, disk String) ENGINE = MergeTree ORDER BY a",
        "OPTIMIZE TABLE t FINAL",
    ],
)
def test_ordinary_statements_pass(sql: str) -> None:
    """Names and words that only look like the refused ones."""
    assert not refused(sql)


def test_what_comes_beside_the_statement_is_judged_where_it_may_be_sql() -> None:
    """A parameter is a value, except where a structure is expected."""
    assert refused("SELECT * FROM format(CSV, {s:String}, 'x')", "a String DEFAULT file('x')")
    assert not refused("SELECT {s:String}", "see file('x')")


def test_large_plain_rows_are_cleared_quickly() -> None:
    """The usual rows of VALUES are not read token by token."""
    rows = b"INSERT INTO t VALUES " + b"(12345, 'some text', 1.5)," * 200_000
    statement = parse(b"", rows)
    check(statement)
    assert len(statement.tokens) == 3
