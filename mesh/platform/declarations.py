"""Declares services and the parts that watch: programs made present, ports chosen, configuration written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.platform import alertmanager, broker, debian, jars, observers, prometheus, registry, warehouse
from mesh.platform.choice import FETCHED
from mesh.platform.part import Part
from mesh.platform.paths import Paths
from mesh.platform.ports import Ports
from observability import writing
from observability.dashboards import derive

SETTING = {
    broker.NAME: "kafka",
    registry.NAME: "registry",
    warehouse.NAME: "warehouse",
    prometheus.NAME: "prometheus",
    alertmanager.NAME: "alertmanager",
    observers.PAGER: "pager",
}
"""The setting that holds the address of a part."""
Report = Callable[[str], None]


def services(
    paths: Paths, names: Sequence[str], ports: Ports, report: Report, fetched: jars.Progress | None = None
) -> list[Part]:
    """Declare parts, each on its usual port or on the one that the user's environment fixes."""

    def port(part: str, usual: int) -> int:
        variable = f"MESH_{SETTING[part].upper()}"
        if fixed := os.environ.get(variable):
            return ports.fixed(part, variable, fixed)
        return ports.usual(part, usual)

    found = _programs(report, fetched) if {broker.NAME, registry.NAME} & set(names) else None
    parts = []
    if found and broker.NAME in names:
        main = port(broker.NAME, broker.PORT)
        parts.append(broker.declare(paths, found, main, ports.near(main + 1000)))
    if found and registry.NAME in names:
        main = port(registry.NAME, registry.PORT)
        parts.append(registry.declare(paths, found, main, ports.near(main + 1000)))
    if warehouse.NAME in names:
        parts.append(warehouse.declare(paths, port(warehouse.NAME, warehouse.PORT)))
    if prometheus.NAME in names:
        programs = debian.obtain(debian.PROMETHEUS, report)
        parts.append(prometheus.declare(paths, programs, port(prometheus.NAME, prometheus.PORT)))
    if alertmanager.NAME in names:
        programs = debian.obtain(debian.ALERTMANAGER, report)
        parts.append(alertmanager.declare(paths, programs, port(alertmanager.NAME, alertmanager.PORT)))
    if observers.MONITOR in names:
        parts.append(observers.declare_monitor(paths, ports.near(observers.MONITOR_PORT)))
    if observers.SCHEDULER in names:
        parts.append(observers.declare_scheduler(paths, ports.near(observers.SCHEDULER_PORT)))
    if observers.PAGER in names:
        parts.append(observers.declare_pager(paths, port(observers.PAGER, observers.PAGER_PORT)))
    return parts


def addresses(parts: Iterable[Part]) -> dict[str, str]:
    """The settings that tell every process where these parts are."""
    return {SETTING[part.name]: part.address for part in parts if part.name in SETTING}


def configure(paths: Paths, names: Sequence[str], settings: Settings) -> None:
    """Write what Prometheus and Alertmanager read at their start, where they are among the parts named.

    The dashboards of all domains are written too, for whoever has a Grafana.
    """
    if not FETCHED.keys() & set(names):
        return
    prometheus.configure(paths, settings)
    mesh = find_mesh(settings)
    writing.write(mesh, settings, paths.home)
    derive.write(mesh, paths.home)


def _programs(report: Report, fetched: jars.Progress | None) -> jars.Jars:
    if count := jars.missing():
        report(f"fetching Kafka and the schema registry: {count} files, about 190 MB, this once")
    return jars.fetch(progress=fetched)
