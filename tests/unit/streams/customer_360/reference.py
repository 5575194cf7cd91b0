"""Rules 13 to 21 and 25 of the semantics, read plainly: from decoded records to the rows of customer-360."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from domains.customer.events import Customer360, CustomerMastered
from mesh.kernel.event import ENVELOPE
from schemas.version import CUSTOMER, ORDER_LINE, pack, unpack

Fact = dict[str, Any]
SHOWN = [
    name
    for name in CustomerMastered.model_fields
    if name not in ENVELOPE and name not in ("account", "valid_from", "golden_id")
]
FACETS = {
    "favourite_category": "product_category",
    "favourite_product_id": "product_id",
    "favourite_location_id": "location_id",
    "favourite_employee_id": "employee_id",
}


def rows(
    lines: Iterable[Fact],
    payments: Iterable[Fact],
    customers: Iterable[Fact],
    links: Iterable[Fact],
    segments: Iterable[Fact],
    clock: datetime | None,
    timezone: str,
) -> dict[str, Fact]:
    """Every row by golden id, deleted ones too. The facts are valid and without conflicts."""
    zone = ZoneInfo(timezone)
    newest_lines: dict[tuple[str, int], Fact] = {}
    for line in lines:
        parts = unpack(line["version"], ORDER_LINE)
        key = line["order_id"], line["line_number"]
        if parts[1] and (key not in newest_lines or parts >= newest_lines[key]["parts"]):
            newest_lines[key] = {**line, "parts": parts}
    newest_payments = _newest(payments, "transaction_id")
    versions = _newest(customers, "account", "valid_from")
    newest_links = _newest(links, "account")
    belongs: dict[str, list[Fact]] = defaultdict(list)
    structure: dict[str, int] = defaultdict(int)
    names = {
        fact["account"]
        for fact in (*newest_lines.values(), *newest_payments, *versions, *newest_links)
        if not fact["account"].startswith("guest:")
    }
    for name in names:
        link = next((link for link in newest_links if link["account"] == name), None)
        golden_id = name if link is None else link["golden_id"]
        belongs[golden_id].append(
            _account(
                [line for line in newest_lines.values() if line["account"] == name],
                [payment for payment in newest_payments if payment["account"] == name],
                [version for version in versions if version["account"] == name],
                clock,
                zone,
            )
        )
        seen = {name, golden_id} | {link["golden_id"] for link in links if link["account"] == name}
        for one in seen:
            structure[one] += 0 if link is None else link["seq"] + 1
            belongs.setdefault(one, [])
    told = {fact["customer_id"]: fact for fact in _newest(segments, "customer_id")}
    return {
        golden_id: _row(golden_id, accounts, told.get(golden_id), structure[golden_id], clock, zone)
        for golden_id, accounts in belongs.items()
    }


def _newest(facts: Iterable[Fact], *identity: str) -> list[Fact]:
    held: dict[tuple[Any, ...], Fact] = {}
    for fact in facts:
        key = tuple(fact[name] for name in identity)
        if key not in held or fact["seq"] > held[key]["seq"]:
            held[key] = fact
    return list(held.values())


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001"), ROUND_HALF_UP)  # away from zero at the half


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _account(
    lines: list[Fact], payments: list[Fact], versions: list[Fact], clock: datetime | None, zone: ZoneInfo
) -> Fact:
    live = [line for line in lines if not line["is_deleted"]]
    orders = {}
    for line in sorted(live, key=lambda line: -line["line_number"]):
        orders[line["order_id"]] = line
    chosen, chosen_clock = None, 0
    if versions:
        begun = [version for version in versions if clock is not None and version["valid_from"] <= clock]
        chosen = (
            max(begun, key=lambda version: version["valid_from"])
            if begun
            else min(versions, key=lambda version: version["valid_from"])
        )
        seconds = int(chosen["valid_from"].timestamp())
        chosen_clock = 2**33 + seconds if begun else 2**33 - seconds
    clock_day = None if clock is None else _day(clock, zone)

    def before(moment: datetime, days: int) -> bool:
        return clock_day is not None and _day(moment, zone) < clock_day - timedelta(days=days)

    return {
        "lines": live,
        "orders": list(orders.values()),
        "payments": payments,
        "customer": chosen,
        "last_year": sum(not before(order["ordered_at"], 365) for order in orders.values()),
        "registers": sum(4 * (line["parts"][0] + line["parts"][1]) for line in lines)
        + sum(4 * (payment["seq"] + 1) for payment in payments)
        + sum(before(line["ordered_at"], 365) for line in lines)
        + sum(before(payment["transaction_at"], 90) for payment in payments),
        "clocks": sum(line["parts"][2] for line in lines) + chosen_clock,
        "seqs": sum(line["parts"][3] for line in lines) + (0 if chosen is None else chosen["seq"] + 1),
    }


def _row(
    golden_id: str,
    accounts: list[Fact],
    segment: Fact | None,
    structure: int,
    clock: datetime | None,
    zone: ZoneInfo,
) -> Fact:
    def total(name: str) -> int:
        return sum(account[name] for account in accounts)

    lines = [line for account in accounts for line in account["lines"]]
    orders = [order for account in accounts for order in account["orders"]]
    payments = [payment for account in accounts for payment in account["payments"]]
    shown = max(
        (account["customer"] for account in accounts if account["customer"] is not None),
        key=lambda version: (version["valid_from"], version["seq"], version["account"].encode()),
        default=None,
    )
    gross = sum((_money(line["gross_amount"] * line["fx_rate"]) for line in lines), Decimal(0))
    net = sum((_money(line["net_amount"] * line["fx_rate"]) for line in lines), Decimal(0))
    cost = sum((line["quantity"] * (line["product_unit_cost"] or 0) for line in lines), Decimal(0))
    amount = sum((_money(payment["amount"] * payment["fx_rate"]) for payment in payments), Decimal(0))
    online = sum(order["channel"] == "Online" for order in orders)
    status, churned_at = "No transaction", None
    times = [order["ordered_at"] for order in orders]
    paid = [payment["transaction_at"] for payment in payments]
    if paid:
        status = "Not Churned"
        last = _day(max(paid), zone)
        if clock is not None and last < _day(clock, zone) - timedelta(days=90):
            status = "Churned"
            midnight = datetime.combine(last + timedelta(days=91), time(), zone)
            churned_at = midnight.astimezone(UTC)
    told = 0 if segment is None else segment["seq"] + 1
    row: Fact = dict.fromkeys(Customer360.model_fields)
    row.update({name: None if shown is None else shown.get(name) for name in SHOWN})
    row.update({name: _favourite(lines, field) for name, field in FACETS.items()})
    row.update(
        golden_id=golden_id,
        accounts=len(accounts),
        account=None if shown is None else shown["account"],
        first_order_at=min(times, default=None),
        last_order_at=max(times, default=None),
        first_transaction_at=min(paid, default=None),
        last_transaction_at=max(paid, default=None),
        orders=len(orders),
        cancelled_orders=sum(order["order_status"] == "Cancelled" for order in orders),
        online_orders=online,
        online_share=online / len(orders) if orders else None,
        orders_last_year=total("last_year"),
        lines=len(lines),
        units=sum(line["quantity"] for line in lines),
        gross=gross,
        discount=gross - net,
        net=net,
        cost=cost,
        margin=net - cost,
        returned_units=sum(line["returned_quantity"] for line in lines),
        returned_amount=sum((line["returned_amount"] for line in lines), Decimal(0)),
        transactions=len(payments),
        transaction_amount=amount,
        average_transaction_amount=_money(amount / len(payments)) if payments else None,
        churn_status=status,
        churned_at=churned_at,
        version=pack((structure, total("registers") + told, total("clocks"), total("seqs")), CUSTOMER),
        is_deleted=not accounts,
        segment=None if segment is None else segment["segment"],
        segment_week=None if segment is None else segment["week"],
    )
    return row


def _favourite(lines: list[Fact], field: str) -> str | None:
    units: dict[str, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for line in lines:
        if line[field] is not None:
            units[line[field]][0] += line["quantity"]
            units[line[field]][1] += _money(line["net_amount"] * line["fx_rate"])
    least_first = sorted(units, key=str.encode)
    return max(least_first, key=lambda name: tuple(units[name]), default=None)
