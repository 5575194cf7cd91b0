"""``python -m mesh.jobs --metrics-port N``: run what is due by the clock until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from threading import Event
from types import FrameType

from mesh.jobs.scheduler import Scheduler
from mesh.kernel import metrics
from mesh.kernel.clock import now_seconds
from mesh.kernel.errors import MeshError
from mesh.kernel.settings import load_settings


def main(argv: Sequence[str] | None = None) -> int:
    """Work until stopped; the exit code. An error that a person can mend is one line and 2."""
    parser = argparse.ArgumentParser(prog="python -m mesh.jobs", description=__doc__)
    parser.add_argument("--metrics-port", type=int, default=0, help="port of the Prometheus metrics; 0: none")
    parser.add_argument("--metrics-host", default="127.0.0.1", help="address of the metrics (%(default)s)")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = Event()

    def end(_signum: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        settings = load_settings()
    except MeshError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's answer
        return 2
    if arguments.metrics_port:
        metrics.serve(arguments.metrics_port, arguments.metrics_host)
    Scheduler(settings.home, now_seconds).work(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
