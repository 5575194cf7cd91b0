"""Toy parts: small Python processes that serve, die or hang as a test needs."""

from __future__ import annotations

import sys
from typing import Any

from mesh.platform.part import Health, Part
from mesh.platform.ports import Ports

SERVER = """
import os, signal, socket, sys
print("toy starts", flush=True)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else lambda *_: sys.exit(0))
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    asked, _ = listener.accept()
    with asked:
        asked.recv(4096)
        asked.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
        if "recovers" in sys.argv and os.path.exists(sys.argv[-1]):
            asked.sendall(b"done")
"""
# Without site packages and the user's environment a toy starts in a few hundredths of a second.
PYTHON = (sys.executable, "-I", "-S", "-c")
PORTS = Ports(print)


def toy(name: str, *options: str, **changes: Any) -> Part:
    """A part that serves HTTP at once; option ``stubborn`` ignores SIGTERM.

    With ``recovers`` and a path it says that it has recovered once there is a file.
    """
    port = PORTS.near(39_300)
    values: dict[str, Any] = {
        "name": name,
        "command": (*PYTHON, SERVER, str(port), *options),
        "health": Health("http", f"http://127.0.0.1:{port}/"),
        "address": f"127.0.0.1:{port}",
        "ports": (port,),
        "version": "toy",
        "grace": 5.0,
        "ready_timeout": 20.0,
    }
    return Part(**{**values, **changes})


def dying(name: str, code: int = 3) -> Part:
    """A part that ends at once."""
    return toy(name, command=(*PYTHON, f"print('no luck', flush=True); raise SystemExit({code})"))
