"""Conditions are read as people type them, and what is none is refused where it breaks."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.semantic.condition import Comparison, Joined, comparisons, parse
from mesh.kernel.errors import MeasureError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("country = 'US'", Comparison("country", "=", ("US",))),
        ("country='O''Brien'", Comparison("country", "=", ("O'Brien",))),
        ("order.discount <> 1.50", Comparison("order.discount", "!=", (Decimal("1.50"),))),
        ("n >= -3", Comparison("n", ">=", (-3,))),
        ("discount_applied = TRUE", Comparison("discount_applied", "=", (True,))),
        ("c in ('a', 'b')", Comparison("c", "in", ("a", "b"))),
        ("c NOT IN (1)", Comparison("c", "in", (1,), negated=True)),
        ("d between '2014-01-01' and '2014-02-01'", Comparison("d", "between", ("2014-01-01", "2014-02-01"))),
        ("c not like 'A%'", Comparison("c", "like", ("A%",), negated=True)),
        ("c is null", Comparison("c", "null", ())),
        ("c is not null", Comparison("c", "null", (), negated=True)),
    ],
)
def test_a_comparison_is_read(text: str, expected: Comparison) -> None:
    """Every sign, every kind of value, in small and large letters."""
    assert parse(text) == expected


def test_and_binds_more_than_or() -> None:
    """As everywhere; parentheses and not say otherwise."""
    a, b, c = (Comparison(name, "=", (1,)) for name in "abc")
    assert parse("a = 1 or b = 1 and c = 1") == Joined("or", (a, Joined("and", (b, c))))
    assert parse("(a = 1 or b = 1) and not c = 1") == Joined(
        "and", (Joined("or", (a, b)), Joined("not", (c,)))
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("country = ", "a value such as 'US' or 2014 is expected, not the end, at character 11"),
        ("country = US", "a value such as 'US' or 2014 is expected, not 'US', at character 11"),
        ("country", "a comparison such as =, <, in, between, like or is null is expected, not the end"),
        ("= 'US'", "a dimension is expected, not '=', at character 1"),
        ("country = 'US' state = 'X'", "'and', 'or' or the end is expected, not 'state', at character 16"),
        ("country = 'US", "not a text without its closing quote, at character 11"),
        ("(a = 1", "')' is expected, not the end, at character 7"),
        ("a in 1", "'(' is expected, not '1', at character 6"),
        ("a in (1 2)", "',' or ')' is expected, not '2', at character 9"),
        ("a between 1 or 2", "'and' is expected, not 'or', at character 13"),
        ("a is 5", "'null' is expected, not '5', at character 6"),
        ("a not = 1", "is expected, not '=', at character 7"),
        ("a = 1; DROP TABLE x", "'and', 'or' or the end is expected, not ';', at character 6"),
        ("a = 1 or", "a dimension is expected, not the end, at character 9"),
    ],
)
def test_what_is_no_condition_is_refused_where_it_breaks(text: str, said: str) -> None:
    """With the character, and how to write it."""
    with pytest.raises(MeasureError) as caught:
        parse(text)
    assert caught.value.code == "where-broken"
    assert said in caught.value.what
    assert str(caught.value).count("\n") == 0


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never anything but a condition or one error."""
    with suppress(MeasureError):
        assert all(comparison.name in text for comparison in comparisons(parse(text)))


@given(st.text())
def test_a_quoted_text_is_a_value_whatever_is_in_it(text: str) -> None:
    """So it can never become part of a statement."""
    doubled = text.replace("'", "''")
    assert parse(f"c = '{doubled}'") == Comparison("c", "=", (text,))
