"""Predictions on a made-up shop in which those who leave are known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from analytics.churn.backtest import backtest, trained_before
from analytics.churn.facts import Facts
from analytics.churn.parameters import Parameters
from analytics.churn.predicting import predict
from mesh.kernel.errors import LearningError
from tests.unit.analytics.churn.shop import OPENED, facts, shop

USUAL = Parameters(share=20)
SHOP = facts(shop())


def test_the_model_ranks_those_who_leave_before_those_who_stay() -> None:
    """Who came but once, before who comes every ten days; each probability as often right as it says."""
    said = predict(SHOP, None, USUAL)
    assert said.as_of == SHOP.last
    assert said.to_contact == -(-len(said.risks) // 5)
    stays = [int(risk.customer_id[1:]) % 3 == 0 for risk in said.risks]
    assert not any(stays[: said.to_contact])
    assert [risk.rank for risk in said.risks] == list(range(1, len(said.risks) + 1))
    assert sorted(risk.rank_by_rule for risk in said.risks) == [risk.rank for risk in said.risks]
    for test in said.tests:
        assert test.model.auc is not None
        assert test.rule.auc is not None
        assert test.model.auc > max(test.rule.auc, 0.8)
        assert test.model.precision > test.base_rate
        assert abs(float(np.mean(test.probabilities)) - test.base_rate) < 0.15


def test_tests_are_a_horizon_apart_and_the_newest_is_known_whole() -> None:
    """So that no customer's fate counts twice."""
    tests = backtest(SHOP, SHOP.last, USUAL)
    assert [test.seen.day for test in tests] == [SHOP.last - timedelta(90 * n) for n in (1, 2, 3, 4)]


def test_a_test_knows_nothing_that_came_after_its_day() -> None:
    """The same probabilities from a history that ends there."""
    test = backtest(SHOP, SHOP.last, USUAL)[1]
    model, trained = trained_before(SHOP.until(test.seen.day), test.seen.day, USUAL)
    assert model is not None
    assert trained == test.trained
    assert np.array_equal(model.probabilities(test.seen.values), test.probabilities)


def test_the_same_facts_give_the_same_prediction() -> None:
    """Whatever came later; and other facts another digest."""
    day = SHOP.last - timedelta(30)
    one, again, less = (predict(some, day, USUAL) for some in (SHOP, facts(shop()), SHOP.until(day)))
    assert one.digest == again.digest == less.digest
    assert one.risks == again.risks == less.risks
    assert predict(SHOP, day, Parameters(share=30)).digest != one.digest
    assert predict(SHOP, day - timedelta(1), USUAL).digest != one.digest


@pytest.mark.parametrize(
    ("known", "day", "says"),
    [
        (facts([]), None, r"\[no-facts\]: no order has landed"),
        (SHOP, OPENED - timedelta(1), r"\[too-little-history\] --as-of 2021-12-31: .* from 2022-10-01 on"),
        (SHOP, SHOP.last + timedelta(1), r"\[as-of-too-late\] .* name that day or an earlier one"),
        (facts(shop(customers=6)), None, r"\[too-little-history\] .* 200 are needed"),
        (facts(shop(days=200)), None, r"\[too-little-history\] .* wait until then"),
    ],
)
def test_where_too_little_is_known_one_line_says_so(known: Facts, day: date | None, says: str) -> None:
    """With a day that would do, where there is one."""
    with pytest.raises(LearningError, match=says):
        predict(known, day, USUAL)


def test_a_shop_that_nobody_leaves_has_nothing_to_predict() -> None:
    """Both kinds of customers are needed to tell them apart."""
    stays = facts((f"c{n}", day) for n in range(60) for day in range(n, 700, 10))
    with pytest.raises(LearningError, match=r"\[too-little-history\] .* some lost and some not"):
        predict(stays, None, USUAL)
