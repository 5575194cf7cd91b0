"""A shop whose customers are drawn from the models themselves: what they will spend is known, and is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.worth import counting, history, spending
from analytics.worth.counting import Counting
from analytics.worth.parameters import Parameters
from analytics.worth.purchases import COLUMNS, Customers, Numbers, Purchases
from analytics.worth.spending import Spending
from analytics.worth.valuing import MODEL, PROXY, told, value
from mesh.kernel.errors import LearningError

OPENED = date(2021, 1, 1)
DAYS = 1200
PARAMETERS = Parameters()


def shop(count: int = 700, rate: float = 0.02, seed: int = 3) -> Purchases:
    """Customers who register in the first year, each with a rate and a purse of its own; some stop."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        day, often = float(chance.integers(0, 365)), chance.gamma(1.2) * rate
        stop, purse = chance.beta(1.0, 4.0), 30 / chance.gamma(4.0)
        came = 0
        while day < DAYS:
            rows.append((f"c{number:04}", OPENED + timedelta(int(day)), 1, purse * chance.gamma(6.0)))
            came += 1
            if came > 1 and chance.random() < stop:
                break
            day += max(1.0, chance.exponential(1 / often))
    frame = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    return Purchases(
        frame.group_by("customer_id", "day")
        .agg(pl.sum("orders"), pl.sum("net"))
        .select(list(COLUMNS))
        .sort("customer_id", "day")
    )


SHOP = shop()
SAID = value(SHOP, None, PARAMETERS)


def customers(repeats: list[float], last: list[float], age: list[float], net: list[float]) -> Customers:
    """Customers as columns."""
    columns: list[Numbers] = [np.array(one, dtype=np.float64) for one in (repeats, last, age, net)]
    return Customers(tuple(map(str, range(len(repeats)))), *columns, np.zeros(len(repeats)))


def test_the_model_is_used_where_it_was_nearer() -> None:
    """By customer and in their order, on each earlier day."""
    assert (SAID.method, len(SAID.tests)) == (MODEL, 2)
    assert all(one.is_better for one in SAID.tests)
    assert SAID.used is SAID.model
    assert all(one.model is not None and abs(one.model.bias) < 20 for one in SAID.tests)


def test_the_parameters_that_made_a_shop_are_found_again() -> None:
    """Roughly, as a sample of customers tells them."""
    assert SAID.counting.r == pytest.approx(1.2, rel=0.25)
    assert SAID.counting.r / SAID.counting.alpha == pytest.approx(1.2 * 0.02, rel=0.2)
    assert SAID.counting.a / (SAID.counting.a + SAID.counting.b) == pytest.approx(0.2, abs=0.05)
    assert SAID.spending.q == pytest.approx(4.0, rel=0.25)


def test_who_has_been_silent_for_long_has_probably_stopped() -> None:
    """The more so the more often they bought; who bought once cannot have."""
    model = Counting(r=1.0, alpha=50.0, a=1.0, b=4.0)
    active = model.active(customers([0, 2, 10, 10], [0, 40, 200, 395], [400] * 4, [1] * 4))
    assert active[0] == 1
    assert active[0] > active[1] > active[2]
    assert active[3] > 0.8 > 0.1 > active[2]


def test_expected_days_are_those_of_the_paper() -> None:
    """Fader, Hardie and Lee work an example out: x=2, 30.43 of 38.86 weeks, 39 more of them: 1.226."""
    model = Counting(r=0.243, alpha=4.414 * 7, a=0.793, b=2.426)
    who = customers([2], [30.43 * 7], [38.86 * 7], [1])
    assert model.expected(who, 39 * 7)[0] == pytest.approx(1.226, abs=0.002)


def test_whoever_bought_little_is_drawn_towards_the_mean_of_all() -> None:
    """And whoever bought often is taken by the own mean."""
    model = Spending(p=6.0, q=4.0, v=15.0)
    once, often = model.expected(customers([0, 99], [0, 99], [99, 99], [100, 100]))
    assert model.p * model.v / (model.q - 1) == 30
    assert 30 < once < often < 100
    assert often == pytest.approx(100, rel=0.01)


