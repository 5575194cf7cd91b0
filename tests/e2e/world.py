"""A small world beside the retailer's: facts of every kind, in every awkward shape, from a seed.

Values keep to the retailer's value sets, since the mesh that carries them holds its publishers to these.

Amended orders with dropped lines and moved days, late and back-dated versions of dimensions, dimensions
that never come, payments and returns with revisions, withdrawn returns, cancelled shipments, guests, other
currencies.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domains.customer.events import CustomerRecorded, SegmentAssigned
from domains.employee.events import EmployeeDescribed
from domains.location.events import LocationDescribed
from domains.product.events import ProductDescribed
from domains.sales.events import FulfilmentUpdated, OrderPlaced, PaymentRecorded, ReturnRecorded
from mesh.kernel.event import Event

START = datetime(2013, 1, 1, tzinfo=UTC)
DAYS = 500

Fact = tuple[type[Event], dict[str, Any]]


def facts(seed: int, orders: int) -> list[Fact]:
    """The facts of the world of this seed, which has ids of its own: shuffled, a tenth of them twice."""
    source = f"world-{seed}"
    chance = random.Random(seed)
    made = [
        *_dimensions(chance, source),
        *(fact for number in range(orders) for fact in _order(chance, source, number)),
    ]
    made += chance.sample(made, len(made) // 10)
    chance.shuffle(made)
    return made


def segments(seed: int) -> list[Fact]:
    """Segments told of the customers of this world, some of whom nobody knows: as awkward as its facts."""
    source, chance = f"world-{seed}", random.Random(seed)
    made: list[Fact] = [
        (
            SegmentAssigned,
            {
                **_stamp(source, START + timedelta(weeks=week), week),
                "customer_id": f"{source}:c{number}",
                "segment": chance.choice(("Recent regulars", "Lapsing buyers", "Lost buyers")),
                "week": f"2013-W{week:02}",
                "run": "0f3a9c1d2e4b",
            },
        )
        for number in range(40)
        for week in chance.sample(range(1, 20), chance.choice((0, 1, 4)))
    ]
    made += chance.sample(made, len(made) // 4)
    chance.shuffle(made)
    return made


def _moment(chance: random.Random) -> datetime:
    return START + timedelta(days=chance.randrange(DAYS), seconds=chance.choice((0, 0, 1, 43_200, 86_399)))


def _stamp(source: str, occurred_at: datetime, seq: int) -> dict[str, Any]:
    return {"source": source, "seq": seq, "occurred_at": occurred_at}


def _versions(chance: random.Random, source: str) -> Iterator[dict[str, Any]]:
    """One to three versions, some corrected, some valid only after every order."""
    for day in chance.sample(range(-100, DAYS + 100), chance.randint(1, 3)):
        valid_from = START + timedelta(days=day)
        for seq in range(1, 1 + chance.choice((1, 1, 2))):
            yield {**_stamp(source, valid_from, seq), "valid_from": valid_from}


def _dimensions(chance: random.Random, source: str) -> Iterator[Fact]:
    def money() -> Decimal:
        return Decimal(chance.randrange(1, 10**6)) / 10_000

    for n in range(18):  # orders name 20: two products are never described
        for version in _versions(chance, source):
            yield (
                ProductDescribed,
                {
                    **version,
                    "product_id": f"{source}:p{n}",
                    "sku": f"SKU-{n}",
                    "name": f"Product {chance.randrange(99)}",
                    "category": chance.choice(("Bikes", "Clothing", None)),
                    "unit_cost": chance.choice((money(), None)),
                },
            )
    for n in range(5):
        for version in _versions(chance, source):
            yield (
                LocationDescribed,
                {
                    **version,
                    "location_id": f"{source}:l{n}",
                    "name": f"Place {chance.randrange(99)}",
                    "location_type": "Store",
                    "country": chance.choice(("France", None)),
                },
            )
    for n in range(4):
        for version in _versions(chance, source):
            yield (
                EmployeeDescribed,
                {
                    **version,
                    "employee_id": f"{source}:e{n}",
                    "first_name": "Ann",
                    "job_title": "Seller",
                    "department": "Sales",
                    "hired_on": START.date(),
                    "last_name": f"N{chance.randrange(99)}",
                },
            )
    for n in range(25):
        for version in _versions(chance, source):
            yield (
                CustomerRecorded,
                {
                    **version,
                    "account": f"{source}:c{n}",
                    "customer_type": "Person",
                    "first_name": f"F{chance.randrange(99)}",
                    "last_name": "Ünal",
                    "email": f"c{n}@example.com",
                    "birth_date": "1980-02-29",
                    "city": chance.choice(("Paris", "Lyon")),
                    "country": "France",
                },
            )


def _order(chance: random.Random, source: str, number: int) -> Iterator[Fact]:
    order_id = f"{source}:{number}"
    guest = chance.random() < 0.1
    account = f"guest:{order_id}" if guest else f"{source}:c{chance.randrange(30)}"
    ordered_at = _moment(chance)
    same = {"order_id": order_id, "account": account}
    fx = chance.choice((Decimal(1), Decimal("1.08765432")))
    currency = {"currency": "USD" if fx == 1 else "EUR", "fx_rate": fx}
    lines = chance.randint(1, 5)
    for seq in range(1, 1 + chance.choice((1, 1, 1, 2, 3))):
        amended_at = ordered_at + timedelta(hours=seq)
        yield (
            OrderPlaced,
            {
                **_stamp(source, amended_at, seq),
                **same,
                **currency,
                **_amounts(chance, source, seq, lines),
                "ordered_at": ordered_at + timedelta(days=chance.choice((0, 0, 0, 1)) if seq > 1 else 0),
                "channel": chance.choice(("Online", "Reseller")),
                "location_id": f"{source}:l{chance.randrange(6)}",
                "territory_id": f"{source}:l{chance.randrange(6)}",
                "employee_id": chance.choice((None, f"{source}:e{chance.randrange(5)}")),
            },
        )
    for n in range(chance.choice((0, 1, 1, 2))):
        at = ordered_at + timedelta(days=chance.randrange(3))
        for seq in range(1, 1 + chance.choice((1, 2))):
            yield (
                PaymentRecorded,
                {
                    **_stamp(source, at, seq),
                    **same,
                    **currency,
                    "transaction_id": f"{order_id}/{n}",
                    "transaction_at": at,
                    "transaction_type": "Sale",
                    "payment_method": "Credit Card",
                    "transaction_status": "pending" if seq == 1 else "completed",
                    "amount": Decimal(chance.randrange(10**7)) / 10_000,
                },
            )
    for n in range(chance.choice((0, 1, 1, 2))):
        for seq, status in enumerate(("Placed", "Shipped", chance.choice(("Delivered", "Cancelled")))):
            at = ordered_at + timedelta(days=seq)
            yield (
                FulfilmentUpdated,
                {
                    **_stamp(source, at, seq),
                    **same,
                    "fulfilment_id": f"{order_id}/{n}",
                    "updated_at": at,
                    "order_status": status,
                    "shipping_method": chance.choice(("CARGO TRANSPORT 5", None)),
                },
            )
    if chance.random() < 0.3:
        at = ordered_at + timedelta(days=10)
        line = chance.randint(1, lines)
        for seq in range(chance.choice((1, 2))):
            yield (
                ReturnRecorded,
                {
                    **_stamp(source, at, seq),
                    **same,
                    **currency,
                    "return_id": f"{order_id}/r",
                    "line_number": line,
                    "quantity": 1 if seq == 0 else chance.choice((0, 2)),
                    "amount": Decimal("9.99995").quantize(Decimal("0.0001")),
                    "returned_at": at,
                },
            )


def _amounts(chance: random.Random, source: str, seq: int, lines: int) -> dict[str, Any]:
    """The lines of a revision: an amendment drops some and changes others. Sums as the contract has them."""
    kept = [n for n in range(1, lines + 1) if seq == 1 or chance.random() < 0.7]
    made = []
    for number in kept:
        quantity, price = chance.randint(1, 4), Decimal(chance.randrange(1, 10**6)) / 10_000
        gross = quantity * price
        discount = min(gross, Decimal(chance.randrange(10**4)) / 10_000)
        made.append(
            {
                "line_number": number,
                "product_id": f"{source}:p{chance.randrange(20)}",
                "quantity": quantity,
                "unit_price": price,
                "gross_amount": gross,
                "discount_amount": discount,
                "net_amount": gross - discount,
            }
        )
    subtotal = sum((line["net_amount"] for line in made), Decimal(0))
    tax = (subtotal / 10).quantize(Decimal("0.0001"))
    return {
        "lines": made,
        "subtotal_amount": subtotal,
        "tax_amount": tax,
        "shipping_amount": Decimal(5),
        "total_amount": subtotal + tax + 5,
    }
