"""Toy parts: small Python processes that serve, die or hang as a test needs."""

from __future__ import annotations

import sys
from typing import Any

from mesh.platform.part import Health, Part
from mesh.platform.ports import Ports

SERVER = """
import http.server, signal, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *words):
        print("asked", flush=True)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("toy starts", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PORTS = Ports(print)


def toy(name: str, *options: str, **changes: Any) -> Part:
    """A part that serves HTTP at once; option ``stubborn`` ignores SIGTERM."""
    port = PORTS.near(39_300)
    values: dict[str, Any] = {
        "name": name,
        "command": (sys.executable, "-c", SERVER, str(port), *options),
        "health": Health("http", f"http://127.0.0.1:{port}/"),
        "address": f"127.0.0.1:{port}",
        "version": "toy",
        "grace": 5.0,
        "ready_timeout": 20.0,
    }
    return Part(**{**values, **changes})


def dying(name: str, code: int = 3) -> Part:
    """A part that ends at once."""
    return toy(
        name, command=(sys.executable, "-c", f"print('no luck', flush=True); raise SystemExit({code})")
    )
