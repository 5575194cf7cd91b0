"""Each mart worked out with Polars from the domains' landed tables, by what its header says, not by its SQL.

Every function gives the expected columns by key. What stands in a mart and not here is a name.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import polars as pl

from tests.e2e.landed import Landed, Row, money, percent, ratio, rounded

Expected = dict[tuple[Any, ...], Row]
YEAR, QUARTER = timedelta(365), timedelta(90)


def _sum(frame: pl.DataFrame, column: str) -> int:
    return int(frame[column].sum() or 0)


def _month(day: date) -> date:
    return day.replace(day=1)


def customer_churn(landed: Landed) -> Expected:
    """The 90-day rule."""
    paid = landed.payments.group_by("golden_id").agg(
        last=pl.max("day"), transactions=pl.len(), revenue=pl.sum("amount")
    )
    by = {row["golden_id"]: row for row in paid.iter_rows(named=True)}
    found: Expected = {}
    for golden in landed.customers:
        row = by.get(golden)
        last = row["last"] if row else None
        status = "No transaction"
        if last is not None:
            status = "Churned" if last < landed.day - QUARTER else "Not Churned"
        found[(golden,)] = {
            "churn_status": status,
            "last_transaction_on": last,
            "crosses_at": None if last is None else f"{last + timedelta(91)} 00:00:00",
            "transactions": row["transactions"] if row else 0,
            "revenue": money(row["revenue"] if row else 0),
        }
    return found


def sales_by_period(landed: Landed) -> Expected:
    """Lines by order day, payments and returns by their own."""
    channel = dict(landed.orders.select("order_id", "channel").iter_rows())
    lines = landed.lines.with_columns(month=pl.col("day").dt.truncate("1mo"))
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for key, part in lines.group_by("month", "channel"):
        sums = found[key]
        known = part.filter(pl.col("cost").is_not_null())
        sums["orders"] = part["order_id"].n_unique()
        sums["cancelled_orders"] = part.filter("cancelled")["order_id"].n_unique()
        for name in ("units", "gross", "net"):
            sums[name] = _sum(part, name)
        sums["cost"] = _sum(part, "cost")
        sums["margin"] = _sum(known, "net") - _sum(known, "cost")
        sums["cancelled_net"] = _sum(part.filter("cancelled"), "net")
    for row in landed.returns.iter_rows(named=True):
        sums = found[_month(row["day"]), channel.get(row["order_id"])]
        sums["returned_units"] += row["quantity"]
        sums["returned_amount"] += row["amount"]
    for row in landed.payments.iter_rows(named=True):
        sums = found[_month(row["day"]), channel.get(row["order_id"])]
        sums["transactions"] += 1
        sums["revenue"] += row["amount"]
    return {
        key: {
            **{
                name: sums[name]
                for name in ("orders", "cancelled_orders", "units", "returned_units", "transactions")
            },
            **{
                name: money(sums[name])
                for name in ("gross", "net", "cost", "margin", "cancelled_net", "returned_amount", "revenue")
            },
            "discount": money(sums["gross"] - sums["net"]),
            "net_kept": money(sums["net"] - sums["cancelled_net"] - sums["returned_amount"]),
            "average_transaction": ratio(money(sums["revenue"]), sums["transactions"], 4),
        }
        for key, sums in found.items()
    }


def product_profitability(landed: Landed) -> Expected:
    """Of every product that was sold, ranked."""
    found: Expected = {}
    for (product,), part in landed.lines.group_by("product_id"):
        known = part["kept_cost"].null_count() == 0
        kept, cost = _sum(part, "kept"), _sum(part, "kept_cost")
        found[(product,)] = {
            "units": _sum(part, "units"),
            "net": money(_sum(part, "net")),
            "cancelled_units": _sum(part.filter("cancelled"), "units"),
            "returned_units": _sum(part, "back_units"),
            "returned_amount": money(_sum(part, "back")),
            "net_kept": money(kept),
            "cost_kept": money(cost) if known else None,
            "profit": money(kept - cost) if known else None,
            "profit_rate": percent(kept - cost, kept) if known else None,
            "best_rank": None,
            "worst_rank": None,
        }
    ranked = [key for key, row in found.items() if row["profit"] is not None]
    for sign, rank in ((-1, "best_rank"), (1, "worst_rank")):
        for place, key in enumerate(sorted(ranked, key=lambda one: (sign * found[one]["profit"], one)), 1):
            found[key][rank] = place
    return found


def sales_team_against_targets(landed: Landed) -> Expected:
    """Net sales of each target's period."""
    targets = landed.client.query("SELECT * FROM employee.sales_targets").named_results()
    by_seller = {seller: part for (seller,), part in landed.lines.group_by("employee_id")}
    found: Expected = {}
    for row in targets:
        if row["period_from"] > landed.day:
            continue
        part = by_seller.get(row["employee_id"], landed.lines.clear())
        part = part.filter(pl.col("day").is_between(row["period_from"], row["period_to"]))
        net = money(_sum(part, "net"))
        found[(row["target_id"],)] = {
            "is_over": int(row["period_to"] <= landed.day),
            "target": row["target_amount"],
            "orders": part["order_id"].n_unique(),
            "net": net,
            "net_kept": money(_sum(part, "kept")),
            "attainment": percent(net, row["target_amount"]),
            "gap": net - row["target_amount"],
        }
    return found


