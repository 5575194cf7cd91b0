"""The embedded warehouse: one process that owns the data path and serves ClickHouse's HTTP interface."""

from __future__ import annotations

import sys
from importlib.metadata import version

from mesh.platform.part import Health, Part
from mesh.platform.paths import Paths
from mesh.platform.ports import HOST
from mesh.platform.workers import environment

NAME = "warehouse"
PORT = 8123


def declare(paths: Paths, port: int) -> Part:
    """The declaration of the warehouse."""
    data = paths.data(NAME)
    return Part(
        name=NAME,
        command=(sys.executable, "-m", "sinks.warehouse_server", "--path", str(data), "--port", str(port)),
        env=environment(paths),
        health=Health("http", f"http://{HOST}:{port}/ping"),
        address=f"http://{HOST}:{port}",
        metrics=f"http://{HOST}:{port}/metrics",
        ports=(port,),
        version=f"chdb {version('chdb')}",
        grace=30,  # it finishes the statements in flight
    )
