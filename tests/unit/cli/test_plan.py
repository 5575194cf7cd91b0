"""``mesh plan`` shows differences to people and programs, and ends with what they amount to."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer

from mesh.cli import plan as verb
from mesh.kernel.errors import ContractError, MeshError, PlatformError
from mesh.provisioning.change import Action, Change, impossible
from mesh.provisioning.plan import Plan, apply_plan

CREATED = Change("topic", "toys.public.toy.v1", Action.CREATE, ("4 partitions",))
MANY = Change("access", "User:toys", Action.CHANGE, tuple(f"+ read topic {n}" for n in range(9)))
UNUSED = Change("topic", "old.public.thing.v1", Action.UNUSED, ("no contract names it",))
REFUSED = impossible("schema", "toys.public.toy.v1-value", ContractError("schema-incompatible", "breaks"))


class Recorded:
    """An area that notes what it is asked to apply."""

    def __init__(self, note: str = "", part: str = "toy") -> None:
        self.note, self.part = note, part
        self.applied: list[Change] = []

    def changes(self) -> list[Change]:
        return []

    def apply(self, changes: list[Change]) -> None:
        self.applied += changes


def planned(*changes: Change, note: str = "") -> Plan:
    """A plan of one area."""
    return Plan(((Recorded(note), changes),))  # type: ignore[arg-type]


def shown(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, as_json: bool = False
) -> tuple[int, str]:
    """The exit code of ``mesh plan`` for a plan, and what it prints."""
    monkeypatch.setattr(verb, "make_plan", lambda settings: plan)
    try:
        verb.command(as_json=as_json)
        code = 0
    except typer.Exit as exit_:
        code = exit_.exit_code
    return code, capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "code", "verdict"),
    [
        ((), 0, "nothing to change"),
        ((UNUSED,), 0, "nothing to change"),
        ((CREATED, UNUSED), 1, "1 change; `mesh apply` makes it"),
        ((CREATED, REFUSED), 2, "1 change cannot be made"),
    ],
)
def test_the_exit_code_is_the_verdict(
    changes: tuple[Change, ...],
    code: int,
    verdict: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 nothing, 1 changes, 2 incompatible; what is unused counts for nothing."""
    found, text = shown(planned(*changes), monkeypatch, capsys)
    assert found == code
    assert verdict in text
    assert all(change.name in text for change in changes)


def test_people_see_the_first_of_many_details(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And how many there are; notes stand below."""
    _, text = shown(planned(MANY, note="the broker has no authorizer"), monkeypatch, capsys)
    assert "… and 7 more" in text
    assert "no authorizer" in text


def test_programs_see_everything(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the code and the remedy of what is refused."""
    _, text = shown(planned(MANY, REFUSED), monkeypatch, capsys, as_json=True)
    document = json.loads(text)
    assert len(document["changes"][0]["details"]) == 9
    assert document["changes"][1]["code"] == "schema-incompatible"
    assert (document["due"], document["refused"]) == (1, 1)


def test_applying_does_what_is_due_and_tells_it() -> None:
    """In the order of the plan; what is unused stays."""
    area, lines = Recorded(), list[str]()
    apply_plan(Plan(((area, (CREATED, UNUSED, MANY)),)), lines.append)  # type: ignore[arg-type]
    assert area.applied == [CREATED, MANY]
    assert lines[0] == "topic toys.public.toy.v1 created: 4 partitions"


class Broken(Recorded):
    """An area whose part is away."""

    def apply(self, changes: list[Change]) -> None:
        raise PlatformError("toy-away", "does not answer", place="toy", remedy="wait")


def test_a_part_that_is_away_stops_its_own_areas_and_no_others() -> None:
    """What was done elsewhere is told in the order of the plan, and then what failed."""
    broken, behind, elsewhere = Broken(part="a"), Recorded(part="a"), Recorded(part="b")
    areas: Any = ((broken, (CREATED,)), (behind, (CREATED,)), (elsewhere, (MANY,)))
    lines = list[str]()
    with pytest.raises(PlatformError, match="toy-away"):
        apply_plan(Plan(areas), lines.append)
    assert (behind.applied, elsewhere.applied) == ([], [MANY])
    assert lines == [str(MANY)]


def test_nothing_is_applied_while_anything_is_refused() -> None:
    """In whatever area it is."""
    first, second = Recorded(), Recorded()
    plan = Plan(((first, (CREATED,)), (second, (REFUSED,))))  # type: ignore[arg-type]
    with pytest.raises(MeshError, match="schema-incompatible"):
        apply_plan(plan, lambda line: None)
    assert first.applied == second.applied == []
