"""A small shop whose customers are put into segments, on the real engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

from analytics.marts.day import span
from analytics.marts.reading import read_library
from analytics.segments.features import Features
from analytics.segments.parameters import Parameters
from analytics.segments.segmenting import Done, Segmenting
from analytics.segments.tables import ASSIGNED, RUNS, SEGMENTS
from analytics.segments.trade import read_trade
from analytics.segments.week import Week, closed_weeks, parse_week
from domains.customer.events import SegmentAssigned
from mesh.kernel.errors import LearningError
from tests.unit.analytics.semantic.world import MESH, Row, fill, trade

LIBRARY = read_library(MESH)
FEW = Parameters(fewest=2, most=4, least_customers=5, kinds=3)
KINDS = ("Boots", "Sandals", "Running", "Kids", "Socks")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WEEK = parse_week("2024-W16")
ZONE = "Europe/Paris"
TABLES = (RUNS, SEGMENTS, ASSIGNED)


class Shop:
    """A warehouse, a small trade to land in it, what was told of it, and a broker that may be away."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.told: dict[str, tuple[int, str]] = {}
        """Revision and segment by customer, as a reader of the stream knows them."""
        self.reaches = 10**6
        """Events until the broker is away."""
        self.parameters = FEW
        self._offset = 0
        self.trade = trade(seed=3, orders=150)
        for line in self.trade["sales.orders_enriched"]:
            line["product_subcategory"] = KINDS[int(line["product_id"][1:]) % len(KINDS)]

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

    def segmenting(self) -> Segmenting:
        """What runs weeks, as a command would begin with it."""
        return Segmenting(self.client, LIBRARY, ZONE, self.parameters, self.tell)

    def segment(self, week: Week) -> Done:
        """Run a week."""
        return self.segmenting().run(week, NOW)

    def features(self, week: Week) -> Features:
        """The features of a week as they would be read now."""
        return read_trade(self.client, LIBRARY, week.sunday, ZONE).features(week, self.parameters.kinds)

    def due(self) -> list[Week]:
        """The weeks that are due."""
        return self.segmenting().due(closed_weeks(*span(self.client, ZONE)))

    def run_due(self, most: int = 10**6) -> list[Done | LearningError]:
        """Run weeks that are due, so many at the most."""
        segmenting = self.segmenting()
        weeks = segmenting.due(closed_weeks(*span(self.client, ZONE)))
        return list(segmenting.run_due(weeks[:most], lambda: True, lambda: NOW))

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
