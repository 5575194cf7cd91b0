"""What a shape of input is to the harness: topics, records, schemas, and the judgement of an output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from benchmarks.error import BenchmarkError
from mesh.kernel.errors import did_you_mean

NAMES = ("lines", "orders", "full")
PARTITIONS = 4
"""Of every topic of orders and of rows, so that a row can lie where its order lies."""
FAULTS_TOLD = 5
"""Faults of an output that are told in words."""


class End(StrEnum):
    """How the harness knows that an engine is done."""

    COUNTED = "counted"  # as many rows are out as were asked for
    STILL = "still"  # the output stands still and the whole input is committed


class Record(NamedTuple):
    """A record to be published; ``moment`` in milliseconds."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    moment: int


class Written(NamedTuple):
    """A record that an engine wrote."""

    partition: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Judgement:
    """What was found in an output: records, distinct rows, and the first faults in words (none: right)."""

    records: int
    distinct: int
    faults: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether every row is there and every record is right."""
        return not self.faults


class Shape(Protocol):
    """A shape of input; ``rows`` is always the number of rows out, which is that of order lines."""

    @property
    def name(self) -> str:
        """As it is asked for."""

    @property
    def end(self) -> End:
        """When an engine is done."""

    def orders_topic(self, rows: int) -> str:
        """The topic that BENCH_ORDERS names."""

    def rows_topic(self, run: str) -> str:
        """The topic that BENCH_OUT names; ``run`` tells runs apart."""

    def dimension_topics(self) -> dict[str, int]:
        """The topics of the dimensions with their partitions; made and filled once."""

    def fact_topics(self, rows: int) -> dict[str, int]:
        """The other topics that an engine reads, with their partitions; made and filled for each ``rows``."""

    def dimensions(self) -> Iterator[Record]:
        """All records of the dimensions."""

    def facts(self, rows: int) -> Iterator[Record]:
        """All records of the other topics, in the order in which they are published."""

    def write_schemas(self, folder: Path) -> None:
        """Write the schemas and ``plan.json`` for the engines."""

    def verify(self, written: Iterable[Written], rows: int) -> Judgement:
        """Judge a whole output."""


@runtime_checkable
class Live(Shape, Protocol):
    """A shape that can be published at a steady rate, and whose rows tell when their order was placed."""

    def live(self, number: int, moment: int) -> Record:
        """Input record ``number`` of the latency measurement, placed at ``moment`` (microseconds)."""

    def moment_of(self, value: bytes) -> int:
        """The moment of the order in an output record, in microseconds."""

    def rows_of(self, number: int) -> int:
        """How many rows come of input record ``number`` of the latency measurement."""


def shape(name: str) -> Shape:
    """A shape by name. Raises :class:`BenchmarkError` (``shape-unknown``) with the nearest names."""
    if name in ("lines", "orders"):
        from benchmarks.flat import Flat

        return Flat(name)
    if name == "full":
        from benchmarks.full_shape import Full

        found: Shape = Full()
        return found
    raise BenchmarkError(
        "shape-unknown", "is not a shape of input", place=name, remedy=did_you_mean(name, NAMES)
    )
