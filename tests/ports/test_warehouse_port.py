"""What the mesh needs of a warehouse, whichever it is: the same suite for the embedded one and a server."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import clickhouse_connect
import fastavro
import httpx
import lz4.frame
import pyarrow as pa
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

pytestmark = pytest.mark.real

Connect = Callable[..., Client]

TYPES = """(
    id UInt64, price Decimal(18, 4), at DateTime64(6, 'UTC'), kind LowCardinality(String),
    units Nullable(Int32), tags Array(String), counts Map(String, UInt32), mark UUID,
    state Enum8('open' = 1, 'closed' = 2), day Date, online Bool, ratio Float64, wide Decimal(38, 10)
) ENGINE = MergeTree ORDER BY id"""
MOMENT = datetime(2014, 6, 30, 7, 8, 9, 123456, tzinfo=UTC)
ROW: list[Any] = [
    *(1, Decimal("12.3456"), MOMENT, "a", None, ["x", "y"], {"k": 1}, UUID(int=7)),
    *("closed", date(2014, 6, 30), True, 1.5, Decimal("1234567890.0123456789")),
]


@pytest.fixture
def typed(client: Client) -> Client:
    """A client whose table ``typed`` has a column of every kind that the mesh uses."""
    client.command(f"CREATE TABLE typed {TYPES}")
    return client


class TestReading:
    """Every way to read that the clients have."""

    def test_rows_come_back_as_written(self, typed: Client) -> None:
        """Every type survives the way there and back."""
        typed.insert("typed", [ROW])
        got = list(typed.query("SELECT * FROM typed").result_rows[0])
        assert got[2].replace(tzinfo=UTC) == MOMENT
        assert got[:2] + got[3:] == ROW[:2] + ROW[3:]

    def test_empty_answers_have_columns(self, typed: Client) -> None:
        """No rows is still a table: names and types are there."""
        answer = typed.query("SELECT id, price, kind FROM typed WHERE id > 100")
        assert answer.column_names == ("id", "price", "kind")
        assert [kind.name for kind in answer.column_types] == [
            *("UInt64", "Decimal(18, 4)", "LowCardinality(String)")
        ]
        assert answer.result_rows == []
        assert len(typed.query("SELECT * FROM typed LIMIT 0").column_names) == 13

    def test_empty_answers_with_parameters_have_columns(self, typed: Client) -> None:
        """Also when the statement has parameters and settings."""
        answer = typed.query(
            "SELECT id FROM typed WHERE kind = {kind:String} SETTINGS max_threads = 1",
            parameters={"kind": "none"},
        )
        assert answer.column_names == ("id",)

    def test_frames_and_arrow(self, typed: Client) -> None:
        """Pandas, Arrow and Polars get the same rows."""
        typed.insert("typed", [ROW, [2, *ROW[1:]]])
        assert list(typed.query_df("SELECT id FROM typed ORDER BY id")["id"]) == [1, 2]
        table = typed.query_arrow("SELECT id, price, at FROM typed ORDER BY id")
        assert table.schema.types == [pa.uint64(), pa.decimal128(18, 4), pa.timestamp("us", tz="UTC")]
        frame = typed.query_df_arrow("SELECT number FROM numbers(3)", dataframe_library="polars")
        assert frame.shape == (3, 1)

    def test_streams_are_whole(self, client: Client) -> None:
        """Large answers arrive in blocks and lose nothing."""
        sql = "SELECT number, toString(number) AS text FROM numbers(300000)"
        with client.query_row_block_stream(sql) as blocks:
            assert sum(len(block) for block in blocks) == 300_000
        with client.query_df_stream(sql) as frames:
            assert sum(len(frame) for frame in frames) == 300_000
        with client.query_arrow_stream(sql) as batches:
            assert sum(batch.num_rows for batch in batches) == 300_000
        with client.raw_stream("SELECT number FROM numbers(1000000)", fmt="CSV") as raw:
            assert raw.read().count(b"\n") == 1_000_000

    @pytest.mark.parametrize(
        "form", ["JSONEachRow", "CSV", "TabSeparatedWithNames", "JSON", "Parquet", "Pretty"]
    )
    def test_raw_formats(self, client: Client, form: str) -> None:
        """Any format of the engine may be asked for."""
        assert client.raw_query("SELECT 1 AS a, 'x' AS b", fmt=form)

    def test_parameters_are_bound_by_the_server(self, client: Client) -> None:
        """Quotes, tabs and backslashes in values stay values; identifiers too; long ones fit."""
        answer = client.query(
            "SELECT {text:String}, {number:Int32}, {list:Array(Int32)}, {name:Identifier}"
            " FROM (SELECT 1 AS one)",
            parameters={"text": "o'b\t\\x", "number": 5, "list": [1, 2], "name": "one"},
        )
        assert answer.first_row == ("o'b\t\\x", 5, [1, 2], 1)
        assert client.command("SELECT length({long:String})", parameters={"long": "x" * 20_000}) == 20_000

    def test_external_data(self, client: Client) -> None:
        """A table may come with the request."""
        table = ExternalData(file_name="few.csv", data=b"1\n2\n", fmt="CSV", structure="a Int32")
        assert client.query("SELECT sum(a) FROM few", external_data=table).first_row == (3,)

    def test_times_are_utc(self, client: Client) -> None:
        """Without a zone, a time is UTC."""
        assert client.command("SELECT toString(toDateTime(0))") == "1970-01-01 00:00:00"
        assert client.command("SELECT toUnixTimestamp('2024-01-01 00:00:00')") == 1_704_067_200

    def test_async_client(self, typed: Client, warehouse_url: str) -> None:
        """The asynchronous client reads, inserts, streams and fails in the same way."""

        async def work() -> None:
            url = urlsplit(warehouse_url)
            other = await clickhouse_connect.get_async_client(
                host=url.hostname, port=url.port, database=typed.database
            )
            sums = await asyncio.gather(
                *[other.query("SELECT {x:Int32} + 1", parameters={"x": number}) for number in range(20)]
            )
            assert [answer.first_row[0] for answer in sums] == list(range(1, 21))
            assert (await other.insert("typed", [[9]], column_names=["id"])).written_rows == 1
            with pytest.raises(DatabaseError) as caught:
                await other.query("SELECT * FROM nope")
            assert caught.value.code == 60
            total = 0
            async with await other.query_row_block_stream("SELECT number FROM numbers(200000)") as blocks:
                async for block in blocks:
                    total += len(block)
            assert total == 200_000
            assert await other.ping()
            await other.close()

        asyncio.run(work())


class TestWriting:
    """Every way to write that the mesh uses."""

    def test_insert_reports_rows(self, typed: Client) -> None:
        """The summary of an insert tells how many rows arrived."""
        assert typed.insert("typed", [ROW, [2, *ROW[1:]]]).written_rows == 2
        assert typed.command("SELECT count() FROM typed") == 2

    def test_insert_arrow_and_frames(self, typed: Client) -> None:
        """Columns go in as they are."""
        table = pa.table({"id": pa.array([10, 11], pa.uint64()), "kind": ["q", "w"]})
        assert typed.insert_arrow("typed", table).written_rows == 2
        typed.insert_df("typed", typed.query_df("SELECT id + 10 AS id, kind FROM typed"))
        assert typed.command("SELECT sum(id) FROM typed") == 62

    @pytest.mark.parametrize(
        ("name", "compress"),
        [
            (None, bytes),
            ("gzip", gzip.compress),
            ("zstd", zstandard.ZstdCompressor().compress),
            ("lz4", lz4.frame.compress),
        ],
    )
    def test_raw_insert_decompresses(
        self, typed: Client, name: str | None, compress: Callable[[bytes], bytes]
    ) -> None:
        """A compressed body is the same body."""
        summary = typed.raw_insert(
            "typed", ["id", "kind"], compress(b"40,a\n41,b\n"), fmt="CSV", compression=name
        )
        assert summary.written_rows == 2
        assert typed.command("SELECT sum(id) FROM typed") == 81

    def test_statements_with_inline_data(self, client: Client) -> None:
        """VALUES, FORMAT with data behind it, and INSERT … SELECT."""
        client.command("CREATE TABLE few (a Int32, b String) ENGINE = MergeTree ORDER BY a")
        client.command("INSERT INTO few VALUES (1, 'x;y'), (2, 'FORMAT CSV')")
        client.command("INSERT INTO few FORMAT JSONEachRow", data='{"a": 3, "b": "json"}')
        client.command('INSERT INTO few FORMAT JSONEachRow {"a": 4, "b": "inline"}')
        client.command("INSERT INTO few SELECT number + 5, 'select' FROM numbers(2)")
        client.command("INSERT INTO few VALUES ({a:Int32}, {b:String})", parameters={"a": 7, "b": "bound"})
        assert client.query("SELECT a FROM few ORDER BY a").result_columns == [[1, 2, 3, 4, 5, 6, 7]]
        assert client.command("SELECT b FROM few WHERE a = 1") == "x;y"

    def test_rows_of_values_in_the_body(self, http: httpx.Client, client: Client) -> None:
        """The rows of VALUES may come as the body, with or without the word."""
        client.command("CREATE TABLE few (a Int32) ENGINE = MergeTree ORDER BY a")
        for head in ("INSERT INTO few VALUES", "INSERT INTO few", "INSERT INTO few VALUES (1),"):
            reply = http.post("/", params={"query": head, "database": client.database}, content="(2), (3)")
            assert reply.status_code == 200, reply.text
        assert client.command("SELECT sum(a) FROM few") == 16

    def test_avro_lands_by_logical_type(self, typed: Client) -> None:
        """Decimals, microseconds, enums, unions and booleans of Avro become the columns' types."""
        fields: list[dict[str, Any]] = [
            {"name": "id", "type": "long"},
            {"name": "kind", "type": "string"},
            {"name": "units", "type": ["null", "int"]},
            {
                "name": "price",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4},
            },
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "state", "type": {"type": "enum", "name": "S", "symbols": ["open", "closed"]}},
            {"name": "online", "type": "boolean"},
        ]
        body = io.BytesIO()
        record = {
            "id": 1,
            "kind": "k",
            "units": None,
            "price": Decimal("3.1400"),
            "at": MOMENT,
            "state": "closed",
        }
        schema = fastavro.parse_schema({"type": "record", "name": "R", "fields": fields})
        fastavro.writer(
            body, schema, [{**record, "online": True}, {**record, "id": 2, "units": 4, "online": False}]
        )
        names = [field["name"] for field in fields]
        assert typed.raw_insert("typed", names, body.getvalue(), fmt="Avro").written_rows == 2
        got = typed.query(
            "SELECT id, kind, units, price, at, state, online FROM typed ORDER BY id"
        ).result_rows
        assert got[0][:4] == (1, "k", None, Decimal("3.1400"))
        assert got[0][4].replace(tzinfo=UTC) == MOMENT
        assert (got[0][5:], got[1][2], got[1][6]) == (("closed", True), 4, False)

    def test_unknown_columns_are_refused(self, typed: Client) -> None:
        """A column that the table does not have fails the insert; nothing of it lands."""
        with pytest.raises(DatabaseError) as caught:
            typed.raw_insert("typed", ["id", "nope"], b"1,2\n", fmt="CSV")
        assert caught.value.code == 16
        assert typed.command("SELECT count() FROM typed") == 0

    def test_a_bad_row_spoils_its_whole_insert(self, typed: Client) -> None:
        """All or nothing, also when the bad row is the last of many."""
        rows = b"".join(b"%d,k\n" % number for number in range(1_200_000)) + b"x,k\n"
        with pytest.raises(DatabaseError) as caught:
            typed.raw_insert("typed", ["id", "kind"], rows, fmt="CSV")
        assert caught.value.code in (27, 117, 72, 6)
        assert typed.command("SELECT count() FROM typed") == 0

    def test_a_body_of_20_megabytes(self, typed: Client) -> None:
        """One insert may carry what the sink sends in two seconds."""
        rows = b"".join(b"%d,%s\n" % (number, b"x" * 90) for number in range(210_000))
        assert len(rows) > 20_000_000
        assert typed.raw_insert("typed", ["id", "kind"], rows, fmt="CSV").written_rows == 210_000
        assert typed.command("SELECT uniqExact(id) FROM typed") == 210_000


