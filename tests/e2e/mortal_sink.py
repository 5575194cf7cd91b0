"""The sink, which ends itself with kill -9 at a step: ``python -m tests.e2e.mortal_sink STEP COUNT``.

Steps: ``before-insert``, ``during-insert``, ``after-insert``, ``before-parking``, ``after-parking``,
``after-commit``; at any other word it lives. ``COUNT`` says at which one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer

from sinks import block, worker
from sinks.clickhouse.writer import Writer
from sinks.dead_letters import Parking


def die() -> None:
    """As a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(step: str, count: int) -> None:
    """Run the sink with small blocks, until the step is reached."""
    reached = 0

    def here(name: str) -> bool:
        nonlocal reached
        reached += name == step
        return name == step and reached == count

    def wrapped(method: Callable[..., Any], before: str, during: str, after: str) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            if here(before):
                die()
            if here(during):
                threading.Timer(0.004, die).start()
            result = method(*arguments, **options)
            if here(after):
                die()
            return result

        return run

    class Mortal(Consumer):
        """Is missed sooner, so that the next one need not wait long."""

        def __init__(self, config: dict[str, Any]) -> None:
            super().__init__({**config, "session.timeout.ms": 6000})

        def commit(self, *arguments: Any, **options: Any) -> Any:
            """Commit, and perhaps never know."""
            result = super().commit(*arguments, **options)
            if here("after-commit"):
                die()
            return result

    block.MAX_ROWS = 150
    worker.Consumer = Mortal  # type: ignore[misc]
    Writer.insert_avro = wrapped(Writer.insert_avro, "before-insert", "during-insert", "after-insert")  # type: ignore[method-assign]
    Parking.park = wrapped(Parking.park, "before-parking", "", "after-parking")  # type: ignore[method-assign]
    sys.argv[1:] = []
    worker.main()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
