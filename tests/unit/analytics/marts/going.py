"""A warehouse with a small trade that goes on, and marts that are refreshed."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

from analytics.marts.asking import as_of, standing
from analytics.marts.day import span
from analytics.marts.history import Refreshed
from analytics.marts.reading import read_library
from analytics.marts.refresh import Refresh
from analytics.marts.relation import Library, Mart
from tests.unit.analytics.semantic.world import MESH, Row, fill, trade

LIBRARY = read_library(MESH)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ZONE = "Europe/Paris"
_WIDE = 1 << 32
"""The first offset that takes more than 32 bits: while trade goes on they come to be of both widths."""


class Trade:
    """A small trade that goes on, in a warehouse that was empty; ``marts`` are those that it refreshes."""

    def __init__(self, client: Client, marts: Iterable[Mart]) -> None:
        self.client = client
        self.marts = list(marts)
        self.rows = trade(seed=3, orders=90)
        self._offset = _WIDE - 300
        for table, rows in self.rows.items():
            self.land(table, *rows)

    def taken_up(self, client: Client) -> Trade:
        """The same trade in a copy of its warehouse, where it goes on by itself."""
        other = copy.copy(self)
        other.client, other.rows = client, copy.deepcopy(self.rows)
        return other

    def land(self, table: str, *rows: Row) -> None:
        """Rows at the next offsets."""
        numbered = []
        for row in rows:
            self._offset += 1
            numbered.append({"_partition": self._offset % 3, "_offset": self._offset, **row})
        fill(self.client, {table: numbered})

    def revise(self, table: str, place: int, **changes: Any) -> None:
        """A row again, with a higher rank and something changed."""
        row = self.rows[table][place]
        rank = "version" if table == "sales.orders_enriched" else "seq"
        row |= {**changes, rank: row.get(rank, 0) + 1}
        self.land(table, row)

    def change_product(self, moment: str, seq: int) -> None:
        """Another name and cost of a product."""
        self.land(
            "product.products",
            {"product_id": "p2", "valid_from": moment, "seq": seq, "name": "New", "unit_cost": "3"},
        )

    def move_account(self, step: int) -> None:
        """An account belongs to another customer, and both that and the ones before have new rows."""
        self.land("customer.crosswalk", {"account": "a8", "golden_id": f"g{step}", "seq": 20 + step})
        for golden in ("g8", *(f"g{n}" for n in range(step))):
            self.land("customer.customer_360", {"golden_id": golden, "version": 20 + step})

    def refresh(self, *, whole: bool = False, library: Library = LIBRARY) -> dict[str, Refreshed | None]:
        """Refresh the marts."""
        with closing(Refresh(self.client, library, MESH, ZONE)) as run:
            return {mart.name: run.run(library.mart(mart.name), NOW, whole=whole) for mart in self.marts}

    def require_as_of_facts(self, library: Library = LIBRARY, names: Iterable[str] = ()) -> None:
        """Each mart is what the facts give without anything that is kept, and has as many rows as it says."""
        day = span(self.client, ZONE)[1]
        for name in names or [mart.name for mart in self.marts]:
            mart = library.mart(name)
            found = standing(self.client, mart, None)
            assert found.rows == as_of(self.client, library, mart, day, ZONE, None).rows, name
            assert found.total == len(found.rows), name

    def require_as_worked_out_whole(self) -> None:
        """A refresh of everything finds nothing to write."""
        for name, done in self.refresh(whole=True).items():
            assert done is not None
            assert (done.written, done.gone) == (0, 0), name
