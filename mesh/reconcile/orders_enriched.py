"""orders_enriched recomputed: rules 5 to 12 of the semantics, vectorised.

The parts of a version are 128-bit columns: sources may number revisions by microseconds, and sums
of those need more than 64 bits in an order with very many facts.
"""

from __future__ import annotations

import polars as pl

from mesh.kernel.event import ENVELOPE
from mesh.reconcile.facts import PLACE, Facts

PARTS = ("structure", "registers", "clocks", "seqs")
"""The parts of a version, most significant first."""

PIVOT = 1 << 33
SECOND = 1_000_000
_LINE = ["order_id", "line_number"]

DIMENSIONS = (
    # block, record class, the dimension's id, the order's field, fields of the block
    ("product", "ProductDescribed", "product_id", "product_id",
     ("sku", "name", "category", "subcategory", "brand", "model", "size", "colour", "gender", "list_price",
      "unit_cost")),
    ("location", "LocationDescribed", "location_id", "location_id",
     ("name", "location_type", "city", "state", "country")),
    ("territory", "LocationDescribed", "location_id", "territory_id", ("name", "country", "region")),
    ("employee", "EmployeeDescribed", "employee_id", "employee_id",
     ("first_name", "last_name", "job_title", "department")),
    ("customer", "CustomerRecorded", "account", "account",
     ("golden_id", "customer_type", "company_name", "first_name", "last_name", "email", "phone", "birth_date",
      "gender", "city", "state", "country", "postal_code")),
)  # fmt: skip
_PAYMENT = {
    "transaction_id": "transaction_id", "transaction_at": "transaction_at",
    "transaction_type": "transaction_type", "payment_method": "payment_method",
    "transaction_status": "transaction_status", "amount": "transaction_amount",
    "currency": "transaction_currency", "fx_rate": "transaction_fx_rate",
}  # fmt: skip
_FULFILMENT = {
    "fulfilment_id": "fulfilment_id", "updated_at": "fulfilment_updated_at", "order_status": "order_status",
    "shipping_method": "shipping_method", "tracking_number": "tracking_number", "shipped_at": "shipped_at",
    "delivered_at": "delivered_at",
}  # fmt: skip


def order_lines(facts: Facts) -> pl.DataFrame:
    """The live rows of orders_enriched with their computed columns, and the four parts of the version."""
    out = _lines(facts.newest["OrderPlaced"]).with_row_index("_row")
    for block, record, id_, field, fields in DIMENSIONS:
        versions = facts.newest[record]
        if record == "CustomerRecorded":
            versions = versions.with_columns(golden_id=pl.col("account"))
        out = out.join(as_of(out, block, versions, id_, field, fields), on="_row", how="left")
    out = _latest(out, facts.newest["PaymentRecorded"], "transaction_at", "transaction_id", _PAYMENT)
    out = _latest(out, facts.newest["FulfilmentUpdated"], "updated_at", "fulfilment_id", _FULFILMENT)
    out = _registers(out, facts)
    out = out.join(_returned(facts.newest["ReturnRecorded"]), on=_LINE, how="left").with_columns(
        pl.col("returned_quantity", "return_count", "returned_amount").fill_null(0)
    )
    blocks = [block for block, *_ in DIMENSIONS]
    return (
        _with_amounts(out)
        .with_columns(
            structure=pl.col("seq").cast(pl.Int128),
            clocks=pl.sum_horizontal(pl.col(f"_{block}_clock").cast(pl.Int128) for block in blocks),
            seqs=pl.sum_horizontal(pl.col(f"_{block}_seq").cast(pl.Int128) for block in blocks),
            is_deleted=pl.lit(value=False),
        )
        .drop("_row", "seq", *(f"_{block}_{what}" for block in blocks for what in ("clock", "seq")))
    )


def gone_lines(facts: Facts) -> pl.DataFrame:
    """Lines that an order no longer has, as the highest revision with them had them (rule 10)."""
    lines = _lines(facts.revisions["OrderPlaced"].sort("seq")).unique(_LINE, keep="last", maintain_order=True)
    newest = facts.newest["OrderPlaced"].select("order_id", structure=pl.col("seq").cast(pl.Int128))
    gone = lines.join(_lines(facts.newest["OrderPlaced"]).select(_LINE), on=_LINE, how="anti")
    nothing = pl.lit(0, pl.Int128)
    return _registers(gone.join(newest, on="order_id"), facts).with_columns(clocks=nothing, seqs=nothing)


def reporting(amount: str) -> pl.Expr:
    """round(amount x fx_rate, 4), half away from zero; amount in 1/10,000, fx_rate in 1/100,000,000."""
    product = pl.col(amount).cast(pl.Int128) * pl.col("fx_rate").cast(pl.Int128)
    whole = (product.abs() + 50_000_000) // 100_000_000
    return (whole * product.sign()).cast(pl.Int64)


