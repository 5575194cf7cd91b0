"""What followed for those at risk, with an offer and without: counted by hand."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from analytics.churn.backtest import Trial
from analytics.churn.facts import Facts
from analytics.churn.measure import found
from analytics.churn.offers import Group, Offers, offers
from analytics.churn.parameters import Parameters
from analytics.churn.snapshot import lost, snapshot
from tests.unit.analytics.churn.shop import OPENED, facts

ALL = Parameters(share=100)
PEOPLE = ("asked-back", "asked-not", "spared-back", "spared-not", "refuses", "early", "late")
FIRST = [(who, 10) for who in PEOPLE]
LATER = [("asked-back", 30), ("spared-back", 59), ("refuses", 35), ("early", 25), ("late", 60)]
CONTACTED = ("asked-back", "asked-not", "early", "late")


def trial(known: Facts, day: int = 20) -> Trial:
    """A test in which everybody is at risk alike."""
    seen = snapshot(known.orders, OPENED + timedelta(day), 90)
    labels = lost(known.orders, seen, 90)
    scores = np.ones(len(labels))
    one = found(scores, labels, 100)
    return Trial(seen, 0, scores, labels, one, one, "no better")


def known(day: int = 30) -> Facts:
    """A campaign that begins on a day."""
    contacts = [("mail", who, day) for who in CONTACTED]
    agreed = (*CONTACTED, "spared-back", "spared-not")
    return facts(FIRST + LATER, contacts, agreed, promoted=[("asked-back", 30)])


def test_those_who_agreed_and_were_not_contacted_are_compared_with_those_who_were() -> None:
    """Who was back before, or never agreed, is in neither group; thirty days count from the first."""
    both = offers(known(), [trial(known())], ALL)
    assert both == Offers(1, Group(customers=3, back=1, promoted=1), Group(customers=2, back=1, promoted=0))
    assert both.difference is not None
    assert both.difference[0] == pytest.approx(1 / 3 - 1 / 2)


def test_only_those_at_risk_are_counted() -> None:
    """The share that can be contacted, first in the ranking."""
    both = offers(known(), [trial(known())], Parameters(share=10))
    assert (both.offered, both.others) == (Group(1, 1, 1), Group())
    assert both.difference is None


@pytest.mark.parametrize("day", [20, 82, 300])
def test_a_campaign_before_the_day_or_whose_orders_are_not_all_known_is_left_out(day: int) -> None:
    """On the day itself it was known, and from the 62nd day after it on its thirty days end too late."""
    assert offers(known(day), [trial(known(day))], ALL).campaigns == 0
    assert offers(known(81), [trial(known(81))], ALL).campaigns == 1


def test_without_campaigns_nobody_was_given_an_offer() -> None:
    """As at a retailer who tells of none."""
    none = facts(FIRST + LATER)
    assert offers(none, [trial(none)], ALL) == Offers(0, Group(), Group())
