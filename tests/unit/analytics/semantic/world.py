"""A small trade in the warehouse's own tables, from a seed: every shape that makes a join multiply rows.

Orders of no line, one and many, paid not at all, once and twice, in two currencies, by guests, members and
persons with two accounts; products never sold and never described; shipments with several statuses.
"""

from __future__ import annotations

import atexit
import json
import random
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from analytics.semantic.reading import read_model
from analytics.semantic.views import DATABASE, views
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import load_settings
from sinks.clickhouse.tables import PLATFORM, Table
from tests.ports.embedded_server import EmbeddedServer, copied

Row = dict[str, Any]
MESH = find_mesh(load_settings())
MODEL = read_model(MESH)


def empty_warehouse(path: Path) -> EmbeddedServer:
    """A warehouse with tables, views and the model's views, all empty.

    A process lays them out once and copies them from then on: that takes a tenth of the time.
    """
    return copied(_laid_out(), path)


@cache
def _laid_out() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="mesh-tests-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "path"
    server = EmbeddedServer(path)
    try:
        client = clickhouse_connect.get_client(port=server.port)
        _set_up(client)
        client.close()
    finally:
        server.stop()
    return path


def _set_up(client: Client) -> None:
    for statement in PLATFORM:
        client.command(statement)
    for port in MESH.ports.values():
        if port.table:
            for statement in Table(port).create():
                client.command(statement, settings={"allow_materialized_view_with_bad_select": 1})
    client.command(f"CREATE DATABASE {DATABASE} ENGINE = Atomic")
    for view in views(MODEL, "UTC"):
        client.command(f"CREATE VIEW {view.name} AS {view.query}")


def fill(client: Client, world: dict[str, list[Row]]) -> None:
    """Put rows into the tables; what a row leaves out is empty."""
    for table, rows in world.items():
        lines = "\n".join(json.dumps(row, default=str) for row in rows)
        client.raw_insert(f"{table}_v1", insert_block=lines, fmt="JSONEachRow")


def trade(seed: int, orders: int = 60) -> dict[str, list[Row]]:
    """Rows by table."""
    chance = random.Random(seed)
    made: dict[str, list[Row]] = {"product.products": list(_products(chance))}
    made["location.locations"] = [
        _version(location_id="shop", location_type="Store", channel_type="In-Store", country="Chile"),
        _version(location_id="web", location_type="Online", channel_type="Online"),
        _version(location_id="depot", location_type="Warehouse"),
        _version(location_id="south", location_type="Territory", name="South"),
    ]
    made["customer.customers"] = [
        _version(
            account=f"a{n}",
            golden_id=f"g{n // 2 if n < 4 else n}",
            birth_date=chance.choice(("1960-02-29", "1990-06-30", "2010-01-01", None)),
            first_name="Ana",
            last_name=f"Ruiz{n}",
            country=chance.choice(("Chile", "Peru", None)),
            gender=chance.choice(("F", "M")),
            home_location_id="shop" if n % 3 else None,
        )
        for n in range(14)
    ]
    made["employee.employees"] = [_version(employee_id="e1", first_name="Eva", last_name="Paz")]
    made["customer.crosswalk"] = [
        {"account": row["account"], "golden_id": row["golden_id"]} for row in made["customer.customers"]
    ]
    made["customer.segments"] = [
        {"customer_id": f"g{n}", "segment": segment, "week": week, "occurred_at": f"{day} 00:00:00"}
        for week, day, segment, customers in (
            ("2024-W20", "2024-05-20", "Occasional", (0, 1, 5, 6)),
            ("2024-W21", "2024-05-27", "Devoted", (0, 5, 7)),
        )
        for n in customers
    ]
    for table in ("sales.orders", "sales.transactions", "sales.fulfilments", "sales.orders_enriched"):
        made[table] = []
    moment = "2024-05-05 10:00:00"
    made["sales.returns"] = [
        {"return_id": "r0", "order_id": "o1", "account": "a1", "line_number": 1, "quantity": 1, "amount": "2"}
        | {"fx_rate": "1", "returned_at": moment, "occurred_at": moment, "seq": 1}
    ]
    made["customer.campaigns"] = [{"campaign_id": "c1", "name": "Spring", "starts_at": moment, "seq": 1}]
    made["customer.contacts"] = [
        {"contact_id": f"{n}", "campaign_id": "c1", "account": f"a{n}", "outcome": outcome, "seq": 1}
        | {"contacted_at": moment}
        for n, outcome in enumerate(("Sent", "Opened", "Clicked"))
    ]
    made["customer.web_sessions"] = [
        {
            "session_id": "s1",
            "account": "a1",
            "location_id": "web",
            "ended_at": moment,
            "order_id": "o1",
            "seq": 1,
        }
    ]
    made["location.arrivals"] = [
        {"count_id": "d1", "location_id": "shop", "counted_from": moment, "visitors": 12, "seq": 1}
    ]
    made["product.stock"] = [
        {"count_id": f"n{n}", "product_id": "p1", "location_id": place, "counted_at": moment, "on_hand": n}
        | {"reorder_level": 2, "seq": 1}
        for n, place in enumerate(("shop", "depot", "depot"))
    ]
    for number in range(orders):
        for table, row in _order(chance, number):
            made[table].append(row)
    return made


