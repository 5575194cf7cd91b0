"""The faults that a simulation injected, and whether each broken event was parked.

What was done stands in files outside the mesh, ``<home>/simulations/*.jsonl``. A broken record is found
again by topic and digest of its value, whoever parked it and under whichever code (one that waits behind
another is parked too); an event that was refused at its source by file and row.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.kernel.errors import ReconcileError
from mesh.kernel.names import SIMULATIONS
from mesh.reconcile.warehouse import Warehouse

BAD = "bad"


@dataclass(frozen=True)
class Injected:
    """One kind of fault."""

    fault: str
    """late, duplicate, shuffled; or what is wrong with a broken event."""
    injected: int
    parked: int | None
    """How many of these are parked; None where that is not what becomes of them."""

    @property
    def equal(self) -> bool:
        """Whether what must be parked is."""
        return self.parked in (None, self.injected)


def injected(home: Path, warehouse: Warehouse) -> tuple[Injected, ...]:
    """The faults of all simulations of this mesh, by kind. Raises :class:`ReconcileError`."""
    lines = [line for path in sorted((home / SIMULATIONS).glob("*.jsonl")) for line in _left(path)]
    if not lines:
        return ()
    harmless = Counter(line["fault"] for line in lines if line["fault"] != BAD)
    broken = [line for line in lines if line["fault"] == BAD]
    kinds = Counter(line["kind"] for line in broken)
    there = _parked(warehouse) if broken else frozenset()
    parked = Counter(line["kind"] for line in broken if _mark(line) in there)
    return (
        *(Injected(fault, count, None) for fault, count in sorted(harmless.items())),
        *(Injected(kind, count, parked[kind]) for kind, count in sorted(kinds.items())),
    )


def _left(path: Path) -> Iterator[dict[str, Any]]:
    """The faults whose records had left when the simulation ended."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        first, *faults = [json.loads(line) for line in lines]
        if not faults or "left_until" not in (last := faults.pop()):
            raise ReconcileError(
                "simulation-unfinished",
                f"the simulation {first['simulation']} has not ended",
                place=str(path),
                remedy="wait for it or end it with Ctrl-C; delete the file of one that was killed",
            )
        yield from (fault for fault in faults if fault["left_at"] < last["left_until"])
    except (ValueError, KeyError) as error:
        raise ReconcileError(
            "simulation-unfinished", f"cannot be read ({error})", place=str(path), remedy="delete it"
        ) from None


def _mark(line: dict[str, Any]) -> tuple[str, str, str]:
    """What a parked event is known by."""
    if "sha256" in line:
        return line["topic"], "", line["sha256"]
    return line["topic"], line["file"], str(line["row"])


def _parked(warehouse: Warehouse) -> frozenset[tuple[str, str, str]]:
    frame = warehouse.select(
        "SELECT DISTINCT topic, file, if(file = '', lower(hex(SHA256(value))), toString(offset)) AS mark "
        "FROM mesh.dead_letters_v1 WHERE code != 'released'"
    )
    return frozenset((a.decode(), b.decode(), c.decode()) for a, b, c in frame.iter_rows())
