"""Runs of weeks on the real engine: what is read, kept, told, and told again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from analytics.marts.reading import read_library
from analytics.segments import history
from analytics.segments.features import NAMES, read_features
from analytics.segments.parameters import Parameters
from analytics.segments.segmenting import Done, Segmenting
from analytics.segments.week import Week, parse_week
from domains.customer.events import SegmentAssigned
from tests.ports.embedded_server import EmbeddedServer
from tests.unit.analytics.semantic.world import MESH, Row, fill, set_up, trade

pytestmark = pytest.mark.real
LIBRARY = read_library(MESH)
FEW = Parameters(fewest=2, most=4, least_customers=5)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WEEK = parse_week("2024-W16")
ZONE = "Europe/Paris"
TABLES = (history.RUNS, history.SEGMENTS, history.ASSIGNED)


class Shop:
    """A warehouse with a small trade, what was told of it, and a broker that may be away."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.told: dict[str, tuple[int, str]] = {}
        """Revision and segment by customer, as a reader of the stream knows them."""
        self.reaches = 10**6
        """Events until the broker is away."""
        self._offset = 0
        set_up(client)
        self.trade = trade(seed=3, orders=150)
        for table, rows in self.trade.items():
            self.land(table, *rows)

    def land(self, table: str, *rows: Row) -> None:
        """Rows at the next offsets."""
        numbered = []
        for row in rows:
            self._offset += 1
            numbered.append({"_partition": 0, "_offset": self._offset, **row})
        fill(self.client, {table: numbered})

    def order(self, customer: int, day: str) -> None:
        """An order that is large and new."""
        row = {
            **self.trade["sales.orders_enriched"][0],
            "order_id": f"{customer}@{day}",
            "account": f"a{customer}",
        }
        row |= {"ordered_at": f"{day} 10:00:00", "net_amount": 90_000, "quantity": 40, "version": 1}
        self.land("sales.orders_enriched", row)

    def segment(self, week: Week) -> Done:
        """Run a week."""
        return Segmenting(self.client, LIBRARY, ZONE, FEW, self.tell).run(week, NOW)

    def tell(self, events: Iterable[SegmentAssigned]) -> int:
        """Take in events as a subscriber does: the highest revision holds, the same one is the same fact."""
        count = 0
        for event in events:
            count += 1
            if count > self.reaches:
                raise ConnectionError("the broker is away")
            known = self.told.get(event.customer_id, (-1, ""))
            if event.seq == known[0]:
                assert event.segment == known[1]
            assert event.seq >= known[0], "what is known would be overtaken by what is older"
            self.told[event.customer_id] = (event.seq, event.segment)
        return count

    @property
    def segments(self) -> dict[str, str]:
        """The segment of each customer as it was told."""
        return {customer: segment for customer, (_, segment) in sorted(self.told.items())}

    def rows(self) -> list[Any]:
        """Everything that was kept."""
        return [self.client.query(f"SELECT * FROM {table} ORDER BY ALL").result_rows for table in TABLES]


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A warehouse of its own."""
    server = EmbeddedServer(tmp_path_factory.mktemp("segments") / "path")
    client = clickhouse_connect.get_client(port=server.port)
    yield Shop(client)
    client.close()
    server.stop()


def test_features_are_those_of_the_weeks_end(shop: Shop) -> None:
    """What was ordered later takes no part, and guests are nobody."""
    before = read_features(shop.client, LIBRARY, WEEK, ZONE)
    assert list(before.customers) == sorted(before.customers)
    assert not any(customer.startswith("guest:") for customer in before.customers)
    rows = [
        row
        for row in shop.trade["sales.orders_enriched"]
        if row["account"] == "a7" and row["ordered_at"][:10] <= WEEK.sunday.isoformat()
    ]
    found = dict(zip(NAMES, before.values[before.customers.index("g7")], strict=True))
    orders = {row["order_id"] for row in rows}
    newest = max(datetime.fromisoformat(row["ordered_at"]).date() for row in rows)
    assert found["recency"] == (WEEK.sunday - newest).days
    assert found["frequency"] == len(orders)
    assert found["basket"] == pytest.approx(2 * len(rows) / len(orders))
    shop.order(7, "2024-04-22")
    assert read_features(shop.client, LIBRARY, WEEK, ZONE).digest == before.digest
    shop.order(7, "2024-04-21")
    assert read_features(shop.client, LIBRARY, WEEK, ZONE).digest != before.digest


def test_a_run_of_the_same_customers_is_the_same_run(shop: Shop) -> None:
    """Nothing is written, nothing is told, whatever has happened since."""
    first = shop.segment(WEEK)
    assert (first.is_new, first.run.told) == (True, len(first.learned.assigned))
    assert shop.segments == first.learned.assigned
    kept = shop.rows()
    shop.order(5, "2024-05-20")
    again = shop.segment(WEEK)
    assert not again.is_new
    assert again.run == first.run
    assert again.learned == first.learned
    assert shop.rows() == kept


def test_what_was_learned_is_read_as_it_was_kept(shop: Shop) -> None:
    """With last week's centres, tenths and drift to the last digit."""
    shop.segment(WEEK)
    second = shop.segment(WEEK.later(1))
    assert history.read(shop.client, second.run) == second.learned


