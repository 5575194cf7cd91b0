"""Writes what a fold owes: rows to their topics, new knowledge to the changelog, rejections to be parked."""

from __future__ import annotations

from collections.abc import Sequence

from streams.engine.errors import EngineError
from streams.engine.fold import Rejection
from streams.engine.meter import Meter
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
                raise EngineError(
                    "store-missing", "a fold without a store has state", place=stage.application.name
                )
            await writer.entries(stage.changelog, number, emission.changelog)
    return rows


async def park(
    stage: Stage, topic: str, number: int, rejections: Sequence[Rejection], writer: Writer, meter: Meter
) -> None:
    """Write the dead letters of records of one partition. The next flush makes them safe."""
    parking = stage.application.parking
    if parking is None:
        first = rejections[0]
        raise EngineError(
            "parking-missing",
            f"record {first.record[0]} cannot be folded ({first.code}: {first.reason})",
            place=f"{topic}[{number}]",
            remedy="mend its publisher, or give the application a parking",
        )
    dead = parking.topic(topic)
    letters = list(parking.letters(topic, number, rejections))
    await writer.letters(dead, letters)
    for letter in letters:
        meter.parked(topic, letter.code)
