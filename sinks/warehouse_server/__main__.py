"""``python -m sinks.warehouse_server --path DIR --port N``: serve one path until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from mesh.kernel.errors import MeshError, WarehouseError
from sinks.warehouse_server.config import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; return the exit status. A start-up error is one line on stderr and status 1."""
    options = _options(arguments)
    limits = Limits(memory=options.memory_limit, body=options.body_limit)
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
    server = uvicorn.Server(
        uvicorn.Config(
            Application(engine, limits),
            log_level="warning",
            access_log=False,
            loop="uvloop",
            http="httptools",
            server_header=False,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=int(limits.drain_seconds),
        )
    )
    host, port = listener.getsockname()[:2]
    ready = f"warehouse ready: http://{host}:{port} ClickHouse {engine.version}, process {os.getpid()}"
    print(ready, flush=True)  # noqa: T201 - the command's answer
    # The server raises the signals that it caught once more when it has drained; without a handler of our own
    # that would end the process before the engine is closed.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)
    try:
        server.run(sockets=[listener])
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
