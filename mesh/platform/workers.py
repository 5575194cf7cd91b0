"""The mesh's own processes: the stream applications and the sink, each in as many processes as wanted."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version

from mesh.kernel.errors import PlatformError, did_you_mean
from mesh.platform.part import Health, Part
from mesh.platform.paths import ROOT, Paths
from mesh.platform.ports import HOST

METRICS_PORT = 9201  # the first; each process gets the next free one
STREAMS = ("orders-enriched", "customer-mastering", "customer-360")
SINK = "sink"
APPS = (*STREAMS, SINK)
SERVICES = ("broker", "registry", "warehouse")
RECOVERED = "\nmesh_recovery_seconds{"
"""What the metrics of a stream show once it has read its state back for the first time."""


def names(app: str, count: int) -> list[str]:
    """The names of an application's processes: ``orders-enriched-1``, …"""
    return [f"{app}-{index}" for index in range(1, count + 1)]


def declare(paths: Paths, app: str, index: int, metrics_port: int) -> Part:
    """The declaration of one process of an application."""
    if app not in APPS:
        raise PlatformError("app-unknown", "is not an application", place=app, remedy=did_you_mean(app, APPS))
    module = ("sinks.worker",) if app == SINK else ("streams.worker", f"mesh.{app}")
    metrics = f"http://{HOST}:{metrics_port}/metrics"
    options = ("--index", str(index), "--metrics-port", str(metrics_port))
    return Part(
        name=f"{app}-{index}",
        kind="worker",
        command=(sys.executable, "-m", *module, *options),
        env=environment(paths),
        health=Health("http", metrics, recovered="" if app == SINK else RECOVERED),
        address=metrics,
        metrics=metrics,
        ports=(metrics_port,),
        version=code_version(),
        needs=SERVICES if app == SINK else SERVICES[:2],
        grace=20,
        ready_timeout=180,  # until it answers; then it may recover for as long as it takes
    )


def environment(paths: Paths) -> dict[str, str]:
    """What a Python process of ours must be told: where the state is, and where our packages are."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {"MESH_HOME": str(paths.home), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def code_version() -> str:
    """The version of our own processes."""
    try:
        return version("retail-data-mesh")
    except PackageNotFoundError:  # run from a checkout without being installed
        return "checkout"
