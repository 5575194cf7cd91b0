"""Rules on whole tables: stated in a contract, judged over the newest record of each entity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from mesh.kernel.errors import ContractError
from mesh.kernel.quality import NotNull, Values
from mesh.kernel.table_fold import broken
from mesh.kernel.table_rules import SHOWN, Share, Unique

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder

FILE = "contract.yaml"
START = datetime(2024, 1, 1, tzinfo=UTC)
STATED = "[red, green]}, mustBe: 0}"
UNIQUE = STATED + "\n          - {metric: duplicateValues, mustBe: 0}"
SHARE = STATED + (
    "\n          - {metric: invalidValues, arguments: {validValues: [red]}, mustBeLessThan: 10,"
    " unit: percent}"
)


def toy(number: int, colour: str | None, valid_from: int = 0, seq: int = 0) -> dict[str, Any]:
    """A version of a toy."""
    since = START + timedelta(seconds=valid_from)
    return {"toy_id": f"t{number}", "valid_from": since, "seq": seq, "colour": colour}


def test_rules_on_tables_stand_beside_those_on_records(toys: Folder) -> None:
    """And are no rules on records."""
    plain = toys.port().rules
    toys.change(FILE, STATED, UNIQUE)
    assert toys.port().table_rules == (Unique("colour"),)
    assert toys.port().rules == plain


def test_no_two_entities_have_a_unique_value(toys: Folder) -> None:
    """Versions of one entity may repeat it; both that share it are named; nulls are not compared."""
    toys.change(FILE, STATED, UNIQUE)
    port = toys.port()
    assert broken(port, [toy(1, "red"), toy(1, "red", 5), toy(2, "green"), toy(3, None), toy(4, None)]) == []
    (found,) = broken(port, [toy(1, "red"), toy(2, "green"), toy(3, "red")])
    assert (found.rule, found.found, found.keys) == (Unique("colour"), 2, (("t1",), ("t3",)))


def test_what_an_entity_no_longer_says_breaks_nothing(toys: Folder) -> None:
    """Its newest version counts, and of that the highest revision, in whatever order they come."""
    toys.change(FILE, STATED, UNIQUE)
    versions = [toy(1, "green", 5, 1), toy(1, "red", 5), toy(1, "red", 0, 9), toy(2, "red")]
    for records in (versions, versions[::-1]):
        assert broken(toys.port(), records) == []


def test_a_share_is_below_its_limit(toys: Folder) -> None:
    """At the limit it is broken, and so is a share of few; without values there is none."""
    toys.change(FILE, STATED, SHARE)
    port = toys.port()
    assert port.table_rules == (Share(Values("colour", ("red",)), Decimal(10)),)
    reds = [toy(number, "red") for number in range(1, 10)]
    assert broken(port, [*reds, toy(10, "red"), toy(11, "green")]) == []
    (found,) = broken(port, [*reds, toy(10, "green")])
    assert (found.found, found.keys) == (1, (("t10",),))
    assert broken(port, [toy(1, None)]) == []
    (many,) = broken(port, [toy(number, "green") for number in range(50)])
    assert (many.found, len(many.keys)) == (50, SHOWN)


def test_a_share_of_nulls_is_of_all_entities(toys: Folder) -> None:
    """Those that lack the field are named; at the limit it is broken."""
    toys.change(FILE, STATED, SHARE.replace("invalidValues, arguments: {validValues: [red]}", "nullValues"))
    port = toys.port()
    assert port.table_rules == (Share(NotNull("colour"), Decimal(10), dimension="completeness"),)
    reds = [toy(number, "red") for number in range(1, 10)]
    assert broken(port, [*reds, toy(10, "red"), toy(11, None)]) == []
    (found,) = broken(port, [*reds, toy(10, None)])
    assert (found.found, found.keys) == (1, (("t10",),))
    assert broken(port, []) == []


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (UNIQUE.replace("Values, mustBe: 0}", "Values, mustBe: 1}"), "rule-aggregate"),
        (SHARE.replace("unit: percent", "unit: rows"), "share-unit"),
        (SHARE.replace("mustBeLessThan: 10", "mustBeLessThan: 0"), "share-limit"),
        (SHARE.replace("mustBeLessThan: 10", "mustBeLessThan: 101"), "share-limit"),
        (SHARE.replace(", unit: percent", ""), "key-missing"),
        (SHARE.replace("invalidValues, arguments: {validValues: [red]}", "rowCount"), "metric-unknown"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(toys: Folder, new: str, code: str) -> None:
    """With its code."""
    assert new not in (UNIQUE, SHARE)
    toys.change(FILE, STATED, new)
    with pytest.raises(ContractError) as caught:
        toys.read()
    assert caught.value.code == code


def test_a_rule_on_a_table_is_for_plain_fields(toys: Folder) -> None:
    """Not for those of lists."""
    old = "{type: custom, engine: mesh, implementation: {equals: price + fee, tolerance: 0.01}}"
    toys.change(FILE, old, "{metric: duplicateValues, mustBe: 0}")
    with pytest.raises(ContractError) as caught:
        toys.read()
    assert caught.value.code == "rule-type"
