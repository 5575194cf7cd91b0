"""Random worlds: everything that orders-enriched and the sources could say about a few customers.

Rows of orders-enriched are those of a stream that knows more and more: their contents follow from which
revision of the order, how many payments and which dimensions were known, and one of them knows all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from schemas.version import ORDER_LINE, pack

Fact = dict[str, Any]
START = datetime(2024, 1, 1, tzinfo=UTC)
ACCOUNTS = ["crm:1", "crm:2", "web:3", "guest:o9"]
GOLDEN_IDS = [*ACCOUNTS[:3], "g1"]
_RATES = [Decimal(1), Decimal("1.08333333"), Decimal("0.5")]


@dataclass
class World:
    """Facts by kind, and the readings of the clock."""

    lines: list[Fact] = field(default_factory=list)
    payments: list[Fact] = field(default_factory=list)
    customers: list[Fact] = field(default_factory=list)
    links: list[Fact] = field(default_factory=list)
    segments: list[Fact] = field(default_factory=list)
    clock: list[datetime] = field(default_factory=list)


def world(chance: Random) -> World:
    """A world of some orders, payments, customers and links; each kind may be missing for an account."""
    made = World()
    for number in range(chance.randint(0, 5)):
        made.lines += order(chance, f"o{number}", chance.choice(ACCOUNTS))
    for number in range(chance.randint(0, 5)):
        made.payments += payment(chance, f"t{number}", chance.choice(ACCOUNTS))
    for account in ACCOUNTS[:3]:
        for number in range(chance.randint(0, 3)):
            valid_from = START + timedelta(days=chance.choice([-9000, 0, 100, 400]), seconds=number)
            for seq in range(chance.randint(1, 2)):
                made.customers.append(customer(account, valid_from, seq, f"{number}-{seq}"))
        for seq in range(chance.choice([0, 1, 1, 3])):
            made.links.append(link(account, seq, chance.choice([account, chance.choice(GOLDEN_IDS)])))
    for golden_id in (*GOLDEN_IDS, "nobody"):
        for seq in chance.sample(range(5), chance.choice([0, 0, 1, 3])):
            made.segments.append(segment(golden_id, seq, chance.choice(["Recent regulars", "Lost buyers"])))
    made.clock = [START + moment(chance) for _ in range(chance.randint(0, 4))]
    return made


def moment(chance: Random) -> timedelta:
    """Some time within two years: often at midnight, or near the hour in which a time zone's day begins."""
    day = timedelta(days=chance.choice([chance.randint(0, 700), 0, 90, 91, 365, 366]))
    return day + chance.choice(
        [
            timedelta(),
            timedelta(hours=22),
            timedelta(hours=23),
            timedelta(microseconds=chance.randint(0, 86_399_999_999)),
        ]
    )


