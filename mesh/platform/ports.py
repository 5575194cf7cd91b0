"""Which port a part gets: its usual one, or another that is free."""

from __future__ import annotations

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from mesh.kernel.errors import PlatformError

HOST = "127.0.0.1"  # parts are for this machine only: nothing here asks for a password
LOOPBACK = {HOST, "localhost"}
SEARCHED = 200  # ports tried after the usual one


class Ports:
    """Gives out ports and remembers which it gave."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._given: set[int] = set()

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
        if split.port in self._given or not is_free(split.port):
            raise PlatformError(
                "port-taken",
                f"port {split.port} is taken by another process",
                place=variable,
                remedy="free the port, or unset the variable to let a free one be chosen",
            )
        self._given.add(split.port)
        return split.port

    def near(self, port: int) -> int:
        """The first free port from ``port`` upward that was not given out before."""
        for candidate in range(port, port + SEARCHED):
            if candidate not in self._given and is_free(candidate):
                self._given.add(candidate)
                return candidate
        raise PlatformError(
            "port-taken", f"no free port from {port} to {port + SEARCHED}", remedy="free some"
        )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
