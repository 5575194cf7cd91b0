"""``python -m observability.monitor --metrics-port N``: watch the mesh from outside until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from threading import Event
from types import FrameType

from mesh.kernel import metrics, names
from mesh.kernel.broker import Broker
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import MeshError
from mesh.kernel.settings import Settings, load_settings
from observability.monitor.judgements import Judgements
from observability.monitor.landings import Landings
from observability.monitor.ledger import Ledger
from observability.monitor.log import Log
from observability.monitor.machine import Machine
from observability.monitor.positions import GROUPS, Positions
from observability.monitor.rounds import Rounds
from observability.monitor.services import Services, probes
from observability.monitor.sources import Sources
from observability.monitor.table_verdicts import StreamRules, table_verdicts

TIMEOUT = 2.5
"""Seconds that the broker may take for an answer."""


def kinds(settings: Settings) -> dict[str, Callable[[], None]]:
    """What is measured, by the name of its kind."""
    mesh = find_mesh(settings)

    def broker(group: str) -> Broker:
        return Broker(settings.kafka, group, TIMEOUT)

    brokers, log = {group: broker(group) for group in GROUPS}, Log(settings.kafka)
    positions = Positions(mesh, brokers, log)
    ledger = Ledger(
        mesh,
        brokers[names.SINK],
        Landings(settings),
        log,
        committed=lambda: positions.committed,
    )
    return {
        "positions": positions.measure,
        "ledger": ledger.measure,
        "quality": Judgements(settings).measure,
        "stream-quality": StreamRules(
            table_verdicts(mesh.ports.values(), settings, broker("mesh.monitor"), patience=TIMEOUT)
        ).measure,
        "services": Services(probes(settings, broker("mesh.monitor"))).measure,
        "machine": Machine(settings.home).measure,
        "sources": Sources(mesh, settings.home).measure,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Watch until stopped; the exit code. An error that a person can mend is one line and 2."""
    parser = argparse.ArgumentParser(prog="python -m observability.monitor", description=__doc__)
    parser.add_argument("--metrics-port", type=int, default=0, help="port of the Prometheus metrics; 0: none")
    parser.add_argument("--metrics-host", default="127.0.0.1", help="address of the metrics (%(default)s)")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of each request at INFO
    logging.getLogger("clickhouse_connect").setLevel(logging.ERROR)  # it warns of what it raises
    stop = Event()

    def end(_signum: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        found = kinds(load_settings())
    except MeshError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's answer
        return 2
    if arguments.metrics_port:
        metrics.serve(arguments.metrics_port, arguments.metrics_host)
    for kind, measure in found.items():
        Rounds(kind, measure).start(stop)
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
