"""The measurements of a whole mesh: what counts, and how it is shown."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from benchmarks import feed, growth, scaling, whole
from benchmarks.feed import Feed
from benchmarks.full_input import members, trade
from benchmarks.full_shape import Full
from benchmarks.own_mesh import Spent
from domains.customer.events import CustomerMastered

SPENT = Spent(
    seconds=20.0,
    rows=1_000,
    cpu={"orders-enriched-1": 1.0, "orders-enriched-2": 2.0, "sink-1": 1.0, "broker": 5.0, "warehouse": 9.0},
    memory={"orders-enriched-1": 10, "orders-enriched-2": 20, "sink-1": 5, "broker": 50},
    course=((0.0, 0), (5.0, 100), (6.0, 300), (16.0, 1_000), (20.0, 1_000)),
)

GROWN = {
    "factor": 4,
    "lines": 400_000,
    "customers": 80_000,
    "partitions": 16,
    "facts": 410_000,
    "rows": 1_600_000,
    "cpu_microseconds_per_row": {"all": 21.5, "stream": 14.0, "sink": 7.5},
    "ratio_per_row": 1.08,
    "cpu_microseconds_per_line": {"all": 86.0, "stream": 56.0, "sink": 30.0},
    "ratio_per_line": 0.97,
    "stream_memory_mb": 300,
    "sink_memory_mb": 150,
}


def shown(table: Table) -> str:
    """A table as text."""
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_only_our_processes_count() -> None:
    """All of the stream's and the sink's; not the broker, not the warehouse."""
    assert SPENT.cpu_of("orders-enriched") == 3.0
    assert SPENT.cpu_of("broker") == 5.0
    assert whole.cost(SPENT) == 4_000.0
    assert SPENT.memory_of("orders-enriched") == 30


def test_the_cost_of_each_is_told_by_part() -> None:
    """Microseconds of CPU; the parts are all of it."""
    assert growth._cost(SPENT, 500) == {"all": 8_000.0, "stream": 6_000.0, "sink": 2_000.0}


def test_the_pace_is_that_of_the_work_under_way() -> None:
    """Neither the start nor the waiting at the end belongs to it."""
    assert SPENT.pace() == 70.0


def test_growth_multiplies_customers_and_orders() -> None:
    """The trade has so many lines, and its customers are all described."""
    customers = next(facts.rows for facts in members(40) if facts.event is CustomerMastered)
    assert customers.height == 40
    grown = trade(1_000, 40)
    assert int(grown.line_counts.sum()) == 1_000
    orders = next(iter(grown.facts())).rows
    assert set(orders["account"]) <= set(customers["account"])


def test_what_is_published_at_a_steady_rate_is_not_published_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first orders are taken out of the facts; their lines are known, and so when all rows have come."""
    monkeypatch.setattr(feed, "schema_ids", lambda _settings: Full().ids)
    mesh: Any = SimpleNamespace(settings=None)
    some = Feed(mesh, 1_000)
    orders, lines = some.first_orders(100)
    assert 100 <= lines < 108
    assert lines == sum(trade(1_000).line_counts[: len(orders)])
    left = list(some.facts())
    assert Counter([*orders, *left]) == Counter(Feed(mesh, 1_000).facts())
    assert set(orders).isdisjoint(left)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            growth._sizes([GROWN]),
            "4 400,000 80,000 16 410,000 1,600,000 300 MiB 150 MiB",
        ),
        (
            growth._costs([GROWN]),
            "4 86.0 0.97 × 56.0 30.0 21.5 1.08 × 14.0 7.5",
        ),
        (
            scaling._table(
                [
                    {
                        "processes": 2,
                        "rows": 800_000,
                        "rows_per_second": 50_000,
                        "speedup": 1.71,
                        "rows_per_cpu_second": 40_000,
                        "stream_cpu_seconds": 20.0,
                        "broker_cpu_seconds": 4.0,
                    }
                ]
            ),
            "2 800,000 50,000 1.71 × 40,000 20.0 4.0",
        ),
    ],
)
def test_tables_show_ratios(table: Table, told: str) -> None:
    """Beside the figures that they come from."""
    assert told in " ".join(shown(table).split())
