"""The worth of customers from end to end: by the model where it was the nearer, else by the proxy. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

import numpy as np

from analytics.worth import counting, spending
from analytics.worth.counting import Counting
from analytics.worth.parameters import Parameters
from analytics.worth.purchases import Customers, Numbers, Purchases
from analytics.worth.spending import Spending
from mesh.kernel.errors import LearningError

MODEL, PROXY = "model", "proxy"


@dataclass(frozen=True)
class Told:
    """How near one way of telling has been."""

    wape: float
    """Sum of the absolute errors by customer by what was spent, in percent."""
    bias: float
    """Sum of the errors by the same: positive where too much was told."""
    rank: float
    """Spearman's correlation of what was told with what was spent; 0 where either is the same for all."""
    tenth: float
    """Share of what was spent by the tenth told to spend the most, in percent."""


@dataclass(frozen=True)
class Trial:
    """One earlier day, and what was spent in the horizon after it."""

    day: date
    customers: int
    bought: int
    """Of them, who bought in the horizon."""
    model: Told | None
    """None where the model tells nothing."""
    proxy: Told

    @property
    def is_better(self) -> bool:
        """Whether the model had the lesser errors and the better order."""
        return (
            self.model is not None and self.model.wape < self.proxy.wape and self.model.rank > self.proxy.rank
        )


@dataclass(frozen=True)
class Worth:
    """What is told as of a day, by customer."""

    as_of: date
    digest: str
    """SHA-256 of all that decides on it: purchases, day and parameters."""
    customers: Customers
    repeating: float
    """Percent of the customers who bought on two days at least."""
    method: str
    """:data:`MODEL` or :data:`PROXY`."""
    reason: str
    """Why it is that one."""
    counting: Counting
    spending: Spending
    days: Numbers
    """Days on which each will buy in the horizon, by the model."""
    active: Numbers
    """How probable it is that each has not stopped, by the model."""
    model: Numbers
    """Net in the horizon by the model; NaN where it tells nothing."""
    proxy: Numbers
    """Net in the horizon by the proxy."""
    tests: tuple[Trial, ...]
    """Newest first."""

    @property
    def used(self) -> Numbers:
        """Net in the horizon by the method that is used."""
        return self.model if self.method == MODEL else self.proxy


def value(everything: Purchases, day: date | None, parameters: Parameters) -> Worth:
    """What each customer will spend after a day, or after the newest purchase.

    Raises :class:`LearningError` where too few have bought by the day, and for a day that is not known yet.
    """
    asked = everything.last if day is None and everything.rows.height else day or date.min
    if everything.rows.height and asked > everything.last:
        raise LearningError(
            "as-of-too-late",
            f"the newest purchase is of {everything.last}, and who bought later is not known",
            place=f"--as-of {asked}",
            remedy="name that day or an earlier one",
        )
    known = everything.between(date.min, asked)
    if (count := known.rows["customer_id"].n_unique()) < parameters.least:
        raise LearningError(
            "too-little-history",
            f"{count:,} customers have bought; {parameters.least:,} are needed",
            place=f"--as-of {asked}",
            remedy="name a later day, or publish more of the history",
        )
    who = known.customers(asked)
    tests = tuple(_tests(everything, asked, parameters))
    counted, spent = counting.fit(who), spending.fit(who)
    repeating = 100 * float(np.mean(who.repeats > 0))
    reason = _against(repeating, spent, tests, parameters)
    days = counted.expected(who, parameters.horizon)
    return Worth(
        asked,
        sha256("\0".join([known.digest, asked.isoformat(), parameters.text()]).encode()).hexdigest(),
        who,
        repeating,
        PROXY if reason else MODEL,
        reason or "it was nearer than the proxy on every earlier day",
        counted,
        spent,
        days,
        counted.active(who),
        days * spent.expected(who) if spent.has_mean else np.full(len(who.ids), np.nan),
        who.proxy * parameters.horizon,
        tests,
    )


def told(said: Numbers, spent: Numbers) -> Told:
    """How near what was said is to what was spent."""
    from scipy.stats import spearmanr

    whole = float(spent.sum())
    mixed = np.ptp(said) > 0 and np.ptp(spent) > 0
    top = np.argsort(-said, kind="stable")[: max(1, len(said) // 10)]
    return Told(
        100 * float(np.abs(said - spent).sum()) / whole,
        100 * (float(said.sum()) / whole - 1),
        float(spearmanr(said, spent).statistic) if mixed else 0.0,
        100 * float(spent[top].sum()) / whole,
    )


def _against(repeating: float, spent: Spending, tests: tuple[Trial, ...], parameters: Parameters) -> str:
    """What speaks against the model; nothing where it may be used."""
    if repeating < parameters.repeating:
        return (
            f"{repeating:.0f} % of the customers have bought twice; the model needs {parameters.repeating} %"
        )
    if not spent.has_mean:
        return "what customers spend has no mean"
    if not tests:
        return f"too little is known to test it on a day {parameters.horizon} days ago"
    if not all(one.is_better for one in tests):
        return "it was not nearer than the proxy on every earlier day"
    return ""


def _tests(everything: Purchases, day: date, parameters: Parameters) -> list[Trial]:
    """The tests up to a day: each knows a horizon at the least, and is held to the one that followed."""
    found = []
    for number in range(1, parameters.tests + 1):
        then = day - timedelta(parameters.horizon * number)
        who = everything.customers(then)
        after = everything.between(then, then + timedelta(parameters.horizon))
        if then < everything.first + timedelta(parameters.horizon) or len(who.ids) < parameters.least:
            break
        spent = who.spent(after)
        if not spent.sum() > 0:
            break
        counted, paid = counting.fit(who), spending.fit(who)
        said = counted.expected(who, parameters.horizon) * paid.expected(who)
        found.append(
            Trial(
                then,
                len(who.ids),
                int((spent > 0).sum()),
                told(said, spent) if paid.has_mean else None,
                told(who.proxy * parameters.horizon, spent),
            )
        )
    return found
