"""Names of segments, and which of last week's a cluster is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analytics.segments.features import NAMES
from analytics.segments.matching import match
from analytics.segments.naming import Profile, describe, name_all

THIRDS = (100.0, 1_000.0)


def profile(
    days: float = 10,
    orders: float = 5,
    spent: float = 2_000,
    size: int = 9,
    goods: Mapping[str, float] | None = None,
    **offsets: float,
) -> Profile:
    """A cluster by what names it."""
    goods = goods or {}
    medians = {**dict.fromkeys([*NAMES, *goods], 0.0), "recency": days}
    medians |= {"frequency": orders, "monetary": spent}
    return Profile(size, medians, {**dict.fromkeys(NAMES, 0.0), **offsets, **goods})


def test_a_name_says_how_lately_how_often_and_for_how_much() -> None:
    """On both sides of each line."""
    assert describe(profile(90, 3, 1_000), THIRDS) == "Recent regulars of high value"
    assert describe(profile(91, 2, 999), THIRDS) == "Lapsing occasional buyers of middle value"
    assert describe(profile(366, 0, 99), THIRDS) == "Lost buyers of low value"


def test_clusters_of_one_description_are_told_apart_by_what_is_most_unlike_everybody() -> None:
    """And by a number where that is the same too."""
    alike = [
        profile(size=30, online_share=1.5, basket=0.2),
        profile(size=20, online_share=-1.1, return_rate=1.0),
        profile(size=10, online_share=1.2),
    ]
    name = "Recent regulars of high value"
    assert name_all(alike, THIRDS, {}) == {
        0: f"{name}, online",
        1: f"{name}, in store",
        2: f"{name}, online 2",
    }


def test_a_name_says_what_is_bought_where_that_is_unlike_everybody() -> None:
    """The kind that stands out most, not the one that everybody buys; ``mostly`` from half of it on."""
    shares = {"share Socks": 0.6, "share Kids": 0.3, "share Boots": 0.1}
    usual = profile(goods={"share Socks": 0.4, "share Kids": 0.9, "share Boots": -1.5})
    assert describe(usual, THIRDS) == "Recent regulars of high value"
    parents = profile(goods={"share Socks": 0.4, "share Kids": 1.0, "share Boots": -1.5})
    parents = replace(parents, medians={**parents.medians, **shares})
    assert describe(parents, THIRDS) == "Recent regulars of high value, much Kids"
    more = replace(parents, medians={**parents.medians, "share Kids": 0.5})
    assert describe(more, THIRDS) == "Recent regulars of high value, mostly Kids"


def test_clusters_of_one_description_are_told_apart_by_what_they_buy_too() -> None:
    """By what they buy more of than others, not less, and by nothing that is said already."""
    goods = {"share Boots": -2.0, "share Kids": 0.8, "share Socks": 0.3}
    alike = [profile(size=30, basket=0.2, goods=goods), profile(size=20, online_share=-0.9, goods=goods)]
    name = "Recent regulars of high value"
    assert name_all(alike, THIRDS, {}) == {0: f"{name}, much Kids", 1: f"{name}, in store"}
    fans = [profile(size=size, goods={**goods, "share Kids": size / 4}) for size in (9, 8)]
    name = f"{name}, much Kids, much Socks"
    assert name_all(fans, THIRDS, {}) == {0: name, 1: f"{name} 2"}


def test_no_new_cluster_takes_the_name_of_one_that_continues() -> None:
    """Even where it fits it better."""
    kept = {0: "Recent regulars of high value"}
    named = name_all([profile(400, 0, 50), profile(basket=2.0)], THIRDS, kept)
    assert named == {**kept, 1: "Recent regulars of high value, large baskets"}


def test_pairs_are_those_of_the_least_sum_and_none_that_is_far() -> None:
    """Not the nearest for each in turn, which would leave the other one without."""
    before, scale = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([1.0, 1.0])
    assert match(before, np.array([[0.6, 0.0], [1.9, 0.0]]), scale, 1.5) == {0: 0, 1: 1}
    assert match(before, np.array([[0.0, 9.0], [0.9, 0.0]]), scale, 1.5) == {1: 1}
    assert match(before, np.array([[0.0, 9.0], [0.9, 0.0]]), np.array([1.0, 9.0]), 1.5) == {0: 0, 1: 1}


def test_more_or_fewer_clusters_than_last_week_leave_some_without() -> None:
    """Those furthest away."""
    one, two = np.array([[0.0]]), np.array([[0.1], [5.0]])
    assert match(one, two, np.array([1.0]), 1.5) == {0: 0}
    assert match(two, one, np.array([1.0]), 1.5) == {0: 0}
