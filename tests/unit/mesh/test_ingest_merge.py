"""The order in which events leave."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mesh.ingest.merge import merge
from mesh.ingest.pack import Parcel


def parcel(stream: int, first: int, times: list[int]) -> Parcel:
    """Records that say which stream they are of, their number in it, and their time."""
    records = [{"key": (stream, first + place, time)} for place, time in enumerate(times)]
    return Parcel(np.array(times, dtype=np.int64), records, 0, [], Counter())


STREAMS = st.lists(
    st.tuples(st.lists(st.integers(0, 9), max_size=30).map(sorted), st.integers(1, 7)), min_size=1, max_size=4
)


@given(STREAMS)
def test_events_leave_by_time_then_rank_then_their_own_order(streams: list[tuple[list[int], int]]) -> None:
    """However the streams are cut into parcels, empty ones among them."""
    parcels = [
        iter(
            [
                *(parcel(rank, at, times[at : at + size]) for at in range(0, len(times), size)),
                parcel(rank, 0, []),
            ]
        )
        for rank, (times, size) in enumerate(streams)
    ]
    left = [record["key"] for run in merge(parcels) for record in run.records]
    wanted = [
        (rank, place, time) for rank, (times, _) in enumerate(streams) for place, time in enumerate(times)
    ]
    assert left == sorted(wanted, key=lambda key: (key[2], key[0], key[1]))


def test_runs_are_as_long_as_they_can_be() -> None:
    """Records of one stream that follow each other are handed over together, with the time reached."""
    runs = list(merge([iter([parcel(0, 0, [1, 1, 5])]), iter([parcel(1, 0, [1, 2, 9])])]))
    found = [(run.stream, len(run.records), run.time) for run in runs]
    assert found == [(0, 2, 1), (1, 2, 2), (0, 1, 5), (1, 1, 9)]
