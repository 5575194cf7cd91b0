"""The pager's process: ``python -m observability.pager --port 9099``, until SIGTERM or SIGINT.

Exit codes: 0 stopped by a signal, 2 a person's error (one line says which).
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence

import uvicorn

from mesh.kernel.clock import now
from mesh.kernel.errors import MeshError, PlatformError
from mesh.kernel.settings import load_settings
from observability.pager.archive import Archive
from observability.pager.http import Application
from observability.pager.journal import Journal
from observability.pager.pager import Pager
from observability.pager.routing import channels

PORT = 9099
FOLDER = "pager"
"""Of the journal, in the mesh's home."""

CHATTY = ("urllib3", "clickhouse_connect")
"""Libraries that log at length what they raise anyway."""

log = logging.getLogger("mesh.pager")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m observability.pager", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="where to listen; 0 picks a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it shows addresses, which are secrets
    for library in CHATTY:
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        _serve(arguments.host, arguments.port)
    except MeshError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - the command's answer
        return 2
    return 0


def _serve(host: str, port: int) -> None:
    settings = load_settings()
    open_channels = channels(settings)
    listener = _listen(host, port)
    pager = Pager(settings, Journal(settings.home / FOLDER), open_channels, now)
    application = Application(pager, Archive(settings, pager.book))
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=5,
    )
    log.info(
        "pager on port %d as process %d, pages over %s",
        listener.getsockname()[1],
        os.getpid(),
        ", ".join(open_channels),
    )
    # The server raises a signal that it caught once more when it is done; that must not end us with an error.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PlatformError(
            "pager-port-taken",
            error.strerror or str(error),
            place=f"{host}:{port}",
            remedy="give another --port, or stop the process that has it",
        ) from None
    return listener


if __name__ == "__main__":
    sys.exit(main())
