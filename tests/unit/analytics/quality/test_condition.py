"""Conditions in SQL: what the engine is asked, for what only reading it can show."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pytest

from analytics.quality.condition import broken, given, lacking, text
from mesh.kernel.event import Record
from mesh.kernel.quality import Equation, NotNull, Range, Regex, Values, parse_expression
from tests.unit.analytics.quality.toys import Toy


class Box(Record):
    """A record in a record, which no table has."""

    domain: ClassVar[str] = "toys"

    toy: Toy
    """What is in it."""


def test_texts_of_people_stay_texts() -> None:
    """Quotes and backslashes end nothing."""
    assert text("it's \\' --") == "'it\\'s \\\\\\' --'"
    assert broken(Values("name", ("a') OR 1 --",)), Toy) == "ifNull(row.`name` NOT IN ('a\\') OR 1 --'), 0)"


def test_a_pattern_is_of_the_whole_text() -> None:
    """All its alternatives are, and a point is no end of a line."""
    assert broken(Regex("name", "a|b"), Toy) == "ifNull(NOT match(row.`name`, '(?-s)^(?:a|b)$'), 0)"


def test_numbers_are_compared_as_wide_decimals() -> None:
    """Fields by their scale, numbers of the contract by their own."""
    rule = Equation("price", parse_expression("wheels * fee - 0.5"), "")
    assert broken(rule, Toy) == (
        "ifNull(abs(toDecimal256(row.`price`, 8) - toDecimal256(row.`wheels`, 0) * toDecimal256(row.`fee`, 8)"
        " + toDecimal256('0.5', 1)) > toDecimal256('0', 0), 0)"
    )
    assert "toDecimal256('100', 0)" in broken(Range("price", Decimal("1E+2")), Toy)


def test_within_a_list_some_element_is_asked_for() -> None:
    """For a fault, and for something to judge."""
    rule = NotNull("parts.note")
    element = "tupleElement(e0, 'note')"
    assert broken(rule, Toy) == f"arrayExists(e0 -> ifNull(isNull({element}), 0), row.`parts`)"
    assert given(rule, Toy) == "arrayExists(e0 -> 1, row.`parts`)"
    assert lacking("parts.note", Toy, "SELECT 1") == (
        f"arrayExists(e0 -> ifNull({element} NOT IN (SELECT 1), 0), row.`parts`)"
    )


def test_a_record_within_a_record_is_refused() -> None:
    """No table holds one."""
    with pytest.raises(ValueError, match="no table has as a column"):
        broken(NotNull("toy.name"), Box)
