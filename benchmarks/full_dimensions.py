"""The dimensions of the shape ``full``: customers, products, locations and employees, one version each.

Every frame holds the wire forms of its event (:class:`mesh.ingest.fields.Field`) but the envelope, which
:mod:`benchmarks.full_input` adds.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from mesh.ingest.fields import plain_fields
from mesh.kernel.event import Record

CUSTOMERS, PRODUCTS, STORES, TERRITORIES, EMPLOYEES = 20_000, 500, 700, 10, 300
SOURCE = "bench"
VALID_FROM = 1_262_304_000_000_000
"""2010-01-01: before every order, so that the version shown is the one there is."""

_POLARS = {"text": pl.String, "boolean": pl.Boolean, "double": pl.Float64, "day": pl.Int32}
_COUNTRIES = ("United Kingdom", "Ireland", "France", "Germany")


def ids(numbers: pl.Series) -> pl.Series:
    """Numbers as ids, namespaced by their source; null stays null."""
    return numbers.to_frame("n").select(pl.format(f"{SOURCE}:{{}}", "n")).to_series()


def customers(rng: np.random.Generator, count: int = CUSTOMERS) -> pl.DataFrame:
    """CustomerMastered: every account with the golden id of the same name."""
    frame = _members("account", count)
    number = pl.col("_n")
    return frame.select(
        "account",
        golden_id=pl.col("account"),
        valid_from=pl.lit(VALID_FROM),
        customer_type=pl.lit("Person"),
        first_name=pl.format("Given {}", number),
        last_name=pl.format("Family {}", number % 997),
        email=pl.format("someone.{}@example.com", number),
        phone=pl.format("+44 20 7946 {}", 1000 + number % 9000),
        street=pl.format("{} Long Street", 1 + number % 400),
        birth_date=pl.format("19{}-03-07", 50 + number % 50),
        city=pl.format("City {}", number % 211),
        state=pl.format("State {}", number % 31),
        country=_among(rng, count, _COUNTRIES),
        postal_code=pl.format("AB{} {}CD", number % 20, number % 9),
        gender=_among(rng, count, ("Female", "Male")),
        degree_of_loyalty=_among(rng, count, ("gold", "silver", "bronze")),
        marketing_consent=pl.lit(value=True),
    )


def products(rng: np.random.Generator) -> pl.DataFrame:
    """ProductDescribed."""
    number = pl.col("_n")
    return _members("product_id", PRODUCTS).select(
        "product_id",
        valid_from=pl.lit(VALID_FROM),
        sku=pl.format("SKU-{}", number),
        name=pl.format("Mountain Something {}", number),
        category=_among(rng, PRODUCTS, ("Bikes", "Components", "Clothing", "Accessories")),
        subcategory=pl.format("Subcategory {}", number % 37),
        brand=pl.format("Brand {}", number % 17),
        model=pl.format("Model {}", number % 119),
        size=_among(rng, PRODUCTS, ("S", "M", "L", "XL")),
        colour=_among(rng, PRODUCTS, ("Black", "Red", "Silver")),
        gender=pl.lit("Unisex"),
        list_price=pl.Series(rng.integers(10_000, 30_000_000, PRODUCTS)),
        unit_cost=pl.Series(rng.integers(5_000, 10_000_000, PRODUCTS)),
    )


def locations(rng: np.random.Generator) -> pl.DataFrame:
    """LocationDescribed: the stores, then the territories."""
    count = STORES + TERRITORIES
    number = pl.col("_n")
    is_store = number < STORES
    return _members("location_id", count).select(
        "location_id",
        valid_from=pl.lit(VALID_FROM),
        name=pl.when(is_store).then(pl.format("Store {}", number)).otherwise(pl.format("North {}", number)),
        location_type=pl.when(is_store).then(pl.lit("Store")).otherwise(pl.lit("Territory")),
        channel_type=pl.when(is_store).then(pl.lit("In-Store")),
        address=pl.when(is_store).then(pl.format("{} High Street", number)),
        city=pl.when(is_store).then(pl.format("City {}", number % 211)),
        state=pl.when(is_store).then(pl.format("State {}", number % 31)),
        country=_among(rng, count, _COUNTRIES),
        region=pl.lit("Europe"),
        postal_code=pl.when(is_store).then(pl.format("AB{} 1CD", number % 20)),
    )


def employees(rng: np.random.Generator) -> pl.DataFrame:
    """EmployeeDescribed."""
    number = pl.col("_n")
    return _members("employee_id", EMPLOYEES).select(
        "employee_id",
        valid_from=pl.lit(VALID_FROM),
        first_name=pl.format("Seller {}", number),
        last_name=pl.format("Family {}", number),
        email=pl.format("seller.{}@retail.example", number),
        job_title=_among(rng, EMPLOYEES, ("Clerk", "Sales Representative", "Store Manager")),
        department=pl.lit("Sales"),
        location_id=ids(pl.Series(rng.integers(0, STORES, EMPLOYEES))),
    )


def completed(frame: pl.DataFrame, record: type[Record]) -> pl.DataFrame:
    """The frame with a null column for every plain field of the event that it leaves out."""
    absent = {
        field.name: pl.lit(None, dtype=_POLARS.get(field.kind, pl.Int64))
        for field in plain_fields(record)
        if field.name not in frame.columns
    }
    return frame.with_columns(**absent)


def _members(name: str, count: int) -> pl.DataFrame:
    numbers = pl.int_range(count, eager=True).alias("_n")
    return pl.DataFrame({name: ids(numbers), "_n": numbers})


def _among(rng: np.random.Generator, count: int, choices: tuple[str, ...]) -> pl.Series:
    return pl.Series(choices).gather(rng.integers(0, len(choices), count))
