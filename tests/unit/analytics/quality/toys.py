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

START = datetime(2024, 1, 1, tzinfo=UTC)
"""When a toy was made, unless a test says otherwise."""


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


def set_up(client: Client, laid: Port | None = None) -> None:
    """Create the table of a port and its views, as the mesh does."""
    for statement in (*PLATFORM, *Table(laid or port()).create()):
        client.command(statement, settings={"allow_materialized_view_with_bad_select": 1})


def fill(client: Client, records: Iterable[Record], laid: Port | None = None) -> None:
    """Land these records, and have no others."""
    table = Table(laid or port())
    client.command(f"TRUNCATE TABLE {table.name}")
    rows = []
    for offset, record in enumerate(records):
        values = record.model_dump()
        published = values.get("recorded_at", START)
        rows.append(values | {"_partition": 0, "_offset": offset, "_published_at": published})
    client.raw_insert(
        table.landing,
        insert_block="\n".join(json.dumps(row, default=_plain) for row in rows),
        fmt="JSONEachRow",
        settings={"date_time_input_format": "best_effort"},
    )


def toy(number: int, **values: Any) -> Toy:
    """A toy that breaks no rule."""
    return Toy(
        **{
            "event_id": f"e{number}",
            "source": "shop",
            "seq": 0,
            "occurred_at": START,
            "recorded_at": START,
            "toy_id": f"t{number:03}",
            "valid_from": START,
            "kind": "car",
            "name": "beetle",
            "wheels": 4,
            "price": Decimal(1),
            "angle": 0.0,
            "parts": [],
        }
        | values
    )


def _plain(value: object) -> str | int:
    if isinstance(value, bytes):
        return int.from_bytes(value, "little")  # a version
    if isinstance(value, datetime | date):
        return value.isoformat()
    assert isinstance(value, Decimal)
    return f"{value:f}"
