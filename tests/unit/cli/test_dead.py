"""``mesh dead``: what it prints, and when it asks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mesh.cli.main import app
from mesh.dead_letters import desk
from mesh.dead_letters.difference import Difference
from mesh.dead_letters.parked import Parked, parked_records
from mesh.dead_letters.plan import Action, Lot, Step
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from tests.unit.mesh.dead_letters.test_parked import ORDERS, PORTS, PRODUCTS, letter

MESH = find_mesh(Settings(home="nowhere"))


class Verdicts:
    """Can decode nothing."""

    def fields(self, *_: Any) -> None:
        """None."""


@dataclass
class StubDesk:
    """A desk with two faults of orders and one of products, one of which can be redriven."""

    settings: Any
    mesh: Any = MESH
    verdicts: Verdicts = field(default_factory=Verdicts)

    def parked(self, topic: str | None = None) -> list[Parked]:
        """What is parked."""
        letters = [letter(4), letter(5, "waiting-behind"), letter(7, "key-mismatch", key=b"shop:b")]
        found = parked_records([*letters, letter(1, topic=PRODUCTS, key=b"p@1#1")], PORTS, {})
        return [one for one in found if topic in (None, one.place.topic)]

    def propose(self, order: Any) -> desk.Proposal:
        """One key moves, one stays."""
        first, second, third = (one.place for one in self.parked(ORDERS))
        moves = Lot(PORTS[ORDERS], 1, b"shop:a", covers=5)
        moves.steps.append(Step(first, "undecodable", Action.PUBLISH, b"shop:a", b"v", 1, ("seq",)))
        moves.steps.append(Step(second, "waiting-behind", Action.PUBLISH, b"shop:a", b"v", 1))
        stays = Lot(PORTS[ORDERS], 1, b"shop:b", covers=7)
        stays.steps.append(Step(third, "key-mismatch", Action.STAY, reason="key-mismatch: no"))
        return desk.Proposal([moves, stays], {first: Difference("a new row", {"order_id": (None, "o1")})})

    def redrive(self, *_: Any) -> tuple[int, desk.Proposal]:
        """Nobody may come this far."""
        raise AssertionError("published")


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker is needed."""
    monkeypatch.setattr(desk, "Desk", StubDesk)


def run(*arguments: str) -> Result:
    """``mesh dead …``"""
    return CliRunner().invoke(app, ["dead", *arguments], env={"COLUMNS": "80"})


def test_the_list_fits_a_terminal_and_names_every_place() -> None:
    """By topic and code, then one by one."""
    found = run("list")
    assert found.exit_code == 0
    assert max(map(len, found.output.splitlines())) <= 80
    for word in (ORDERS, PRODUCTS, "1@4", "1@5", "behind 4", "shop:b", "key-mismatch"):
        assert word in found.output


def test_the_list_for_programs_has_groups_and_records() -> None:
    """With states and what is waited for."""
    found = json.loads(run("list", "--topic", ORDERS, "--json").output)
    assert [(g["code"], g["records"], g["states"]["open"]) for g in found["groups"]] == [
        ("undecodable", 1, 1),
        ("waiting-behind", 1, 0),
        ("key-mismatch", 1, 1),
    ]
    assert {r["place"]: r["behind"] for r in found["records"]} == {"1@4": None, "1@5": 4, "1@7": None}


def test_a_record_is_shown_with_what_waits_behind_it() -> None:
    """Its bytes where it cannot be decoded."""
    found = run("show", ORDERS, "1@4")
    assert "0000  76" in found.output
    assert "1 records wait behind it: 1@5" in found.output


def test_a_dry_run_shows_the_difference_and_what_stays() -> None:
    """And publishes nothing; exit 1, since something stays."""
    found = run("redrive", "--dry-run")
    assert found.exit_code == 1
    for words in (
        "a new row; edited: seq",
        "order_id",
        "o1",
        "key-mismatch: no",
        "to publish: 2",
        "release: 1",
    ):
        assert words in found.output
    document = json.loads(run("redrive", "--dry-run", "--json").output)
    (moves,), (stays,) = document["moves"], document["stays"]
    assert (moves["releases"], [r["place"] for r in moves["records"]]) == (5, ["1@4", "1@5"])
    assert (stays["releases"], stays["records"][0]["reason"]) == (None, "key-mismatch: no")


def test_nothing_is_published_without_a_yes() -> None:
    """Where nobody can be asked it says so."""
    found = run("redrive")
    assert "confirmation-missing" in str(found.exception)


def test_an_edit_and_giving_up_exclude_each_other() -> None:
    """One line."""
    assert "edit-invalid" in str(run("redrive", "--discard", "--set", "seq=1").exception)
