"""Examples do as their names say, or are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesh.checks.examples import codes, domain_faults, retailer_faults
from mesh.kernel.discovery import assemble
from tests.unit.mesh.conftest import TOY

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder


def faults(toys: Folder) -> list[str]:
    """The codes of what the check finds."""
    return [fault.code for fault in domain_faults(toys.read())]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, set()),
        ({"colour": "Red"}, {"value-unknown"}),  # its pattern is broken too, which is only a warning
        ({"colour": None}, {"value-missing"}),
        ({"wheels": 19, "colour": "blue"}, {"value-range", "value-unknown"}),
        ({"wheels": "4"}, {"event-malformed"}),
        ({"size": 4}, {"event-malformed"}),
        ({"occurred_at": "yesterday"}, {"event-malformed"}),
        ({"occurred_at": "2024-01-01T00:00:00"}, {"event-malformed"}),
        ({"parts": [{"name": "wheel", "price": 1.0, "total": "1.0000"}]}, {"event-malformed"}),
        ({"parts": [{"name": "wheel", "price": "1.00001", "total": "1.0000"}]}, {"event-malformed"}),
        ({"parts": [{"name": "wheel", "price": "one", "total": "1.0000"}]}, {"event-malformed"}),
        (
            {"parts": [{"name": "w", "price": "1.0000", "fee": "1.0000", "total": "1.0000"}]},
            {"value-equation"},
        ),
        ({"parts": "none"}, {"event-malformed"}),
    ],
)
def test_an_event_is_refused_for_what_is_wrong_with_it(
    toys: Folder, change: dict[str, Any], expected: set[str]
) -> None:
    """By its structure first, then by its rules; warnings refuse nothing."""
    assert codes(toys.port(), {**TOY, **change}) == expected


def test_a_body_that_is_no_event_is_refused(toys: Folder) -> None:
    """Nor is one in a list."""
    assert codes(toys.port(), 7) == {"event-malformed"}
    assert codes(toys.port(), [TOY, 7]) == {"event-malformed"}


def test_a_list_of_events_is_judged_as_a_table_too(toys: Folder) -> None:
    """Each event by itself, and all together."""
    rule = "{metric: invalidValues, arguments: {validValues: [red, green]}, mustBe: 0}"
    toys.change("contract.yaml", rule, f"{rule}\n          - {{metric: duplicateValues, mustBe: 0}}")
    other = {**TOY, "toy_id": "toymaker:2"}
    assert codes(toys.port(), [TOY, {**other, "colour": "green"}]) == set()
    assert codes(toys.port(), [TOY, other]) == {"value-repeated"}
    assert codes(toys.port(), [TOY, {**other, "wheels": 19}]) == {"value-repeated", "value-range"}
    toys.example("ToyMade.v1.twice.fail.json", {"refused": "value-repeated", "events": [TOY, other]})
    toys.example("ToyMade.v1.versions.pass.json", [TOY, {**TOY, "valid_from": "2024-02-01T00:00:00Z"}])
    assert faults(toys) == []


def test_a_retailers_examples_are_judged_by_its_overlay(toys: Folder, tmp_path: Path) -> None:
    """And stand under the same names."""
    shop = tmp_path / "toyshop"
    (shop / "examples").mkdir(parents=True)
    (shop / "overlay.yaml").write_text(
        "retailer: toyshop\nports:\n  toys.public.toy.v1:\n    values: {colour: [blue]}\n"
    )
    blue = {**TOY, "colour": "blue"}
    (shop / "examples" / "ToyMade.v1.blue.pass.json").write_text(json.dumps(blue))
    mesh = assemble([toys.read()])
    assert list(retailer_faults(mesh, shop)) == []
    (shop / "examples" / "ToyMade.v1.red.pass.json").write_text(json.dumps(TOY))
    assert [fault.code for fault in retailer_faults(mesh, shop)] == ["example-refused"]


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("ToyMade.v1.wrong.pass.json", {**TOY, "wheels": 99}, "example-refused"),
        ("ToyMade.v1.right.fail.json", {"refused": "value-range", "event": TOY}, "example-passed"),
        (
            "ToyMade.v1.other.fail.json",
            {"refused": "value-range", "event": {**TOY, "colour": "blue"}},
            "example-passed",
        ),
        ("ToyMade.v1.bare.fail.json", TOY, "example-broken"),
        ("ToyMade.v2.red.pass.json", TOY, "example-name"),
        ("ToyBroken.v1.red.pass.json", TOY, "example-name"),
        ("notes.txt", TOY, "example-name"),
    ],
)
def test_an_example_that_does_not_do_as_its_name_says_is_refused(
    toys: Folder, name: str, body: object, code: str
) -> None:
    """One sample for each way."""
    assert faults(toys) == []
    toys.example(name, body)
    assert faults(toys) == [code]


def test_an_example_that_is_not_json_is_refused(toys: Folder) -> None:
    """With its file."""
    (toys.path / "examples" / "ToyMade.v1.torn.pass.json").write_text('{"event_id": ')
    assert faults(toys) == ["example-broken"]


@pytest.mark.parametrize("name", ["ToyMade.v1.red.pass.json", "ToyMade.v1.blue.fail.json"])
def test_a_public_event_needs_an_example_of_each_kind(toys: Folder, name: str) -> None:
    """One that passes and one that is refused."""
    (toys.path / "examples" / name).unlink()
    assert faults(toys) == ["example-missing"]
