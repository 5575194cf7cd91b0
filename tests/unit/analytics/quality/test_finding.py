"""Findings: names of rules, and the verdict from counts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from analytics.quality.finding import Finding, Verdict
from analytics.quality.history import digest
from analytics.quality.rule_names import chosen, named
from analytics.quality.upkeep import Growing
from mesh.kernel.errors import ContractError
from mesh.kernel.quality import NotNull, Range, Regex, Values
from mesh.kernel.table_rules import Share, Unique
from tests.unit.analytics.quality.toys import port


def found(judged: int, failing: int, limit: str = "0", severity: str = "error") -> Finding:
    """A finding with these counts."""
    return Finding("t", "v", "r", "it holds", severity, judged, failing, Decimal(limit), ())


@pytest.mark.parametrize(
    ("judged", "failing", "limit", "verdict"),
    [
        (10, 0, "0", Verdict.OK),
        (10, 1, "0", Verdict.FAIL),
        (0, 0, "10", Verdict.OK),
        (10, 1, "10", Verdict.FAIL),
        (11, 1, "10", Verdict.OK),
        (3, 1, "33.4", Verdict.OK),
        (3, 1, "33.3", Verdict.FAIL),
    ],
)
def test_a_rule_is_broken_from_its_limit_on(judged: int, failing: int, limit: str, verdict: Verdict) -> None:
    """Exactly; a warning then warns."""
    assert found(judged, failing, limit).verdict is verdict
    warned = found(judged, failing, limit, "warning").verdict
    assert warned is (Verdict.OK if verdict is Verdict.OK else Verdict.WARN)


def test_rules_are_named_by_field_and_fault() -> None:
    """The second of a kind gets a number; a share is named by the rule that it is of."""
    rules = (NotNull("name"), Regex("name", "a"), Regex("name", "b"), Range("parts.count", Decimal(1)))
    of_table = (Unique("name"), Share(Values("name", ("a",)), Decimal(1)), Share(NotNull("name"), Decimal(1)))
    assert list(named(port(rules, of_table)).items()) == [
        ("name/value-missing", rules[0]),
        ("name/value-format", rules[1]),
        ("name/value-format-2", rules[2]),
        ("parts.count/value-range", rules[3]),
        ("name/value-repeated", of_table[0]),
        ("name/value-unknown-share", of_table[1]),
        ("name/value-missing-share", of_table[2]),
        ("rows/count-odd", Growing()),
    ]


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    """In one line."""
    assert chosen([port([NotNull("name")])], "name/value-missing") == "name/value-missing"
    with pytest.raises(ContractError, match=r"rule-unknown\] name/value-mising: .*'name/value-missing'"):
        chosen([port([NotNull("name")])], "name/value-mising")


def test_a_digest_changes_with_the_rule_and_not_with_what_it_finds() -> None:
    """So that only like is compared with like."""
    assert digest(found(10, 1)) == digest(found(20, 0))
    assert digest(found(10, 1)) != digest(found(10, 1, "5"))
    assert digest(found(10, 1)) != digest(found(10, 1, severity="warning"))
