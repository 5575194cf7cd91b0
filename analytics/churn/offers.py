"""What followed for those at risk who were given an offer, and for those who were not. Pure.

It is an association: who was contacted may differ in more than the offer. Only where customers were drawn
by lot is it the offer's effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

import polars as pl

from analytics.churn.backtest import Trial
from analytics.churn.facts import Facts
from analytics.churn.measure import CERTAIN, count, ranking
from analytics.churn.parameters import Parameters


@dataclass(frozen=True)
class Group:
    """Customers at risk, once for each campaign that they might have been contacted in."""

    customers: int = 0
    back: int = 0
    """Who ordered within some days of the campaign's beginning."""
    promoted: int = 0
    """Who used a promotion for that."""

    @property
    def rate(self) -> float | None:
        """Share who ordered."""
        return self.back / self.customers if self.customers else None

    def __add__(self, other: Group) -> Group:
        return Group(self.customers + other.customers, self.back + other.back, self.promoted + other.promoted)


@dataclass(frozen=True)
class Offers:
    """Both groups, of all tests and campaigns."""

    campaigns: int
    offered: Group
    others: Group
    """Who agreed to marketing and was not contacted."""

    @property
    def difference(self) -> tuple[float, float] | None:
        """By how much more of those with an offer ordered, and half the width of its 95 % interval."""
        one, other = self.offered.rate, self.others.rate
        if one is None or other is None:
            return None
        spread = one * (1 - one) / self.offered.customers + other * (1 - other) / self.others.customers
        return one - other, CERTAIN * sqrt(spread)


def offers(facts: Facts, tests: Sequence[Trial], parameters: Parameters) -> Offers:
    """Those whom the model ranked first on each day, by each campaign of the horizon after it.

    Who had ordered by the campaign's first day was at risk no longer, and is left out of both groups.
    """
    campaigns = facts.contacts.group_by("campaign_id").agg(day=pl.col("day").min()).sort("day", "campaign_id")
    total = Offers(0, Group(), Group())
    for test in tests:
        first = ranking(test.probabilities)[: count(len(test.labels), parameters.share)]
        at_risk = {test.seen.customers[int(place)] for place in first}
        until = test.seen.day + timedelta(parameters.horizon)
        for campaign, day in campaigns.filter(
            (pl.col("day") > test.seen.day) & (pl.col("day") <= until - timedelta(parameters.offer - 1))
        ).iter_rows():
            contacted = set(facts.contacts.filter(pl.col("campaign_id") == campaign)["customer_id"].to_list())
            back_before = _ordered(facts.orders, test.seen.day + timedelta(1), day - timedelta(1))
            waiting = at_risk - back_before.keys()
            then = _ordered(facts.orders, day, day + timedelta(parameters.offer - 1))
            total = Offers(
                total.campaigns + 1,
                total.offered + _group(waiting & contacted, then),
                total.others + _group((waiting - contacted) & facts.agreed, then),
            )
    return total


def _ordered(orders: pl.DataFrame, first: date, last: date) -> dict[str, bool]:
    """Who ordered from the first to the last day, and whether with a promotion."""
    found = orders.filter((pl.col("day") >= first) & (pl.col("day") <= last))
    return dict(found.group_by("customer_id").agg(pl.col("promoted").any()).iter_rows())


def _group(customers: set[str], ordered: dict[str, bool]) -> Group:
    back = customers & ordered.keys()
    return Group(len(customers), len(back), sum(ordered[customer] for customer in back))
