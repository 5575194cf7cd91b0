"""The domains' landed tables as Polars frames as of a day, for marts to be worked out a second time.

Nothing of the mesh's SQL is used, and nothing that its streams joined: lines, costs, statuses and returns are
put together here. Money is in whole ten-thousandths of the reporting currency. Days are in UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

import polars as pl
from clickhouse_connect.driver.client import Client

UNIT = 10_000
Row = dict[str, Any]
Expected = dict[tuple[Any, ...], Row]
"""Columns that a mart should have, by its key."""


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def money(value: int) -> Decimal:
    """Ten-thousandths as money."""
    return Decimal(value) / UNIT


def ratio(part: Decimal | int, whole: Decimal | int | None, digits: int) -> Decimal | None:
    """A quotient; None of nothing."""
    return rounded(Decimal(part) / Decimal(whole), digits) if whole else None


def percent(part: Decimal | int, whole: Decimal | int | None, digits: int = 2) -> Decimal | None:
    """A share in percent; None of nothing."""
    return ratio(Decimal(part) * 100, whole, digits)


def total(frame: pl.DataFrame, column: str) -> int:
    """The sum of a column; 0 of nothing."""
    return int(frame[column].sum() or 0)


def _reporting(amount: Decimal, rate: Decimal) -> int:
    return int(rounded(amount * rate, 4) * UNIT)


@dataclass(frozen=True)
class Landed:
    """What has landed, up to the end of a day."""

    client: Client
    day: date

    def table(self, view: str, moment: str) -> pl.DataFrame:
        """A view's rows whose moment is not after the day, with that day as ``day``."""
        frame = pl.from_arrow(self.client.query_arrow(f"SELECT * FROM {view}"))
        assert isinstance(frame, pl.DataFrame)
        return frame.with_columns(day=pl.col(moment).cast(pl.Date)).filter(pl.col("day") <= self.day)

    @cached_property
    def golden(self) -> dict[str, str]:
        """Customer by account."""
        rows = self.client.query("SELECT account, golden_id FROM customer.crosswalk").result_rows
        return {str(account): str(golden) for account, golden in rows}

    def owner(self, account: str) -> str | None:
        """The customer whose account it is; None of a guest."""
        return None if account.startswith("guest:") else self.golden.get(account, account)

    def _owned(self, frame: pl.DataFrame) -> pl.DataFrame:
        owners = [self.owner(account) for account in frame["account"]]
        return frame.with_columns(pl.Series("golden_id", owners, dtype=pl.String))

    def _valued(self, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
        for column in columns:
            pairs = zip(frame[column], frame["fx_rate"], strict=True)
            values = [_reporting(amount, rate) for amount, rate in pairs]
            frame = frame.with_columns(pl.Series(column, values, dtype=pl.Int64))
        return frame

    @cached_property
    def shipments(self) -> dict[str, Row]:
        """The newest shipment by order, as known today."""
        newest: dict[str, Row] = {}
        for row in self.client.query("SELECT * FROM sales.fulfilments").named_results():
            held = newest.get(row["order_id"])
            rank = (row["updated_at"], row["fulfilment_id"].encode())
            if held is None or rank > (held["updated_at"], held["fulfilment_id"].encode()):
                newest[row["order_id"]] = row
        return newest

    @cached_property
    def orders(self) -> pl.DataFrame:
        """Orders with their newest shipment."""
        frame = self._valued(
            self._owned(self.table("sales.orders", "ordered_at")), "shipping_amount", "total_amount"
        )
        shipments = [self.shipments.get(order, {}) for order in frame["order_id"]]
        methods = [
            shipment.get("shipping_method") or asked
            for shipment, asked in zip(shipments, frame["requested_shipping_method"], strict=True)
        ]
        utc = pl.Datetime("us", "UTC")
        return frame.with_columns(
            pl.Series("cancelled", [one.get("order_status") == "Cancelled" for one in shipments]),
            pl.Series("status", [one.get("order_status") for one in shipments], dtype=pl.String),
            pl.Series("method", methods, dtype=pl.String),
            pl.Series("shipped_at", [one.get("shipped_at") for one in shipments], dtype=utc),
            pl.Series("delivered_at", [one.get("delivered_at") for one in shipments], dtype=utc),
        )

    @cached_property
    def versions(self) -> dict[str, list[Row]]:
        """Every version of each product, oldest first."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.client.query("SELECT * FROM product.products ORDER BY valid_from").named_results():
            found[row["product_id"]].append(row)
        return found

    def product_at(self, product: str, moment: datetime) -> Row:
        """The version that held then, or else the first one."""
        versions = self.versions.get(product)
        if not versions:
            return {}
        place = bisect_right(versions, moment.timestamp(), key=lambda one: one["valid_from"].timestamp())
        return versions[max(place - 1, 0)]

    @cached_property
    def products(self) -> dict[str, Row]:
        """Products as they are described on the day."""
        return {
            product: [one for one in versions if one["valid_from"].date() <= self.day][-1]
            for product, versions in self.versions.items()
            if versions[0]["valid_from"].date() <= self.day
        }

    @cached_property
    def returns(self) -> pl.DataFrame:
        """Returns that were not withdrawn."""
        frame = self._owned(self.table("sales.returns", "returned_at"))
        return self._valued(frame.filter(pl.col("quantity") > 0), "amount")

    @cached_property
    def lines(self) -> pl.DataFrame:
        """Order lines; ``kept`` is what is left of them."""
        orders = self.orders.drop("promo_code").explode("lines").drop_nulls("lines").unnest("lines")
        orders = self._valued(orders, "gross_amount", "net_amount").rename(
            {"gross_amount": "gross", "net_amount": "net", "quantity": "units"}
        )
        described = [
            self.product_at(product, moment)
            for product, moment in zip(orders["product_id"], orders["ordered_at"], strict=True)
        ]
        costs = [one.get("unit_cost") for one in described]
        back = self.returns.group_by("order_id", "line_number").agg(
            back_units=pl.sum("quantity"), back=pl.sum("amount")
        )
        cost = pl.col("unit_cost")
        return (
            orders.with_columns(
                pl.Series("unit_cost", [None if c is None else int(c * UNIT) for c in costs], dtype=pl.Int64),
                pl.Series("product_name", [one.get("name") for one in described], dtype=pl.String),
                pl.Series("category", [one.get("category") for one in described], dtype=pl.String),
            )
            .join(back, on=["order_id", "line_number"], how="left")
            .with_columns(pl.col("back_units", "back").fill_null(0))
            .with_columns(
                cost=cost * pl.col("units"),
                kept_units=pl.when("cancelled").then(0).otherwise(pl.col("units") - pl.col("back_units")),
                kept=pl.when("cancelled").then(0).otherwise(pl.col("net") - pl.col("back")),
            )
            .with_columns(kept_cost=pl.when("cancelled").then(0).otherwise(cost * pl.col("kept_units")))
            .with_columns(profit=pl.col("kept") - pl.col("kept_cost"))
        )

    @cached_property
    def sold_as(self) -> dict[str | None, frozenset[str]]:
        """The names under which each product was sold, any of which a mart may show."""
        named = (
            self.lines.drop_nulls("product_name").group_by("product_id").agg(pl.col("product_name").unique())
        )
        return {product: frozenset(names) for product, names in named.iter_rows()}

    @cached_property
    def payments(self) -> pl.DataFrame:
        """Payments."""
        return self._valued(self._owned(self.table("sales.transactions", "transaction_at")), "amount")

    @cached_property
    def customers(self) -> dict[str, Row]:
        """Everybody known on the day, with the newest version where there is one."""
        best: dict[str, Row] = {}
        frame = self.table("customer.customers_clear", "valid_from")
        for row in frame.iter_rows(named=True):
            golden = self.owner(row["account"])
            if golden is None:
                continue
            held = best.get(golden)
            rank = (row["valid_from"], row["seq"], row["account"])
            if held is None or rank > (held["valid_from"], held["seq"], held["account"]):
                best[golden] = row
        for frame in (self.orders, self.payments):
            for golden in frame["golden_id"].drop_nulls().unique():
                best.setdefault(golden, {})
        return best

    def age(self, customer: Row) -> int | None:
        """Full years of life on the day."""
        if not customer.get("birth_date"):
            return None
        born = date.fromisoformat(customer["birth_date"])
        return self.day.year - born.year - ((self.day.month, self.day.day) < (born.month, born.day))

    @cached_property
    def places(self) -> dict[str, Row]:
        """Locations as they are described on the day."""
        frame = self.table("location.locations", "valid_from").sort("valid_from")
        return {row["location_id"]: row for row in frame.iter_rows(named=True)}
