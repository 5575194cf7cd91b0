"""The warehouse over HTTP: errors that clients understand, sessions, and the headers of answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

pytestmark = pytest.mark.real

Connect = Callable[..., Client]


def code_of(error: pytest.ExceptionInfo[DatabaseError]) -> tuple[int, str]:
    """ClickHouse's code and name of an error."""
    return error.value.code, error.value.name


class TestErrors:
    """A failure has a server's code, name and HTTP status."""

    @pytest.mark.parametrize(
        ("sql", "code", "name", "status"),
        [
            ("SELECT * FROM nope", 60, "UNKNOWN_TABLE", 404),
            ("SELECT * FROM nope.nope", 81, "UNKNOWN_DATABASE", 404),
            ("SELEC 1", 62, "SYNTAX_ERROR", 400),
            ("SELECT nope FROM system.one", 47, "UNKNOWN_IDENTIFIER", 404),
            ("SELECT nope(1)", 46, "UNKNOWN_FUNCTION", 404),
            ("SELECT throwIf(1)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO", 500),
            ("SELECT 1 SETTINGS nope = 1", 115, "UNKNOWN_SETTING", 404),
            ("SELECT 1; SELECT 2", 62, "SYNTAX_ERROR", 400),
            ("SELECT 1 FORMAT Nope", 73, "UNKNOWN_FORMAT", 404),
            ("SELECT toInt32('x')", 6, "CANNOT_PARSE_TEXT", 400),
        ],
    )
    def test_codes_names_and_statuses(
        self, http: httpx.Client, sql: str, code: int, name: str, status: int
    ) -> None:
        """As a server answers them."""
        reply = http.post("/", content=sql)
        assert reply.text.startswith(f"Code: {code}. DB::Exception: ")
        assert f"({name}) (version " in reply.text
        assert (reply.status_code, reply.headers["x-clickhouse-exception-code"]) == (status, str(code))

    def test_positions_count_the_clients_own_text(self, http: httpx.Client) -> None:
        """A syntax error points at the place in the text that was sent."""
        assert "failed at position 1 (SELEC)" in http.post("/", content="SELEC 1").text

    def test_clients_understand_them(self, client: Client) -> None:
        """The client raises with code and name, also when the answer has begun."""
        with pytest.raises(DatabaseError) as caught:
            client.query("SELECT * FROM nope")
        assert code_of(caught) == (60, "UNKNOWN_TABLE")
        with pytest.raises(DatabaseError) as caught:
            client.query(
                "SELECT number, throwIf(number = 3000000) FROM numbers(5000000)",
                settings={"max_threads": 1, "max_block_size": 65_000},
            )
        assert code_of(caught)[0] == 395

    def test_a_wrong_password_is_refused(self, connect: Connect) -> None:
        """Authentication fails with the server's code."""
        with pytest.raises(DatabaseError) as caught:
            connect(username="default", password="wrong")
        assert caught.value.code == 516

    def test_limits_of_a_query(self, client: Client) -> None:
        """Memory and time limits of a request hold."""
        with pytest.raises(DatabaseError) as caught:
            client.query(
                "SELECT uniqExact(number) FROM numbers(20000000)", settings={"max_memory_usage": 50_000_000}
            )
        assert caught.value.code == 241
        with pytest.raises(DatabaseError) as caught:
            client.query(
                "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1",
                settings={"max_execution_time": 1},
            )
        assert caught.value.code == 159