class TestTables:
    """The tables and views that the mesh makes."""

    def test_materialized_columns_are_computed(self, client: Client) -> None:
        """A MATERIALIZED column is filled by the warehouse, and not part of SELECT *."""
        client.command(
            "CREATE TABLE m (at DateTime64(6, 'UTC'), day Date MATERIALIZED toDate(at))"
            " ENGINE = MergeTree ORDER BY day"
        )
        client.insert("m", [[MOMENT]], column_names=["at"])
        assert client.query("SELECT * FROM m").column_names == ("at",)
        assert client.query("SELECT day FROM m").first_row == (MOMENT.date(),)

    def test_atomic_databases_swap_tables(self, client: Client) -> None:
        """EXCHANGE TABLES needs ENGINE = Atomic."""
        assert "Atomic" in client.command(f"SHOW CREATE DATABASE {client.database}")
        for name in ("one", "two"):
            client.command(f"CREATE TABLE {name} (a String) ENGINE = MergeTree ORDER BY a")
            client.command(f"INSERT INTO {name} VALUES ('{name}')")
        client.command("EXCHANGE TABLES one AND two")
        assert client.command("SELECT a FROM one") == "two"

    def test_refreshable_views_refresh(self, client: Client) -> None:
        """Aggregates are recomputed over FINAL on request."""
        client.command(
            "CREATE TABLE base (k UInt64, v UInt64, n UInt64) ENGINE = ReplacingMergeTree(n) ORDER BY k"
        )
        client.command("CREATE TABLE total (v UInt64) ENGINE = MergeTree ORDER BY v")
        client.command(
            "CREATE MATERIALIZED VIEW totals REFRESH EVERY 1 HOUR TO total"
            " AS SELECT sum(v) AS v FROM base FINAL"
        )
        client.command("INSERT INTO base VALUES (1, 10, 1), (1, 7, 2), (2, 5, 1)")
        client.command("SYSTEM REFRESH VIEW totals")
        client.command("SYSTEM WAIT VIEW totals")
        assert client.command("SELECT v FROM total") == 12

    def test_partitions_are_replaced(self, client: Client) -> None:
        """REPLACE PARTITION swaps one month of an aggregate."""
        for name in ("old", "new"):
            client.command(
                f"CREATE TABLE {name} (m UInt32, v UInt64) ENGINE = MergeTree PARTITION BY m ORDER BY v"
            )
        client.command("INSERT INTO old VALUES (1, 1)")
        client.command("INSERT INTO old VALUES (2, 2)")
        client.command("INSERT INTO new VALUES (2, 20)")
        client.command("ALTER TABLE old REPLACE PARTITION 2 FROM new")
        assert client.query("SELECT v FROM old ORDER BY v").result_columns == [[1, 20]]

    def test_columns_are_added_with_defaults(self, client: Client) -> None:
        """A new column has its default in old rows."""
        client.command("CREATE TABLE grown (a Int32) ENGINE = MergeTree ORDER BY a")
        client.command("INSERT INTO grown VALUES (1)")
        client.command("ALTER TABLE grown ADD COLUMN IF NOT EXISTS b Nullable(String) DEFAULT 'none'")
        assert client.query("SELECT a, b FROM grown").first_row == (1, "none")

    def test_dictionaries_over_local_tables(self, client: Client) -> None:
        """A dictionary reads a table of the same warehouse."""
        client.command("CREATE TABLE names (k UInt64, v String) ENGINE = MergeTree ORDER BY k")
        client.command("INSERT INTO names VALUES (1, 'one')")
        client.command(
            "CREATE DICTIONARY named (k UInt64, v String) PRIMARY KEY k "
            f"SOURCE(CLICKHOUSE(TABLE 'names' DB '{client.database}')) LAYOUT(FLAT()) LIFETIME(0)"
        )
        assert client.command(f"SELECT dictGet('{client.database}.named', 'v', toUInt64(1))") == "one"

    def test_the_query_log_is_on(self, client: Client) -> None:
        """Who ran what, and how long it took, can be asked."""
        mark = f"mark_{uuid4().hex}"
        client.query(f"SELECT 1 AS {mark}")
        client.command("SYSTEM FLUSH LOGS")
        assert client.command(f"SELECT count() FROM system.query_log WHERE query LIKE '%AS {mark}%'") > 0
