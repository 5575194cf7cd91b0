"""Rules mean exactly what their docstrings say."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.kernel.quality import (
    Equation,
    NotNull,
    Range,
    Regex,
    Rule,
    Term,
    Values,
    compile_rules,
    parse_expression,
    portable_pattern,
)


def codes(rules: Rule | list[Rule], record: dict[str, Any]) -> list[str]:
    """The codes of a record's violations."""
    port: Any = SimpleNamespace(rules=rules if isinstance(rules, list) else [rules])
    return [violation.code for violation in compile_rules(port)(record)]


EQUATION = Equation("net", parse_expression("gross - discount"), "gross - discount")


@pytest.mark.parametrize(
    ("rule", "holds", "fails"),
    [
        (NotNull("a"), ["", 0, False], [None]),
        (Values("a", ("x", "y")), ["x", None], ["X", "", "z"]),
        (Regex("a", "[0-9]+"), ["12", None], ["12x", "x12", "", "12\n"]),
        (
            Range("a", Decimal(1), Decimal(3)),
            [1, 3, Decimal("2.9999"), 2.5, None],
            [0, Decimal("3.0001"), 3.5],
        ),
        (Range("a", None, Decimal(3)), [-(10**30)], [4]),
        (Range("a", Decimal(1), None), [10**30], [0]),
    ],
)
def test_a_rule_holds_and_fails(rule: Rule, holds: list[Any], fails: list[Any]) -> None:
    """On the bounds, beyond them, and on null, where only NotNull fails."""
    assert [value for value in holds if codes(rule, {"a": value})] == []
    assert [value for value in fails if codes(rule, {"a": value}) != [rule.code]] == []


@pytest.mark.parametrize(
    "rule",
    [Values("a", ("x",)), Regex("a", "x"), Range("a", Decimal(1)), Equation("a", parse_expression("b"), "b")],
)
def test_an_absent_field_is_null(rule: Rule) -> None:
    """Only NotNull fails on it."""
    assert codes(rule, {}) == []
    assert codes(NotNull("a"), {}) == ["value-missing"]


def test_an_equation_with_an_unknown_term_holds() -> None:
    """Nothing can be said about it."""
    assert codes(EQUATION, {"net": Decimal(1), "gross": None, "discount": Decimal(1)}) == []
    assert codes(EQUATION, {"net": Decimal(1), "gross": Decimal(3), "discount": Decimal(1)}) == [
        "value-equation"
    ]


def test_rules_on_a_list_hold_for_each_element_and_fail_once() -> None:
    """A record has at most one violation a rule."""
    rule = Range("lines.quantity", Decimal(1))
    assert codes(rule, {"lines": []}) == []
    assert codes(rule, {"lines": [{"quantity": 1}, {"quantity": 2}]}) == []
    assert codes(rule, {"lines": [{"quantity": 1}, {"quantity": 0}, {"quantity": 0}]}) == ["value-range"]


def test_an_equation_in_a_list_reads_its_own_element() -> None:
    """And not another one's or the record's fields."""
    rule = Equation("lines.net", parse_expression("gross"), "gross")
    record = {"gross": 9, "lines": [{"net": 1, "gross": 1}, {"net": 2, "gross": 2}]}
    assert codes(rule, record) == []
    record["lines"][1]["gross"] = 1  # type: ignore[index]
    assert codes(rule, record) == ["value-equation"]


def test_a_null_record_has_nothing_to_judge() -> None:
    """Its fields are neither missing nor wrong."""
    rule = NotNull("summary.name")
    assert codes(rule, {"summary": None}) == []
    assert codes(rule, {"summary": {"name": None}}) == ["value-missing"]


def test_violations_come_in_the_contracts_order_without_values() -> None:
    """They can be logged and parked: no value of the record is in them."""
    port: Any = SimpleNamespace(rules=[Values("b", ("x",), severity="warning"), NotNull("a")])
    found = compile_rules(port)({"b": "secret"})
    assert [(violation.code, violation.severity) for violation in found] == [
        ("value-unknown", "warning"),
        ("value-missing", "error"),
    ]
    assert "secret" not in str(found)
    assert found[0].rule == "b is one of x"


amounts = st.decimals(min_value=-(10**14), max_value=10**14, places=4)


@given(
    net=amounts, gross=amounts, discount=amounts, units=st.integers(0, 2**62), tolerance=st.integers(0, 10)
)
def test_equations_are_exact(
    net: Decimal, gross: Decimal, discount: Decimal, units: int, tolerance: int
) -> None:
    """The same verdict as with rational numbers, however large the amounts."""
    rule = Equation(
        "net", parse_expression("units * gross - discount"), "", tolerance=Decimal(tolerance).scaleb(-4)
    )
    for left in (net, Decimal(units) * gross if units < 1000 else net):
        exact = Fraction(units) * Fraction(gross) - Fraction(discount)
        holds = abs(Fraction(left) - exact) <= Fraction(tolerance, 10_000)
        record = {"net": left, "gross": gross, "discount": discount, "units": units}
        assert (codes(rule, record) == []) == holds


def test_the_tolerance_is_part_of_what_holds() -> None:
    """A difference of just the tolerance holds, one of a ten-thousandth more fails."""
    rule = Equation("a", parse_expression("b"), "b", tolerance=Decimal("0.0001"))
    assert codes(rule, {"a": Decimal("1.0001"), "b": Decimal(1)}) == []
    assert codes(rule, {"a": Decimal("1.0002"), "b": Decimal(1)}) == ["value-equation"]


def test_expressions_are_sums_of_products() -> None:
    """Fields, exact numbers, plus, minus and times."""
    assert parse_expression("a * b - c + 1.5 * d") == (
        Term(1, ("a", "b")),
        Term(-1, ("c",)),
        Term(1, (Decimal("1.5"), "d")),
    )


@pytest.mark.parametrize("text", ["", "a +", "* a", "a b", "a / b", "(a)", "-a", "a.b", "f(a)", "a ** b"])
def test_other_expressions_are_refused(text: str) -> None:
    """No brackets, no calls, no division: nothing that could run or round."""
    with pytest.raises(ValueError, match=r"cannot read|ends too early"):
        parse_expression(text)


@pytest.mark.parametrize(
    "pattern", ["[0-9]{4}", "(?:a|b)\\.c", "[^@ ]+@x", "é+", "[*+]+", "[{,]a", r"\[:", "a{1000}"]
)
def test_portable_patterns_pass(pattern: str) -> None:
    """What every engine reads alike."""
    portable_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *("\\d+", "(?=a)b", "(?i)a", "(a)\\1", "\\bword", "[a", "(?P<n>a)"),
        *("[[:alpha:]]", "a++", "a{2}+", "a{,3}", "a{1001}", "a{1,2000}"),
    ],
)
def test_other_patterns_are_refused(pattern: str) -> None:
    """What engines read differently, or not at all."""
    with pytest.raises(ValueError, match=r".+"):
        portable_pattern(pattern)
