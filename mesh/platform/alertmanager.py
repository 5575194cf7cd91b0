"""Alertmanager: groups, routes and repeats what Prometheus fires, and hands it to the pager."""

from __future__ import annotations

from mesh.platform.debian import Programs
from mesh.platform.part import Health, Part
from mesh.platform.paths import Paths
from mesh.platform.ports import HOST

NAME = "alertmanager"
PORT = 9093
MEMORY = {"GOMEMLIMIT": "48MiB", "GOGC": "50"}


def declare(paths: Paths, programs: Programs, port: int) -> Part:
    """The declaration of Alertmanager. Its routes must have been written before it is started."""
    home = paths.data(NAME)
    address = f"http://{HOST}:{port}"
    return Part(
        name=NAME,
        command=(
            str(programs.server),
            f"--config.file={home / 'alertmanager.yaml'}",
            f"--storage.path={home / 'data'}",
            f"--web.listen-address={HOST}:{port}",
            "--cluster.listen-address=",  # one alone; it would else open a port to the network for its peers
            "--log.level=warn",
        ),
        env=MEMORY,
        folder=str(programs.folder),
        health=Health("http", f"{address}/-/ready"),
        address=address,
        metrics=f"{address}/metrics",
        ports=(port,),
        version=programs.version,
    )
