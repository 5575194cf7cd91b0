"""Every field of the conceptual model of sales is filled, by as many values as it should have."""

from __future__ import annotations

import polars as pl
import pytest

from tests.unit.mesh.simulate.conftest import Year

ONLINE, SOLD = pl.col("channel") == "Online", pl.col("location_type").is_in(["Store", "Online"])
PLATFORM, ALL = pl.col("location_type") == "Online", pl.lit(value=True)
SENT = pl.col("order_status").is_in(["Shipped", "Delivered"])

FIELDS: dict[str, dict[str, tuple[str, str, pl.Expr, int]]] = {
    "Channel": {
        "store_id": ("LocationDescribed", "location_id", SOLD, 20),
        "store_name": ("LocationDescribed", "name", SOLD, 20),
        "store_address": ("LocationDescribed", "address", SOLD, 20),
        "store_contact_email": ("LocationDescribed", "contact_email", SOLD, 20),
        "store_contact_phone": ("LocationDescribed", "contact_phone", SOLD, 20),
        "platform_name": ("LocationDescribed", "platform_name", PLATFORM, 5),
        "platform_url": ("LocationDescribed", "platform_url", PLATFORM, 5),
        "country": ("LocationDescribed", "country", SOLD, 5),
        "currency": ("LocationDescribed", "currency", SOLD, 4),
        "channel_type": ("LocationDescribed", "channel_type", SOLD, 2),
        "nearest_offline_store": ("LocationDescribed", "nearest_offline_location_id", PLATFORM, 5),
    },
    "Customer": {
        "customer_id": ("CustomerRecorded", "account", ALL, 1_000),
        "first_name": ("CustomerRecorded", "first_name", ALL, 40),
        "last_name": ("CustomerRecorded", "last_name", ALL, 40),
        "gender": ("CustomerRecorded", "gender", ALL, 3),
        "phone_number": ("CustomerRecorded", "phone", ALL, 1_000),
        "email_id": ("CustomerRecorded", "email", ALL, 1_000),
        "birth_date": ("CustomerRecorded", "birth_date", ALL, 1_000),
        "education_level": ("CustomerRecorded", "education_level", ALL, 5),
        "marital_status": ("CustomerRecorded", "marital_status", ALL, 3),
        "number_of_children": ("CustomerRecorded", "number_of_children", ALL, 5),
        "register_date": ("CustomerRecorded", "registered_on", ALL, 500),
        "occupation": ("CustomerRecorded", "occupation", ALL, 7),
        "annual_income": ("CustomerRecorded", "annual_income", ALL, 50),
        "hobbies": ("CustomerRecorded", "hobbies", ALL, 50),
        "degree_of_loyalty": ("CustomerRecorded", "degree_of_loyalty", ALL, 4),
        "social_class": ("CustomerRecorded", "social_class", ALL, 3),
        "mailing_street": ("CustomerRecorded", "street", ALL, 1_000),
        "city": ("CustomerRecorded", "city", ALL, 20),
        "state": ("CustomerRecorded", "state", ALL, 15),
        "country": ("CustomerRecorded", "country", ALL, 5),
        "zip_code": ("CustomerRecorded", "postal_code", ALL, 100),
    },
    "Products": {
        "productid": ("ProductDescribed", "product_id", ALL, 500),
        "skuid": ("ProductDescribed", "sku", ALL, 500),
        "productname": ("ProductDescribed", "name", ALL, 500),
        "productcategory": ("ProductDescribed", "category", ALL, 2),
        "subcategory": ("ProductDescribed", "subcategory", ALL, 10),
        "gender": ("ProductDescribed", "gender", ALL, 3),
        "price": ("ProductDescribed", "list_price", ALL, 50),
        "cost": ("ProductDescribed", "unit_cost", ALL, 50),
        "launchdate": ("ProductDescribed", "launched_on", ALL, 5),
        "designername": ("ProductDescribed", "designer", ALL, 5),
        "color": ("ProductDescribed", "colour", ALL, 5),
        "size": ("ProductDescribed", "size", ALL, 5),
        "model": ("ProductDescribed", "model", ALL, 28),
    },
    "Transaction": {
        "transaction_id": ("PaymentRecorded", "transaction_id", ALL, 1_000),
        "customer_id": ("PaymentRecorded", "account", ALL, 1_000),
        "transaction_date": ("PaymentRecorded", "transaction_at", ALL, 1_000),
        "order_id": ("PaymentRecorded", "order_id", ALL, 1_000),
        "transaction_amount": ("PaymentRecorded", "amount", ALL, 1_000),
        "payment_method": ("PaymentRecorded", "payment_method", ALL, 5),
        "transaction_type": ("PaymentRecorded", "transaction_type", ALL, 2),
        "transaction_status": ("PaymentRecorded", "transaction_status", ALL, 3),
        "order_delivery_date": (
            "FulfilmentUpdated",
            "delivered_at",
            pl.col("order_status") == "Delivered",
            1_000,
        ),
        "discounted_amount": ("lines", "discount_amount", ALL, 100),
        "shipping_amount": ("OrderPlaced", "shipping_amount", ALL, 5),
        "order_total_amount": ("OrderPlaced", "total_amount", ALL, 1_000),
        "discount_percentage": ("lines", "discount_percentage", ALL, 5),
        "shipping_address": ("OrderPlaced", "shipping_address", ONLINE, 1_000),
        "billing_address": ("OrderPlaced", "billing_address", ALL, 1_000),
        "promo_code": ("OrderPlaced", "promo_code", pl.col("total_discount") > 0, 5),
        "shipping_method": ("FulfilmentUpdated", "shipping_method", SENT & pl.col("is_parcel"), 3),
        "order_status": ("FulfilmentUpdated", "order_status", ALL, 4),
        "skuid": ("lines", "product_id", ALL, 500),
        "store_id": ("OrderPlaced", "location_id", ALL, 20),
    },
}
"""Of each entity its fields: the event and field that fill it, where it is not null, and the fewest values.

Ages, full names, years and the like are worked out of these.
"""
CELLS = [(entity, field) for entity, fields in FIELDS.items() for field in fields]