def _with_amounts(lines: pl.DataFrame) -> pl.DataFrame:
    """The computed columns (rules 11 and 12); money in 1/10,000."""
    gross, net = reporting("gross_amount"), reporting("net_amount")
    cost = pl.col("quantity") * pl.col("product_unit_cost")
    born = pl.col("customer_birth_date").cast(pl.String).str.to_date("%Y-%m-%d", strict=False)
    ordered = pl.col("ordered_at").cast(pl.Datetime("us")).dt.date()
    had_birthday = (ordered.dt.month() > born.dt.month()) | (
        (ordered.dt.month() == born.dt.month()) & (ordered.dt.day() >= born.dt.day())
    )
    return lines.with_columns(
        gross=gross,
        net=net,
        discount=gross - net,
        cost=cost,
        margin=net - cost,
        customer_age=(ordered.dt.year() - born.dt.year() - (~had_birthday).cast(pl.Int32)).cast(pl.Int64),
    )


def _lines(orders: pl.DataFrame) -> pl.DataFrame:
    """The lines of orders, each with its order's fields."""
    envelope = [name for name in ENVELOPE if name != "seq"]
    return (
        orders.drop(*envelope, *PLACE).filter(pl.col("lines").list.len() > 0).explode("lines").unnest("lines")
    )


def as_of(
    lines: pl.DataFrame, block: str, dimension: pl.DataFrame, id_: str, field: str, fields: tuple[str, ...]
) -> pl.DataFrame:
    """The chosen version of a dimension for each line (rule 6): its block, its clock and its seq + 1.

    Lines are told apart by ``_row``; those without any version are left out.
    """
    versions = dimension.select(
        pl.col(id_).alias("_id"),
        (pl.col("seq").cast(pl.Int128) + 1).alias(f"_{block}_seq"),
        pl.col("valid_from").alias(f"{block}_valid_from"),
        *(pl.col(name).alias(name if name.startswith(f"{block}_") else f"{block}_{name}") for name in fields),
    ).sort(f"{block}_valid_from")
    seconds = pl.col(f"{block}_valid_from") // SECOND
    asked = lines.select("_row", "ordered_at", pl.col(field).alias("_id")).filter(pl.col("_id").is_not_null())
    hits = asked.sort("ordered_at").join_asof(
        versions.with_columns(_from=pl.col(f"{block}_valid_from")),
        left_on="ordered_at",
        right_on="_from",
        by="_id",
        strategy="backward",
        check_sortedness=False,
    )
    found = hits.filter(pl.col(f"{block}_valid_from").is_not_null()).with_columns(
        (PIVOT + seconds).alias(f"_{block}_clock")
    )
    earliest = versions.unique("_id", keep="first", maintain_order=True)
    before = (
        asked.join(found.select("_row"), on="_row", how="anti")
        .join(earliest, on="_id", how="inner")
        .with_columns((PIVOT - seconds).alias(f"_{block}_clock"))
    )
    wanted = ["_row", *versions.columns[1:], f"_{block}_clock"]
    return pl.concat([found.select(wanted), before.select(wanted)])


def _latest(
    lines: pl.DataFrame, facts: pl.DataFrame, time: str, id_: str, block: dict[str, str]
) -> pl.DataFrame:
    """With the fact of the order that is greatest by time, then by id (rule 7)."""
    # Polars sorts text by its bytes.
    shown = facts.sort(time, id_).unique("order_id", keep="last", maintain_order=True)
    return lines.join(
        shown.select("order_id", *(pl.col(name).alias(alias) for name, alias in block.items())),
        on="order_id",
        how="left",
    )


def _registers(lines: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """With the registers part: what is known of the order's payments, fulfilments and the line's returns."""
    known = {"PaymentRecorded": ["order_id"], "FulfilmentUpdated": ["order_id"], "ReturnRecorded": _LINE}
    for record, key in known.items():
        sums = (
            facts.newest[record]
            .group_by(key)
            .agg((pl.col("seq").cast(pl.Int128) + 1).sum().alias(f"_{record}"))
        )
        lines = lines.join(sums, on=key, how="left")
    return lines.with_columns(registers=1 + pl.sum_horizontal(f"_{record}" for record in known)).drop(
        f"_{record}" for record in known
    )


def _returned(returns: pl.DataFrame) -> pl.DataFrame:
    """What came back of each line (rule 8); withdrawn returns count in the version only."""
    standing = returns.filter(pl.col("quantity") != 0).with_columns(refund=reporting("amount"))
    back = pl.col("quantity") > 0
    return standing.group_by(_LINE).agg(
        returned_quantity=pl.col("quantity").sum(),
        return_count=back.sum().cast(pl.Int64),
        returned_amount=pl.col("refund").sum(),
        last_returned_at=pl.col("returned_at").filter(back).max(),
    )
