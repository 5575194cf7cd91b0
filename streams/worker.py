"""One process of a stream application.

``python -m streams.worker mesh.orders-enriched --index 1 --metrics-port 9201``

Exit codes: 0 stopped by a signal, 2 a person's error (one line says which), 70 it could not go on without
losing or spoiling a record.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

import faust

from mesh.kernel import metrics
from mesh.kernel.errors import MeshError
from mesh.kernel.settings import Settings, load_settings
from schemas.registry import schema_ids
from streams import applications
from streams.fold import Application
from streams.runtime.preflight import preflight
from streams.runtime.processor import Processor
from streams.transport.app import BatchApp, batch_app


def main(argv: Sequence[str] | None = None) -> None:
    """Run the worker until it is stopped."""
    arguments = _parser().parse_args(argv)
    set_up_logging()
    try:
        settings = load_settings()
        stages = applications.build(arguments.application, settings, schema_ids(settings))
        app = assemble(stages, settings, index=arguments.index, metrics_port=arguments.metrics_port)
    except MeshError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    run(app)


def assemble(
    stages: Sequence[Application], settings: Settings, *, index: int = 1, metrics_port: int | None = None
) -> BatchApp:
    """The Faust app that runs these stages, once all that it needs is known to be there."""
    preflight(stages, settings)
    if metrics_port is not None:
        metrics.serve(metrics_port)
    name = stages[0].name
    app = batch_app(name, settings.kafka, settings.home / "workers" / f"{name}-{index}")
    Processor(app, stages, settings).attach()
    app.finalize()
    return app


def run(app: BatchApp) -> None:
    """Run the app; returns by :class:`SystemExit`."""
    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes control characters, terminal or not
    worker.execute_from_commandline()


def set_up_logging() -> None:
    """Log to standard error: ours at INFO, the libraries' from WARNING on."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # They tell of each step of a rebalance, and of each request, at INFO.
    for name in ("faust", "mode", "aiokafka", "httpx", "streams.transport"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streams.worker", description=__doc__)
    parser.add_argument("application", help="name of the application, e.g. mesh.orders-enriched")
    parser.add_argument("--index", type=int, default=1, help="number of this process, from 1")
    parser.add_argument("--metrics-port", type=int, help="serve Prometheus metrics on this port")
    return parser


if __name__ == "__main__":
    main()
