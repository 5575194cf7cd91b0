"""A generated trade as records for a whole mesh."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from benchmarks import full_input
from benchmarks.full_dimensions import CUSTOMERS
from benchmarks.full_facts import KINDS
from benchmarks.own_mesh import OwnMesh
from benchmarks.shape import Record
from domains.customer.events import CustomerMastered
from domains.sales.events import OrderPlaced
from schemas.registry import schema_ids


class Feed:
    """The generated trade as records for one mesh. What was taken as first orders is not given again."""

    def __init__(self, mesh: OwnMesh, lines: int, customers: int = CUSTOMERS) -> None:
        self._mesh = mesh
        self._ports = full_input.ports_of()
        self._ids = schema_ids(mesh.settings)
        self._trade = full_input.trade(lines, customers)
        self._customers = customers
        self._taken = 0
        self._orders = self._ports[OrderPlaced].topic
        self.topics = [self._ports[event].topic for event in (CustomerMastered, *KINDS)]
        """What the stream reads as a group."""

    def dimensions(self) -> Iterator[Record]:
        """Customers, products, locations, employees."""
        return full_input.records(full_input.members(self._customers), self._ports, self._ids)

    def first_orders(self, lines: int) -> tuple[list[Record], int]:
        """The first orders, with at least ``lines`` lines, and how many they have."""
        ends = itertools.accumulate(self._trade.line_counts)
        self._taken, found = next((number, end) for number, end in enumerate(ends, 1) if end >= lines)
        orders = (record for record in self._all() if record.topic == self._orders)
        return list(itertools.islice(orders, self._taken)), int(found)

    def facts(self) -> Iterator[Record]:
        """Everything else, in the order in which it is published."""
        left = self._taken
        for record in self._all():
            if left and record.topic == self._orders:
                left -= 1
            else:
                yield record

    def _all(self) -> Iterator[Record]:
        return full_input.records(self._trade.facts(), self._ports, self._ids)

    def publish(self, records: Iterable[Record]) -> int:
        """Publish with the present moment, since topics of the mesh do not keep what is old; how many."""
        return self._mesh.ground.publish(record._replace(moment=0) for record in records)
