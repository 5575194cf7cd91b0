"""Every measure of the semantic model worked out from the domains' landed facts, for any retailer.

Nothing of the model's SQL is used, and nothing that streams joined: what an order, a customer or a product
is on the day is put together here. Money is in whole ten-thousandths until it is told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl

from tests.e2e.adventureworks import Values, divided, mean, money
from tests.e2e.landed import UNIT, Landed, Row
from tests.e2e.measures_of_rows import (
    of_contacts,
    of_customers,
    of_lines,
    of_orders,
    of_products,
    of_returns,
    of_stock,
    share,
)

Expected = dict[Any, Values]
"""Measures by the value of a dimension."""


def newest(rows: Iterable[Row], key: tuple[str, ...], *rank: str) -> list[Row]:
    """One row a key: the greatest by these columns."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda one: tuple(one[name] for name in rank)):
        found[tuple(row[name] for name in key)] = row
    return list(found.values())


@dataclass(frozen=True)
class Measured:
    """What is known: up to a moment that was asked for, or all, with what holds at the clock."""

    landed: Landed
    moment: datetime
    """The end of the landed facts' day where ``stated``, or the clock."""
    stated: bool

    def rows(self, view: str, time: str) -> list[Row]:
        """A view's rows that hold by then."""
        return [row for row in self._all(view) if row[time] <= self.moment]

    def facts(self, view: str, time: str) -> list[Row]:
        """A view's rows that are known. Those that do not move the clock may be later than it."""
        return self.rows(view, time) if self.stated else list(self._all(view))

    def _all(self, view: str) -> Iterable[Row]:
        return map(_aware, self.landed.client.query(f"SELECT * FROM {view}").named_results())

    @cached_property
    def shipments(self) -> dict[str, Row]:
        """The newest shipment by order."""
        rows = self.rows("sales.fulfilments", "updated_at")
        return {row["order_id"]: row for row in newest(rows, ("order_id",), "updated_at", "fulfilment_id")}

    @cached_property
    def channels(self) -> dict[str, Row]:
        """Stores and online platforms."""
        return {key: row for key, row in self.sites.items() if row["location_type"] in ("Store", "Online")}

    @cached_property
    def sites(self) -> dict[str, Row]:
        """Places of every kind."""
        rows = newest(self.rows("location.locations", "valid_from"), ("location_id",), "valid_from")
        return {row["location_id"]: row for row in rows}

    @cached_property
    def products(self) -> dict[str, Row]:
        """Products as they are described."""
        rows = newest(self.rows("product.products", "valid_from"), ("product_id",), "valid_from")
        return {row["product_id"]: row for row in rows}

    @cached_property
    def employees(self) -> set[str]:
        """Who is employed, or was."""
        return {row["employee_id"] for row in self.rows("employee.employees", "valid_from")}

    @cached_property
    def customers(self) -> dict[str, Row]:
        """Customers with a record, with ``age`` on the day."""
        rows = self.rows("customer.customers_clear", "valid_from")
        known = [row for row in rows if not row["account"].startswith("guest:")]
        found = newest(known, ("golden_id",), "valid_from", "seq", "account")
        return {row["golden_id"]: {**row, "age": self.landed.age(row)} for row in found}

    @cached_property
    def orders(self) -> dict[str, Row]:
        """Orders with discount, shipment, channel and country, none of which need be known."""
        discounts: Counter[str] = Counter()
        for row in self.landed.lines.iter_rows(named=True):
            discounts[row["order_id"]] += row["gross"] - row["net"]
        found = {}
        for row in self.landed.orders.iter_rows(named=True):
            shipment = self.shipments.get(row["order_id"], {})
            golden = self.landed.golden.get(row["account"])
            found[row["order_id"]] = {
                **row,
                "discount": discounts[row["order_id"]],
                "status": shipment.get("order_status"),
                "carrier": shipment.get("shipping_method") or row["requested_shipping_method"],
                "arrived_at": shipment.get("delivered_at"),
                "channel_type": self.channels.get(row["location_id"], {}).get("channel_type"),
                "country": self.customers.get(golden or "", {}).get("country"),
                "buyer": golden if golden in self.customers else None,
            }
        return found

    @cached_property
    def weights(self) -> dict[tuple[str, int], int]:
        """What a line weighs where a whole is divided: its net amount in the order's currency."""
        return {
            (row["order_id"], line["line_number"]): int(line["net_amount"] * UNIT)
            for row in self.landed.orders.iter_rows(named=True)
            for line in row["lines"]
        }

    @cached_property
    def payments(self) -> list[Row]:
        """Payments, with their month."""
        rows = self.landed.payments.iter_rows(named=True)
        return [{**row, "transaction_month": f"{row['day']:%Y-%m}"} for row in rows]

    @cached_property
    def returns(self) -> list[Row]:
        """Returns that were not withdrawn."""
        return list(self.landed.returns.iter_rows(named=True))

    def of_month(self, month: str) -> Any:
        """Revenue of a month, such as 2014-06."""
        return money(sum(row["amount"] for row in self.payments if row["transaction_month"] == month))

    def totals(self) -> Values:
        """Every measure of everything, but revenue of this month and the last."""
        orders, lines = list(self.orders.values()), self.landed.lines
        units = int(lines["units"].sum() or 0)
        return {
            **self._of_payments(self.payments),
            **of_orders(orders),
            **of_products(self.products.values()),
            **of_customers(self.customers.values()),
            **of_lines(lines),
            **of_returns(self.returns),
            **self._of_marketing(),
            **self._of_places(),
            "total_shipments": len(self.shipments),
            "returned_units_each": mean(sum(row["quantity"] for row in self.returns), units),
        }

    def by_order(self, column: str) -> Expected:
        """Measures of payments, orders and lines by a column that an order has one value of."""
        groups = {row[column] for row in self.orders.values()}
        paid = [(self.orders.get(row["order_id"], {}).get(column), row) for row in self.payments]
        back = [(self.orders.get(row["order_id"], {}).get(column), row) for row in self.returns]
        keys = {key: row[column] for key, row in self.orders.items()}
        lines = self.landed.lines.with_columns(
            pl.Series("group", [keys[order] for order in self.landed.lines["order_id"]], dtype=pl.String)
        )
        return {
            group: {
                **self._of_payments([row for key, row in paid if key == group]),
                **of_orders([row for row in self.orders.values() if row[column] == group]),
                **of_lines(lines.filter(pl.col("group").eq_missing(pl.lit(group)))),
                **of_returns([row for key, row in back if key == group]),
            }
            for group in groups | {key for key, _ in (*paid, *back)}
        }

    def by_month(self) -> Expected:
        """Measures of payments by their month."""
        months = {row["transaction_month"] for row in self.payments}
        return {
            month: self._of_payments([row for row in self.payments if row["transaction_month"] == month])
            for month in months
        }

    def by_category(self) -> Expected:
        """Measures of products, and of what was sold and came back of them; wholes are divided."""
        category = {key: row["category"] for key, row in self.products.items()}
        parts: dict[Any, Counter[str]] = defaultdict(Counter)
        seen: dict[Any, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
        lines: dict[str, list[Row]] = defaultdict(list)
        for row in self.landed.lines.sort("order_id", "line_number").iter_rows(named=True):
            lines[row["order_id"]].append(row)
        place = {
            (row["order_id"], row["line_number"]): category.get(row["product_id"])
            for order in lines.values()
            for row in order
        }
        for order_id, order in self.orders.items():
            for part in lines[order_id]:
                group = category.get(part["product_id"])
                parts[group] += Counter(
                    net_sales=part["net"],
                    total_units=part["units"],
                    total_discounted_amount=part["gross"] - part["net"],
                )
                if order["buyer"]:
                    seen[group]["customers"].add(order["buyer"])
            self._divide(parts, "total_shipping_amount", order["shipping_amount"], lines[order_id], category)
            self._divide(parts, "total_order_amount", order["total_amount"], lines[order_id], category)
        for row in self.payments:
            self._divide(parts, "total_revenue", row["amount"], lines[row["order_id"]], category)
            for one in lines[row["order_id"]] or [{"product_id": None}]:
                seen[category.get(one["product_id"])]["payments"].add(row["transaction_id"])
        for row in self.returns:
            group = place.get((row["order_id"], row["line_number"]))
            parts[group] += Counter(
                total_returns=1, total_returned_units=row["quantity"], total_refunded_amount=row["amount"]
            )
        bought = set().union(*(one["customers"] for one in seen.values()))
        seen[None]["customers"] |= self.customers.keys() - bought
        counted = ("total_units", "total_returns", "total_returned_units")
        summed = (
            *("net_sales", "total_discounted_amount", "total_shipping_amount", "total_order_amount"),
            *("total_revenue", "total_refunded_amount"),
        )
        return {
            group: {
                **of_products(row for row in self.products.values() if row["category"] == group),
                **{name: parts[group][name] for name in counted},
                **{name: money(parts[group][name]) for name in summed},
                "total_transactions": len(seen[group]["payments"]),
                "total_customers": len(seen[group]["customers"]),
            }
            for group in {*category.values(), *parts, *seen}
        }

    def by_age_group(self) -> Expected:
        """Measures of customers by age group."""
        return self._grouped(self.customers.values(), of_customers, lambda row: _age_group(row["age"]))

    def customers_by(self, key: Callable[[Row], Any]) -> Expected:
        """Customers by what their orders say: each in all that theirs say, who ordered nothing in none."""
        groups: dict[Any, set[str]] = defaultdict(set)
        for order in self.orders.values():
            if order["buyer"]:
                groups[key(order)].add(order["buyer"])
        if idle := self.customers.keys() - set().union(*groups.values()):
            groups[None] |= idle
        return {group: {"total_customers": len(members)} for group, members in groups.items()}

    def by_campaign(self) -> Expected:
        """Contacts by the channel of their campaign."""
        channels = {
            row["campaign_id"]: row["channel"] for row in self.facts("customer.campaigns", "starts_at")
        }
        found = self._grouped(self.contacts, of_contacts, lambda row: channels.get(row["campaign_id"]))
        for channel in channels.values():
            found.setdefault(channel, of_contacts([]))
        return found

    def by_site_type(self) -> Expected:
        """Stock by the kind of place."""
        types = {key: row["location_type"] for key, row in self.sites.items()}
        return self._grouped(self.stock, of_stock, lambda row: types.get(row["location_id"]))

    def by_reason(self) -> Expected:
        """Returns by their reason."""
        return self._grouped(self.returns, of_returns, lambda row: row["reason"])

    @cached_property
    def contacts(self) -> list[Row]:
        """Contacts that were made."""
        return self.facts("customer.contacts", "contacted_at")

    @cached_property
    def stock(self) -> list[Row]:
        """The newest count of each product at each place."""
        rows = self.rows("product.stock", "counted_at")
        return newest(rows, ("product_id", "location_id"), "counted_at", "count_id")

    @staticmethod
    def _grouped(
        rows: Iterable[Row], measured: Callable[[list[Row]], Values], key: Callable[[Row], Any]
    ) -> Expected:
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in rows:
            groups[key(row)].append(row)
        return {group: measured(members) for group, members in groups.items()}

    def _divide(
        self,
        parts: Mapping[Any, Counter[str]],
        name: str,
        whole: int,
        lines: list[Row],
        category: Mapping[str, Any],
    ) -> None:
        """Add what of an order's whole falls to each line."""
        weights = [self.weights[row["order_id"], row["line_number"]] for row in lines]
        shares = divided(whole, weights) if lines else [whole]
        for row, amount in zip(lines or [{"product_id": None}], shares, strict=True):
            parts[category.get(row["product_id"])][name] += amount

    def _of_payments(self, payments: list[Row]) -> Values:
        revenue = sum(row["amount"] for row in payments)
        reduced = [row for row in payments if self.orders.get(row["order_id"], {}).get("discount", 0) > 0]
        return {
            "total_transactions": len(payments),
            "total_revenue": money(revenue),
            "average_transaction_amount": mean(money(revenue), len(payments)),
            "transaction_percentage_with_discount": share(len(reduced), len(payments)),
        }

    def _of_marketing(self) -> Values:
        campaigns = self.facts("customer.campaigns", "starts_at")
        sessions = self.facts("customer.web_sessions", "ended_at")
        return {
            **of_contacts(self.contacts),
            "total_campaigns": len(campaigns),
            "total_campaign_budget": sum(row["budget_amount"] or 0 for row in campaigns),
            "total_web_sessions": len(sessions),
            "web_session_conversion_percentage": share(
                sum(row["order_id"] is not None for row in sessions), len(sessions)
            ),
        }

    def _of_places(self) -> Values:
        arrivals = self.facts("location.arrivals", "counted_from")
        return {
            **of_stock(self.stock),
            "total_stores": len(self.channels),
            "total_employees": len(self.employees),
            "total_visitors": sum(row["visitors"] for row in arrivals),
        }


def _aware(row: Row) -> Row:
    """A row whose moments say that they are in UTC."""
    return {
        name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _age_group(age: int | None) -> str | None:
    if age is None:
        return None
    limits = ((17, "Under 18"), (35, "18-35"), (50, "36-50"))
    return next((name for limit, name in limits if age <= limit), "Above 50")