def test_the_next_week_tells_whose_segment_is_new(shop: Shop) -> None:
    """And no one else's."""
    first = shop.segment(WEEK)
    for customer in (4, 5, 6):
        shop.order(customer, "2024-04-25")
    second = shop.segment(WEEK.later(1))
    assert second.learned.before == first.learned.digest
    assert shop.segments == second.learned.assigned
    changed = {
        customer
        for customer, segment in second.learned.assigned.items()
        if first.learned.assigned.get(customer) != segment
    }
    assert second.run.told == len(changed) < len(second.learned.assigned)


def test_a_fact_that_comes_late_makes_another_run_of_its_week(shop: Shop) -> None:
    """Its revision is higher, so whoever reads the stream ends with it."""
    shop.segment(WEEK)
    for customer in (4, 5, 6):
        shop.order(customer, "2024-04-18")
    second = shop.segment(WEEK)
    assert (second.run.number, second.is_new) == (2, True)
    assert shop.segments == second.learned.assigned


def test_an_earlier_week_is_kept_and_not_told(shop: Shop) -> None:
    """What was told of a later one holds."""
    later = shop.segment(WEEK.later(1))
    earlier = shop.segment(WEEK)
    assert (earlier.is_new, earlier.run.told) == (True, None)
    assert shop.segments == later.learned.assigned


def test_a_run_that_was_cut_short_is_finished_by_its_repetition(shop: Shop) -> None:
    """With the same revisions, so that who was told already is told nothing new."""
    shop.reaches = 3
    with pytest.raises(ConnectionError):
        shop.segment(WEEK)
    assert len(shop.told) == 3
    shop.reaches = 10**6
    done = shop.segment(WEEK)
    assert (done.run.number, done.is_new) == (1, True)
    assert shop.segments == done.learned.assigned
    assert {seq for seq, _ in shop.told.values()} == {done.run.week.monday.toordinal() // 7 * 1000 + 1}


def test_after_a_run_that_was_cut_short_everybody_is_told(shop: Shop) -> None:
    """Since nobody knows whom it reached, and its customers are others now."""
    shop.segment(WEEK)
    shop.reaches = 1
    for customer in (4, 5, 6):
        shop.order(customer, "2024-04-18")
    with pytest.raises(ConnectionError):
        shop.segment(WEEK)
    shop.reaches = 10**6
    shop.order(7, "2024-04-18")
    third = shop.segment(WEEK)
    assert (third.run.number, third.run.told) == (3, len(third.learned.assigned))
    assert shop.segments == third.learned.assigned
    assert Segmenting(shop.client, LIBRARY, ZONE, FEW, shop.tell).done() == {WEEK}
