"""The marts of customers worked out with Polars, by what their headers say, not by their SQL."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

import polars as pl

from tests.e2e.landed import Expected, Landed, Row, money, percent, ratio, rounded, total

YEAR, QUARTER = timedelta(365), timedelta(90)


def customer_churn(landed: Landed) -> Expected:
    """The 90-day rule."""
    paid = landed.payments.group_by("golden_id").agg(
        last=pl.max("day"), transactions=pl.len(), revenue=pl.sum("amount")
    )
    by = {row["golden_id"]: row for row in paid.iter_rows(named=True)}
    found: Expected = {}
    for golden, customer in landed.customers.items():
        row = by.get(golden)
        last = row["last"] if row else None
        status = "No transaction"
        if last is not None:
            status = "Churned" if last < landed.day - QUARTER else "Not Churned"
        found[(golden,)] = {
            "company_name": customer.get("company_name"),
            "customer_type": customer.get("customer_type"),
            "country": customer.get("country"),
            "churn_status": status,
            "is_churned": int(status == "Churned"),
            "last_transaction_on": last,
            "crosses_at": None if last is None else f"{last + timedelta(91)} 00:00:00",
            "transactions": row["transactions"] if row else 0,
            "revenue": money(row["revenue"] if row else 0),
        }
    return found


def churn_counts(landed: Landed) -> Expected:
    """Three answers, and which of the two each of them is."""
    found: Expected = {}
    for status in ("Churned", "Not Churned", "No transaction"):
        rows = [row for row in customer_churn(landed).values() if row["churn_status"] == status]
        found[(status,)] = {
            "is_churned": int(status == "Churned"),
            "customers": len(rows),
            "share": percent(len(rows), len(landed.customers)),
            "revenue": sum((row["revenue"] for row in rows), money(0)),
        }
    return found


@lru_cache(maxsize=2)
def _bought(landed: Landed) -> dict[str, Row]:
    """Sums of each customer who has bought, money in ten-thousandths.

    ``year`` is of the 365 days that end with the day.
    """
    lines = landed.lines.filter(pl.col("golden_id").is_not_null())
    year, live, order = pl.col("day") > landed.day - YEAR, ~pl.col("cancelled"), pl.col("order_id")
    sums = lines.group_by("golden_id").agg(
        first=pl.min("day"),
        last=pl.max("day"),
        orders=order.n_unique(),
        live_orders=order.filter(live).n_unique(),
        online_orders=order.filter(pl.col("channel") == "Online").n_unique(),
        year_orders=order.filter(year).n_unique(),
        year_months=pl.col("day").dt.truncate("1mo").filter(year).n_unique(),
        year_net=pl.col("net").filter(year & live).sum(),
        year_profit=pl.col("profit").filter(year).sum(),
        year_units=pl.col("units").filter(year & live).sum(),
        year_back=pl.col("back_units").filter(year & live).sum(),
        units=pl.sum("units"),
        net=pl.sum("net"),
        kept=pl.sum("kept"),
        profit=pl.sum("profit"),
    )
    found = {row["golden_id"]: row for row in sums.iter_rows(named=True)}
    for column, count in (
        ("category", pl.sum("units")),
        ("product_id", pl.sum("units")),
        ("channel", order.n_unique()),
    ):
        ranked = (
            lines.filter(pl.col(column).is_not_null())
            .group_by("golden_id", column)
            .agg(count=count, net=pl.sum("net"))
            .sort("count", "net", column, descending=[True, True, False])
        )
        for row in ranked.unique("golden_id", keep="first", maintain_order=True).iter_rows(named=True):
            found[row["golden_id"]][column] = row[column]
    return found


NOTHING: Row = dict.fromkeys(
    ("orders", "live_orders", "online_orders", "year_orders", "year_months", "year_net", "year_profit",
     "year_units", "year_back", "units", "net", "kept", "profit"), 0,
)  # fmt: skip
"""The sums of who has bought nothing."""


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, place)) for place in (one, other))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * 6371.0088 * math.asin(math.sqrt(half))


def _positions(landed: Landed) -> Callable[[Row], tuple[float, float] | None]:
    towns = defaultdict(list)
    for place in landed.places.values():
        if place["latitude"] is not None and place["longitude"] is not None and place["city"]:
            towns[place["city"], place["state"], place["country"]].append(place)

    def position(customer: Row) -> tuple[float, float] | None:
        home = landed.places.get(customer.get("home_location_id") or "", {})
        if home.get("latitude") is not None:
            return home["latitude"], home["longitude"]
        town = towns.get((customer.get("city"), customer.get("state"), customer.get("country")))
        if not town:
            return None
        return tuple(sum(one[way] for one in town) / len(town) for way in ("latitude", "longitude"))

    return position


def customer_features(landed: Landed) -> Expected:
    """All ten."""
    bought, position, names = _bought(landed), _positions(landed), landed.sold_as
    centres = [place for place in landed.places.values() if place["location_type"] == "Warehouse"]
    found: Expected = {}
    for golden, customer in landed.customers.items():
        here, row = position(customer), bought.get(golden, NOTHING)
        distances = [
            (_distance(here, (one["latitude"], one["longitude"])), one["location_id"])
            for one in centres
            if here
        ]
        distance, centre = min(distances, default=(None, None))
        net = money(row["year_net"])
        found[(golden,)] = {
            "age": landed.age(customer),
            "country": customer.get("country"),
            "state": customer.get("state"),
            "nearest_centre_id": centre,
            "nearest_centre": landed.places[centre]["name"] if centre else None,
            "nearest_centre_distance": None if distance is None else round(distance, 1),
            "units_last_year": row["year_units"],
            "returned_units_last_year": row["year_back"],
            "return_rate_last_year": percent(row["year_back"], row["year_units"]),
            "net_last_year": net,
            "profit_last_year": money(row["year_profit"]),
            "profit_level_last_year": 1 if net <= 50 else 2 if net < 150 else 3,
            "clv": money(row["profit"]),
            "orders_last_year": row["year_orders"],
            "favourite_category": row.get("category"),
            "favourite_product_id": row.get("product_id"),
            "favourite_product": names.get(row.get("product_id")),
            "preferred_channel": row.get("channel"),
        }
    return found


def _cluster(landed: Landed, row: Row | None) -> str:
    if row is None:
        return "Prospect"
    if row["last"] < landed.day - YEAR:
        return "Lost"
    if row["last"] < landed.day - QUARTER:
        return "Lapsing"
    if row["first"] >= landed.day - QUARTER:
        return "New"
    return "Loyal" if row["year_orders"] >= 3 else "Occasional"


def customers_master(landed: Landed) -> Expected:
    """Cluster, loyalty, engagement and risk by rule."""
    bought = _bought(landed)
    last_paid = dict(landed.payments.group_by("golden_id").agg(pl.max("day")).iter_rows())
    seen: dict[str, list[tuple[date, bool]]] = defaultdict(list)
    for view, moment, is_contact in (
        ("customer.web_sessions", "ended_at", False),
        ("customer.contacts", "contacted_at", True),
    ):
        for row in landed.table(view, moment).iter_rows(named=True):
            if golden := landed.owner(row["account"]):
                counts = not is_contact or row["outcome"] in ("Opened", "Clicked")
                seen[golden].append((row["day"] if counts else date.min, is_contact))
    found: Expected = {}
    for golden in landed.customers:
        row = bought.get(golden, NOTHING)
        loyalty = 0.0
        if golden in bought:
            span = (row["last"] - row["first"]).days
            loyalty = 50 * min(row["year_orders"], 6) / 6 + 30 * min(span, 1095) / 1095
            loyalty += 20 * min(row["year_months"], 12) / 12
        engagement = None
        if golden in seen:
            recent_ones = Counter(
                is_contact for day, is_contact in seen[golden] if day > landed.day - QUARTER
            )
            engagement = 50 * min(recent_ones[False], 10) / 10 + 50 * min(recent_ones[True], 5) / 5
        ago = (landed.day - last_paid[golden]).days if golden in last_paid else None
        bands = ((30, "Low"), (60, "Medium"), (90, "High"))
        found[(golden,)] = {
            "cluster": _cluster(landed, bought.get(golden)),
            "orders": row["orders"],
            "orders_last_year": row["year_orders"],
            "online_orders": row["online_orders"],
            "units": row["units"],
            "net": money(row["net"]),
            "net_kept": money(row["kept"]),
            "visits": sum(not is_contact for _, is_contact in seen.get(golden, ())) or None,
            "loyalty_score": loyalty,
            "engagement_index": engagement,
            "online_purchase_ratio": percent(row["online_orders"], row["orders"]),
            "churn_risk": "No transaction"
            if ago is None
            else next((name for most, name in bands if ago <= most), "Churned"),
        }
    return found


def clv_proxy(landed: Landed) -> Expected:
    """Three years like the last one."""
    bought = _bought(landed)
    found: Expected = {}
    for golden, customer in landed.customers.items():
        row = bought.get(golden, NOTHING)
        average = ratio(money(row["kept"]), row["live_orders"], 4)
        rate = percent(row["profit"], row["kept"])
        known = average is not None and rate is not None
        found[(golden,)] = {
            "company_name": customer.get("company_name"),
            "cluster": _cluster(landed, bought.get(golden)),
            "average_order_value": average,
            "orders_last_year": row["year_orders"],
            "margin_rate": rate,
            "clv_so_far": money(row["profit"]),
            "clv_proxy": rounded(average * row["year_orders"] * 3 * rate / 100, 4) if known else None,
        }
    return found


def revenue_by_cluster(landed: Landed) -> Expected:
    """Sums over clv_proxy's customers."""
    bought, worth = _bought(landed), clv_proxy(landed)
    members: dict[str, list[str]] = defaultdict(list)
    for (golden,), row in worth.items():
        members[row["cluster"]].append(golden)
    everything = sum(row["kept"] for row in bought.values())
    found: Expected = {}
    for cluster, people in members.items():
        sums = Counter[str]()
        for one in people:
            sums.update(
                {name: bought.get(one, NOTHING)[name] for name in ("orders", "net", "kept", "profit")}
            )
        values = [worth[one,]["clv_proxy"] for one in people if worth[one,]["clv_proxy"] is not None]
        found[(cluster,)] = {
            "customers": len(people),
            "orders": sums["orders"],
            "net": money(sums["net"]),
            "net_kept": money(sums["kept"]),
            "profit": money(sums["profit"]),
            "share": percent(sums["kept"], everything),
            "net_kept_each": ratio(money(sums["kept"]), len(people), 4),
            "clv_proxy_each": ratio(sum(values), len(values), 4),
        }
    return found


