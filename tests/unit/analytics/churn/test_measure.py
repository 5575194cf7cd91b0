"""How well a ranking finds the lost: worked out by hand."""

from __future__ import annotations

import numpy as np

from analytics.churn.measure import count, found, ranking, verdict

LOST = np.array([True, True, False, True, False, False, False, False, False, False])


def test_precision_and_recall_are_of_those_who_can_be_contacted() -> None:
    """Two of ten, one of whom is lost, of three that are."""
    scores = np.array([0.9, 0.1, 0.8, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    one = found(scores, LOST, 20)
    assert (one.contacted, one.lost, one.precision, one.recall) == (2, 1, 0.5, 1 / 3)
    assert one.auc is not None
    assert abs(one.auc - 19 / 21) < 1e-12  # one of seven who stay is before two of three who are lost


def test_a_share_is_rounded_up() -> None:
    """So that somebody is contacted where there is anybody."""
    assert [count(customers, 10) for customers in (0, 1, 10, 11)] == [0, 1, 1, 2]


def test_equal_scores_rank_in_the_order_of_customers() -> None:
    """So that a prediction is repeated to the last place."""
    assert ranking(np.array([0.5, 0.7, 0.5, 0.7])).tolist() == [1, 3, 0, 2]


def test_where_all_became_the_same_there_is_nothing_to_tell_apart() -> None:
    """No AUC, and a recall that stands for none."""
    none = found(np.arange(4.0), np.zeros(4, dtype=bool), 50)
    assert (none.precision, none.recall, none.auc) == (0, 0, None)


def test_a_model_is_better_only_where_chance_would_not_do() -> None:
    """Of those whom one of them contacts alone."""
    labels = np.zeros(200, dtype=bool)
    labels[:20] = True
    labels[100:104] = True
    first, second = np.arange(200.0)[::-1], np.roll(np.arange(200.0)[::-1], 100)
    assert verdict(first, second, labels, 10) == "better"
    assert verdict(second, first, labels, 10) == "worse"
    labels[:20] = False
    labels[:6] = True
    assert verdict(first, second, labels, 10) == "no better"
    assert verdict(first, first, labels, 10) == "no better"
