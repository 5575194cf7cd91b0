"""customer_360 recomputed: rules 13 to 20 and 25 of the semantics, for customers mastered one to one.

An account is its own golden customer, so rows are grouped by account and no account ever leaves.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from mesh.reconcile.days import day, day_of, first_moments
from mesh.reconcile.facts import Facts
from mesh.reconcile.orders_enriched import PARTS, PIVOT, SECOND, reporting

CHURN_DAYS = 90
YEAR_DAYS = 365

IDENTITY = (
    "customer_type", "company_name", "first_name", "last_name", "email", "phone", "street", "birth_date",
    "city", "state", "country", "postal_code", "gender", "education_level", "marital_status",
    "number_of_children", "occupation", "income_band", "annual_income", "hobbies", "degree_of_loyalty",
    "social_class", "registered_on", "home_location_id", "marketing_consent",
)  # fmt: skip
_FAVOURITES = {
    "favourite_category": "product_category",
    "favourite_product_id": "product_id",
    "favourite_location_id": "location_id",
    "favourite_employee_id": "employee_id",
}
_ORDERS = ("orders", "cancelled_orders", "online_orders", "orders_last_year")
_SUMS = ("gross", "discount", "net", "cost", "returned_amount")
_COUNTS = (*_ORDERS, "lines", "units", *_SUMS, "returned_units", "transactions", "transaction_amount")
_KNOWN = (
    "line_registers", "line_clocks", "line_seqs", "payment_registers", "customer_clock", "customer_seq",
    "segment_register",
)  # fmt: skip

LIVE = (
    "account", "order_id", "line_number", "ordered_at", "channel", "order_status", "quantity", "gross",
    "discount", "net", "cost", "returned_quantity", "returned_amount", "product_category", "product_id",
    "location_id", "employee_id", *PARTS,
)  # fmt: skip
"""What is needed of a live row of orders_enriched."""
GONE = ("account", "ordered_at", *PARTS)
"""What is needed of a line that its order no longer has."""


def customers(facts: Facts, live: pl.DataFrame, gone: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """The rows of customer_360 with the four parts of the version.

    ``live`` are the columns :data:`LIVE` of orders_enriched, ``gone`` the columns :data:`GONE` of lines that
    are gone.
    """
    mine = ~pl.col("account").str.starts_with("guest:")
    live, gone = live.filter(mine), gone.filter(mine)
    paid = facts.newest["PaymentRecorded"].filter(mine)
    shown = _shown(facts.newest["CustomerRecorded"].filter(mine), facts.clock)
    today = None if facts.clock is None else day_of(facts.clock, timezone)
    every = pl.concat([live.select(GONE), gone.select(GONE)])
    out = pl.concat([frame.select("account") for frame in (shown, every, paid)]).unique()
    parts = (
        shown,
        _orders(live, today, timezone),
        _sums(live),
        *(_favourite(live, name, field) for name, field in _FAVOURITES.items()),
        _lines_known(every, today, timezone),
        _payments(paid, today, timezone),
        _segments(facts.newest["SegmentAssigned"]),
    )
    for part in parts:
        out = out.join(part, on="account", how="left")
    is_mastered = pl.col("customer_seq").is_not_null()
    out = out.with_columns(
        golden_id=pl.col("account"),
        accounts=pl.lit(1, pl.Int64),
        account=pl.when(is_mastered).then("account"),
        # the crosswalk's one revision is 0, so the register is 1 as soon as mastering has seen the account
        structure=is_mastered.cast(pl.Int128),
        is_deleted=pl.lit(value=False),
    ).with_columns(pl.col(*_COUNTS, *_KNOWN).fill_null(0))
    return _rates(_churn(out, today, timezone)).drop(_KNOWN)


def _rates(out: pl.DataFrame) -> pl.DataFrame:
    """What follows from the sums (rule 19), and the version (rule 20)."""
    amount, count = pl.col("transaction_amount"), pl.col("transactions")
    average = (2 * amount.abs() + count) // (2 * count) * amount.sign()
    return out.with_columns(
        margin=pl.col("net") - pl.col("cost"),
        online_share=pl.when(pl.col("orders") > 0).then(pl.col("online_orders") / pl.col("orders")),
        average_transaction_amount=pl.when(count > 0).then(average),
        registers=pl.col("line_registers") + pl.col("payment_registers") + pl.col("segment_register"),
        clocks=pl.col("line_clocks") + pl.col("customer_clock"),
        seqs=pl.col("line_seqs") + pl.col("customer_seq"),
    )


def _churn(out: pl.DataFrame, today: date | None, timezone: str) -> pl.DataFrame:
    """Churn status and when the line was crossed (rule 17)."""
    last = day("last_transaction_at", timezone)
    churned = pl.lit(value=False) if today is None else last < today - timedelta(days=CHURN_DAYS)
    crossing = out.select(last.dt.offset_by(f"{CHURN_DAYS + 1}d")).to_series()
    return out.with_columns(
        churn_status=pl.when(last.is_null())
        .then(pl.lit("No transaction"))
        .when(churned)
        .then(pl.lit("Churned"))
        .otherwise(pl.lit("Not Churned")),
        churned_at=pl.when(churned).then(first_moments(crossing, timezone)),
    )


def _shown(records: pl.DataFrame, clock: int | None) -> pl.DataFrame:
    """The version of each account that is shown: greatest valid_from up to the clock, else the earliest."""
    seconds = pl.col("valid_from") // SECOND
    due = pl.lit(value=False) if clock is None else pl.col("valid_from") <= clock
    ranked = records.with_columns(
        _due=due, _near=pl.when(due).then(-pl.col("valid_from")).otherwise("valid_from")
    ).sort("account", "_due", "_near", descending=[False, True, False])
    return ranked.unique("account", keep="first", maintain_order=True).select(
        "account",
        *IDENTITY,
        customer_clock=pl.when("_due").then(PIVOT + seconds).otherwise(PIVOT - seconds).cast(pl.Int128),
        customer_seq=pl.col("seq").cast(pl.Int128) + 1,
    )


def _orders(live: pl.DataFrame, today: date | None, timezone: str) -> pl.DataFrame:
    """Figures of orders; an order speaks through its line with the lowest number (rule 14)."""
    orders = live.sort("line_number").unique(["account", "order_id"], keep="first", maintain_order=True)
    return orders.group_by("account").agg(
        orders=pl.len().cast(pl.Int64),
        cancelled_orders=(pl.col("order_status") == "Cancelled").sum().cast(pl.Int64),
        online_orders=(pl.col("channel") == "Online").sum().cast(pl.Int64),
        orders_last_year=(~_before("ordered_at", today, YEAR_DAYS, timezone)).sum().cast(pl.Int64),
        first_order_at=pl.col("ordered_at").min(),
        last_order_at=pl.col("ordered_at").max(),
    )


def _sums(live: pl.DataFrame) -> pl.DataFrame:
    return live.group_by("account").agg(
        *[pl.col(name).sum() for name in _SUMS],
        lines=pl.len().cast(pl.Int64),
        units=pl.col("quantity").sum(),
        returned_units=pl.col("returned_quantity").sum(),
    )


def _favourite(live: pl.DataFrame, name: str, field: str) -> pl.DataFrame:
    """What an account bought most of, by units, net, least id (rule 18)."""
    return (
        live.filter(pl.col(field).is_not_null())
        .group_by("account", field)
        .agg(pl.col("quantity").sum(), pl.col("net").sum())
        .sort("quantity", "net", field, descending=[True, True, False])
        .unique("account", keep="first", maintain_order=True)
        .select("account", pl.col(field).alias(name))
    )


def _lines_known(every: pl.DataFrame, today: date | None, timezone: str) -> pl.DataFrame:
    """What lines, gone ones too, add to an account's version (rule 20)."""
    old = _before("ordered_at", today, YEAR_DAYS, timezone).cast(pl.Int128)
    return every.group_by("account").agg(
        line_registers=(4 * (pl.col("structure") + pl.col("registers")) + old).sum(),
        line_clocks=pl.col("clocks").sum(),
        line_seqs=pl.col("seqs").sum(),
    )


