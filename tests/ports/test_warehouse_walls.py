"""The walls around the path: what the embedded warehouse refuses, however disguised; it always reopens."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from sinks.warehouse_server.config import TABLE_ENGINES
from tests.ports.embedded_server import EmbeddedServer

pytestmark = pytest.mark.real

KAFKA = (
    "ENGINE = Kafka SETTINGS kafka_broker_list = '127.0.0.1:9', kafka_topic_list = 't', "
    "kafka_group_name = 'g', kafka_format = 'JSONEachRow'"
)
DICTIONARY = "CREATE DICTIONARY d (k UInt64, v String) PRIMARY KEY k LAYOUT(FLAT()) LIFETIME(0) SOURCE"

REFUSED = [
    # engines that leave metadata with which the path never opens again, or keep data elsewhere
    f"CREATE TABLE x (a Int32) {KAFKA}",
    f"CREATE TABLE x (a Int32) {KAFKA.replace('Kafka', '`Kafka`')}",
    f"create/**/table x (a Int32) {KAFKA.replace('ENGINE =', 'engine')}",
    "CREATE TABLE x (a Int32) ENGINE = ReplicatedMergeTree('/a', 'r') ORDER BY a",
    "CREATE TABLE x (a Int32) ENGINE = ReplicatedReplacingMergeTree ORDER BY a",
    "CREATE TABLE x (a Int32) ENGINE = RabbitMQ SETTINGS rabbitmq_host_port = 'h:1'",
    "CREATE TABLE x (a Int32) ENGINE = NATS SETTINGS nats_url = 'h:1'",
    "CREATE TABLE x (a Int32) ENGINE = S3Queue('http://h/b/*', 'CSV')",
    "CREATE TABLE x (a Int32) ENGINE = File(CSV)",
    "CREATE TABLE x (a Int32) ENGINE = URL('http://h', CSV)",
    "CREATE TABLE x (a Int32) ENGINE = MySQL('h:1', 'd', 't', 'u', 'p')",
    "CREATE TABLE x (a Int32) ENGINE = EmbeddedRocksDB(0, '/etc') PRIMARY KEY a",
    "CREATE TABLE x (a String) ENGINE = Executable('x', TSV)",
    "CREATE MATERIALIZED VIEW x ENGINE = ReplicatedMergeTree('/a', 'r') ORDER BY a AS SELECT 1 AS a",
    "CREATE TEMPORARY TABLE x (a Int32) ENGINE = File(CSV)",
    "CREATE DATABASE x ENGINE = Replicated('/a', 'b', 'c')",
    "CREATE DATABASE x ENGINE = Filesystem('/etc')",
    "CREATE DATABASE x ENGINE = MySQL('h:1', 'd', 'u', 'p')",
    "ATTACH TABLE x FROM '/tmp/elsewhere' (a Int32) ENGINE = MergeTree ORDER BY a",
    "CREATE TABLE x (a Int32) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type=local, path='/x/')",
    # files, in every place where one can be named
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM\n-- a comment\nFILE /* another */ ('/etc/passwd', 'LineAsString')",
    "SELECT * FROM \"file\"('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `f\\x69le`('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT file\u00a0('/etc/passwd')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS x)",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd' AS x)",
    "SELECT arrayMap(file, ['/etc/passwd'])",
    "SELECT arrayMap(((file)), ['/etc/passwd'])",
    "SELECT (SELECT count() FROM (SELECT * FROM file('/etc/passwd', 'LineAsString')))",
    "WITH x AS (SELECT file('/etc/passwd') AS a) SELECT * FROM x",
    "CREATE VIEW x AS SELECT file('/etc/passwd') AS a",
    "CREATE FUNCTION x AS (p) -> file(p)",
    "SELECT * FROM format(JSONEachRow, 'a String, b String DEFAULT file(''/etc/passwd'')', '{\"a\":\"x\"}')",
    "CREATE TEMPORARY TABLE x (a String, b String DEFAULT file('/etc/passwd'))",
    "INSERT INTO FUNCTION file('/tmp/x.csv', 'CSV', 'a Int32') SELECT 1",
    "INSERT INTO TABLE FUNCTION file('/tmp/x.csv', 'CSV', 'a Int32') VALUES (1)",
    "SELECT 1 INTO OUTFILE '/tmp/x.txt'",
    "INSERT INTO x FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM executable('x', 'TSV', 'a String')",
    "SELECT * FROM Python(os)",
    "BACKUP DATABASE default TO File('/tmp/x.zip')",
    "BACKUP DATABASE default TO Disk('default', 'x')",
    "RESTORE DATABASE default FROM File('/tmp/x.zip')",
    # other machines
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'CSV')",
    "SELECT * FROM remote('127.0.0.1', 'system.one')",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "CREATE TABLE x AS url('http://127.0.0.1:1/', 'CSV', 'a Int32')",
    # dictionaries, whose sources can be programs, files and addresses
    f"{DICTIONARY}(EXECUTABLE(COMMAND 'id' FORMAT 'TSV'))",
    f"{DICTIONARY}(FILE(PATH '/etc/passwd' FORMAT 'TSV'))",
    f"{DICTIONARY}(HTTP(URL 'http://127.0.0.1:1' FORMAT 'TSV'))",
    f"{DICTIONARY}(CLICKHOUSE(QUERY 'SELECT 1 AS k, file(''/etc/passwd'') AS v'))",
    f"{DICTIONARY}(CLICKHOUSE(HOST 'elsewhere' TABLE 't'))",
    # the process itself, its users and its own databases
    "SYSTEM SHUTDOWN",
    "SYSTEM KILL",
    "SYSTEM ENABLE FAILPOINT x",
    "SET ROLE ALL",
    "set /**/ role none",
    "CREATE USER x",
    "GRANT ALL ON *.* TO default",
    "EXECUTE AS default SELECT 1",
    "DROP DATABASE system",
    "DETACH DATABASE default",
    "RENAME DATABASE default TO other",
    "DROP TABLE system.query_log",
]


@pytest.mark.parametrize("sql", REFUSED)
@pytest.mark.usefixtures("embedded_url")
def test_what_is_refused(http: httpx.Client, sql: str) -> None:
    """ACCESS_DENIED in ClickHouse's words, and nothing has happened."""
    reply = http.post("/", content=sql)
    assert reply.text.startswith("Code: 497. DB::Exception: "), reply.text
    assert "(ACCESS_DENIED)" in reply.text
    assert reply.status_code == 403


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": "SELECT 1", "additional_result_filter": "file('/etc/passwd') != ''"},
        {"query": "SELECT 1 FORMAT Template", "format_template_resultset": "/etc/passwd"},
        {"query": "SELECT 1", "format_avro_schema_registry_url": "http://127.0.0.1:1"},
        {"query": "SELECT 1", "max_memory_usage": str(1 << 40)},
    ],
)
def test_settings_that_are_fixed(embedded_url: str, arguments: dict[str, str]) -> None:
    """Settings that name files or hold SQL cannot be changed, nor can the memory cap be raised."""
    reply = httpx.post(embedded_url, params=arguments)
    assert reply.text.startswith("Code: 452."), reply.text