@pytest.fixture(scope="module")
def frames(year: Year) -> dict[str, pl.DataFrame]:
    """Everything that happened in the year, with what the conditions above ask for."""
    lines = year.lines.with_columns(
        discount_percentage=(pl.col("discount_amount") * 100 / pl.col("gross_amount")).round()
    )
    discounts = lines.group_by("_parent").agg(total_discount=pl.col("discount_amount").sum())
    orders = (
        year.events["OrderPlaced"]
        .with_row_index("_parent")
        .with_columns(pl.col("_parent").cast(pl.Int64))
        .join(discounts, on="_parent", how="left", maintain_order="left")
    )
    parcels = year.events["FulfilmentUpdated"].with_columns(
        is_parcel=pl.col("order_id").is_in(orders.filter(ONLINE)["order_id"].implode())
    )
    changed = {"OrderPlaced": orders, "FulfilmentUpdated": parcels, "lines": lines}
    return {**year.world.dimensions(), **year.events, **changed}


@pytest.mark.parametrize(("entity", "field"), CELLS, ids=[".".join(cell) for cell in CELLS])
def test_every_cell_of_the_conceptual_model_is_given_and_varies(
    frames: dict[str, pl.DataFrame], entity: str, field: str
) -> None:
    """No row leaves it out where it has a meaning, and none is as good as a constant."""
    event, column, where, values = FIELDS[entity][field]
    found = frames[event].filter(where)[column]
    assert len(found) > 1
    assert found.null_count() == 0
    assert found.n_unique() >= values
    if found.dtype == pl.String:
        assert (found.str.strip_chars() != "").all()


def test_the_commonest_value_leaves_room_for_others(frames: dict[str, pl.DataFrame]) -> None:
    """Of what is one of some values: no status, method or class is nearly all."""
    for entity, field in CELLS:
        event, column, where, values = FIELDS[entity][field]
        if field in ("discounted_amount", "discount_percentage", "shipping_amount", "transaction_type"):
            continue  # most orders have neither discount nor shipping, and few are refunded
        counts = frames[event].filter(where)[column].value_counts()["count"].to_numpy()
        assert counts.max() / counts.sum() < (0.9 if values < 10 else 0.75), (entity, field)


def test_values_are_plausible(frames: dict[str, pl.DataFrame]) -> None:
    """Ages of buyers, prices above costs, discounts below prices, parcels that come after they were sent."""
    customers, products = frames["CustomerRecorded"], frames["ProductDescribed"]
    ages = pl.col("registered_on") / 365.25 - pl.col("birth_date").str.to_date().cast(pl.Int32) / 365.25
    assert customers.select(ages.is_between(15.9, 86.1).all()).item()
    assert (products["list_price"] > products["unit_cost"]).all()
    assert (products["unit_cost"] > 0).all()
    lines = frames["lines"]
    assert ((lines["discount_amount"] >= 0) & (lines["discount_amount"] < lines["gross_amount"])).all()
    assert 0.02 < (lines["discount_amount"].to_numpy() > 0).mean() < 0.5
    came = frames["FulfilmentUpdated"].filter(order_status="Delivered").drop_nulls("shipped_at")
    assert (came["shipped_at"] < came["delivered_at"]).all()
    places = frames["LocationDescribed"].filter(PLATFORM)
    stores = frames["LocationDescribed"].filter(location_type="Store").select("location_id", "country")
    near = places.join(stores, left_on="nearest_offline_location_id", right_on="location_id")
    assert near.height == places.height
    assert (near["country"] == near["country_right"]).all()


def test_a_refund_is_a_revision_of_its_payment(frames: dict[str, pl.DataFrame]) -> None:
    """So that neither transactions nor revenue count it twice; its amount is that of the payment."""
    payments = frames["PaymentRecorded"]
    refunds = payments.filter(transaction_type="Refund")
    assert refunds.height > 100
    assert set(refunds["transaction_status"]) == {"refunded"}
    assert payments.filter(transaction_status="refunded").height == refunds.height
    assert payments["transaction_id"].n_unique() == frames["OrderPlaced"].height
    sales = payments.filter(transaction_type="Sale").join(refunds, on="transaction_id")
    assert sales.height >= refunds.height * 0.9  # what was never paid for may be refunded at once
    assert (sales["seq"] < sales["seq_right"]).all()
    assert (sales["amount"] == sales["amount_right"]).all()
