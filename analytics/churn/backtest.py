"""What the model would have said on earlier days, learned from what was known by then. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from analytics.churn.facts import Facts
from analytics.churn.measure import Found, found, verdict
from analytics.churn.model import Model, train
from analytics.churn.parameters import Parameters
from analytics.churn.snapshot import Flags, Numbers, Snapshot, lost, snapshot
from mesh.kernel.errors import LearningError


@dataclass(frozen=True)
class Trial:
    """One earlier day."""

    seen: Snapshot
    trained: int
    """Customers that the model was trained on, each once a day that it was active on."""
    probabilities: Numbers
    """By customer of the snapshot."""
    labels: Flags
    """Who was lost."""
    model: Found
    rule: Found
    """Of the rule of 90 days at the same share: who has not ordered for longest comes first."""
    verdict: str
    """better, no better or worse than the rule."""

    @property
    def base_rate(self) -> float:
        """Share of all who were lost: what contacting anybody finds."""
        return float(np.mean(self.labels))


def trained_before(facts: Facts, day: date, parameters: Parameters) -> tuple[Model | None, int]:
    """A model of what was known by a day, and how many customers it was trained on.

    Every day that it learns from lies a horizon earlier at the least, so that what became of its customers
    was known, and a horizon after the first order, so that customers could be known.
    """
    values, labels = [], []
    for number in range(parameters.snapshots):
        then = day - timedelta(parameters.horizon + parameters.step * number)
        if then < facts.first + timedelta(parameters.horizon):
            break
        seen = snapshot(facts.orders, then, parameters.active)
        values.append(seen.values)
        labels.append(lost(facts.orders, seen, parameters.horizon))
    rows = sum(map(len, values))
    return (train(values, labels) if rows >= parameters.least else None), rows


def backtest(facts: Facts, day: date, parameters: Parameters) -> list[Trial]:
    """The tests up to a day, newest first: each a horizon before the next, what followed being known."""
    tests: list[Trial] = []
    for number in range(1, parameters.tests + 1):
        then = day - timedelta(parameters.horizon * number)
        model, rows = trained_before(facts, then, parameters)
        if model is None:
            break
        seen = snapshot(facts.orders, then, parameters.active)
        if seen.customers:
            tests.append(_test(facts, seen, model, rows, parameters))
    return tests


def require_history(facts: Facts, day: date, parameters: Parameters) -> None:
    """Refuse a day after the newest order, and one before which too little is known."""
    if not facts.orders.height:
        raise LearningError(
            "no-facts", "no order has landed", remedy="publish some, with `mesh ingest` or `mesh simulate`"
        )
    if day > facts.last:
        raise LearningError(
            "as-of-too-late",
            f"the newest order is of {facts.last}, and who ordered later is not known",
            place=f"--as-of {day}",
            remedy="name that day or an earlier one",
        )
    earliest = facts.first + timedelta(3 * parameters.horizon)
    if day < earliest:
        raise LearningError(
            "too-little-history",
            f"a model is learned and tested from {earliest} on: the first order is of {facts.first}",
            place=f"--as-of {day}",
            remedy="name that day or a later one" if earliest <= facts.last else "wait until then",
        )


def _test(facts: Facts, seen: Snapshot, model: Model, rows: int, parameters: Parameters) -> Trial:
    labels = lost(facts.orders, seen, parameters.horizon)
    scores = model.probabilities(seen.values)
    return Trial(
        seen,
        rows,
        scores,
        labels,
        found(scores, labels, parameters.share),
        found(seen.days_since, labels, parameters.share),
        verdict(scores, seen.days_since, labels, parameters.share),
    )
