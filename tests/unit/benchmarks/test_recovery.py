"""What the figures of a recovery are made of: logs, gaps between rows, rows of new orders, goals."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from benchmarks import full_input, recovery
from benchmarks.figure import Figure, table
from benchmarks.flow import Flow
from benchmarks.member import Generation, generations
from benchmarks.rebalance import longest_gap
from benchmarks.restart import lines_of
from mesh.kernel.errors import MeshError
from streams.engine.avro.varint import encode_long

LOG = """
2026-11-28 11:00:00,000 INFO streams.engine.processor: bench.run: generation 1, partitions [0, 1, 2, 3], \
1045000 entries recovered and 0 rows corrected in 8.25 s
2026-11-28 11:00:01,000 INFO streams.engine.processor: bench.run: recovery gives way to the next rebalance
2026-11-28 11:00:02,000 INFO streams.engine.processor: bench.run: generation 3, partitions [], \
0 entries recovered and 0 rows corrected in 0.01 s
"""


def row(order_id: str) -> bytes:
    """A row's frame and first fields; the rest does not matter here."""
    return bytes(5) + encode_long(len(order_id)) + order_id.encode() + encode_long(3) + b"a:1"


def test_a_log_tells_each_rebalance_that_was_finished() -> None:
    """With nothing owned there is nothing between the brackets."""
    assert generations(LOG) == [
        Generation(1, frozenset({0, 1, 2, 3}), 1_045_000, 8.25),
        Generation(3, frozenset(), 0, 0.01),
    ]


@pytest.mark.parametrize(
    ("start", "end", "gap"),
    [(0.0, 9.0, 4.0), (0.0, 1.5, 1.0), (3.0, 4.0, 4.0), (6.5, 7.0, 1.0), (7.5, 9.0, 0.0)],
)
def test_the_longest_gap_counts_whole_where_it_reaches_beyond_the_time_asked_for(
    start: float, end: float, gap: float
) -> None:
    """Who asks about a second in the middle of a pause is told of the pause."""
    assert longest_gap([0.0, 1.0, 2.0, 6.0, 7.0], start, end) == gap


def test_a_partition_is_fresh_with_the_first_row_of_an_order_that_is_new_enough() -> None:
    """Rows of other orders, and those that are written again after a kill, are not."""
    flow = Flow()
    for partition, order, moment in (
        (0, "live:7", 1.0),
        (0, "live:3", 2.0),
        (1, "bench:9", 3.0),
        (1, "live:4", 4.0),
        (0, "live:8", 5.0),
        (1, "live:9", 6.0),
    ):
        flow.row(partition, row(order), moment)
    assert flow.moments[:2] == [[1.0, 2.0, 5.0], [4.0, 6.0]]
    assert flow.fresh(4, {0, 1}) == {0: 1.0, 1: 4.0}
    assert flow.fresh(8, {0, 1}) == {0: 5.0, 1: 6.0}


def test_an_order_without_a_row_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows may come late, but they must come."""
    monkeypatch.setattr("benchmarks.flow._LATE", 0.01)
    flow = Flow()
    flow.published = 3
    flow.row(0, row("live:0"), 1.0)
    flow.row(0, row("live:2"), 2.0)
    assert flow.stop() == 1
    flow.row(1, row("live:1"), 3.0)
    assert flow.stop() == 0


def test_a_trade_of_so_many_orders_is_the_beginning_of_a_longer_one() -> None:
    """So that any number of orders can be asked for, though a trade is made by its lines."""
    lines = lines_of(1_234)
    trade = full_input.trade(lines)
    assert trade.orders == 1_234
    assert lines == trade.line_counts.sum()
    assert 3.5 < lines / trade.orders < 4.5


def test_a_figure_tells_whether_its_goal_is_met() -> None:
    """As a word for people, and as true, false or nothing for programs."""
    figures = [
        Figure("pause", "the pause", 2.0, "s", 2.0),
        Figure("memory", "the memory", 1_234.5, "MB", 600.0),
        Figure("entries", "the entries", 40_516, ""),
        Figure("ratio", "the ratio", 2.51, "×", 2.5, at_least=True),
        Figure("nothing", "nothing measured", None, "ms", 7.0),
    ]
    assert [one.met for one in figures] == [True, False, None, True, False]
    assert figures[1].as_json() == {
        "name": "memory",
        "value": 1_234.5,
        "unit": "MB",
        "goal": 600.0,
        "at_least": False,
        "met": False,
    }
    console = Console(width=100, record=True, file=StringIO())
    console.print(table("figures", figures))
    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    assert "the pause 2 s ≤ 2 s yes" in lines
    assert "the memory 1,234 MB ≤ 600 MB no" in lines
    assert "the entries 40,516 – –" in lines
    assert "the ratio 2.51 × ≥ 2.50 × yes" in lines
    assert "nothing measured – ≤ 7 ms no" in lines


@pytest.mark.parametrize("asked", [{"orders": 10}, {"rate": 1}])
def test_a_number_that_cannot_be_measured_is_refused_before_anything_starts(asked: dict[str, int]) -> None:
    """In one line that tells the range."""
    with pytest.raises(MeshError, match=r"number-out-of-range.*is not between"):
        recovery.command(**asked)
