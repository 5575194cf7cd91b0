"""One prediction from end to end: who is at risk as of a day, and how far that can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from analytics.churn.backtest import Trial, backtest, require_history, trained_before
from analytics.churn.facts import Facts
from analytics.churn.measure import count, ranking
from analytics.churn.offers import Offers, offers
from analytics.churn.parameters import Parameters
from analytics.churn.snapshot import snapshot
from mesh.kernel.errors import LearningError


@dataclass(frozen=True)
class Risk:
    """A customer who is active on the day."""

    rank: int
    """From 1, by falling probability."""
    customer_id: str
    probability: float
    """Of placing no order within the horizon."""
    days_since: int
    """Days since the last order."""
    rank_by_rule: int
    """Where the rule of 90 days puts the customer, from 1."""


@dataclass(frozen=True)
class Prediction:
    """What is said as of a day."""

    as_of: date
    digest: str
    """SHA-256 of all that decides on it: facts, day and parameters."""
    weights: dict[str, float]
    """By feature (see :class:`analytics.churn.model.Model`)."""
    trained: int
    risks: tuple[Risk, ...]
    """Everybody who is active, by rank."""
    tests: tuple[Trial, ...]
    """Newest first."""
    offers: Offers
    to_contact: int
    """How many of the risks are the share that can be contacted."""


def predict(everything: Facts, day: date | None, parameters: Parameters) -> Prediction:
    """Who is at risk as of a day, or of the newest order: pure.

    Raises :class:`LearningError` for a day of which, or before which, too little is known.
    """
    asked = everything.last if day is None and everything.orders.height else day or date.min
    require_history(everything, asked, parameters)
    facts = everything.until(asked)
    model, trained = trained_before(facts, asked, parameters)
    tests = backtest(facts, asked, parameters)
    if model is None or not tests:
        raise LearningError(
            "too-little-history",
            f"{trained:,} customers are known with what became of them, some lost and some not; "
            f"{parameters.least:,} are needed, and as many a horizon before",
            place=f"--as-of {asked}",
            remedy="name a later day, or publish more of the history",
        )
    seen = snapshot(facts.orders, asked, parameters.active)
    scores = model.probabilities(seen.values)
    by_rule = {int(place): rank for rank, place in enumerate(ranking(seen.days_since), 1)}
    risks = tuple(
        Risk(
            rank,
            seen.customers[place],
            float(scores[place]),
            int(seen.days_since[place]),
            by_rule[int(place)],
        )
        for rank, place in enumerate(ranking(scores), 1)
    )
    return Prediction(
        asked,
        sha256("\0".join([facts.digest, asked.isoformat(), parameters.text()]).encode()).hexdigest(),
        model.weights,
        trained,
        risks,
        tuple(tests),
        offers(facts, tests, parameters),
        count(len(risks), parameters.share),
    )
