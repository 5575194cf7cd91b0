"""Recommendations and forecasts worked out with Polars, by what their headers say, not by their SQL."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

import polars as pl

from tests.e2e.landed import Expected, Landed, money, percent, rounded

HELD_OUT = timedelta(30)
OFFERED = 5
LOOKED_AT = 2048


def _item(landed: Landed, product: str) -> str:
    return landed.products.get(product, {}).get("model") or product


def _owned(landed: Landed, since: date, until: date) -> dict[str, set[str]]:
    lines = landed.lines.filter(~pl.col("cancelled") & pl.col("golden_id").is_not_null())
    lines = lines.filter(pl.col("day").is_between(since, until))
    owned: dict[str, set[str]] = defaultdict(set)
    for golden, product in lines.select("golden_id", "product_id").unique().iter_rows():
        owned[golden].add(_item(landed, product))
    return owned


@lru_cache(maxsize=4)
def _offers(landed: Landed, cutoff: date) -> tuple[dict[str, list[tuple[str, int]]], Counter[str]]:
    """The five of each customer with their scores, and the buyers of each model, as of a day."""
    owned = _owned(landed, date.min, cutoff)
    buyers: Counter[str] = Counter()
    for items in owned.values():
        buyers.update(items)
    popular = set(sorted(buyers, key=lambda one: (-buyers[one], one))[:LOOKED_AT])
    both: dict[str, Counter[str]] = defaultdict(Counter)
    for items in owned.values():
        for one in items & popular:
            both[one].update(items & popular - {one})
    weights = {
        one: {
            other: int(1_000_000 * n / math.sqrt(buyers[one] * buyers[other])) for other, n in beside.items()
        }
        for one, beside in both.items()
    }
    offers: dict[str, list[tuple[str, int]]] = {}
    alike: dict[frozenset[str], list[tuple[str, int]]] = {}
    for golden, items in owned.items():
        if (kind := frozenset(items)) not in alike:
            scores: Counter[str] = Counter()
            for one in items:
                scores.update(weights.get(one, {}))
            ranked = sorted(popular - items, key=lambda one: (-scores[one], -buyers[one], one))
            alike[kind] = [(one, scores[one]) for one in ranked[:OFFERED]]
        offers[golden] = alike[kind]
    return offers, buyers


def recommendations(landed: Landed) -> Expected:
    """Five for everybody who has bought."""
    offers, buyers = _offers(landed, landed.day)
    return {
        (golden, place): {"item": item, "score": Decimal(score) / 1_000_000, "customers": buyers[item]}
        for golden, offered in offers.items()
        for place, (item, score) in enumerate(offered, 1)
    }


def recommendation_quality(landed: Landed) -> Expected:
    """Of the last 30 days, by what was known before."""
    cutoff = landed.day - HELD_OUT
    offers, buyers = _offers(landed, cutoff)
    before, after = _owned(landed, date.min, cutoff), _owned(landed, cutoff + timedelta(1), landed.day)
    hits: Counter[str] = Counter()
    tested = 0
    popular = sorted(buyers, key=lambda one: (-buyers[one], one))
    for golden, items in after.items():
        fresh = (items - before[golden]) & buyers.keys() if golden in before else set()
        if fresh:
            tested += 1
            unseen = [one for one in popular if one not in before[golden]][:OFFERED]
            hits["most popular"] += bool(fresh & set(unseen))
            hits["affinity"] += bool(fresh & {one for one, _ in offers[golden]})
    return {
        (method,): {"tested": tested, "hits": hits[method], "hit_rate": percent(hits[method], tested)}
        for method in ("affinity", "most popular")
    }


def _months(landed: Landed) -> dict[date, int]:
    """Net of the whole months that are over."""
    first = landed.lines["day"].min()
    assert isinstance(first, date)
    month = first if first.day == 1 else _later(first.replace(day=1), 1)
    sold = landed.lines.filter(~pl.col("cancelled"))
    by_month = dict(sold.group_by(pl.col("day").dt.truncate("1mo")).agg(pl.sum("net")).iter_rows())
    found = {}
    while _later(month, 1) <= landed.day + timedelta(1):
        found[month] = by_month.get(month, 0)
        month = _later(month, 1)
    return found


def _later(month: date, months: int) -> date:
    place = month.year * 12 + month.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def sales_forecast(landed: Landed) -> Expected:
    """The baseline, and the baseline with growth."""
    sold = _months(landed)
    found: Expected = {}
    nexts = [_later(max(sold), n) for n in (1, 2, 3)] if sold else []
    for month in [*sold, *nexts]:
        is_over = month in sold
        naive = sold.get(_later(month, -12))
        if is_over and naive is None:
            continue
        base = month if is_over else nexts[0]
        recent = [sold[one] for n in (1, 2, 3) if (one := _later(base, -n)) in sold]
        earlier = [sold[one] for n in (13, 14, 15) if (one := _later(base, -n)) in sold]
        grown = None
        if naive is not None and len(earlier) == 3 and sum(earlier) > 0:
            grown = rounded(money(naive) * sum(recent) / sum(earlier), 4)
        actual = money(sold[month]) if is_over else None
        naively = None if naive is None else money(naive)
        found[(month,)] = {
            "is_forecast": int(not is_over),
            "actual": actual,
            "seasonal_naive": naively,
            "with_growth": grown,
            "naive_error": None if actual is None or naively is None else naively - actual,
            "growth_error": None if actual is None or grown is None else grown - actual,
        }
    return found


def forecast_quality(landed: Landed) -> Expected:
    """Over the months that both could tell."""
    rows = [row for row in sales_forecast(landed).values() if row["growth_error"] is not None]
    sold = sum(row["actual"] for row in rows)
    return {
        (method,): {
            "months": len(rows),
            "wape": percent(sum(abs(row[error]) for row in rows), sold),
            "bias": percent(sum(row[error] for row in rows), sold),
        }
        for method, error in (("seasonal_naive", "naive_error"), ("with_growth", "growth_error"))
    }