def purchase_history(landed: Landed) -> Expected:
    """Every line of everybody but guests."""
    lines = landed.lines.filter(pl.col("golden_id").is_not_null())
    return {
        (row["golden_id"], row["order_id"], row["line_number"]): {
            "product_id": row["product_id"],
            "product_name": row["product_name"],
            "units": row["units"],
            "discount": money(row["gross"] - row["net"]),
            "net": money(row["net"]),
            "returned_units": row["back_units"],
            "returned_amount": money(row["back"]),
            "net_kept": money(row["kept"]),
        }
        for row in lines.iter_rows(named=True)
    }


def _bought(landed: Landed) -> dict[str, pl.DataFrame]:
    lines = landed.lines.filter(pl.col("golden_id").is_not_null())
    return {str(golden): part for (golden,), part in lines.group_by("golden_id")}


def _favourite(part: pl.DataFrame, column: str, count: pl.Expr) -> Any:
    best = (
        part.filter(pl.col(column).is_not_null())
        .group_by(column)
        .agg(count=count, net=pl.sum("net"))
        .sort("count", "net", column, descending=[True, True, False])
    )
    return best[column][0] if best.height else None


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
    bought, position = _bought(landed), _positions(landed)
    centres = sorted(
        (place for place in landed.places.values() if place["location_type"] == "Warehouse"),
        key=lambda one: one["location_id"],
    )
    found: Expected = {}
    for golden, customer in landed.customers.items():
        here = position(customer)
        distances = [
            (_distance(here, (c["latitude"], c["longitude"])), c["location_id"]) for c in centres if here
        ]
        distance, centre = min(distances, default=(None, None))
        part = bought.get(golden, landed.lines.clear())
        year = part.filter(pl.col("day") >= landed.day - YEAR)
        live = year.filter(~pl.col("cancelled"))
        profit = money(_sum(year, "profit"))
        found[(golden,)] = {
            "age": landed.age(customer),
            "country": customer.get("country"),
            "state": customer.get("state"),
            "nearest_centre_id": centre,
            "nearest_centre_distance": None if distance is None else round(distance, 1),
            "return_rate_last_year": percent(_sum(live, "back_units"), _sum(live, "units")),
            "profit_last_year": profit,
            "profit_level_last_year": 1 if profit <= 50 else 2 if profit < 150 else 3,
            "clv": money(_sum(part, "profit")),
            "orders_last_year": year["order_id"].n_unique(),
            "favourite_category": _favourite(part, "category", pl.sum("units")),
            "favourite_product_id": _favourite(part, "product_id", pl.sum("units")),
            "preferred_channel": _favourite(part, "channel", pl.col("order_id").n_unique()),
        }
    return found