def test_what_parameters_and_external_tables_may_hide(embedded_url: str) -> None:
    """SQL that arrives beside the statement is judged as well."""
    structure = "a String, b String DEFAULT file('/etc/passwd')"
    hidden = httpx.post(
        embedded_url,
        params={"query": "SELECT * FROM format(CSV, {s:String}, 'x')", "param_s": structure},
    )
    assert hidden.text.startswith("Code: 497.")
    beside = httpx.post(
        embedded_url,
        params={"query": "SELECT * FROM x", "x_structure": structure, "x_format": "CSV"},
        files={"x": b"1,2\n"},
    )
    assert beside.text.startswith("Code: 497.")
    rows = httpx.post(embedded_url, params={"query": "INSERT INTO x VALUES"}, content="(file('/etc/passwd'))")
    assert rows.text.startswith("Code: 497.")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'file(''/etc/passwd'')'",
        "SELECT 1 -- SELECT * FROM file('x')",
        "SELECT 1 /* ENGINE = Kafka */",
        "SELECT file, url FROM (SELECT 'a' AS file, 'b' AS url)",
        "SELECT min(file) FROM (SELECT 'a' AS file)",
        "SELECT name, engine FROM system.databases WHERE engine = 'Kafka'",
        "SELECT name FROM system.tables WHERE engine LIKE '%Replicated%'",
        "SELECT count() FROM system.backups",
    ],
)
def test_what_only_looks_dangerous(embedded_url: str, sql: str) -> None:
    """Words in strings and comments, and columns of such names, are no reason to refuse."""
    reply = httpx.post(embedded_url, content=sql)
    assert reply.status_code == 200, reply.text


def test_the_path_opens_again_after_every_engine(tmp_path: Path) -> None:
    """Whatever may be created survives kill -9, and the refused is not there."""
    server = EmbeddedServer(tmp_path / "path")
    made = 0
    options = {
        "ReplacingMergeTree": " ORDER BY a",
        "CollapsingMergeTree": "(s) ORDER BY a",
        "VersionedCollapsingMergeTree": "(s, a) ORDER BY a",
        "GraphiteMergeTree": "('none') ORDER BY a",
        "Join": "(ANY, LEFT, a)",
        "Buffer": "(default, t_MergeTree, 1, 1, 2, 10, 100, 1000, 10000)",
        "Merge": "(default, '^t_')",
        "Alias": "(default, t_MergeTree)",
    }
    try:
        for engine in TABLE_ENGINES:
            if engine in ("View", "MaterializedView", "Dictionary"):
                continue
            rest = options.get(engine, " ORDER BY a" if engine.endswith("MergeTree") else "")
            sql = f"CREATE TABLE t_{engine} (a UInt32, s Int8) ENGINE = {engine}{rest}"
            made += server.post(sql).status_code == 200
        assert made >= 15
        for sql in (
            "CREATE VIEW v AS SELECT * FROM t_MergeTree",
            "CREATE MATERIALIZED VIEW mv TO t_Log AS SELECT * FROM t_MergeTree",
            "CREATE MATERIALIZED VIEW rv REFRESH EVERY 1 SECOND APPEND TO t_TinyLog"
            " AS SELECT * FROM t_MergeTree",
            "CREATE DICTIONARY d (a UInt32, s Int8) PRIMARY KEY a SOURCE(CLICKHOUSE(TABLE 't_MergeTree'))"
            " LAYOUT(FLAT()) LIFETIME(1)",
            "DETACH TABLE t_Memory PERMANENTLY",
            "INSERT INTO t_MergeTree VALUES (1, 1)",
        ):
            assert server.post(sql).status_code == 200
        for sql in REFUSED:
            server.post(sql)
        server.kill()
        server.start()
        assert server.post("SELECT a FROM v").text == "1\n"
        assert server.post("EXISTS TABLE x").text == "0\n"
    finally:
        server.stop()