def test_a_thin_history_is_told_by_the_proxy_and_says_so() -> None:
    """Most customers have bought once: nothing tells apart who comes back."""
    said = value(shop(rate=0.0005), None, PARAMETERS)
    assert (said.method, said.used is said.proxy) == (PROXY, True)
    assert "% of the customers have bought twice; the model needs 50 %" in said.reason


def test_a_model_that_was_not_nearer_is_not_used() -> None:
    """Or one that could not be tested at all."""
    worse = replace(PARAMETERS, tests=0)
    said = value(SHOP, None, worse)
    assert (said.method, said.reason) == (PROXY, "too little is known to test it on a day 365 days ago")
    one = SAID.tests[0]
    assert one.model is not None
    assert not replace(one, model=replace(one.model, rank=one.proxy.rank)).is_better
    assert not replace(one, model=replace(one.model, wape=one.proxy.wape)).is_better
    assert not replace(one, model=None).is_better


def test_no_day_knows_what_came_later() -> None:
    """What is told as of a day is the same, whatever followed."""
    day = OPENED + timedelta(800)
    whole, cut = value(SHOP, day, PARAMETERS), value(SHOP.between(date.min, day), day, PARAMETERS)
    assert whole.digest == cut.digest
    assert np.array_equal(whole.used, cut.used)
    assert whole.tests == cut.tests


def test_the_proxy_is_the_last_year_again() -> None:
    """Mean net of an order times orders of the last 365 days."""
    rows = [("a", OPENED, 1, 90.0), ("a", OPENED + timedelta(400), 2, 30.0)]
    who = Purchases(pl.DataFrame(rows, schema=COLUMNS, orient="row")).customers(OPENED + timedelta(410))
    assert who.proxy[0] * 365 == pytest.approx(120 / 3 * 2)
    assert [column[0] for column in (who.repeats, who.last, who.age, who.net)] == [1, 400, 410, 60]


def test_how_near_is_measured_by_customer() -> None:
    """Errors, their sum, the order, and what the first tenth spent."""
    spent = np.array([0.0, 10, 20, 70, 0, 0, 0, 0, 0, 0])
    perfect = told(spent, spent)
    assert (perfect.wape, perfect.bias, perfect.tenth) == (0, 0, 70)
    assert perfect.rank == pytest.approx(1)
    flat = told(np.full(10, 20.0), spent)
    assert (flat.wape, flat.bias, flat.rank) == (200, 100, 0)


def test_the_rows_that_are_kept_have_every_customer_and_test() -> None:
    """The used one is one of the two."""
    rows = history.values(SAID)
    assert [row["customer_id"] for row in rows] == sorted(set(SHOP.rows["customer_id"]))
    assert all(row["net"] == row["net_by_model"] for row in rows)
    assert [(row["day"], row["method"]) for row in history.tests(SAID)] == [
        (one.day, name) for one in SAID.tests for name in (MODEL, PROXY)
    ]


def test_who_spends_without_a_mean_is_not_told_by_the_model() -> None:
    """Its values are null then."""
    silent = replace(SAID, model=np.full(len(SAID.model), np.nan), method=PROXY)
    assert {row["net_by_model"] for row in history.values(silent)} == {None}
    assert not Spending(p=1, q=0.9, v=1).has_mean


def test_fits_repeat_to_the_last_bit() -> None:
    """Nothing is drawn by chance."""
    who = SHOP.customers(SHOP.last)
    assert counting.fit(who) == counting.fit(who)
    assert spending.fit(who) == spending.fit(who)


@pytest.mark.parametrize(
    ("purchases", "day", "words"),
    [
        (Purchases(SHOP.rows.head(0)), None, r"\[too-little-history\]"),
        (SHOP, OPENED, r"\[too-little-history\]"),
        (SHOP, OPENED + timedelta(5000), r"\[as-of-too-late\]"),
    ],
)
def test_a_day_of_which_too_little_is_known_is_refused(
    purchases: Purchases, day: date | None, words: str
) -> None:
    """With a reason."""
    with pytest.raises(LearningError, match=words):
        value(purchases, day, PARAMETERS)