def cluster_preferences(landed: Landed) -> Expected:
    """Shares of units, against everybody's."""
    clusters = {golden: _cluster(landed, row) for golden, row in _bought(landed).items()}
    lines = landed.lines.filter(pl.col("golden_id").is_not_null())
    lines = lines.with_columns(cluster=pl.col("golden_id").replace_strict(clusters))
    found: Expected = {}
    for kind in ("category", "channel"):
        told = lines.filter(pl.col(kind).is_not_null())
        for (cluster, name), part in told.group_by("cluster", kind):
            units = total(part, "units")
            of_cluster = total(told.filter(pl.col("cluster") == cluster), "units")
            of_name = total(told.filter(pl.col(kind) == name), "units")
            found[cluster, kind, name] = {
                "customers": part["golden_id"].n_unique(),
                "units": units,
                "net": money(total(part, "net")),
                "share": percent(units, of_cluster),
                "affinity": ratio(units * total(told, "units"), of_cluster * of_name, 4),
            }
    return found


def behaviour_overview(landed: Landed) -> Expected:
    """By age."""
    bought = _bought(landed)
    visits = Counter(map(landed.owner, landed.table("customer.web_sessions", "ended_at")["account"]))
    groups: dict[str, list[str]] = defaultdict(list)
    for golden, row in landed.customers.items():
        age = landed.age(row)
        bounds = ((17, "Under 18"), (35, "18-35"), (50, "36-50"))
        name = "Unknown" if age is None else next((n for most, n in bounds if age <= most), "Above 50")
        groups[name].append(golden)
    found: Expected = {}
    for name, people in groups.items():
        buyers = [bought[one] for one in people if one in bought]
        names = ("orders", "units", "net", "online_orders", "year_back", "year_units")
        sums = {name: sum(row[name] for row in buyers) for name in names}
        seen = [visits[one] for one in people if one in visits]
        found[(name,)] = {
            "customers": len(people),
            "buyers": len(buyers),
            "orders": sums["orders"],
            "orders_each": ratio(sums["orders"], len(buyers), 2),
            "units_an_order": ratio(sums["units"], sums["orders"], 2),
            "net_an_order": ratio(money(sums["net"]), sums["orders"], 4),
            "online_share": percent(sums["online_orders"], sums["orders"]),
            "return_rate": percent(sums["year_back"], sums["year_units"]),
            "visits": sum(seen) if seen else None,
        }
    return found
