"""The ASGI application: ClickHouse's HTTP interface over the engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from prometheus_client import generate_latest

from mesh.kernel.metrics import ENGINE_MEMORY, REGISTRY, STATEMENT_SECONDS, STATEMENTS, STATEMENTS_RUNNING
from sinks.warehouse_server.body import ClientGoneError, Room, read_body
from sinks.warehouse_server.errors import ClickHouseError, body_of, from_engine
from sinks.warehouse_server.execution import execute
from sinks.warehouse_server.lanes import Lanes
from sinks.warehouse_server.outlet import QueueOutlet
from sinks.warehouse_server.request import build_query
from sinks.warehouse_server.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sinks.warehouse_server.config import Limits
    from sinks.warehouse_server.engine import Engine
    from sinks.warehouse_server.request import Query

    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]
    Headers = list[tuple[bytes, bytes]]

_TEXT: Final = (b"content-type", b"text/plain; charset=UTF-8")
_PROMETHEUS: Final = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
_CONTENT_TYPES: Final = {
    "CSV": "text/csv; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
}


class Application:
    """Routes: ``/`` (queries), ``/ping``, ``/replicas_status``, ``/metrics``."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self._sessions = Sessions()
        self._lanes = Lanes(limits)
        self._room = Room(limits)
        places = limits.writers + limits.readers + limits.monitors
        self._workers = ThreadPoolExecutor(places, thread_name_prefix="query")
        self._aside = ThreadPoolExecutor(4, thread_name_prefix="aside")  # parsing, killing, metrics

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._route(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        sweeper = asyncio.create_task(self._sweep())
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                sweeper.cancel()
                self._engine.kill_all()  # what has not ended while draining
                self._workers.shutdown()
                self._aside.shutdown()
                self._sessions.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._sessions.expire()

    async def _route(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path in ("/ping", "/replicas_status") or (
            path == "/" and method == "GET" and not scope["query_string"]
        ):
            await _reply(send, 200, b"Ok.\n", [_TEXT])
        elif path == "/metrics":
            text = await asyncio.get_running_loop().run_in_executor(self._aside, self._metrics)
            await _reply(send, 200, text, [_PROMETHEUS])
        elif path == "/":
            await self._query(scope, receive, send)
        else:
            await _reply(send, 404, f"There is no handle {path}\n".encode(), [_TEXT])

    async def _query(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        answer = _Answer(send, self._engine, uuid4().hex[:16])
        length = headers.get("content-length", "")
        declared = min(int(length), self._limits.body) if length.isdigit() else None
        try:
            async with self._room.body(declared) as grow:
                body = await read_body(receive, self._limits.body, grow)
                query = await self._parse(scope, headers, body)
                answer.query_id = query.query_id
                await self._answer(query, receive, answer)
        except ClientGoneError:
            return  # nothing was executed, and nobody is there to be told
        except ClickHouseError as error:
            STATEMENTS.labels("refused", str(error.code)).inc()
            await answer.fail(error)

    async def _parse(self, scope: dict[str, Any], headers: dict[str, str], body: bytes) -> Query:
        def build() -> Query:
            return build_query(
                scope["method"], scope["query_string"], headers, body, body_limit=self._limits.body
            )

        if len(body) < 1 << 16 and len(scope["query_string"]) < 1 << 14:
            return build()
        return await asyncio.get_running_loop().run_in_executor(self._aside, build)

    async def _answer(self, query: Query, receive: Receive, answer: _Answer) -> None:
        lane = query.lane
        began = time.perf_counter()
        running = STATEMENTS_RUNNING.labels(lane.value)
        running.inc()
        outlet = QueueOutlet(asyncio.get_running_loop())
        watcher = asyncio.create_task(self._watch(query, receive, outlet))
        try:
            async with self._lanes.place(lane):
                if not outlet.closed:
                    await self._run(query, outlet, answer)
        finally:
            watcher.cancel()
            running.dec()
            STATEMENT_SECONDS.labels(lane.value).observe(time.perf_counter() - began)

    async def _run(self, query: Query, outlet: QueueOutlet, answer: _Answer) -> None:
        def work() -> None:
            try:
                execute(self._engine, self._sessions, query, outlet)
                outlet.end(None)
            except Exception as error:  # noqa: BLE001 - whatever fails, the client is told in ClickHouse's words
                outlet.end(from_engine(error))

        worker = asyncio.get_running_loop().run_in_executor(self._workers, work)
        try:
            error = await answer.send_all(outlet)
            outcome = "gone" if outlet.closed else "ok" if error is None else str(error.code)
            STATEMENTS.labels(query.lane.value, outcome).inc()
            if error is not None:
                await answer.fail(error)
        finally:
            outlet.close()
            await asyncio.shield(worker)
            with contextlib.suppress(RuntimeError):  # shutting down
                self._aside.submit(self._engine.spare_handle)

    async def _watch(self, query: Query, receive: Receive, outlet: QueueOutlet) -> None:
        """When the client hangs up, its query is stopped; an insert that was received whole goes on."""
        while (await receive())["type"] != "http.disconnect":
            pass
        if query.statement.is_query and not outlet.ended:
            outlet.close()
            await asyncio.get_running_loop().run_in_executor(self._aside, self._engine.kill, query.tag)

    def _metrics(self) -> bytes:
        """What Prometheus reads."""
        ENGINE_MEMORY.labels("warehouse").set(self._engine.memory())
        return bytes(generate_latest(REGISTRY))


class _Answer:
    """One response: head, pieces, end; or an error, before the head or in the middle."""

    def __init__(self, send: Send, engine: Engine, tag: str) -> None:
        self._send = send
        self._engine = engine
        self._tag = tag
        self._begun = False
        self.query_id = ""

    async def send_all(self, outlet: QueueOutlet) -> ClickHouseError | None:
        """Pass on what the worker produces; return the error it ended with."""
        error: ClickHouseError | None
        async for batch in outlet.batches():
            pieces = b"".join(item for kind, item in batch if kind == "data")
            ending, error = batch[-1]
            whole = ending == "end" and error is None
            if batch[0][0] == "head":
                form, summary = batch[0][1]
                await self._head(form, summary, len(pieces) if whole else None)
            if pieces or whole:
                await self._send({"type": "http.response.body", "body": pieces, "more_body": not whole})
            if ending == "end":
                return error
        return None

    async def fail(self, error: ClickHouseError) -> None:
        """Answer with the error; after the head it goes between marks that clients look for."""
        body = body_of(error, self._engine.version)
        if not self._begun:
            code = (b"x-clickhouse-exception-code", str(error.code).encode())
            close = [(b"connection", b"close")] if error.status == 413 else []
            await _reply(self._send, error.status, body, [*self._base(), _TEXT, code, *close])
            return
        tag = self._tag.encode()
        mark = b"\r\n__exception__\r\n"
        block = mark + tag + b"\r\n" + body + str(len(body)).encode() + b" " + tag + mark
        await self._send({"type": "http.response.body", "body": block})

    async def _head(self, form: str | None, summary: dict[str, str], length: int | None) -> None:
        headers = self._base()
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        if summary:
            headers.append((b"x-clickhouse-summary", json.dumps(summary).encode()))
        if form is not None:
            headers.append((b"x-clickhouse-format", form.encode()))
        kind = _CONTENT_TYPES.get(form or "", "text/plain; charset=UTF-8")
        headers.append((b"content-type", kind.encode()))
        self._begun = True
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    def _base(self) -> Headers:
        return [
            (b"x-clickhouse-server-display-name", b"warehouse"),
            (b"x-clickhouse-query-id", self.query_id.encode("ascii", "replace")),
            (b"x-clickhouse-timezone", self._engine.timezone.encode()),
            (b"x-clickhouse-exception-tag", self._tag.encode()),
        ]


async def _reply(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
