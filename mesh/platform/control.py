"""The control channel: one JSON line each way over a unix socket that only its owner can open."""

from __future__ import annotations

import fcntl
import json
import socket
from typing import Any

from mesh.kernel.errors import PlatformError
from mesh.platform.paths import Paths

REPLY_LIMIT = 4_000_000  # bytes


def is_running(paths: Paths) -> bool:
    """Whether a supervisor lives in this home. It holds a lock for as long, however it ends."""
    try:
        with paths.lock.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def request(paths: Paths, do: str, *, timeout: float = 30.0, **arguments: Any) -> dict[str, Any]:
    """Send one request to the supervisor and return its reply.

    Raises :class:`PlatformError`: ``platform-down`` where none answers, or the supervisor's own error.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(timeout)
            channel.connect(str(paths.socket))
            channel.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            with channel.makefile("rb") as replies:
                line = replies.readline(REPLY_LIMIT)
    except TimeoutError:
        raise PlatformError(
            "supervisor-silent",
            f"did not answer {do!r} within {timeout:.0f} s",
            place=str(paths.home),
            remedy="see `mesh logs supervisor`",
        ) from None
    except OSError:
        line = b""
    if not line:
        raise PlatformError(
            "platform-down",
            "the mesh is not running",
            place=str(paths.home),
            remedy="start it with `mesh up`",
        )
    reply: dict[str, Any] = json.loads(line)
    if error := reply.get("error"):
        raise PlatformError(error["code"], error["what"], place=error["place"], remedy=error["remedy"])
    return reply
