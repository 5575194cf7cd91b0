"""One order over the events of all types: by time, then the rank of their stream, then their own order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mesh.ingest.pack import Parcel


class Run(NamedTuple):
    """Records of one stream that follow each other."""

    stream: int
    records: list[dict[str, Any]]
    time: int
    """The time of the last one."""


@dataclass(slots=True)
class _Head:
    """What a stream offers next: a parcel and how far it is used up."""

    parcels: Iterator[Parcel]
    parcel: Parcel | None = None
    used: int = 0

    def fill(self) -> bool:
        """See that there is a record to offer; False at the stream's end."""
        while self.parcel is None or self.used == len(self.parcel.records):
            self.parcel, self.used = next(self.parcels, None), 0
            if self.parcel is None:
                return False
        return True


def merge(streams: Sequence[Iterator[Parcel]]) -> Iterator[Run]:
    """The records of all streams in one order, holding one parcel of each stream at a time.

    Each stream is in order of time by itself; its place in ``streams`` is its rank. What is up to the end
    of the parcel that ends first, is complete: no stream can still offer anything earlier.
    """
    heads = [_Head(parcels) for parcels in streams]
    while True:
        live = [(rank, head) for rank, head in enumerate(heads) if head.fill()]
        if not live:
            return
        until, last_rank = min((int(_times(head)[-1]), rank) for rank, head in live)
        times, ranks, takes = [], [], {}
        for rank, head in live:
            offered = _times(head)[head.used :]
            count = int(np.searchsorted(offered, until, side="right" if rank <= last_rank else "left"))
            times.append(offered[:count])
            ranks.append(np.full(count, rank))
            takes[rank] = head
        yield from _runs(np.concatenate(times), np.concatenate(ranks), takes)


def _runs(times: np.ndarray[Any, Any], ranks: np.ndarray[Any, Any], heads: dict[int, _Head]) -> Iterator[Run]:
    order = np.lexsort((ranks, times))
    times, ranks = times[order], ranks[order]
    ends = np.append(np.flatnonzero(np.diff(ranks)) + 1, len(ranks))
    start = 0
    for end, rank, time in zip(
        ends.tolist(), ranks[ends - 1].tolist(), times[ends - 1].tolist(), strict=True
    ):
        head = heads[rank]
        assert head.parcel is not None
        yield Run(rank, head.parcel.records[head.used : head.used + end - start], time)
        head.used += end - start
        start = end


def _times(head: _Head) -> np.ndarray[Any, Any]:
    assert head.parcel is not None
    return head.parcel.times