def _cluster(landed: Landed, part: pl.DataFrame | None) -> str:
    if part is None:
        return "Prospect"
    first, last = part["day"].min(), part["day"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    if last < landed.day - YEAR:
        return "Lost"
    if last < landed.day - QUARTER:
        return "Lapsing"
    if first >= landed.day - QUARTER:
        return "New"
    frequent = part.filter(pl.col("day") >= landed.day - YEAR)["order_id"].n_unique() >= 3
    return "Loyal" if frequent else "Occasional"


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
        part = bought.get(golden)
        orders, year, loyalty = 0, 0, 0.0
        if part is not None:
            recent = part.filter(pl.col("day") >= landed.day - YEAR)
            orders, year = part["order_id"].n_unique(), recent["order_id"].n_unique()
            span = (part["day"].max() - part["day"].min()).days  # type: ignore[operator, union-attr]
            months = recent["day"].dt.truncate("1mo").n_unique()
            loyalty = 50 * min(year, 6) / 6 + 30 * min(span, 1095) / 1095 + 20 * min(months, 12) / 12
        engagement = None
        if golden in seen:
            recent_ones = Counter(
                is_contact for day, is_contact in seen[golden] if day >= landed.day - QUARTER
            )
            engagement = 50 * min(recent_ones[False], 10) / 10 + 50 * min(recent_ones[True], 5) / 5
        online = 0 if part is None else part.filter(pl.col("channel") == "Online")["order_id"].n_unique()
        ago = (landed.day - last_paid[golden]).days if golden in last_paid else None
        bands = ((30, "Low"), (60, "Medium"), (90, "High"))
        found[(golden,)] = {
            "cluster": _cluster(landed, part),
            "orders": orders,
            "orders_last_year": year,
            "net_kept": money(0 if part is None else _sum(part, "kept")),
            "loyalty_score": loyalty,
            "engagement_index": engagement,
            "online_purchase_ratio": percent(online, orders),
            "churn_risk": "No transaction"
            if ago is None
            else next((name for most, name in bands if ago <= most), "Churned"),
        }
    return found


def clv_proxy(landed: Landed) -> Expected:
    """Three years like the last one."""
    bought = _bought(landed)
    found: Expected = {}
    for golden in landed.customers:
        part = bought.get(golden, landed.lines.clear())
        kept, profit = _sum(part, "kept"), _sum(part, "profit")
        orders = part.filter(~pl.col("cancelled"))["order_id"].n_unique()
        year = part.filter(pl.col("day") >= landed.day - YEAR)["order_id"].n_unique()
        average, rate = ratio(money(kept), orders, 4), percent(profit, kept)
        worth = None if average is None or rate is None else rounded(average * year * 3 * rate / 100, 4)
        found[(golden,)] = {
            "cluster": _cluster(landed, bought.get(golden)),
            "average_order_value": average,
            "orders_last_year": year,
            "margin_rate": rate,
            "clv_so_far": money(profit),
            "clv_proxy": worth,
        }
    return found


def revenue_by_cluster(landed: Landed) -> Expected:
    """Sums over clv_proxy's customers."""
    bought, worth = _bought(landed), clv_proxy(landed)
    members: dict[str, list[str]] = defaultdict(list)
    for (golden,), row in worth.items():
        members[row["cluster"]].append(golden)
    everything = sum(_sum(part, "kept") for part in bought.values())
    found: Expected = {}
    for cluster, people in members.items():
        parts = [bought[one] for one in people if one in bought]
        sums = {name: sum(_sum(part, name) for part in parts) for name in ("net", "kept", "profit")}
        values = [worth[one,]["clv_proxy"] for one in people if worth[one,]["clv_proxy"] is not None]
        found[(cluster,)] = {
            "customers": len(people),
            "orders": sum(part["order_id"].n_unique() for part in parts),
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
    clusters = {golden: _cluster(landed, part) for golden, part in _bought(landed).items()}
    lines = landed.lines.filter(pl.col("golden_id").is_not_null())
    lines = lines.with_columns(cluster=pl.col("golden_id").replace_strict(clusters))
    found: Expected = {}
    for kind in ("category", "channel"):
        told = lines.filter(pl.col(kind).is_not_null())
        for (cluster, name), part in told.group_by("cluster", kind):
            units = _sum(part, "units")
            of_cluster = _sum(told.filter(pl.col("cluster") == cluster), "units")
            of_name = _sum(told.filter(pl.col(kind) == name), "units")
            found[cluster, kind, name] = {
                "customers": part["golden_id"].n_unique(),
                "units": units,
                "net": money(_sum(part, "net")),
                "share": percent(units, of_cluster),
                "affinity": ratio(units * _sum(told, "units"), of_cluster * of_name, 4),
            }
    return found


def product_affinity(landed: Landed) -> Expected:
    """Pairs of five baskets or more."""
    baskets = (
        landed.lines.filter(~pl.col("cancelled")).group_by("order_id").agg(pl.col("product_id").unique())
    )
    single: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for products in baskets["product_id"]:
        single.update(products)
        pairs.update(combinations(sorted(products), 2))
    return {
        pair: {
            "baskets": count,
            "product_baskets": single[pair[0]],
            "other_baskets": single[pair[1]],
            "support": percent(count, baskets.height, 4),
            "confidence": percent(count, single[pair[0]]),
            "other_confidence": percent(count, single[pair[1]]),
            "lift": ratio(count * baskets.height, single[pair[0]] * single[pair[1]], 4),
        }
        for pair, count in pairs.items()
        if count >= 5
    }


def operational_efficiency(landed: Landed) -> Expected:
    """By the newest shipment."""
    orders = landed.orders.with_columns(month=pl.col("day").dt.truncate("1mo"))
    found: Expected = {}
    for key, part in orders.group_by("month", "method"):
        live = part.filter(~pl.col("cancelled"))
        left = live.filter(pl.col("shipped_at").is_not_null())
        came = live.filter(pl.col("delivered_at").is_not_null())
        promised = came.filter(pl.col("promised_at").is_not_null())
        in_time = promised.filter(pl.col("delivered_at") <= pl.col("promised_at")).height
        days = {}
        for name, moved in (("shipped_at", left), ("delivered_at", came)):
            took = (moved[name] - moved["ordered_at"]).dt.total_microseconds().sum()
            days[name] = ratio(Decimal(int(took)) / 86_400_000_000, moved.height, 2)
        found[key] = {
            "orders": part.height,
            "shipped": left.height,
            "delivered": came.height,
            "cancelled": part.height - live.height,
            "cancelled_rate": percent(part.height - live.height, part.height),
            "days_to_ship": days["shipped_at"],
            "days_to_deliver": days["delivered_at"],
            "promised": promised.height,
            "in_time": in_time,
            "in_time_rate": percent(in_time, promised.height),
            "shipping_amount": money(_sum(part, "shipping_amount")),
        }
    return found


def arrivals_summary(landed: Landed) -> Expected:
    """Through doors and on platforms."""
    came: Counter[tuple[date, str]] = Counter()
    orders: Counter[tuple[date, str]] = Counter()
    for row in landed.table("location.arrivals", "counted_from").iter_rows(named=True):
        came[_month(row["day"]), row["location_id"]] += row["visitors"]
    for row in landed.table("customer.web_sessions", "ended_at").iter_rows(named=True):
        came[_month(row["day"]), row["location_id"]] += 1
    for row in landed.orders.filter(pl.col("location_id").is_not_null()).iter_rows(named=True):
        orders[_month(row["day"]), row["location_id"]] += 1
    return {
        key: {
            "arrivals": came.get(key),
            "orders": orders[key],
            "conversion": percent(orders[key], came.get(key)),
        }
        for key in came.keys() | orders.keys()
    }


def demand_summary(landed: Landed) -> Expected:
    """Demand and stock of every product that anything is known of."""
    lines = landed.lines.filter(~pl.col("cancelled"))
    by_product = {product: part for (product,), part in lines.group_by("product_id")}
    stock: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in (
        landed.table("product.stock", "counted_at").sort("counted_at", "count_id").iter_rows(named=True)
    ):
        stock[row["product_id"]][row["location_id"]] = row
    found: Expected = {}
    for product in landed.products.keys() | by_product.keys() | stock.keys():
        part, counted = by_product.get(product, lines.clear()), list(stock.get(product, {}).values())
        units = {
            days: _sum(part.filter(pl.col("day") >= landed.day - timedelta(days)), "units")
            for days in (30, 90, 365)
        }
        on_hand = sum(row["on_hand"] for row in counted) if counted else None
        found[(product,)] = {
            **{f"units_{days}": count for days, count in units.items()},
            "units": _sum(part, "units"),
            "last_ordered_on": part["day"].max(),
            "on_hand": on_hand,
            "on_order": sum(row["on_order"] or 0 for row in counted) if counted else None,
            "cover": None if on_hand is None else ratio(on_hand * 90, units[90], 1),
        }
    return found


def marketing_effectiveness(landed: Landed) -> Expected:
    """Contacted against those who might have been."""
    contacts = landed.table("customer.contacts", "contacted_at")
    orders = landed.orders.filter(~pl.col("cancelled") & pl.col("golden_id").is_not_null())
    found: Expected = {}
    for campaign in landed.table("customer.campaigns", "starts_at").iter_rows(named=True):
        first = campaign["day"]
        last = campaign["ends_at"].date() if campaign["ends_at"] else landed.day
        outcomes: dict[str | None, set[str]] = defaultdict(set)
        for row in contacts.filter(pl.col("campaign_id") == campaign["campaign_id"]).iter_rows(named=True):
            outcomes[landed.owner(row["account"])].add(row["outcome"])
        reached = set(outcomes) & set(landed.customers)
        others = {
            golden
            for golden, row in landed.customers.items()
            if golden not in outcomes
            and row.get("marketing_consent")
            and row["registered_on"] is not None
            and row["registered_on"] < first
        }
        bought = set(orders.filter(pl.col("day").is_between(first, last))["golden_id"])
        buyers, other_buyers = len(bought & reached), len(bought & others)
        rate, other_rate = percent(buyers, len(reached), 4), percent(other_buyers, len(others), 4)
        uplift = None if rate is None or other_rate is None else rate - other_rate
        extra = None if uplift is None else rounded(uplift * len(reached) / 100, 2)
        budget = campaign["budget_amount"]
        found[(campaign["campaign_id"],)] = {
            "contacted": len(reached),
            "bounced": sum("Bounced" in outcomes[one] for one in reached),
            "opened": sum(bool(outcomes[one] & {"Opened", "Clicked"}) for one in reached),
            "clicked": sum("Clicked" in outcomes[one] for one in reached),
            "buyers": buyers,
            "conversion": rate,
            "baseline": len(others),
            "baseline_buyers": other_buyers,
            "baseline_conversion": other_rate,
            "uplift": uplift,
            "extra_buyers": extra,
            "budget": budget,
            "cost_each": ratio(budget, extra, 2) if extra and extra > 0 and budget is not None else None,
        }
    return found


def promotion_effectiveness(landed: Landed) -> Expected:
    """Against the four weeks before."""
    lines = landed.lines.filter(~pl.col("cancelled"))
    dawn = landed.lines["day"].min()
    newest: dict[str, Row] = {}
    for row in landed.client.query("SELECT * FROM sales.promotions ORDER BY valid_from").named_results():
        if row["starts_at"].date() <= landed.day:
            newest[row["promotion_id"]] = row
    found: Expected = {}
    for promotion, row in newest.items():
        first = row["starts_at"].date()
        last = min(row["ends_at"].date() if row["ends_at"] else landed.day, landed.day)
        under = lines.filter(pl.col("promotion_id") == promotion)
        known = under.filter(pl.col("cost").is_not_null())
        theirs = lines.filter(pl.col("product_id").is_in(under["product_id"].unique().to_list()))
        days = (last - first).days + 1
        during = _sum(theirs.filter(pl.col("day").is_between(first, last)), "units")
        start = first - timedelta(28)
        before = _sum(theirs.filter(pl.col("day").is_between(start, first - timedelta(1))), "units")
        has_baseline = isinstance(dawn, date) and start >= dawn
        change = percent(Decimal(during) * 28, before * days) if has_baseline else None
        found[(promotion,)] = {
            "products": under["product_id"].n_unique(),
            "orders": under["order_id"].n_unique(),
            "units": _sum(under, "units"),
            "net": money(_sum(under, "net")),
            "discount": money(_sum(under, "gross") - _sum(under, "net")),
            "margin": money(_sum(known, "net") - _sum(known, "cost")),
            "units_a_day": ratio(during, days, 4),
            "baseline_units_a_day": ratio(before, 28, 4) if has_baseline else None,
            "uplift": None if change is None else change - 100,
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
        parts = [bought[one] for one in people if one in bought]
        lines = pl.concat(parts) if parts else landed.lines.clear()
        live = lines.filter((pl.col("day") >= landed.day - YEAR) & ~pl.col("cancelled"))
        orders = lines["order_id"].n_unique()
        online = lines.filter(pl.col("channel") == "Online")["order_id"].n_unique()
        seen = [visits[one] for one in people if one in visits]
        found[(name,)] = {
            "customers": len(people),
            "buyers": len(parts),
            "orders": orders,
            "orders_each": ratio(orders, len(parts), 2),
            "units_an_order": ratio(_sum(lines, "units"), orders, 2),
            "net_an_order": ratio(money(_sum(lines, "net")), orders, 4),
            "online_share": percent(online, orders),
            "return_rate": percent(_sum(live, "back_units"), _sum(live, "units")),
            "visits": sum(seen) if seen else None,
        }
    return found


BY_HAND: dict[str, Callable[[Landed], Expected]] = {
    one.__name__: one
    for one in (
        customer_churn, sales_by_period, product_profitability, sales_team_against_targets, purchase_history,
        customer_features, customers_master, clv_proxy, revenue_by_cluster, cluster_preferences,
        product_affinity, operational_efficiency, arrivals_summary, demand_summary, marketing_effectiveness,
        promotion_effectiveness, behaviour_overview,
    )
}  # fmt: skip
"""Every mart but those of closed months."""
