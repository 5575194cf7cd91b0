"""Puts a worker together from the stages of an application, and runs it."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Sequence
from typing import NoReturn

import faust
import uvloop

from streams.engine.connection import faust_settings
from streams.engine.fold import Application
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.preflight import preflight
from streams.engine.processor import Processor
from streams.engine.transport.app import BatchApp, batch_app

ALLOCATIONS = 20_000
"""Objects after which the youngest are searched for cycles: Python's 700 are found in every batch, and many
more would keep buffers for long."""

_CHATTY = ("faust", "mode", "aiokafka", "httpx", f"{__package__}.transport")
"""Loggers that tell of each step of a rebalance, and of each request, at INFO."""


def assemble(
    stages: Sequence[Application], options: Options, *, index: int = 1, meter: Meter | None = None
) -> BatchApp:
    """The Faust app that runs these stages, once all that it needs is known to be there.

    ``index`` numbers the processes of an application on one machine. Raises
    :class:`~streams.engine.errors.EngineError` as :func:`preflight` does.
    """
    preflight(stages, options)
    name = stages[0].name
    app = batch_app(name, options.brokers, options.folder / f"{name}-{index}", faust_settings(options))
    Processor(app, stages, options, meter or Meter()).attach()
    app.finalize()
    return app


def run(app: BatchApp) -> NoReturn:
    """Run the app until a signal ends it, and end the process."""
    # For the loop of the thread that fetches as well. Where few records come at a time, asyncio's own takes
    # half as long again from a record to its row.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)  # records come by thousands, and hold no cycles
    worker.spinner = None  # it writes control characters, terminal or not
    worker.execute_from_commandline()
    raise AssertionError("Faust's worker ends the process")


def set_up_logging() -> None:
    """Log to standard error: ours at INFO, the libraries' from WARNING on."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # a commit under load takes over a second
