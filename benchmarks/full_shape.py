"""The shape ``full``: the mesh's own contracts, from orders and all that becomes of them to enriched rows.

A row is written again whenever a fact changes it, so an engine is done when its output stands still and all
of its input is committed. What is judged is what it shows at the end: the last record of every order line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import full_input, full_plan
from benchmarks.full_facts import KINDS, RETURNED, Trade
from benchmarks.full_input import DIMENSIONS, ports_of
from benchmarks.full_verify import judge
from benchmarks.shape import End, Judgement, Record, Written
from domains.sales.events import OrderLineEnriched, OrderPlaced
from mesh.kernel.discovery import find_mesh
from schemas.wire import header


@dataclass(frozen=True)
class Full:
    """The shape. Its topics are those of the contracts; schema ids are numbered here, without a registry."""

    name: str = "full"
    end: End = End.STILL
    returned: float = RETURNED
    """The share of orders of which a line comes back."""

    def orders_topic(self, rows: int) -> str:
        """The topic of orders, whatever their number."""
        return ports_of()[OrderPlaced].topic

    def rows_topic(self, run: str) -> str:
        """That of the contract, whatever the run: the mesh's own stream knows no other."""
        return next(port.topic for port in find_mesh().ports.values() if port.record is OrderLineEnriched)

    def dimension_topics(self) -> dict[str, int]:
        """Customers, products, locations, employees."""
        return {ports_of()[event].topic: ports_of()[event].partitions for event in DIMENSIONS}

    def fact_topics(self, rows: int) -> dict[str, int]:
        """Orders, payments, fulfilments, returns."""
        return {ports_of()[event].topic: ports_of()[event].partitions for event in KINDS}

    def dimensions(self) -> Iterator[Record]:
        """One version of each member."""
        return full_input.records(full_input.members(), ports_of(), self.ids)

    def facts(self, rows: int) -> Iterator[Record]:
        """Orders with ``rows`` lines together and what becomes of them, spread over time."""
        return full_input.records(self._trade(rows).facts(), ports_of(), self.ids)

    @property
    def ids(self) -> dict[str, int]:
        """The schema id of every topic of the mesh."""
        return {topic: number for number, topic in enumerate(find_mesh().ports, 1)}

    def write_schemas(self, folder: Path) -> None:
        """The schemas by topic, and the plan (:mod:`benchmarks.full_plan`)."""
        topics = {port.record: port.topic for port in find_mesh().ports.values()}
        full_plan.write(folder, topics, self.ids)

    def verify(self, written: Iterable[Written], rows: int) -> Judgement:
        """The last record of every line against the batch oracle."""
        return judge(written, self._trade(rows), header(self.ids[self.rows_topic("")]))

    def _trade(self, rows: int) -> Trade:
        return full_input.trade(rows, returned=self.returned)
