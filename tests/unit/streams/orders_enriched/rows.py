"""What a runtime has written, and publishing to it."""

from __future__ import annotations

from typing import Any


def rows(runtime: Any) -> dict[int, dict[str, Any]]:
    """The newest row of each line of the one order in the test."""
    return {line: row for (_, _, line), row in runtime.newest().items()}


def publish(runtime: Any, topic: str, **fields: Any) -> None:
    """Publish an event and let it take effect."""
    runtime.publish(topic, runtime.world.event(topic, **fields))
    runtime.run()


def emitted(runtime: Any) -> list[dict[str, Any]]:
    """The rows written since this was last called."""
    values, runtime.rows = [runtime.world.row(value) for _, value, _ in runtime.rows], []
    return values
