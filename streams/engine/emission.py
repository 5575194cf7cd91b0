"""Writes what a fold owes: rows to their topics, new knowledge to the changelog."""

from __future__ import annotations

from mesh.kernel.errors import StreamError
from streams.engine.stage import Stage
from streams.engine.writer import Writer

ROWS = 5_000
"""About how many rows one emission holds: bounds memory while a correction touches many rows."""


async def emit(stage: Stage, number: int, writer: Writer) -> int:
    """Write all that a partition's fold owes; return the number of rows. The next flush makes them safe."""
    fold, rows = stage.partitions[number].fold, 0
    while (emission := fold.take(ROWS)) is not None:
        for output in emission.outputs:
            await writer.rows(output.topic, output.partition, output.rows)
            rows += len(output.rows)
        if emission.changelog:
            if stage.changelog is None:
                raise StreamError(
                    "store-missing", "a fold without a store has state", place=stage.application.name
                )
            await writer.entries(stage.changelog, number, emission.changelog)
    return rows
