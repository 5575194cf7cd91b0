"""What the rules of a port cost in stream, measured in this process.

Those on records: the time to judge one, as its publisher does. Those on the whole table: the time to decode
one and to take it into the fold, as the monitor does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from time import process_time
from timeit import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.checks.examples import read_event
from mesh.kernel.quality import compile_rules
from mesh.kernel.table_fold import TableFold
from schemas.codec import Codec
from schemas.version import SIZE

if TYPE_CHECKING:
    from mesh.kernel.contract import Port
    from mesh.kernel.discovery import Mesh

ROUNDS, TIMES = 5, 2000
"""The best of so many rounds counts, in CPU time, since whatever else runs only adds to a round."""


class Cost(NamedTuple):
    """What judging a record of a port costs; times are by the best of the rounds."""

    topic: str
    rules: int
    microseconds: float
    table_rules: int
    table_microseconds: float
    """0 where there are none."""


def costs(mesh: Mesh, ports: Iterable[Port]) -> Iterator[Cost]:
    """The cost of each port that has rules, over the examples of its domain that pass."""
    for port in ports:
        records = list(_examples(mesh.domains[port.domain].folder, port))
        if port.rules and records:
            on_table = _table_microseconds(port, records) if port.table_rules else 0.0
            yield Cost(
                port.topic, len(port.rules), _microseconds(port, records), len(port.table_rules), on_table
            )


def _examples(folder: Path, port: Port) -> Iterator[Mapping[str, Any]]:
    name = f"{port.record.__name__}.v{port.version}.*.pass.json"
    for path in sorted((folder / "examples").glob(name)):
        found = json.loads(path.read_text(encoding="utf-8"))
        for event in found if isinstance(found, list) else [found]:
            yield read_event(event, port.record).model_dump()


def _microseconds(port: Port, records: list[Mapping[str, Any]]) -> float:
    check = compile_rules(port)

    def judged() -> None:
        for record in records:
            check(record)

    times = max(1, TIMES // len(records))
    best = min(Timer(judged, timer=process_time).repeat(ROUNDS, times))
    return best / times / len(records) * 1e6


def _table_microseconds(port: Port, records: list[Mapping[str, Any]]) -> float:
    """Each record is newer than the one before, so that none is passed over."""
    codec = Codec.of_port(port, 1)
    newer = ({**records[number % len(records)], **_revision(port, number)} for number in range(TIMES))
    values = [codec.encode(record) for record in newer]

    def folded() -> None:
        fold = TableFold(port)
        for offset, value in enumerate(values):
            fold.take(codec.decode(value), offset)

    return min(Timer(folded, timer=process_time).repeat(ROUNDS, 1)) / TIMES * 1e6


def _revision(port: Port, number: int) -> dict[str, Any]:
    return {"version": number.to_bytes(SIZE, "little")} if port.revision == "version" else {"seq": number}
