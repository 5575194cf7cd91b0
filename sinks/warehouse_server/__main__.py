"""``python -m sinks.warehouse_server --path DIR --port N``: serve one path until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from mesh.kernel.errors import MeshError, WarehouseError
from sinks.warehouse_server.config import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from sinks.warehouse_server.engine import Engine


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; return the exit status. A start-up error is one line on stderr and status 1."""
    options = _options(arguments)
    limits = Limits(memory=options.memory_limit, body=options.body_limit, drain_seconds=options.drain)
    try:
        listener = _listen(options.host, options.port)
        return _serve(options.path, limits, listener)
    except MeshError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - the command's answer
        return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sinks.warehouse_server", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the warehouse; made when missing")
    parser.add_argument("--port", type=int, required=True, help="port of ClickHouse's HTTP interface; 0: any")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--memory-limit",
        type=int,
        default=Limits.memory,
        help="bytes the engine may use (default: %(default)s)",
    )
    parser.add_argument(
        "--body-limit", type=int, default=Limits.body, help="bytes of one request body (default: %(default)s)"
    )
    parser.add_argument(
        "--drain",
        type=float,
        default=Limits.drain_seconds,
        help="seconds for requests at the end (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def _listen(host: str, port: int) -> socket.socket:
    """Bind first: a taken port must not cost the time of opening the path."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise WarehouseError(
            "warehouse-port-taken",
            error.strerror or str(error),
            place=f"{host}:{port}",
            remedy="give another --port, or stop the process that has it",
        ) from None
    return listener


def _serve(path: Path, limits: Limits, listener: socket.socket) -> int:
    from sinks.warehouse_server.engine import Engine  # 1 s and 200 MB: not before the port is ours
    from sinks.warehouse_server.http import Application

    engine = Engine(path, limits)
    server = _Server(
        engine,
        limits,
        uvicorn.Config(
            Application(engine, limits),
            log_level="warning",
            access_log=False,
            loop="uvloop",
            http="httptools",
            server_header=False,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=int(limits.drain_seconds) + 4,
        ),
    )
    host, port = listener.getsockname()[:2]
    ready = f"warehouse ready: http://{host}:{port} ClickHouse {engine.version}, process {os.getpid()}"
    print(ready, flush=True)  # noqa: T201 - the command's answer
    # The server raises the signals that it caught once more when it has drained; without a handler of our own
    # that would end the process before the engine is closed.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, server.handle_exit)
    try:
        server.run(sockets=[listener])
    finally:
        engine.close()
    return 0


class _Server(uvicorn.Server):
    """On a signal: no new requests, time for those under way, then their queries are stopped.

    Stopped, not cut off: each client still gets its answer, QUERY_WAS_CANCELLED.
    """

    def __init__(self, engine: Engine, limits: Limits, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopper = threading.Timer(limits.drain_seconds, engine.kill_all)
        self._stopper.daemon = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain."""
        if self._stopper.ident is None:
            self._stopper.start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, and close."""
        await super().shutdown(sockets)
        self._stopper.cancel()


if __name__ == "__main__":
    sys.exit(main())
