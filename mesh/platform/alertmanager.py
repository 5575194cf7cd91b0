"""Alertmanager: groups, routes and repeats what Prometheus fires, and hands it to the pager."""

from __future__ import annotations

from mesh.platform import debian
from mesh.platform.debian import Programs
from mesh.platform.part import Part
from mesh.platform.paths import Paths

NAME = "alertmanager"
PORT = 9093
MEMORY = {"GOMEMLIMIT": "48MiB", "GOGC": "50"}


def declare(paths: Paths, programs: Programs, port: int) -> Part:
    """The declaration of Alertmanager. Its routes must have been written before it is started."""
    home = paths.data(NAME)
    options = (
        f"--config.file={home / 'alertmanager.yaml'}",
        f"--storage.path={home / 'data'}",
        "--cluster.listen-address=",  # one alone; it would else open a port to the network for its peers
    )
    return debian.part(NAME, programs, port, options, MEMORY)
