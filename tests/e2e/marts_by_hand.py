"""Each mart worked out with Polars from the domains' landed tables, by what its header says, not by its SQL.

Every function gives the expected columns by key. What stands in a mart and not here is the name of a person.
A set stands for any one of its values.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import polars as pl

from tests.e2e.customers_by_hand import (
    behaviour_overview,
    churn_counts,
    cluster_preferences,
    clv_proxy,
    customer_churn,
    customer_features,
    customers_master,
    revenue_by_cluster,
)
from tests.e2e.forecasts_by_hand import (
    forecast_quality,
    recommendation_quality,
    recommendations,
    sales_forecast,
)
from tests.e2e.landed import Expected, Landed, Row, money, percent, ratio, rounded, total


def _month(day: date) -> date:
    return day.replace(day=1)


def _any_of(lines: pl.DataFrame, column: str) -> frozenset[str] | None:
    return frozenset(lines[column].drop_nulls()) or None


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
            sums[name] = total(part, name)
        sums["cost"] = total(part, "cost")
        sums["margin"] = total(known, "net") - total(known, "cost")
        sums["cancelled_net"] = total(part.filter("cancelled"), "net")
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
        described = landed.products.get(product, {})
        kept, cost = total(part, "kept"), total(part, "kept_cost")
        found[(product,)] = {
            "name": described.get("name") or landed.sold_as.get(product),
            "category": described.get("category"),
            "subcategory": described.get("subcategory"),
            "units": total(part, "units"),
            "net": money(total(part, "net")),
            "cancelled_units": total(part.filter("cancelled"), "units"),
            "returned_units": total(part, "back_units"),
            "returned_amount": money(total(part, "back")),
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
    employees = landed.table("employee.employees", "valid_from").sort("valid_from", "seq")
    titles = dict(employees.select("employee_id", "job_title").iter_rows())
    by_seller = {seller: part for (seller,), part in landed.lines.group_by("employee_id")}
    found: Expected = {}
    for row in targets:
        if row["period_from"] > landed.day:
            continue
        part = by_seller.get(row["employee_id"], landed.lines.clear())
        part = part.filter(pl.col("day").is_between(row["period_from"], row["period_to"]))
        net = money(total(part, "net"))
        found[(row["target_id"],)] = {
            "employee_id": row["employee_id"],
            "job_title": titles.get(row["employee_id"]),
            "period_from": row["period_from"],
            "period_to": row["period_to"],
            "is_over": int(row["period_to"] <= landed.day),
            "target": row["target_amount"],
            "orders": part["order_id"].n_unique(),
            "net": net,
            "net_kept": money(total(part, "kept")),
            "attainment": percent(net, row["target_amount"]),
            "gap": net - row["target_amount"],
        }
    return found


def purchase_history(landed: Landed) -> Expected:
    """Every line of everybody but guests."""
    lines = landed.lines.filter(pl.col("golden_id").is_not_null())
    return {
        (row["golden_id"], row["order_id"], row["line_number"]): {
            "ordered_at": row["ordered_at"],
            "channel": row["channel"],
            "product_id": row["product_id"],
            "product_name": row["product_name"],
            "product_category": row["category"],
            "promotion_id": row["promotion_id"],
            "order_status": row["status"],
            "shipping_method": row["method"],
            "delivered_at": row["delivered_at"],
            "units": row["units"],
            "discount": money(row["gross"] - row["net"]),
            "net": money(row["net"]),
            "returned_units": row["back_units"],
            "returned_amount": money(row["back"]),
            "net_kept": money(row["kept"]),
        }
        for row in lines.iter_rows(named=True)
    }


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
            "name": landed.sold_as.get(pair[0]),
            "other_name": landed.sold_as.get(pair[1]),
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
            "shipping_amount": money(total(part, "shipping_amount")),
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
            "name": landed.places.get(key[1], {}).get("name"),
            "location_type": landed.places.get(key[1], {}).get("location_type"),
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
            days: total(part.filter(pl.col("day") > landed.day - timedelta(days)), "units")
            for days in (30, 90, 365)
        }
        on_hand = sum(row["on_hand"] for row in counted) if counted else None
        described = landed.products.get(product, {})
        found[(product,)] = {
            "name": described.get("name") or _any_of(part, "product_name"),
            "category": described.get("category") or _any_of(part, "category"),
            **{f"units_{days}": count for days, count in units.items()},
            "units": total(part, "units"),
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
            "name": campaign["name"],
            "channel": campaign["channel"],
            "first_day": first,
            "last_day": campaign["ends_at"].date() if campaign["ends_at"] else None,
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
        during = total(theirs.filter(pl.col("day").is_between(first, last)), "units")
        start = first - timedelta(28)
        before = total(theirs.filter(pl.col("day").is_between(start, first - timedelta(1))), "units")
        has_baseline = isinstance(dawn, date) and start >= dawn
        change = percent(Decimal(during) * 28, before * days) if has_baseline else None
        found[(promotion,)] = {
            "name": row["name"],
            "promotion_type": row["promotion_type"],
            "first_day": first,
            "last_day": last,
            "products": under["product_id"].n_unique(),
            "orders": under["order_id"].n_unique(),
            "units": total(under, "units"),
            "net": money(total(under, "net")),
            "discount": money(total(under, "gross") - total(under, "net")),
            "margin": money(total(known, "net") - total(known, "cost")),
            "units_a_day": ratio(during, days, 4),
            "baseline_units_a_day": ratio(before, 28, 4) if has_baseline else None,
            "uplift": None if change is None else change - 100,
        }
    return found


BY_HAND: dict[str, Callable[[Landed], Expected]] = {
    one.__name__: one
    for one in (
        customer_churn, churn_counts, sales_by_period, product_profitability, sales_team_against_targets,
        purchase_history, customer_features, customers_master, clv_proxy, revenue_by_cluster,
        cluster_preferences, product_affinity, operational_efficiency, arrivals_summary, demand_summary,
        marketing_effectiveness, promotion_effectiveness, behaviour_overview, recommendations,
        recommendation_quality, sales_forecast, forecast_quality,
    )
}  # fmt: skip
"""Every mart but those of closed months."""
