"""What Adventure Works measures, worked out with Polars straight from its files: nothing of the mesh is used.

Money is in whole ten-thousandths. A row of ``orders`` is a transaction too: each order was paid once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl

FILES = Path(__file__).parents[2] / "data" / "adventureworks"
CLOCK = date(2014, 7, 7)
"""The day of the last shipment."""
UNIT = 10_000

Values = dict[str, Decimal | int | None]
ABSENT: Values = {
    **dict.fromkeys(("total_returns", "total_returned_units", "total_refunded_amount"), 0),
    **dict.fromkeys(("returned_units_each", "total_campaigns", "total_campaign_budget", "total_contacts"), 0),
    **dict.fromkeys(("total_web_sessions", "total_visitors", "stock_on_hand", "stock_on_order"), 0),
    **dict.fromkeys(("opened_contact_percentage", "clicked_contact_percentage"), None),
    **dict.fromkeys(("web_session_conversion_percentage", "low_stock_percentage"), None),
}
"""What it has nothing of: counts and sums are 0, means and shares unknown."""


def read(name: str) -> pl.DataFrame:
    """One of the source's tables."""
    return pl.read_parquet(FILES / f"{name}.parquet")


def units(column: str) -> pl.Expr:
    """Money in whole ten-thousandths."""
    return (pl.col(column) * UNIT).cast(pl.Int64)


def money(value: int) -> Decimal:
    """Money as it is written."""
    return Decimal(value) / UNIT