class TestSessions:
    """What a request leaves behind, and what it does not."""

    def test_settings_never_leak(self, connect: Connect) -> None:
        """A request's settings end with it; a session's stay in it."""
        one, other = connect(), connect()
        read = "SELECT getSetting('max_block_size')"
        usual = one.command(read)
        assert one.command(read, settings={"max_block_size": 111}) == 111
        assert one.command(read) == usual
        one.command("SET max_block_size = 222")
        assert one.command(read) == 222
        assert one.command(read, settings={"max_block_size": 333}) == 333
        assert one.command(read) == 222
        assert other.command(read) == usual

    def test_use_and_temporary_tables_stay_in_their_session(self, connect: Connect, database: str) -> None:
        """USE and CREATE TEMPORARY TABLE hold for later requests of the session, and for no other."""
        one, other = connect(), connect()
        one.command("CREATE TEMPORARY TABLE own (a Int32)")
        one.command("INSERT INTO own VALUES (1), (2)")
        assert one.command("SELECT sum(a) FROM own") == 3
        with pytest.raises(DatabaseError) as caught:
            other.command("SELECT sum(a) FROM own")
        assert caught.value.code == 60

    def test_use_holds_for_the_session(self, http: httpx.Client, database: str) -> None:
        """The current database of a session is its own."""
        session = {"session_id": uuid4().hex}
        assert http.post("/", params=session, content=f"USE {database}").status_code == 200
        assert http.post("/", params=session, content="SELECT currentDatabase()").text == f"{database}\n"
        assert http.post("/", content="SELECT currentDatabase()").text == "default\n"

    def test_sessions_expire(self, http: httpx.Client) -> None:
        """After its timeout a session is forgotten, and session_check says so."""
        session = {"session_id": uuid4().hex, "session_timeout": "1"}
        http.post("/", params=session, content="SET max_threads = 1")
        assert http.post("/", params={**session, "session_check": "1"}, content="SELECT 1").status_code == 200
        asyncio.run(asyncio.sleep(2.5))
        reply = http.post("/", params={**session, "session_check": "1"}, content="SELECT 1")
        assert reply.text.startswith("Code: 372.")

    def test_a_session_serves_one_request_at_a_time(self, warehouse_url: str) -> None:
        """A second request on a busy session is refused, not mixed in."""

        async def work() -> list[str]:
            session = {"session_id": uuid4().hex}
            async with httpx.AsyncClient(base_url=warehouse_url, timeout=30) as plain:
                replies = await asyncio.gather(
                    *[plain.post("/", params=session, content="SELECT sleep(0.7)") for _ in range(2)]
                )
            return sorted(reply.text[:9] for reply in replies)

        assert asyncio.run(work()) == ["0\n", "Code: 373"]

    def test_get_is_read_only(self, http: httpx.Client, client: Client) -> None:
        """What a link may do: read."""
        client.command("CREATE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a")
        for sql in (f"DROP TABLE {client.database}.kept", f"INSERT INTO {client.database}.kept VALUES (1)"):
            reply = http.get("/", params={"query": sql})
            assert reply.text.startswith("Code: 164.")
        assert http.get("/", params={"query": "SELECT 1"}).text == "1\n"


class TestHeaders:
    """What clients read beside the body."""

    def test_ping_and_status(self, http: httpx.Client) -> None:
        """Health checks answer without touching the engine."""
        assert http.get("/ping").text == "Ok.\n"
        assert http.get("/replicas_status").status_code == 200
        assert http.get("/").text == "Ok.\n"
        assert http.get("/nowhere").status_code == 404

    def test_headers_of_an_answer(self, http: httpx.Client) -> None:
        """Query id, format, time zone and summary."""
        reply = http.post("/", params={"query_id": "my-own", "query": "SELECT 1 FORMAT JSON"})
        assert reply.headers["x-clickhouse-query-id"] == "my-own"
        assert reply.headers["x-clickhouse-format"] == "JSON"
        assert reply.headers["x-clickhouse-timezone"] in ("UTC", "Etc/UTC")
        assert reply.headers["content-type"].startswith("application/json")
        assert '"read_rows"' in reply.headers["x-clickhouse-summary"]

    def test_a_column_called_format(self, http: httpx.Client) -> None:
        """FORMAT is a clause only at the end."""
        sql = "SELECT format FROM (SELECT 'x' AS format) FORMAT JSONEachRow SETTINGS max_threads = 1"
        assert http.post("/", content=sql).text == '{"format":"x"}\n'
