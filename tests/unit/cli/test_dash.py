"""`mesh dash` against something that answers as Prometheus does, and against what does not."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from mesh.cli.main import main

ALERT = {
    "labels": {"alertname": "SalesOrdersEnrichedStale", "severity": "page", "domain": "sales"},
    "annotations": {"summary": "rows are old"},
    "state": "firing",
    "activeAt": "2026-11-28T03:05:00Z",
}


class Answers(BaseHTTPRequestHandler):
    """Answers every query with one line that is 42 throughout, and tells of one alert."""

    refusal = ""

    def do_GET(self) -> None:
        """The alerts."""
        self._answer(200, {"status": "success", "data": {"alerts": [ALERT]}})

    def do_POST(self) -> None:
        """A query over a range."""
        asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        end, step = float(asked["end"][0]), float(asked["step"][0])
        if self.refusal:
            self._answer(400, {"status": "error", "error": self.refusal})
            return
        values = [[end - step * back, "42"] for back in range(100, -1, -1)]
        matrix = [{"metric": {"application": "mesh.sink"}, "values": values}]
        self._answer(200, {"status": "success", "data": {"resultType": "matrix", "result": matrix}})

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def prometheus(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answers]]:
    """A server that answers for Prometheus, in the settings."""
    handler = type("Handler", (Answers,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MESH_PROMETHEUS", f"http://127.0.0.1:{server.server_address[1]}")
    yield handler
    server.shutdown()
    server.server_close()


def run(*arguments: str) -> int:
    """`mesh dash …`, and its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["dash", *arguments])
    return int(ended.value.code or 0)


def test_one_picture_is_printed(prometheus: type[Answers], capsys: pytest.CaptureFixture[str]) -> None:
    """With alerts on top, every section, and values."""
    assert run("sales", "--once") == 0
    printed = capsys.readouterr().out
    assert "Sales data product" in printed
    assert "SalesOrdersEnrichedStale" in printed
    assert [name for name in ("PROMISES", "FLOW", "FRESHNESS", "QUALITY") if name not in printed] == []
    assert "42/s" in printed


def test_without_a_terminal_one_picture_is_enough(
    prometheus: type[Answers], capsys: pytest.CaptureFixture[str]
) -> None:
    """A log would not want another every five seconds."""
    assert run() == 0
    assert "Mesh platform" in capsys.readouterr().out


def test_values_are_printed_for_programs(
    prometheus: type[Answers], capsys: pytest.CaptureFixture[str]
) -> None:
    """Panels with their lines and levels, and the alerts."""
    assert run("sales", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    panels = {panel["title"]: panel for panel in document["panels"]}
    assert panels["Freshness"]["lines"] == [{"name": "Freshness", "value": 42.0, "level": "warn"}]
    assert panels["Freshness"]["unit"] == "seconds"
    assert [alert["name"] for alert in document["alerts"]] == ["SalesOrdersEnrichedStale"]


def test_a_query_that_is_refused_is_one_line(
    prometheus: type[Answers], capsys: pytest.CaptureFixture[str]
) -> None:
    """With Prometheus' own words."""
    prometheus.refusal = "parse error: unexpected end"
    assert run("--once") == 2
    told = capsys.readouterr().err
    assert told.startswith("PlatformError[prometheus-refused] Parts down: parse error: unexpected end")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("slaes",), "SettingsError[dashboard-unknown] slaes: is neither a data product nor the platform"),
        (("sales", "--once"), "PlatformError[prometheus-unreachable] http://127.0.0.1:9: does not answer"),
    ],
)
def test_a_persons_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """Exit code 2."""
    monkeypatch.setenv("MESH_PROMETHEUS", "http://127.0.0.1:9")
    assert run(*arguments) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(told)
    assert printed.count("\n") == 1


class Terminal:
    """`mesh dash` in a terminal of its own, of a size that may change."""

    def __init__(self, *arguments: str, columns: int, lines: int) -> None:
        self._ours, theirs = os.openpty()
        self._columns, self._lines = columns, lines
        self.resize(columns, lines)
        program = [sys.executable, "-m", "mesh.cli.main", "dash", *arguments]
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self._process = subprocess.Popen(
            program,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(theirs)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def shows(self, text: str, patience: float = 60) -> bool:
        """Whether a text comes to be shown."""
        deadline, shown = time.monotonic() + patience, ""
        while text not in shown and time.monotonic() < deadline:
            if select.select([self._ours], [], [], 0.2)[0]:
                with contextlib.suppress(OSError):  # the other end is closed
                    shown += os.read(self._ours, 65_536).decode(errors="replace")
        return text in shown

    def end(self) -> int:
        """Wait for the end; the exit code. What is written meanwhile is read, or it would never end."""
        deadline = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < deadline:
            self.shows("\0", 0.2)
        self._process.kill()
        os.close(self._ours)
        return self._process.wait()


def test_the_live_picture_has_pages_follows_the_terminal_and_ends(prometheus: type[Answers]) -> None:
    """Keys turn pages, another size is another layout, and a refusal is told below the picture."""
    terminal = Terminal("sales", "--interval", "1", columns=100, lines=30)
    try:
        assert terminal.shows("page 1 of ")
        terminal.press(" ")
        assert terminal.shows("page 2 of ")
        terminal.press("\x1b[D")
        assert terminal.shows("page 1 of ")
        terminal.resize(180, 90)
        assert terminal.shows("q ends")
        prometheus.refusal = "query timed out"
        assert terminal.shows("PlatformError[prometheus-refused]")
        prometheus.refusal = ""
        assert terminal.shows("q ends")
        terminal.press("q")
    finally:
        assert terminal.end() == 0