def mean(total: int | Decimal, count: int) -> Decimal | None:
    """A quotient with four decimals, half away from zero; None of nothing."""
    exact = Decimal(total) / count if count else None
    return None if exact is None else exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Books:
    """The source's books up to a day."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    customers: pl.DataFrame
    products: pl.DataFrame
    stores: int
    employees: int
    shipments: int

    @classmethod
    def until(cls, day: date) -> Books:
        """What was known at the end of a day."""
        customers, lines = _customers(day), _lines()
        discounts = lines.group_by("SalesOrderID").agg(discount=pl.sum("discount"))
        orders = (
            read("Sales.SalesOrderHeader")
            .filter(pl.col("OrderDate").dt.date() <= day)
            .with_columns(
                due=units("TotalDue"),
                freight=units("Freight"),
                transaction_month=pl.col("OrderDate").dt.strftime("%Y-%m"),
                channel_type=pl.when("OnlineOrderFlag").then(pl.lit("Online")).otherwise(pl.lit("Reseller")),
            )
            .join(discounts, on="SalesOrderID", how="left")
            .join(customers, on="CustomerID", how="left")
        )
        products = _products(day)
        lines = lines.join(
            orders.select(
                "SalesOrderID",
                "OrderDate",
                "CustomerID",
                "due",
                "freight",
                "transaction_month",
                "channel_type",
                "country",
            ),
            on="SalesOrderID",
        ).join(products.select("ProductID", "product_category"), on="ProductID", how="left")
        return cls(
            orders,
            _shared(_with_cost(lines)),
            customers,
            products,
            stores=len(read("Sales.Store")) + 1,
            employees=len(pl.read_csv(FILES / "HumanResources.Employee.csv", columns=["BusinessEntityID"])),
            shipments=len(read("Sales.SalesOrderHeader").filter(pl.col("ShipDate").dt.date() <= day)),
        )

    def totals(self) -> Values:
        """Every measure of everything."""
        return {
            **_of_orders(self.orders, self.lines),
            **_of_products(self.products),
            **_of_customers(self.customers),
            "total_stores": self.stores,
            "total_employees": self.employees,
            "total_shipments": self.shipments,
            **ABSENT,
        }

    def by(self, column: str) -> dict[str | None, Values]:
        """The measures of orders by a column that an order has one value of."""
        return {
            key: _of_orders(orders, self.lines.filter(pl.col(column).eq_missing(key)))
            for (key,), orders in self.orders.group_by(column)
        }

    def by_category(self) -> dict[str | None, Values]:
        """The measures of products, and of what was sold of them, by category."""
        found: dict[str | None, Values] = {}
        for (key,), products in self.products.group_by("product_category"):
            lines = self.lines.filter(pl.col("product_category").eq_missing(key))
            sold = lines["SalesOrderID"].n_unique()
            found[key] = {
                **_of_products(products),
                "total_transactions": sold,
                "total_revenue": money(lines["due_share"].sum()),
                "average_transaction_amount": mean(money(lines["due_share"].sum()), sold),
                "total_shipping_amount": money(lines["freight_share"].sum()),
                "total_discounted_amount": money(lines["discount"].sum()),
                "net_sales": money(lines["net"].sum()),
                "total_units": lines["OrderQty"].sum(),
                "total_customers": lines["CustomerID"].n_unique(),
            }
        found[None]["total_customers"] = len(self.customers) - self.lines["CustomerID"].n_unique()
        return found

    def by_age_group(self) -> dict[str | None, Values]:
        """The measures of customers by age group."""
        return {key: _of_customers(customers) for (key,), customers in self.customers.group_by("age_group")}

    def of_month(self, month: str) -> Decimal:
        """Revenue of a month, such as 2014-06."""
        return money(self.orders.filter(pl.col("transaction_month") == month)["due"].sum())


def _of_orders(orders: pl.DataFrame, lines: pl.DataFrame) -> Values:
    count, due = len(orders), orders["due"].sum()
    return {
        "total_transactions": count,
        "total_revenue": money(due),
        "average_transaction_amount": mean(money(due), count),
        "transaction_percentage_with_discount": mean(100 * len(orders.filter(pl.col("discount") > 0)), count),
        "total_orders": count,
        "total_order_amount": money(due),
        "total_shipping_amount": money(orders["freight"].sum()),
        "total_discounted_amount": money(orders["discount"].sum()),
        "ups_delivered_percentage": Decimal(0),
        "canceled_order_percentage": Decimal(0),
        "delivered_order_percentage": Decimal(0),
        "delivered_in_time_percentage": None,
        "average_delivery_days": None,
        "net_sales": money(lines["net"].sum()),
        "total_units": lines["OrderQty"].sum(),
        "total_margin": money(lines["net"].sum() - lines["cost"].sum()),
    }


def _of_products(products: pl.DataFrame) -> Values:
    count, price, cost = len(products), products["price"].sum(), products["cost"].sum()
    return {
        "total_products": count,
        "average_price": mean(money(price), count),
        "total_cost": money(cost),
        "average_margin": mean(money(price - cost), count),
    }


def _of_customers(customers: pl.DataFrame) -> Values:
    known = customers["age"].drop_nulls()
    return {"total_customers": len(customers), "average_age": mean(known.sum(), len(known))}


def _customers(day: date) -> pl.DataFrame:
    """Customers with country and age on a day; a reseller's contact has the store's address."""
    born = pl.col("Demographics").str.extract(r"<BirthDate>(\d{4}-\d\d-\d\d)").str.to_date()
    had_birthday = (born.dt.month() < day.month) | (
        (born.dt.month() == day.month) & (born.dt.day() <= day.day)
    )
    people = read("Person.Person").select(
        PersonID="BusinessEntityID",
        age=(day.year - born.dt.year().cast(pl.Int64)) - (~had_birthday).cast(pl.Int64),
    )
    countries = (
        read("Person.StateProvince")
        .join(read("Person.CountryRegion"), on="CountryRegionCode")
        .select("StateProvinceID", country="Name_right")
    )
    addresses = pl.read_csv(FILES / "Person.Address.csv", columns=["AddressID", "StateProvinceID"])
    places = (
        read("Person.BusinessEntityAddress")
        .sort("AddressTypeID")
        .unique("BusinessEntityID", keep="first")
        .join(addresses.cast(pl.Int32), on="AddressID")
        .join(countries, on="StateProvinceID")
        .select(place="BusinessEntityID", country="country")
    )
    age = pl.col("age")
    return (
        read("Sales.Customer")
        .join(people, on="PersonID", how="left")
        .with_columns(place=pl.coalesce("StoreID", "PersonID"))
        .join(places, on="place", how="left")
        .with_columns(
            age_group=pl.when(age < 18)
            .then(pl.lit("Under 18"))
            .when(age <= 35)
            .then(pl.lit("18-35"))
            .when(age <= 50)
            .then(pl.lit("36-50"))
            .when(age > 50)
            .then(pl.lit("Above 50"))
        )
        .select("CustomerID", "country", "age", "age_group")
    )


def _newest(history: str, column: str, day: date) -> pl.DataFrame:
    return (
        read(history)
        .filter(pl.col("StartDate").dt.date() <= day)
        .sort("StartDate")
        .unique("ProductID", keep="last")
        .select("ProductID", newest=column)
    )


def _products(day: date) -> pl.DataFrame:
    """Products with the price and cost of a day; those without a history have one of their own."""
    categories = (
        read("Production.ProductSubcategory")
        .join(read("Production.ProductCategory"), on="ProductCategoryID")
        .select("ProductSubcategoryID", product_category="Name_right")
    )
    found = read("Production.Product").join(categories, on="ProductSubcategoryID", how="left")
    with_history = read("Production.ProductCostHistory").select("ProductID").unique()
    for name, history, column in (
        ("cost", "Production.ProductCostHistory", "StandardCost"),
        ("price", "Production.ProductListPriceHistory", "ListPrice"),
    ):
        found = found.join(_newest(history, column, day), on="ProductID", how="left")
        found = found.with_columns((pl.coalesce("newest", column) * UNIT).cast(pl.Int64).alias(name)).drop(
            "newest"
        )
    described = pl.col("ProductID").is_in(with_history["ProductID"].to_list())
    starts = read("Production.ProductCostHistory").group_by("ProductID").agg(first=pl.min("StartDate"))
    return (
        found.join(starts, on="ProductID", how="left")
        .filter(pl.when(described).then(pl.col("first")).otherwise(pl.col("SellStartDate")).dt.date() <= day)
        .select("ProductID", "product_category", "price", "cost")
    )


def _lines() -> pl.DataFrame:
    """Lines with gross, net (each rounded half up) and discount."""
    price, rate = units("UnitPrice"), units("UnitPriceDiscount")
    gross = pl.col("OrderQty").cast(pl.Int64) * price
    return (
        read("Sales.SalesOrderDetail.rebuilt")
        .with_columns(gross=gross, net=(gross * (UNIT - rate) + UNIT // 2) // UNIT)
        .with_columns(discount=pl.col("gross") - pl.col("net"))
        .select("SalesOrderID", "LineNumber", "ProductID", "OrderQty", "gross", "net", "discount")
    )


def _with_cost(lines: pl.DataFrame) -> pl.DataFrame:
    history = read("Production.ProductCostHistory").select(
        "ProductID", OrderDate="StartDate", unit_cost=units("StandardCost")
    )
    return (
        lines.sort("OrderDate")
        .join_asof(
            history.sort("OrderDate"),
            on="OrderDate",
            by="ProductID",
            strategy="backward",
            check_sortedness=False,
        )
        .with_columns(cost=pl.col("OrderQty").cast(pl.Int64) * pl.col("unit_cost"))
    )


def _shared(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with their shares of what was due and of the freight."""
    lines = lines.sort("SalesOrderID", "LineNumber")
    for whole in ("due", "freight"):
        shares: list[int] = []
        for _, order in lines.select("SalesOrderID", "net", whole).group_by(
            "SalesOrderID", maintain_order=True
        ):
            shares += divided(order[whole][0], order["net"].to_list())
        lines = lines.with_columns(pl.Series(f"{whole}_share", shares))
    return lines


def divided(whole: int, weights: Iterable[int]) -> list[int]:
    """A whole number divided in proportion to weights, by the largest remainders, of equal ones the first."""
    given = list(weights)
    given = given if sum(given) else [1] * len(given)
    shares, rests = zip(*(divmod(whole * weight, sum(given)) for weight in given), strict=True)
    found = list(shares)
    by_rest = sorted(range(len(found)), key=lambda place: (-rests[place], place))
    for place in by_rest[: whole - sum(found)]:
        found[place] += 1
    return found
