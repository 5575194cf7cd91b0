"""The records that land while questions are asked: orders of the newest days and corrections of old ones.

Half of the orders are copies under new numbers, of the last two days; the other half are orders of the last
two months with a higher revision, which deliver what was under way. An order comes with its payment, its
shipment and its enriched lines.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from fastavro import schemaless_writer

from schemas.codec import Codec
from schemas.wire import partition

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port

TABLES = ("orders", "transactions", "fulfilments", "orders_enriched")
ORDERS = 8_000
"""Different orders; after the last one they begin again, as rows that are emitted again."""
_RECENT = 0.04  # of all orders: about two months of four years
_SEED = 5
_IDS = ("order_id", "event_id", "transaction_id", "fulfilment_id")
Row = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One record, ready for its topic."""

    table: str
    partition: int
    key: bytes
    value: bytes


def prepared(client: Client, ports: dict[str, Port]) -> list[Event]:
    """The events of all orders, one order's after another's."""
    chance = random.Random(_SEED)  # noqa: S311 - the same orders each time
    count, newest = client.query(
        "SELECT count(), max(ordered_at) FROM sales.orders_v1 WHERE startsWith(order_id, 'bench:')"
    ).result_rows[0]
    recent = range(int(count * (1 - _RECENT)), count)
    chosen = sorted(chance.sample(recent, min(ORDERS, len(recent))))
    ids = ", ".join(f"'bench:{number:09}'" for number in chosen)
    placed = dict(
        client.query(
            f"SELECT order_id, ordered_at FROM sales.orders_v1 WHERE order_id IN ({ids})"
        ).result_rows
    )
    shifts = {
        order: _utc(newest) - timedelta(days=2 * chance.random()) - _utc(at) for order, at in placed.items()
    }
    codecs = {table: Codec.of_port(ports[table], 1) for table in TABLES}
    events: dict[str, list[Event]] = defaultdict(list)
    for table in TABLES:
        names = ", ".join(f"`{field['name']}`" for field in codecs[table].parsed["fields"])
        rows = client.query(f"SELECT {names} FROM sales.{table}_v1 WHERE order_id IN ({ids})").named_results()
        for row in rows:
            order = row["order_id"]
            fresh = int(order[-9:]) % 2 == 0
            changed = _as_new(row, shifts[order]) if fresh else _corrected(row)
            events[order].append(_event(table, ports[table].partitions, codecs[table], changed))
    shuffled = list(events)
    chance.shuffle(shuffled)
    return [event for order in shuffled for event in events[order]]


def _utc(value: datetime) -> datetime:
    """A moment that says that it is in UTC; the client says so of some columns only."""
    return value.replace(tzinfo=UTC)


def _as_new(row: Row, shift: timedelta) -> Row:
    """The same order under another number, and later: what describes it keeps its own time."""
    moments = {
        name: value + shift
        for name, value in row.items()
        if isinstance(value, datetime) and not name.endswith("valid_from")
    }
    return {**row, **moments, **{name: f"new:{row[name]}" for name in _IDS if row.get(name)}}


def _corrected(row: Row) -> Row:
    """A higher revision of the same facts: whatever was under way has arrived."""
    changed = dict(row)
    if "seq" in row:
        changed["seq"] = row["seq"] + 1
    if "version" in row:
        changed["version"] = row["version"] + (1 << 128)
    if row.get("order_status") == "Shipped":
        arrived = "fulfilment_updated_at" if "fulfilment_updated_at" in row else "updated_at"
        changed |= {"order_status": "Delivered", "delivered_at": row[arrived] + timedelta(days=3)}
        changed[arrived] = changed["delivered_at"]
    return changed


def _event(table: str, partitions: int, codec: Codec, row: Row) -> Event:
    fields = codec.parsed["fields"]
    body = BytesIO()
    schemaless_writer(
        body, codec.parsed, {one["name"]: _avro(row[one["name"]], one["type"]) for one in fields}
    )
    key = row["account"].encode()
    return Event(table, partition(key, partitions), key, codec.header + body.getvalue())


def _avro(value: Any, kind: Any) -> Any:
    """A value of the warehouse as Avro's writer takes it."""
    if isinstance(kind, list):
        return None if value is None else _avro(value, kind[1])
    name = kind["type"] if isinstance(kind, dict) else kind
    if isinstance(value, datetime):
        return _utc(value)
    if name == "array":
        fields = kind["items"]["fields"]
        return [{one["name"]: _avro(item[one["name"]], one["type"]) for one in fields} for item in value]
    if name == "fixed" and isinstance(value, int):
        return value.to_bytes(kind["size"], "little")
    if name == "bytes" and isinstance(value, str):
        return value.encode()
    return bool(value) if name == "boolean" else value
