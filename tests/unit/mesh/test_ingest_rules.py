"""Whole columns and single events get the same verdicts, the same keys and the same bytes."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mesh.ingest.binding import STAMPED
from mesh.ingest.extract import Extract
from mesh.ingest.fields import Field, list_fields, plain_fields
from mesh.ingest.mapping import EventSelect, ListSelect, Mapping, Select
from mesh.ingest.pack import Packer
from mesh.ingest.source import open_source
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PublishError
from mesh.kernel.event import Event, Record
from mesh.kernel.quality import NotNull, Range, Regex, Rule, Values
from mesh.kernel.settings import Settings
from mesh.publish.check import Checker
from mesh.publish.envelope import stamp
from schemas.codec import Codec
from schemas.wire import partition

SETTINGS = Settings()
MESH = find_mesh(Settings(retailer="adventureworks"))
PORTS = {port.record.__name__: port for port in MESH.ports.values() if issubclass(port.record, Event)}
SCHEMA_ID = 7
ROWS = 40
STRUCTURE = {"value-missing", "value-invalid", "type-wrong"}
AT = "{'file': 'given', 'row': _id + 1, 'fault': NULL} AS _at"
ARROW = {
    "text": pa.string(),
    "whole": pa.int64(),
    "boolean": pa.bool_(),
    "double": pa.float64(),
    "decimal": pa.decimal128(38, 10),
    "moment": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
}


TEXTS = ("kiosk:7", "till 7", "", "EUR", "eur", "a@b.de", "a@b", "1999-12-31", "1999-W52", "Grüße, 7")
AMOUNTS = ("0", "1", "0.5", "-1", "1.5", "0.00005", "0.0001", "99999999999999", "100000000000000", "12.34567")


def values_of(field: Field, rules: tuple[Rule, ...]) -> list[Any]:
    """Values that a column of this kind can hold, right and wrong ones."""
    moments = [datetime(1815, 12, 10, 3, 4, 5, 6, UTC), datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC)]
    kinds: dict[str, list[Any]] = {
        "text": [*TEXTS, *(value for rule in rules if isinstance(rule, Values) for value in rule.values)],
        "whole": [-(2**63), -1, 0, 1, 2, 30, 31, 63, 64, 2**60 - 1, 2**60, 2**63 - 1],
        "boolean": [True, False],
        "double": [-180.0, -90.000001, 0.0, 54.3, 90.0, 90.00000001, math.nan, math.inf],
        "decimal": [Decimal(amount) for amount in AMOUNTS],
        "moment": [
            *moments,
            *(moment.replace(microsecond=0) for moment in moments),
            datetime(1970, 1, 1, tzinfo=UTC),
        ],
        "day": [date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29)],
    }
    return [*kinds[field.kind], None]


def is_right(field: Field, rules: tuple[Rule, ...], value: Any) -> bool:
    """Whether a value fits its field and its own rules; equations between fields are left out."""
    if value is None:
        return field.nullable and not any(isinstance(rule, NotNull) for rule in rules)
    if field.kind == "double" and not math.isfinite(value):
        return False
    low = field.minimum is None or value >= field.minimum
    bounds = low and (field.below is None or value < field.below)
    digits = field.kind != "decimal" or (abs(value) < 10 ** (18 - field.scale) and value == round(value, 4))
    seconds = not (field.whole_seconds and value.microsecond)
    filled = bool(value) or not field.not_empty
    return bounds and digits and seconds and filled and all(holds(rule, value) for rule in rules)


def holds(rule: Rule, value: Any) -> bool:
    """The rules on one field, said a third time and plainly."""
    if isinstance(rule, Values):
        return value in rule.values
    if isinstance(rule, Regex):
        return re.fullmatch(rule.pattern, value) is not None
    if isinstance(rule, Range):
        low, high = rule.minimum, rule.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    return True


def row_of(chance: Random, record: type[Record], rules: tuple[Rule, ...], prefix: str = "") -> dict[str, Any]:
    """A row that is right, most often, and else wrong in one to three fields."""
    fields = {field.name: field for field in plain_fields(record) if field.name != STAMPED}
    own = {name: tuple(rule for rule in rules if rule.field == prefix + name) for name in fields}
    row: dict[str, Any] = {
        name: chance.choice(
            [value for value in values_of(field, own[name]) if is_right(field, own[name], value)]
        )
        for name, field in fields.items()
    }
    if {"quantity", "unit_price", "net_amount"} <= row.keys():
        row |= {
            "quantity": chance.randint(1, 99),
            "unit_price": chance.choice([Decimal("0.0001"), Decimal(12)]),
        }
        row["gross_amount"] = row["quantity"] * row["unit_price"]
        row["discount_amount"] = min(row["gross_amount"], Decimal("0.0001"))
        row["net_amount"] = row["gross_amount"] - row["discount_amount"]
    if "total_amount" in row:
        parts = ("subtotal_amount", "tax_amount", "shipping_amount")
        row |= {name: Decimal(chance.randint(0, 300)) / 4 for name in parts}
        row["total_amount"] = sum(row[name] for name in parts) + chance.choice(
            [0, Decimal("0.0001"), Decimal("0.0002")]
        )
    for name in chance.sample(sorted(fields), chance.choice([0, 0, 0, 1, 1, 2, 3])):
        row[name] = chance.choice(values_of(fields[name], own[name]))
    for name, inner in list_fields(record).items():
        row[name] = [row_of(chance, inner, rules, f"{prefix}{name}.") for _ in range(chance.randint(0, 3))]
    return row


def by_event(port: Port, rows: list[dict[str, Any]]) -> tuple[Counter[Any], Counter[str]]:
    """Records and codes of refusals, one event at a time."""
    checker, codec, records, codes = (
        Checker(MESH),
        Codec.of_port(port, SCHEMA_ID),
        Counter[Any](),
        Counter[str](),
    )
    for number, row in enumerate(rows, 1):
        try:
            event, _ = checker.check(port.record, stamp(port, row))
        except PublishError as refusal:
            codes[number] = refusal.code
            continue
        fields = event.model_dump()
        owner = None if port.partition_by is None else fields[port.partition_by].encode()
        where = 0 if owner is None else partition(owner, port.partitions)
        records[port.key_of(fields).encode(), codec.encode(event), where] += 1
    return records, codes


def by_column(port: Port, rows: list[dict[str, Any]]) -> tuple[Counter[Any], dict[int, str]]:
    """Records, and the code of each refused row by its number, all rows at once."""
    lists = {
        name: ListSelect(Select(f"SELECT {AT}, * FROM {name}", "here"), "_id")
        for name in list_fields(port.record)
    }
    rest = "*" if lists else "* EXCLUDE (_id)"
    event = EventSelect(port, Select(f"SELECT {AT}, {rest} FROM given", "here"), lists)
    mapping = Mapping(Path("given.yaml"), "kiosk", "UTC", "USD", (), {}, (event,))
    connection = open_source(mapping)
    frame = arrow(port.record, [{**row, "_id": number} for number, row in enumerate(rows)])
    connection.register("given", frame)
    for name, inner in list_fields(port.record).items():
        elements = [{**element, "_id": number} for number, row in enumerate(rows) for element in row[name]]
        connection.register(name, arrow(inner, elements))
    extract = Extract(connection, mapping, event, SETTINGS)
    records, codes = Counter[Any](), {}
    packer = Packer(extract, SCHEMA_ID)
    for batch in extract.batches(30):
        parcel = packer.pack(batch)
        records.update((record["key"], record["value"], record["partition"]) for record in parcel.records)
        codes |= {reject.row: reject.code for reject in parcel.rejects}
    return records, codes


def arrow(record: type[Record], rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a table with the widest types that a column of an extract can have."""
    columns = {f.name: ARROW[f.kind] for f in plain_fields(record) if f.name != STAMPED}
    columns["_id"] = pa.int64()
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in columns.items()})


@pytest.mark.parametrize("event", PORTS)
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(chance=st.randoms(use_true_random=True))
def test_columns_and_single_events_get_the_same_verdicts_and_bytes(event: str, chance: Random) -> None:
    """Whatever the values: the same rows are accepted, with the same key, bytes and partition, or refused."""
    port = PORTS[event]
    rows = [row_of(chance, port.record, port.rules) for _ in range(ROWS)]
    one_by_one, refusals = by_event(port, rows)
    together, rejects = by_column(port, rows)
    assert together == one_by_one
    assert rejects.keys() == refusals.keys()
    for number, code in refusals.items():
        # Of several faults of structure the two ways may name another first; a rule has one code on both.
        assert rejects[number] == code or {code, rejects[number]} <= STRUCTURE