def _payments(paid: pl.DataFrame, today: date | None, timezone: str) -> pl.DataFrame:
    """Transactions of each account (rule 15), and what they add to its version (rule 20)."""
    old = _before("transaction_at", today, CHURN_DAYS, timezone).cast(pl.Int128)
    return (
        paid.with_columns(reported=reporting("amount"))
        .group_by("account")
        .agg(
            transactions=pl.len().cast(pl.Int64),
            transaction_amount=pl.col("reported").sum(),
            first_transaction_at=pl.col("transaction_at").min(),
            last_transaction_at=pl.col("transaction_at").max(),
            payment_registers=(4 * (pl.col("seq").cast(pl.Int128) + 1) + old).sum(),
        )
    )


def _segments(told: pl.DataFrame) -> pl.DataFrame:
    """The segment that holds, and what it adds to the version (rule 25); the golden id is the account."""
    return told.select(
        "segment",
        account="customer_id",
        segment_week="week",
        segment_register=pl.col("seq").cast(pl.Int128) + 1,
    )


def _before(moment: str, today: date | None, days: int, timezone: str) -> pl.Expr:
    """Whether a moment's day lies more than ``days`` before today; never while today is not known."""
    known = pl.col(moment).is_not_null()
    return ~known if today is None else day(moment, timezone) < today - timedelta(days=days)
