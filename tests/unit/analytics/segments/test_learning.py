"""Segments of made-up customers whose kinds are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analytics.segments.card import card
from analytics.segments.clustering import choose
from analytics.segments.features import FEATURES, Features
from analytics.segments.learning import learn
from analytics.segments.parameters import Parameters
from mesh.kernel.errors import LearningError
from tests.unit.analytics.segments.crowd import KINDS, WEEK, crowd

USUAL = Parameters()


def test_kinds_of_customers_are_found_and_named_for_what_they_do() -> None:
    """As many segments as kinds, each holding one kind whole."""
    learned = learn(crowd(), USUAL, None)
    kinds = list(KINDS)
    found = {(kinds[int(who[1:]) % 4], segment) for who, segment in learned.assigned.items()}
    assert dict(found) == {
        "regular": "Recent regulars of high value",
        "seldom": "Recent occasional buyers of low value",
        "gone": "Lost buyers of middle value",
        "returning": "Recent regulars of middle value",
    }
    assert len(found) == 4
    assert learned.silhouette > 0.6
    assert learned.silhouette == max(learned.silhouettes.values())
    assert not learned.drift
    assert not any(segment.continues for segment in learned.segments)


def test_the_same_customers_are_in_the_same_segments_again() -> None:
    """And whatever decides on them changes the digest."""
    once, again = learn(crowd(), USUAL, None), learn(crowd(), USUAL, None)
    assert again == once
    customers = crowd()
    values = customers.values.copy()
    values[7, 2] = np.nextafter(values[7, 2], np.inf)
    others = (
        learn(replace(customers, values=values), USUAL, None),
        learn(customers, replace(USUAL, seed=1), None),
        learn(customers, USUAL, once),
    )
    assert len({once.digest, *(other.digest for other in others)}) == 4


def test_a_segment_keeps_its_name_when_what_its_customers_do_has_changed() -> None:
    """What they do now stands beside it, and drift tells that they have moved."""
    first = learn(crowd(), USUAL, None)
    later = crowd(WEEK.later(1), seed=2)
    later.values[1::4, 0] += 40
    second = learn(later, USUAL, first)
    names = {segment.name for segment in first.segments}
    assert {segment.name for segment in second.segments} == names
    assert second.assigned == first.assigned
    (moved,) = [segment for segment in second.segments if segment.described != segment.name]
    assert moved.name == "Recent occasional buyers of low value"
    assert moved.described == "Lapsing occasional buyers of low value"
    assert second.drift["recency"] > 0.25
    assert second.drift["online_share"] < 0.1


def test_a_kind_that_is_new_gets_a_name_of_its_own() -> None:
    """The others keep theirs."""
    first = learn(crowd(without=("returning",)), USUAL, None)
    second = learn(crowd(WEEK.later(1), seed=2), USUAL, first)
    fresh = [segment.name for segment in second.segments if not segment.continues]
    assert len(first.segments) == 3
    assert len(fresh) == 1
    assert {one.name for one in first.segments} | set(fresh) == {one.name for one in second.segments}


def test_last_weeks_number_stays_unless_another_is_clearly_better() -> None:
    """So that segments do not come and go with the last digit of a measure."""
    silhouettes = {3: 0.40, 4: 0.41, 5: 0.41, 6: 0.45}
    assert choose(silhouettes, None, 0.02) == 6
    assert choose({3: 0.40, 4: 0.41, 5: 0.41}, None, 0.02) == 4
    assert choose({3: 0.40, 4: 0.41}, 3, 0.02) == 3
    assert choose(silhouettes, 4, 0.02) == 6
    assert choose(silhouettes, 9, 0.02) == 6


def test_too_few_customers_have_no_segments() -> None:
    """In one line that says how many there are."""
    with pytest.raises(LearningError, match=r"\[too-few-customers\] 2014-W26: 40 customers .* 100 are"):
        learn(crowd(each=10), USUAL, None)


def test_customers_who_are_all_alike_have_no_segments() -> None:
    """However many they are."""
    few = crowd(each=60)
    few.values[:] = few.values[[place % 3 for place in range(len(few.values))]]
    with pytest.raises(LearningError, match=r"\[customers-alike\] 2014-W26: .* 3 ways, so 3 segments"):
        learn(few, USUAL, None)


def test_a_sample_chooses_the_number_and_everybody_gets_a_segment() -> None:
    """Where there are more customers than silhouettes can be had of."""
    learned = learn(crowd(each=300), replace(USUAL, sample=150), None)
    assert len(learned.assigned) == 1_200
    assert len(learned.segments) == 4


def test_what_nobody_returns_is_no_reason_to_fail() -> None:
    """A feature that is the same for all."""
    customers = crowd()
    customers.values[:, 4] = 0
    assert len(learn(customers, USUAL, None).assigned) == 240


def test_the_card_tells_what_decided() -> None:
    """Features, numbers tried, segments, parameters, what it is not for."""
    learned = learn(crowd(), USUAL, None)
    text = card(learned, USUAL)
    for part in (
        *(feature.meaning for feature in FEATURES),
        *(segment.name for segment in learned.segments),
        *("**Not for** prices", USUAL.text(), learned.digest[:12], learned.data_digest[:12], "no run before"),
    ):
        assert part in text
    assert "`recency`: 0." in card(learn(crowd(WEEK.later(1), seed=2), USUAL, learned), USUAL)


def test_amounts_below_zero_have_a_logarithm() -> None:
    """Whose refunds are more than what was paid counts as one who kept nothing."""
    values = np.array([[1.0, 1.0, -5.0, 1.0, 0.0, 0.0]])
    assert Features(WEEK, ("c",), values).prepared(3)[0, 2] == 0
