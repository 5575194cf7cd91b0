"""The shape of the mesh's own contracts: its input is always the same, and a wrong row is never passed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import polars as pl
import pytest

from benchmarks import full_input, full_verify
from benchmarks.full_input import ports_of
from benchmarks.full_shape import Full
from benchmarks.shape import Judgement, Record, Written
from domains.sales.events import (
    FulfilmentUpdated,
    OrderLineEnriched,
    OrderPlaced,
    PaymentRecorded,
    ReturnRecorded,
)
from mesh.kernel.event import Event
from schemas.codec import Codec
from schemas.derive import avro_schema
from schemas.wire import HEADER_SIZE, header, partition

LINES = 2_000
DIGEST = "7caf052086af6d9a"
ROW_ID = 9
TRADE = full_input.trade(LINES)


@pytest.fixture(scope="module")
def published() -> dict[type[Event], list[Record]]:
    """Everything that is published, by event."""
    shape = Full()
    by_topic = {port.topic: event for event, port in ports_of().items()}
    found: dict[type[Event], list[Record]] = {event: [] for event in ports_of()}
    for record in (*shape.dimensions(), *shape.facts(LINES)):
        found[by_topic[record.topic]].append(record)
    return found


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """The rows as they must be."""
    return full_verify.expected(full_verify.generated(TRADE))


def decoded(record: Record, event: type[Event]) -> dict[str, Any]:
    """The event in a record."""
    port = ports_of()[event]
    return Codec.of_port(port, Full().ids[port.topic]).decode(record.value)


def written(rows: pl.DataFrame, **changed: Any) -> list[Written]:
    """Rows as an engine writes them; ``changed`` fields in the first of them."""
    plain = fastavro.parse_schema(_without_logic(avro_schema(OrderLineEnriched)))
    schema = {field["name"]: field["type"] for field in avro_schema(OrderLineEnriched)["fields"]}
    found = []
    for row in rows.to_dicts():
        body = BytesIO()
        fields = row if found else row | changed
        raw = {name: _raw(value, schema[name]) for name, value in fields.items()}
        fastavro.schemaless_writer(body, plain, raw)
        key = row["account"].encode()
        found.append(Written(partition(key, 4), key, header(ROW_ID) + body.getvalue()))
    return found


def judged(output: list[Written]) -> Judgement:
    """The judgement of an output."""
    return full_verify.judge(output, TRADE, header(ROW_ID))


def test_the_input_is_the_same_in_every_run(published: dict[type[Event], list[Record]]) -> None:
    """Byte by byte behind the frame, here and everywhere: figures of two machines are about the same work."""
    digest = hashlib.sha256()
    for records in published.values():
        for topic, place, key, value, moment in records:
            digest.update(f"{topic}{place}{moment}".encode() + key + value[HEADER_SIZE:])
    assert digest.hexdigest()[:16] == DIGEST


def test_every_event_is_one_of_its_contract(published: dict[type[Event], list[Record]]) -> None:
    """The project's codec reads it, its key and partition are the contract's."""
    for event, records in published.items():
        port = ports_of()[event]
        for record in records[:: max(1, len(records) // 50)]:
            fields = decoded(record, event)
            event(**fields)
            assert record.key == port.key_of(fields).encode()
            place = 0 if port.partition_by is None else partition(fields["account"].encode(), 4)
            assert record.partition == place


def test_every_order_is_paid_shipped_and_delivered(published: dict[type[Event], list[Record]]) -> None:
    """One payment and two fulfilments each, a return for one in ten; as many lines as were asked for."""
    orders = [decoded(record, OrderPlaced) for record in published[OrderPlaced]]
    assert sum(len(order["lines"]) for order in orders) == LINES
    assert {len(order["lines"]) for order in orders} <= set(range(1, 9))
    ids = Counter(order["order_id"] for order in orders)
    paid = Counter(decoded(record, PaymentRecorded)["order_id"] for record in published[PaymentRecorded])
    sent = [decoded(record, FulfilmentUpdated) for record in published[FulfilmentUpdated]]
    assert paid == ids
    assert Counter(one["order_id"] for one in sent if one["order_status"] == "Shipped") == ids
    assert Counter(one["order_id"] for one in sent if one["order_status"] == "Delivered") == ids
    assert 0.05 < len(published[ReturnRecorded]) / len(orders) < 0.15


def test_what_becomes_of_an_order_comes_hundreds_of_orders_later(
    published: dict[type[Event], list[Record]],
) -> None:
    """So that a join must remember the order; and no fact is ahead of its time."""
    placed = {decoded(record, OrderPlaced)["order_id"]: record.moment for record in published[OrderPlaced]}
    second = 1_000
    for event in (PaymentRecorded, FulfilmentUpdated, ReturnRecorded):
        for record in published[event][::7]:
            fields = decoded(record, event)
            assert record.moment >= placed[fields["order_id"]] + 500 * second
            assert fields["occurred_at"].timestamp() * 1_000 <= record.moment + 86_400_000


def test_the_plan_explains_every_field_once(tmp_path: Path) -> None:
    """Each field of a row comes from one source, and there is a schema for every source."""
    Full().write_schemas(tmp_path)
    plan = json.loads((tmp_path / "plan.json").read_text())
    blocks = [*plan["dimensions"].values(), *plan["facts"].values()]
    fields = [*plan["order"]["fields"], *plan["line"]["fields"], *plan["returns"]["fields"]]
    fields += [name for block in blocks for name in block["fields"]]
    assert sorted(fields) == sorted(OrderLineEnriched.model_fields)
    for source in (plan["order"], plan["returns"], *blocks):
        assert (tmp_path / f"{source['topic']}.avsc").exists()
        assert source["topic"] in plan["ids"]


def test_right_rows_are_right(rows: pl.DataFrame) -> None:
    """Written once, or again and again with more knowledge each time."""
    right = written(rows)
    assert judged(right) == Judgement(LINES, LINES, ())
    less = written(rows.with_columns(transaction_id=pl.lit(None), returned_quantity=pl.lit(0)))
    assert judged(less + right) == Judgement(2 * LINES, LINES, ())


def test_an_engine_without_versions_writes_zeros(rows: pl.DataFrame) -> None:
    """Which are right on all rows or on none."""
    zero = bytes(32)
    assert judged(written(rows.with_columns(version=pl.lit(zero)))).right
    assert "version" in judged(written(rows, version=zero)).faults[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [("product_name", "Another"), ("transaction_at", None), ("returned_amount", 1), ("fx_rate", 2)],
)
def test_a_wrong_field_is_found(rows: pl.DataFrame, field: str, value: Any) -> None:
    """Of the last record of one line among two thousand."""
    faults = judged(written(rows, **{field: value})).faults
    assert faults[0].startswith(f"order bench:0 line 1: its {field} is {value!r}, not ")
    assert faults[1] == "0 rows are missing, 0 unexpected, 1 wrong"


def test_what_is_missing_or_misplaced_is_found(rows: pl.DataFrame) -> None:
    """A row that was never written, one under another key, and bytes that are no row."""
    right = written(rows)
    assert judged(right[1:]).faults[0] == "order bench:0 line 1 is missing"
    first = right[0]
    elsewhere = first._replace(partition=(first.partition + 1) % 4)
    assert "in partition" in judged([*right, elsewhere]).faults[0]
    assert "has the key b'else'" in judged([*right, first._replace(key=b"else")]).faults[0]
    assert "is not an enriched row" in judged([*right, first._replace(value=b"\0nothing")]).faults[0]
    assert "cannot be read" in judged([*right, first._replace(value=header(ROW_ID) + b"\x80")]).faults[0]


def _raw(value: Any, kind: Any) -> Any:
    """A plain value as Avro bytes hold it."""
    branch = kind[1] if isinstance(kind, list) else kind
    if value is None or not (isinstance(branch, dict) and branch.get("logicalType") == "decimal"):
        return value
    return value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True)


def _without_logic(kind: Any) -> Any:
    if isinstance(kind, list):
        return [_without_logic(branch) for branch in kind]
    if isinstance(kind, dict):
        return {name: _without_logic(value) for name, value in kind.items() if name != "logicalType"}
    return kind
