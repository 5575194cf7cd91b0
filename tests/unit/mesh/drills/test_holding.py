"""A drill passes when the right receiver was told in time and heard of the end; anything else fails it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from mesh.drills import holding
from mesh.drills.drill import Drill
from mesh.drills.ground import Ground
from mesh.drills.watching import Incident, Page, Rule, Watch
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import DrillError
from mesh.kernel.settings import load_settings

RULE = Rule("SalesOrderPlacedSilent", {"drill": "quiet", "domain": "sales"}, "inactive")


def incident(number: int, receiver: str = "sales", outcome: str = "delivered") -> Incident:
    """An incident of the alert, with one page."""
    at = datetime.now(UTC)
    page = Page("mail", receiver, at, outcome, "text")
    return Incident(
        str(number), RULE.name, receiver, "sales@retail.example", "no order", at, at, None, {}, (page,)
    )


class World:
    """A mesh whose alerting answers as it is told: what is seen while the fault is in force, and after."""

    def __init__(self, during: Callable[[], list[Incident]], *, resolves: bool = True) -> None:
        self.during, self.resolves = during, resolves
        self.steps: list[str] = []
        self.seen: list[Incident] = []
        self.active: list[dict[str, str]] = []
        self.receivers: set[str] = set()

    def fault(self, _: Ground) -> Generator[None, None, None]:
        """Breaks and heals, and says when."""
        self.steps.append("broken")
        self.seen = self.during()
        try:
            yield
        finally:
            self.steps.append("healed")
            if self.resolves:
                self.seen = [dataclasses.replace(one, resolved_at=datetime.now(UTC)) for one in self.seen]
        yield

    def rules(self) -> list[Rule]:
        return [RULE]

    def incidents(self) -> list[Incident]:
        return self.seen

    def firing(self, _: str) -> list[dict[str, str]]:
        return self.active

    def routed(self, _: str) -> set[str]:
        return self.receivers


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long here."""
    monkeypatch.setattr(holding, "POLL", 0.01)
    monkeypatch.setattr(holding, "RESOLUTION", 0.1)


def held(world: World, **changes: Any) -> holding.Outcome:
    """The outcome of a drill in this world."""
    settings = load_settings()
    ground = Ground(settings, find_mesh(settings), "sales.public.order-placed.v1", "test")
    drill = Drill("quiet", "a source", world.fault, 1, **changes)
    return holding.hold(drill, ground, cast("Watch", world), limit=0.2)


def test_the_right_receiver_in_time_passes() -> None:
    """With who, how soon, by which channel and the words."""
    world = World(lambda: [incident(1)])
    found = held(world)
    assert found.passed, found.fault
    assert (found.alert, found.receiver, found.via, found.text) == (RULE.name, "sales", "mail", "no order")
    assert found.seconds is not None
    assert found.resolved is not None
    assert world.steps == ["broken", "healed"]


def test_another_receiver_fails() -> None:
    """As after a deleted route: the outcome says where the page went."""
    found = held(World(lambda: [incident(1, receiver="platform")]))
    assert "nobody of sales was paged within 0 s: SalesOrderPlacedSilent went to platform" in found.fault


def test_a_page_that_was_not_delivered_is_none() -> None:
    """Though the incident is recorded."""
    assert not held(World(lambda: [incident(1, outcome="failed")])).passed


def test_the_log_tells_nobody_where_mail_is_set() -> None:
    """A page that is only written down counts where nothing else is set up."""
    logged = dataclasses.replace(incident(1).pages[0], channel="log")
    assert held(World(lambda: [dataclasses.replace(incident(1), pages=(logged,))])).passed
    waiting = incident(1, outcome="waiting").pages[0]
    assert not held(World(lambda: [dataclasses.replace(incident(1), pages=(logged, waiting))])).passed


def test_an_alert_that_does_not_fire_fails() -> None:
    """As after a flipped threshold."""
    world = World(list)
    found = held(world)
    assert "does not fire; see its expression and its threshold" in found.fault
    assert world.steps == ["broken", "healed"]


def test_an_alert_that_is_lost_on_its_way_is_told() -> None:
    """Fires, and Alertmanager does not have it, or has it for somebody else."""
    world = World(list)
    world.active = [{"alertname": RULE.name}]
    assert "Alertmanager has not got it" in held(world).fault
    world.receivers = {"nobody"}
    assert "routes it to nobody" in held(world).fault


def test_what_is_not_resolved_fails() -> None:
    """Whoever was paged would go on searching."""
    found = held(World(lambda: [incident(1)], resolves=False))
    assert "is not resolved" in found.fault


def test_an_alert_that_fires_already_proves_nothing() -> None:
    """Nothing is broken then."""
    world = World(list)
    world.seen = [incident(1)]
    assert "is firing already" in held(world).fault
    assert world.steps == []


def test_an_alert_that_is_about_to_end_is_waited_for() -> None:
    """What the drill before set off in passing is no reason to hold none."""

    class Ending(World):
        looks = 0

        def incidents(self) -> list[Incident]:
            self.looks += 1
            if self.looks == 2:
                self.seen = [dataclasses.replace(incident(1), resolved_at=datetime.now(UTC))]
            return super().incidents()

    world = Ending(lambda: [incident(2)])
    world.seen = [incident(1)]
    found = held(world)
    assert (found.fault, found.alert) == ("", RULE.name)


def test_a_late_page_fails() -> None:
    """Seconds count from the fault."""

    def late() -> list[Incident]:
        one = incident(1)
        page = dataclasses.replace(one.pages[0], at=datetime.now(UTC) + timedelta(seconds=5))
        return [dataclasses.replace(one, pages=(page,))]

    assert "was paged after 5 s, not within 0 s" in held(World(late)).fault


def test_a_drill_without_alert_fails() -> None:
    """Before anything is broken."""
    world = World(list)
    assert "drill-without-alert" in held(world, proves="something-else").fault
    assert world.steps == []


def test_a_service_level_must_be_broken_first() -> None:
    """Freshness is added to the limit."""
    settings = load_settings()
    ground = Ground(settings, find_mesh(settings), "sales.public.order-placed.v1", "test")
    drill = Drill("quiet", "a source", World(list).fault, 1, promised="freshness")
    assert drill.limit(ground) == 120
    with pytest.raises(DrillError):
        drill.rule([], ground)
