"""Our own processes beside the streams.

The monitor looks at the mesh from outside, the pager tells people, the scheduler does what is due.
"""

from __future__ import annotations

import sys

from mesh.platform.part import Health, Part
from mesh.platform.paths import Paths
from mesh.platform.ports import HOST
from mesh.platform.workers import code_version, environment

MONITOR, PAGER, SCHEDULER = "monitor", "pager", "scheduler"
SCHEDULER_PORT, MONITOR_PORT, PAGER_PORT = 9097, 9098, 9099


def declare_monitor(paths: Paths, port: int) -> Part:
    """The monitor. It needs no other part: it must tell of those that are away."""
    return _measured(MONITOR, "observability.monitor", paths, port)


def declare_scheduler(paths: Paths, port: int) -> Part:
    """The scheduler. It needs no other part: a job that finds one away has failed, and says so."""
    return _measured(SCHEDULER, "mesh.jobs", paths, port)


def _measured(name: str, module: str, paths: Paths, port: int) -> Part:
    address = f"http://{HOST}:{port}/metrics"
    return Part(
        name=name,
        command=(sys.executable, "-m", module, "--metrics-port", str(port)),
        env=environment(paths),
        health=Health("http", address),
        address=address,
        metrics=address,
        ports=(port,),
        version=code_version(),
    )


def declare_pager(paths: Paths, port: int) -> Part:
    """The pager. It keeps incidents itself and catches up with the warehouse, so it needs no other part."""
    address = f"http://{HOST}:{port}"
    return Part(
        name=PAGER,
        command=(sys.executable, "-m", "observability.pager", "--port", str(port)),
        env=environment(paths),
        health=Health("http", f"{address}/healthz"),
        address=address,
        metrics=f"{address}/metrics",
        ports=(port,),
        version=code_version(),
    )