def order(chance: Random, order_id: str, account: str) -> list[Fact]:
    """Rows of the lines of an order with some revisions."""
    revisions = sorted(chance.sample(range(5), chance.randint(1, 3)))
    numbers = chance.sample([1, 2, 3, 70], chance.randint(1, 3))
    heads, contents = {}, {}
    at = START + moment(chance)
    for seq in revisions:
        if chance.random() < 0.3:
            at = START + moment(chance)
        heads[seq] = {
            "order_id": order_id,
            "account": account,
            "ordered_at": at,
            "channel": chance.choice(["Online", "In-Store"]),
            "location_id": chance.choice([None, "l1", "l2"]),
            "employee_id": chance.choice([None, "e1", "e2"]),
            "currency": "EUR",
            "fx_rate": chance.choice(_RATES),
        }
        for number in numbers:
            if seq == revisions[0] or chance.random() < 0.7:
                gross, net = (Decimal(chance.randint(-500, 99_999)) / 10_000 for _ in range(2))
                contents[seq, number] = {
                    "line_number": number,
                    "product_id": chance.choice(["p1", "p2", "p10", "p" * 80]),
                    "quantity": chance.randint(0, 3),
                    "unit_price": gross,
                    "gross_amount": gross,
                    "discount_amount": gross - net,
                    "net_amount": net,
                }
    most_paid = chance.randint(1, 3)
    statuses = [chance.choice([None, "Placed", "Cancelled"]) for _ in range(most_paid + 1)]
    returned = [chance.choice([0, 0, 2]) for _ in range(most_paid + 1)]
    category = chance.choice(["Bikes", "Clothing"])
    found = []
    for highest in revisions:
        known = [seq for seq in revisions if seq <= highest]
        for paid in range(1, most_paid + 1):
            for dimensions in (0, 1):
                full = (highest, paid, dimensions) == (revisions[-1], most_paid, 1)
                if not full and chance.random() < 0.6:
                    continue
                for number in numbers:
                    had = [seq for seq in known if (seq, number) in contents]
                    if not had:
                        continue
                    live = had[-1] == highest
                    if len({heads[seq]["ordered_at"].date() for seq in had}) > 1 and live:
                        # only clears the sort key of another day
                        found.append(_row(heads[had[0]], contents[had[0], number], (highest, 0, 0, 0)))
                    row = _row(
                        heads[had[-1]],
                        contents[had[-1], number],
                        (highest, paid, 2**33 + 7 if dimensions else 0, dimensions)
                        if live
                        else (highest, paid, 0, 0),
                    )
                    row["is_deleted"] = not live
                    if live:
                        row["order_status"] = statuses[paid]
                        row["returned_quantity"] = returned[paid]
                        row["returned_amount"] = Decimal(returned[paid]) / 3
                        row["returned_amount"] = row["returned_amount"].quantize(Decimal("0.0001"))
                        if dimensions:
                            row["product_category"] = category if number != 2 else None
                            row["product_unit_cost"] = Decimal("1.25")
                    found.append(row)
    return found


def _row(head: Fact, line: Fact, parts: tuple[int, int, int, int]) -> Fact:
    zero = Decimal(0)
    return {
        **head,
        **dict.fromkeys(("subtotal_amount", "tax_amount", "shipping_amount", "total_amount"), zero),
        **line,
        "order_status": None,
        "returned_quantity": 0,
        "return_count": 0,
        "returned_amount": zero,
        "product_category": None,
        "product_unit_cost": None,
        "version": pack(parts, ORDER_LINE),
        "is_deleted": True,
    }


def payment(chance: Random, transaction_id: str, account: str) -> list[Fact]:
    """Revisions of a payment."""
    return [
        {
            **envelope(f"{transaction_id}#{seq}", seq),
            "transaction_id": transaction_id,
            "order_id": "o0",
            "account": account,
            "transaction_at": START + moment(chance),
            "transaction_type": "Sale",
            "payment_method": "Card",
            "transaction_status": "completed",
            "amount": Decimal(chance.randint(-9999, 99_999)) / 10_000,
            "currency": "EUR",
            "fx_rate": chance.choice(_RATES),
        }
        for seq in sorted(chance.sample(range(4), chance.randint(1, 2)))
    ]


def customer(account: str, valid_from: datetime, seq: int, name: str) -> Fact:
    """A version of a mastered view."""
    return {
        **envelope(f"{account}{valid_from}#{seq}", seq),
        "account": account,
        "valid_from": valid_from,
        "customer_type": "Person",
        "first_name": name,
        "email": None if seq else "a@example.com",
        "annual_income": Decimal("12.5"),
        "registered_on": START.date(),
        "marketing_consent": True,
        "golden_id": account,
    }


def link(account: str, seq: int, golden_id: str) -> Fact:
    """A revision of the crosswalk."""
    return {**envelope(f"{account}#{seq}", seq), "account": account, "golden_id": golden_id}


def segment(golden_id: str, seq: int, name: str, week: str | None = None) -> Fact:
    """A revision of a golden customer's segment."""
    return {
        **envelope(f"{golden_id}#{seq}", seq),
        "customer_id": golden_id,
        "segment": name,
        "previous_segment": None,
        "week": week or f"2024-W{seq + 10}",
        "run": "0123456789ab",
    }


def envelope(event_id: str, seq: int) -> Fact:
    """The envelope of a fact."""
    return {"event_id": event_id, "source": "test", "seq": seq, "occurred_at": START, "recorded_at": START}
