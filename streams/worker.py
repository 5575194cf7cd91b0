"""One process of a stream application.

``python -m streams.worker mesh.orders-enriched --index 1 --metrics-port 9201``

Exit codes: 0 stopped by a signal, 2 a person's error (one line says which), 70 it could not go on without
losing or spoiling a record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mesh.kernel import metrics
from mesh.kernel.errors import MeshError
from mesh.kernel.heap import keep_freed
from mesh.kernel.settings import load_settings
from schemas.registry import schema_ids
from streams import applications
from streams.engine.assembly import assemble, run, set_up_logging
from streams.engine.errors import EngineError
from streams.metering import Metrics


def main(argv: Sequence[str] | None = None) -> None:
    """Run a worker until it is stopped."""
    arguments = _parser().parse_args(argv)
    set_up_logging()
    try:
        settings = load_settings()
        stages = applications.build(arguments.application, settings, schema_ids(settings))
        if arguments.metrics_port is not None:
            metrics.serve(arguments.metrics_port, arguments.metrics_host)
        app = assemble(
            stages,
            applications.options(settings),
            index=arguments.index,
            meter=Metrics(arguments.application),
        )
    except (MeshError, EngineError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's one line for who started it
        sys.exit(2)
    keep_freed()
    run(app)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streams.worker", description=__doc__)
    parser.add_argument("application", help="name of the application, e.g. mesh.orders-enriched")
    parser.add_argument("--index", type=int, default=1, help="number of this process, from 1")
    parser.add_argument("--metrics-port", type=int, help="serve Prometheus metrics on this port")
    parser.add_argument("--metrics-host", default="127.0.0.1", help="and on this address (%(default)s)")
    return parser


if __name__ == "__main__":
    main()
