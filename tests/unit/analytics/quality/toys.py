"""Toys with a field of every type, a port with any rules on them, and their table in a warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from clickhouse_connect.driver.client import Client

from mesh.kernel.contract import FieldPromise, Port
from mesh.kernel.event import Day, Event, Money, Personal, Rate, Record, Timestamp, ValidFrom
from mesh.kernel.quality import Rule
from mesh.kernel.table_rules import TableRule
from sinks.clickhouse.tables import PLATFORM, Table


class Part(Record):
    """A part of a toy."""

    domain: ClassVar[str] = "toys"

    label: str
    """What stands on it."""
    note: str | None = None
    """What else is known."""
    count: int
    """How many."""
    price: Money | None = None
    """What one costs."""
    total: Money
    """What all cost."""


class Toy(Event):
    """A toy."""

    domain: ClassVar[str] = "toys"

    toy_id: str
    """Identifier."""
    valid_from: ValidFrom
    """Since when."""
    kind: str
    """Text in a dictionary."""
    colour: str | None = None
    """Text in a dictionary, or none."""
    name: str
    """Plain text."""
    nickname: str | None = None
    """Plain text, or none."""
    maker: Personal | None = None
    """A person."""
    wheels: int
    """A whole number."""
    doors: int | None = None
    """A whole number, or none."""
    price: Money
    """An amount."""
    fee: Money | None = None
    """An amount, or none."""
    rate: Rate | None = None
    """A rate, or none."""
    angle: float
    """A float."""
    tilt: float | None = None
    """A float, or none."""
    made_at: Timestamp | None = None
    """A moment, or none."""
    day: Day | None = None
    """A day, or none."""
    is_new: bool | None = None
    """Yes, no, or not known."""
    parts: list[Part]
    """Its parts."""


def port(rules: Sequence[Rule] = (), table_rules: Sequence[TableRule] = ()) -> Port:
    """The port of toys with these rules."""
    return Port(
        domain="toys",
        name="toy",
        topic="toys.public.toy.v1",
        record=Toy,
        key="{toy_id}@{valid_from}#{seq}",
        partition_by="toy_id",
        partitions=1,
        cleanup="compact",
        retention_ms=-1,
        table="toys",
        table_key=("toy_id", "valid_from"),
        order_by=None,
        revision="seq",
        subject_field=None,
        promises={"toy_id": FieldPromise(rules=tuple(rules), table_rules=tuple(table_rules))},
        rules=tuple(rules),
        service_levels={},
        owner="toys@retail.example",
    )


def set_up(client: Client) -> None:
    """Create the table and its views, as the mesh does."""
    for statement in (*PLATFORM, *Table(port()).create()):
        client.command(statement, settings={"allow_materialized_view_with_bad_select": 1})


def fill(client: Client, toys: Iterable[Toy]) -> None:
    """Land these toys, and have no others."""
    table = Table(port())
    client.command(f"TRUNCATE TABLE {table.name}")
    rows = [
        toy.model_dump() | {"_partition": 0, "_offset": offset, "_published_at": toy.recorded_at}
        for offset, toy in enumerate(toys)
    ]
    body = "\n".join(json.dumps(row, default=_plain) for row in rows)
    client.raw_insert(
        table.landing,
        insert_block=body,
        fmt="JSONEachRow",
        settings={"date_time_input_format": "best_effort"},
    )


def toy(number: int, **values: Any) -> Toy:
    """A toy that breaks no rule."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return Toy(
        **{
            "event_id": f"e{number}",
            "source": "shop",
            "seq": 0,
            "occurred_at": start,
            "recorded_at": start,
            "toy_id": f"t{number:03}",
            "valid_from": start,
            "kind": "car",
            "name": "beetle",
            "wheels": 4,
            "price": Decimal(1),
            "angle": 0.0,
            "parts": [],
        }
        | values
    )


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    assert isinstance(value, Decimal)
    return f"{value:f}"