def _version(**values: Any) -> Row:
    return {"valid_from": "2020-01-01 00:00:00", "seq": 1, **values}


def _products(chance: random.Random) -> Iterator[Row]:
    for n in range(9):
        for day, price in (("2020-01-01", 100), ("2024-03-01", 120)):
            yield _version(
                product_id=f"p{n}",
                valid_from=f"{day} 00:00:00",
                name=f"Product {n}",
                sku=f"s{n}",
                category=("Shoes", "Hats", "Socks")[n % 3],
                list_price=Decimal(price) + n,
                unit_cost=Decimal(chance.randrange(10**6)) / 10_000,
            )


def _order(chance: random.Random, number: int) -> Iterator[tuple[str, Row]]:
    order_id, month = f"o{number}", chance.randrange(1, 7)
    ordered_at = f"2024-{month:02}-{chance.randrange(1, 28):02} 10:00:00"
    account = f"guest:{order_id}" if chance.random() < 0.1 else f"a{chance.randrange(12)}"
    fx = chance.choice(("1", "1.08765432"))
    lines = [_line(chance, place) for place in range(1, 1 + chance.choice((0, 1, 2, 3, 7)))]
    net = sum((line["net_amount"] for line in lines), Decimal(0))
    same = {"order_id": order_id, "account": account, "fx_rate": fx, "seq": 1, "occurred_at": ordered_at}
    order = {
        **same,
        "ordered_at": ordered_at,
        "location_id": chance.choice(("shop", "web", None)),
        "territory_id": "south",
        "requested_shipping_method": "USPS",
        "shipping_amount": chance.choice((Decimal(0), Decimal("9.9999"), Decimal(10))),
        "total_amount": net + chance.randrange(100),
    }
    yield "sales.orders", {**order, "lines": lines}
    for line in lines:
        fields = {name: value for name, value in order.items() if name not in ("seq", "occurred_at")}
        yield "sales.orders_enriched", {**fields, **line, "version": 1}
    for n in range(chance.choice((0, 1, 1, 2))):
        amount = Decimal(chance.randrange(1, 10**7)) / 10_000
        payment = {"transaction_id": f"{order_id}/{n}", "transaction_at": ordered_at, "amount": amount}
        method = chance.choice(("Card", "Cash"))
        yield "sales.transactions", {**same, **payment, "payment_method": method}
    for n in range(chance.choice((0, 1, 2))):
        status = chance.choice(("Shipped", "Delivered", "Cancelled"))
        shipment: Row = {"fulfilment_id": f"{order_id}/{n}", "order_status": status}
        updated_at = f"2024-07-{1 + n:02} 00:00:00"
        carrier = chance.choice(("UPS", "FedEx"))
        delivered_at = updated_at if status == "Delivered" else None
        shipment |= {"updated_at": updated_at, "shipping_method": carrier, "delivered_at": delivered_at}
        yield "sales.fulfilments", {**same, **shipment, "occurred_at": updated_at}


def _line(chance: random.Random, number: int) -> Row:
    gross = Decimal(chance.choice((0, 1, chance.randrange(10**6)))) / 10_000
    discount = chance.choice((Decimal(0), gross / 3)).quantize(Decimal("0.0001"))
    return {
        "line_number": number,
        "product_id": f"p{chance.randrange(11)}",
        "quantity": 2,
        "gross_amount": gross,
        "discount_amount": discount,
        "net_amount": gross - discount,
    }
