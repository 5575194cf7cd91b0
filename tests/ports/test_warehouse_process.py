"""The embedded warehouse as a process: bodies, clients that go, draining, restarts, errors, metrics."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from clickhouse_connect.driver.client import Client

from tests.ports.embedded_server import ROOT, EmbeddedServer

pytestmark = pytest.mark.real

GONE = 'mesh_statements_total{kind="reader",outcome="gone"} 1.0'
SLOW = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A warehouse of the test's own, with a small cap on bodies."""
    server = EmbeddedServer(tmp_path / "path", "--body-limit", str(1 << 20))
    yield server
    if server.process.poll() is None:
        server.stop()


def send(url: str, request: bytes) -> socket.socket:
    """An open connection to the warehouse on which ``request`` has been sent."""
    host, port = httpx.URL(url).host, httpx.URL(url).port
    connection = socket.create_connection((host, port or 80))
    connection.sendall(request)
    return connection


def eventually(holds: object, seconds: float = 10) -> bool:
    """Whether ``holds()`` becomes true in time."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


class TestBodies:
    """A body counts when it is complete, and not too large."""

    @pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
    def test_half_a_body_inserts_nothing(self, embedded_url: str, client: Client, framing: str) -> None:
        """A client that dies while it sends has sent nothing."""
        client.command("CREATE TABLE half (a Int32) ENGINE = MergeTree ORDER BY a")
        rows = b"1\n2\n3\n"
        body = rows if "Length" in framing else b"%x\r\n%s\r\n" % (len(rows), rows)
        target = f"/?query=INSERT+INTO+{client.database}.half+FORMAT+CSV"
        head = f"POST {target} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode()
        connection = send(embedded_url, head + body)
        time.sleep(0.3)
        connection.close()
        time.sleep(0.3)
        assert client.command("SELECT count() FROM half") == 0

    def test_too_large_a_body_is_refused_clearly(self, server: EmbeddedServer) -> None:
        """413 with the limit in the message, with and without a declared length; the next request works."""
        server.post("CREATE TABLE few (a String) ENGINE = MergeTree ORDER BY a")
        query = {"query": "INSERT INTO few FORMAT CSV"}
        line = b"x" * 99 + b"\n"

        def chunks() -> Iterator[bytes]:
            for _ in range(300):
                yield line * 100

        for content in (line * 30_000, chunks()):
            reply = httpx.post(server.url, params=query, content=content, timeout=30)
            assert reply.status_code == 413
            assert reply.text.startswith(
                "Code: 307. DB::Exception: Request body is larger than 1048576 bytes"
            )
        assert httpx.post(server.url, params=query, content=line * 1_000).status_code == 200
        assert server.post("SELECT count() FROM few").text == "1000\n"

    def test_a_bomb_is_refused(self, server: EmbeddedServer) -> None:
        """The cap holds for what comes out of a compressed body, too."""
        import gzip

        reply = httpx.post(
            server.url,
            params={"query": "SELECT 1"},
            content=gzip.compress(b" " * (50 << 20)),
            headers={"Content-Encoding": "gzip"},
        )
        assert reply.status_code == 413

    @pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4", "deflate", "nope"])
    def test_broken_compression_is_an_error(self, server: EmbeddedServer, encoding: str) -> None:
        """Bytes that do not decompress are refused, not guessed."""
        reply = httpx.post(server.url, content=b"not compressed", headers={"Content-Encoding": encoding})
        assert reply.status_code in (500, 501)
        assert reply.text.startswith(("Code: 271.", "Code: 48."))


class TestClients:
    """Clients that go, and clients that hold everything up."""

    def test_a_query_without_client_is_killed(self, server: EmbeddedServer) -> None:
        """Hanging up stops the query within seconds."""
        request = f"POST /?query_id=orphan HTTP/1.1\r\nHost: x\r\nContent-Length: {len(SLOW)}\r\n\r\n{SLOW}"
        running = "SELECT count() FROM system.processes WHERE query LIKE '/*query_id:orphan%'"
        connection = send(server.url, request.encode())
        assert eventually(lambda: server.post(running).text == "1\n")
        connection.close()
        assert eventually(lambda: server.post(running).text == "0\n")
        assert eventually(lambda: GONE in server.metrics())

    def test_an_answered_query_is_not_counted_as_killed(self, server: EmbeddedServer) -> None:
        """Closing the connection after the answer is no hang-up."""
        for _ in range(50):
            server.post("SELECT 1")
        assert GONE not in server.metrics()

    def test_reports_do_not_hold_up_inserts_and_monitors(self, server: EmbeddedServer) -> None:
        """With all readers' places taken, writers and monitors are served at once."""
        server.post("CREATE TABLE few (a Int32) ENGINE = MergeTree ORDER BY a")
        request = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(SLOW)}\r\n\r\n{SLOW}".encode()
        connections = [send(server.url, request) for _ in range(10)]
        try:
            busy = 'mesh_running_statements{kind="reader"} 10.0'
            assert eventually(lambda: busy in server.metrics())
            began = time.perf_counter()
            insert = httpx.post(server.url, content="INSERT INTO few VALUES (1)", timeout=20)
            look = httpx.post(server.url, content="SELECT count() FROM system.processes", timeout=20)
            assert (insert.status_code, look.status_code) == (200, 200)
            assert time.perf_counter() - began < 10
        finally:
            for connection in connections:
                connection.close()
        assert eventually(lambda: httpx.post(server.url, content="SELECT 1", timeout=20).text == "1\n")

    def test_a_slow_client_slows_only_itself(self, server: EmbeddedServer) -> None:
        """An answer that nobody reads is not collected in memory."""
        sql = "SELECT number, repeat('x', 100) FROM numbers(100000000) FORMAT CSV"
        request = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sql)}\r\n\r\n{sql}".encode()
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        connection = send(server.url, request)
        time.sleep(3)
        grown = process.memory_info().rss - before
        connection.close()
        assert grown < 300 << 20


