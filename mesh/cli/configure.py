"""``mesh configure``: what the watching programs read, where others than `mesh up` start them."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import urlsplit

import typer

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import SettingsError
from mesh.kernel.settings import load_settings
from mesh.platform import prometheus
from mesh.platform.paths import Paths
from observability import dashboards, writing
from observability.scraping import Target, targets

SERVICE, WORKER = "service", "worker"


def command(
    scrape: Annotated[
        list[str] | None,
        typer.Option(help="A part to scrape, PART=URL, such as sink-1=http://sink:9204/metrics."),
    ] = None,
) -> None:
    """Write what Prometheus, Alertmanager and Grafana read, for a mesh that Docker or another starts.

    `mesh up` does this by itself. Targets, rules, routes and dashboards come into MESH_HOME.
    """
    settings = load_settings()
    paths = Paths.of(settings.home)
    mesh = find_mesh(settings)
    found = [target(text) for text in scrape or ()]
    prometheus.configure(paths, settings)
    paths.targets.write_text(json.dumps(targets(found), indent=1), encoding="utf-8")
    changed = [*writing.write(mesh, settings, paths.home), *dashboards.write(mesh, paths.home)]
    typer.echo(f"{len(found)} targets; {len(changed)} rules, routes and dashboards are new or changed")


def target(text: str) -> Target:
    """The target that an option states: a numbered part is a worker, any other a service.

    Raises :class:`SettingsError` ``target-wrong``.
    """
    part, _, address = text.partition("=")
    url = urlsplit(address)
    if not part or url.scheme not in ("http", "https") or not url.hostname or url.path in ("", "/"):
        raise SettingsError(
            "target-wrong",
            "is no part with an address",
            place=f"--scrape {text}",
            remedy="write PART=URL, as in sink-1=http://sink:9204/metrics",
        )
    return Target(part, WORKER if part.rpartition("-")[2].isdigit() else SERVICE, address)
