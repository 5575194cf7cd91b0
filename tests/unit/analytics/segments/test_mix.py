"""What customers buy, as shares that can be compared."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from analytics.profile.bins import MOVED
from analytics.segments.card import card
from analytics.segments.clustering import cluster
from analytics.segments.drift import bins, drifts
from analytics.segments.features import NAMES, REST, UNITS, in_both
from analytics.segments.learning import Learned, learn
from analytics.segments.mix import Counts, most_bought, shares, shrunk
from analytics.segments.parameters import Parameters
from analytics.segments.trade import Trade
from analytics.segments.week import closed_week
from tests.unit.analytics.segments.crowd import WEEK, crowd, with_mix
from tests.unit.analytics.segments.planted import SINCE, planted, without_mix

USUAL = Parameters()
HALVES = {"Boots": (0.9, 0.1), "Kids": (0.1, 0.9)}


def trade_of(*rows: tuple[int, int, int, int], kinds: tuple[str, ...]) -> Trade:
    """A trade of rows of customer, kind, day within :data:`WEEK` and units, each an order."""
    who, kind, day, units = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    days = day + (WEEK.monday - date(1970, 1, 1)).days
    ones = np.ones(len(rows), np.int64)
    customers = tuple(f"c{number}" for number in range(int(who.max()) + 1))
    return Trade(customers, kinds, who, kind, days, days, ones, ones, units, units, units, 0 * ones)


def rand(kinds: Counts, learned: Learned) -> float:
    """How far segments are the kinds of customers: 1 wholly, 0 as by chance."""
    those = [int(kinds[int(customer[1:])]) for customer in learned.assigned]
    return float(adjusted_rand_score(those, list(learned.assigned.values())))


def test_segments_find_the_kinds_of_customers_by_what_they_buy() -> None:
    """How lately, often and for how much they buy does not tell them; the simulator knows who is of which."""
    days = 600
    trade, kinds = planted(600, days)
    features = trade.features(closed_week(SINCE, SINCE + timedelta(days)), USUAL.kinds)
    learned = learn(features, USUAL, None)
    found, without = rand(kinds, learned), rand(kinds, learn(without_mix(features), USUAL, None))
    assert without < 0.25
    assert found > 0.45
    names = " ".join(segment.name for segment in learned.segments)
    for goods in ("Running", "Kids", "Comfort"):
        assert goods in names


def test_shares_are_shrunk_to_everybodys() -> None:
    """The less a customer has bought the more; who has bought nothing has everybody's mix."""
    units = np.array([[3.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    found = shrunk(shares(units), units.sum(axis=1), 3)
    assert found == pytest.approx(np.array([[4.8, 2.2], [1.8, 2.2], [1.8, 1.2]]) / [[7], [4], [3]])
    assert found.sum(axis=1) == pytest.approx(1)


def test_roots_of_shares_keep_their_hellinger_distance() -> None:
    """Whatever they vary by; units take no part by themselves."""
    customers = with_mix(crowd(each=30), HALVES)
    prepared = customers.prepared(3)
    apart = np.linalg.norm((prepared[0] - prepared[1])[customers.shares])
    most = (20 * 0.9 + 3 * 0.5) / 23
    assert (prepared[0][customers.shares] ** 2).sum() == pytest.approx(1)
    assert apart == pytest.approx(np.sqrt(2) * (np.sqrt(most) - np.sqrt(1 - most)))
    assert not prepared[:, customers.names.index(UNITS)].any()


def test_shares_are_weighed_and_not_scaled() -> None:
    """However little customers differ in them; all other features are."""
    customers = with_mix(crowd(each=30), {"Boots": (0.6, 0.5), "Kids": (0.4, 0.5)})
    found = cluster(customers, USUAL)
    assert (found.scale[customers.shares] == 1 / USUAL.mix_weight).all()
    others = ~customers.shares
    assert (found.scale[others] == found.spread[others]).all()
    assert 0 < found.spread[customers.shares].max() < 0.1


def test_kinds_that_are_bought_most_have_a_share_of_their_own() -> None:
    """Up to the end of the week, by their names; the rest is one share, and what is of no kind is in none."""
    assert most_bought(("b", "a", "c", "", "d"), np.array([5.0, 5.0, 6.0, 99.0, 0.0]), 2) == [1, 2]
    kinds = ("Boots", "", "Kids", "Socks")
    rows = [(0, 0, 0, 6), (0, 2, 1, 2), (1, 2, 2, 3), (1, 3, 3, 1), (1, 1, 3, 50), (1, 3, 7, 90)]
    trade = trade_of(*rows, kinds=kinds)
    found = trade.features(WEEK, 2)
    assert found.names == (*NAMES, UNITS, "share Boots", "share Kids", REST)
    assert found.values[:, len(NAMES) :].tolist() == [[8, 0.75, 0.25, 0], [4, 0, 0.75, 0.25]]
    assert trade.features(WEEK, 3).names == (*NAMES, UNITS, "share Boots", "share Kids", "share Socks")
    assert trade.features(WEEK.later(1), 2).names == (*NAMES, UNITS, "share Boots", "share Socks", REST)
    assert trade.features(WEEK.later(1), 2).values[1, len(NAMES)] == 94


@pytest.mark.parametrize("kinds", [("Boots", ""), ("", ""), ("", "Kids")])
def test_goods_of_one_kind_or_none_are_no_mix(kinds: tuple[str, str]) -> None:
    """Then segments are those of how customers buy alone."""
    assert trade_of((0, 0, 0, 6), (1, 1, 0, 3), kinds=kinds).features(WEEK, 12).names == NAMES


def test_weeks_of_other_kinds_of_goods_go_on_with_their_segments() -> None:
    """They are matched, and drift is told, by the features that both have; other kinds are not the same."""
    before = {"Boots": (0.8, 0.1), "Kids": (0.1, 0.8), REST: (0.1, 0.1)}
    now = {"Boots": (0.8, 0.1), "Socks": (0.1, 0.1), REST: (0.1, 0.8)}
    first = learn(with_mix(crowd(), before), USUAL, None)
    second = learn(with_mix(crowd(WEEK.later(1), seed=2), now), USUAL, first)
    third = learn(crowd(WEEK.later(2), seed=3), USUAL, second)
    last = learn(with_mix(crowd(WEEK.later(3), seed=4), before), USUAL, third)
    assert first.assigned == second.assigned == third.assigned == last.assigned
    assert list(second.drift) == [*NAMES, UNITS, "share Boots"]
    assert list(third.drift) == list(last.drift) == list(NAMES)
    assert max(second.drift[name] for name in ("share Boots", UNITS)) < MOVED
    assert in_both((*NAMES, "share Boots", REST), (*NAMES, "share Boots", REST))[-1] == REST


def test_drift_is_told_of_what_is_bought() -> None:
    """Not when everybody's mix moves a little, in whom most have bought none of a kind."""
    some = {"Boots": (1.0, 0.0, 0.0, 0.0), "Kids": (0.0, 1.0, 1.0, 1.0)}
    before, same = with_mix(crowd(), some, 1), with_mix(crowd(seed=2), some, 2)
    assert drifts(bins(before), same)["share Boots"] == 0
    other = with_mix(crowd(seed=2), {"Boots": (0.0, 1.0), "Kids": (1.0, 0.0)}, 1)
    assert drifts(bins(before), other)["share Boots"] > MOVED


def test_the_card_tells_what_the_shares_are() -> None:
    """Or that there are none."""
    text = card(learn(with_mix(crowd(), HALVES), USUAL, None), USUAL)
    for part in ("- `share Boots`, `share Kids`: ", "`units`: Units that", "at most 12 kinds", "Hellinger"):
        assert part in text
    assert "What is bought takes no part" in card(learn(crowd(), USUAL, None), USUAL)


def test_a_planted_chain_keeps_its_names() -> None:
    """From week to week, while nearly nobody is in another segment than before."""
    trade, _ = planted(600, 600)
    week = closed_week(SINCE, SINCE + timedelta(600))
    first = learn(trade.features(week.later(-1), USUAL.kinds), USUAL, None)
    second = learn(trade.features(week, USUAL.kinds), USUAL, first)
    moved = [who for who, segment in first.assigned.items() if second.assigned[who] != segment]
    assert len(moved) < 0.1 * len(first.assigned)
    assert max(second.drift.values()) < MOVED