class TestLife:
    """Starting, ending, starting again."""

    def test_a_stop_drains(self, server: EmbeddedServer) -> None:
        """SIGTERM lets running statements end, then ends cleanly."""
        replies: list[httpx.Response] = []
        work = threading.Thread(
            target=lambda: replies.append(httpx.post(server.url, content="SELECT sleep(2)", timeout=20))
        )
        work.start()
        time.sleep(0.5)
        assert server.stop() == 0
        work.join()
        assert replies[0].text == "0\n"
        assert not server.answers()

    def test_a_stop_does_not_wait_for_ever(self, tmp_path: Path) -> None:
        """What still runs after the time to drain is stopped, and its client is told."""
        server = EmbeddedServer(tmp_path / "path", "--drain", "1")
        replies: list[httpx.Response] = []
        work = threading.Thread(
            target=lambda: replies.append(httpx.post(server.url, content=SLOW, timeout=40))
        )
        work.start()
        assert eventually(lambda: 'mesh_running_statements{kind="reader"} 1.0' in server.metrics())
        began = time.perf_counter()
        assert server.stop() == 0
        work.join()
        assert time.perf_counter() - began < 10
        assert replies[0].text.startswith("Code: 394. DB::Exception: ")
        assert "Traceback" not in server.log()

    def test_the_default_database_survives_restarts(self, server: EmbeddedServer) -> None:
        """Tables in ``default`` stay, are not doubled, and errors are a server's, restart after restart."""
        server.post("CREATE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a")
        for number in range(1, 4):
            for _ in range(5):
                server.post(f"INSERT INTO kept VALUES ({number})")
            server.stop()
            server.start()
            assert server.post("SELECT count() FROM kept").text == f"{5 * number}\n"
            engine = "SELECT engine FROM system.databases WHERE name = 'default'"
            assert server.post(engine).text == "Atomic\n"
            assert server.post("SELECT * FROM nope").text.startswith("Code: 60.")
        server.post("OPTIMIZE TABLE kept FINAL")
        assert server.post("SELECT count(), sum(a) FROM kept").text == "15\t30\n"
        detached = "SELECT count() FROM system.detached_parts"
        assert server.post(detached).text == "0\n"

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit status and stderr of a start that fails."""
        done = subprocess.run(
            [sys.executable, "-m", "sinks.warehouse_server", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stderr

    def test_start_up_errors_are_one_line(self, server: EmbeddedServer, tmp_path: Path) -> None:
        """A held path names the holder; a taken port, an unusable path and a broken one say what to do."""
        held = self.run("--path", str(server.path), "--port", "0")
        assert held[0] == 1
        assert f"process {server.process.pid} already serves this path" in held[1]
        taken = self.run("--path", str(tmp_path / "other"), "--port", str(server.port))
        assert "WarehouseError[warehouse-port-taken]" in taken[1]
        unusable = self.run("--path", "/proc/nowhere", "--port", "0")
        assert "WarehouseError[warehouse-path-unusable]" in unusable[1]
        metadata = tmp_path / "broken" / "data" / "metadata"
        metadata.mkdir(parents=True)
        (metadata / "bad.sql").write_text("ATTACH DATABASE _ ENGINE = Nope")
        broken = self.run("--path", str(tmp_path / "broken"), "--port", "0")
        assert "Unknown database engine: Nope" in broken[1]
        for status, text in (held, taken, unusable, broken):
            assert status == 1
            assert len(text.splitlines()) == 1

    def test_a_path_is_free_after_kill(self, server: EmbeddedServer) -> None:
        """The lock dies with its holder."""
        server.kill()
        server.start()
        assert server.answers()

    def test_metrics_are_prometheus_text(self, server: EmbeddedServer) -> None:
        """Statements by outcome, their seconds, and memory; a scrape is no statement."""
        server.post("CREATE TABLE few (a Int32) ENGINE = MergeTree ORDER BY a")
        httpx.post(server.url, params={"query": "INSERT INTO few FORMAT CSV"}, content="1\n2\n")
        server.post("SELECT * FROM nope")
        text = server.metrics()
        for line in (
            'mesh_statements_total{kind="writer",outcome="ok"} 2.0',
            'mesh_statements_total{kind="reader",outcome="60"} 1.0',
            'mesh_statement_seconds_count{kind="reader"} 1.0',
            'mesh_engine_memory_bytes{engine="warehouse"} ',
        ):
            assert line in text
        resident = next(
            line for line in text.splitlines() if line.startswith("mesh_process_resident_memory_bytes ")
        )
        assert 50e6 < float(resident.split()[-1]) < 1e9
