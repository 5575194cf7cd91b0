"""Which port a part gets: its usual one, or another that is free.

A part listens only seconds after its port was chosen, and not at all while it is restarted. So that another
mesh on this machine does not take the port meanwhile, whoever chose it holds a lock in the user's name: first
the program that chooses, then the supervisor for as long as the part is declared.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from mesh.kernel.errors import PlatformError

HOST = "127.0.0.1"  # parts are for this machine only: nothing here asks for a password
LOOPBACK = {HOST, "localhost"}
SEARCHED = 200  # ports tried after the usual one


class Ports:
    """Gives out ports. A context: leave it when the parts are declared and the supervisor holds them."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._claims: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for claim in self._claims:
            claim.close()

    def usual(self, part: str, port: int) -> int:
        """``port`` when it is free, else the next free one, with a line that says so."""
        chosen = self.near(port)
        if chosen != port:
            self._report(f"{part}: port {port} is taken by another process; using {chosen}")
        return chosen

    def fixed(self, part: str, variable: str, address: str) -> int:
        """The port of an address that the user has fixed.

        Raises :class:`PlatformError`: ``port-taken``, or ``address-elsewhere`` where the address is not this
        machine's and so nothing can be started there.
        """
        split = urlsplit(address if "//" in address else f"//{address}")
        if split.hostname not in LOOPBACK or split.port is None:
            raise PlatformError(
                "address-elsewhere",
                f"names {address}, where {part} cannot be started",
                place=variable,
                remedy=f"unset it, or leave {part} out with --only",
            )
        if not self._take(split.port):
            raise PlatformError(
                "port-taken",
                f"port {split.port} is taken by another process",
                place=variable,
                remedy="free the port, or unset the variable to let a free one be chosen",
            )
        return split.port

    def near(self, port: int) -> int:
        """The first port from ``port`` upward that is free and that nobody has chosen."""
        for candidate in range(port, port + SEARCHED):
            if self._take(candidate):
                return candidate
        raise PlatformError(
            "port-taken", f"no free port from {port} to {port + SEARCHED}", remedy="free some"
        )

    def _take(self, port: int) -> bool:
        if is_free(port) and (claim := _claim(port)):
            self._claims.append(claim)
            return True
        return False


def hold(port: int) -> IO[bytes]:
    """Keep others from choosing a port until the file that is returned is closed."""
    folder = Path(tempfile.gettempdir()) / f"mesh-{os.getuid()}-ports"
    folder.mkdir(mode=0o700, exist_ok=True)
    claim = (folder / str(port)).open("ab")
    fcntl.flock(claim, fcntl.LOCK_SH)
    return claim


def _claim(port: int) -> IO[bytes] | None:
    """Hold a port that nobody else holds; None when somebody does."""
    claim = hold(port)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        return None
    fcntl.flock(claim, fcntl.LOCK_SH)  # the supervisor takes its share before ours ends
    return claim


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
