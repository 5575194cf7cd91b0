"""The input of the shape ``full`` on the mesh's own topics: events as its publishers write them, quickly.

Values are made by the project's column encoder. Facts of an order are published some thousand orders apart,
and Kafka's timestamps tell that time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import polars as pl

from benchmarks import full_dimensions as dimensions
from benchmarks.full_facts import FIRST, KINDS, RETURNED, Facts, Trade
from benchmarks.shape import Record
from domains.customer.events import CustomerMastered
from domains.employee.events import EmployeeDescribed
from domains.location.events import LocationDescribed
from domains.product.events import ProductDescribed
from mesh.ingest.encode import Encoder
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.event import Event
from mesh.publish.envelope import event_id_template
from schemas.wire import partition_column

SEED = 7
DIMENSIONS: dict[type[Event], Callable[[np.random.Generator], pl.DataFrame]] = {
    CustomerMastered: dimensions.customers,
    ProductDescribed: dimensions.products,
    LocationDescribed: dimensions.locations,
    EmployeeDescribed: dimensions.employees,
}
EVENTS: tuple[type[Event], ...] = (*DIMENSIONS, *KINDS)
"""The events that are published: those of dimensions, then the facts of orders."""
_ALWAYS = {"seq": pl.lit(0), "occurred_at": pl.lit(dimensions.VALID_FROM)}
_DAY = 86_400_000


def members(customers: int = dimensions.CUSTOMERS) -> Iterator[Facts]:
    """The dimensions, so many customers among them, as facts published a day before the first order."""
    rng = np.random.default_rng(SEED)
    for event, make in DIMENSIONS.items():
        made = dimensions.customers(rng, customers) if event is CustomerMastered else make(rng)
        rows = made.with_columns(**_ALWAYS)
        yield Facts(event, np.full(rows.height, FIRST // 1_000 - _DAY), rows)


def ports_of() -> dict[type[Event], Port]:
    """The port of each of these events, by its class."""
    found = {port.record: port for port in find_mesh().ports.values()}
    return {event: found[event] for event in EVENTS}


def trade(lines: int, customers: int = dimensions.CUSTOMERS, returned: float = RETURNED) -> Trade:
    """Orders with this many lines together, the same whenever it is asked for."""
    return Trade(lines, SEED, customers, returned)


def records(
    facts: Iterable[Facts], ports: Mapping[type[Event], Port], ids: Mapping[str, int]
) -> Iterator[Record]:
    """Facts as records for the broker, with the schema ``ids`` of their topics."""
    encoders = {event: Encoder(ports[event], ids[ports[event].topic]) for event in EVENTS}
    for some in facts:
        if some.rows.height:
            yield from _records(some, ports[some.event], encoders[some.event])


def stamped(facts: Facts, port: Port) -> pl.DataFrame:
    """Rows of facts with every field of their event but lists: envelope, and null where nothing is said."""
    sourced = facts.rows.with_columns(source=pl.lit(dimensions.SOURCE), recorded_at=pl.col("occurred_at"))
    return dimensions.completed(sourced.with_columns(event_id=_text(event_id_template(port))), port.record)


def _records(facts: Facts, port: Port, encoder: Encoder) -> Iterator[Record]:
    rows = stamped(facts, port)
    keys = rows.select(_text(port.key)).to_series().cast(pl.Binary).to_list()
    values = encoder.encode(rows, {} if facts.lines is None else {"lines": facts.lines})
    partitions = (
        [0] * rows.height
        if port.partition_by is None
        else partition_column(rows[port.partition_by], port.partitions).to_list()
    )
    for partition, key, value, moment in zip(partitions, keys, values, facts.moments.tolist(), strict=True):
        yield Record(port.topic, partition, key, value, moment)


def _text(template: str) -> pl.Expr:
    """A template such as ``{account}@{valid_from}#{seq}`` over columns; moments in whole seconds."""
    parts = template.replace("}", "{").split("{")
    names = [
        pl.col(name) // 1_000_000 if name == "valid_from" else pl.col(name).cast(pl.String)
        for name in parts[1::2]
    ]
    return pl.format("{}".join(parts[::2]), *names)
