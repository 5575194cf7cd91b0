"""What the rules of a port cost in stream: the time to judge one record, measured in this process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from timeit import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.checks.examples import read_event
from mesh.kernel.quality import compile_rules

if TYPE_CHECKING:
    from mesh.kernel.contract import Port
    from mesh.kernel.discovery import Mesh

ROUNDS, TIMES = 5, 2000
"""The best of so many rounds counts, since whatever else runs only adds to a round."""


class Cost(NamedTuple):
    """What judging a record of a port costs."""

    topic: str
    rules: int
    microseconds: float
    """By the best of the rounds."""


def costs(mesh: Mesh, ports: Iterable[Port]) -> Iterator[Cost]:
    """The cost of each port that has rules, over the examples of its domain that pass."""
    for port in ports:
        records = list(_examples(mesh.domains[port.domain].folder, port))
        if port.rules and records:
            yield Cost(port.topic, len(port.rules), _microseconds(port, records))


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
    best = min(Timer(judged).repeat(ROUNDS, times))
    return best / times / len(records) * 1e6
