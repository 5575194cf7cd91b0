"""Holding one drill: break, wait for the page, heal, wait for the resolution, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from mesh.drills.drill import Drill
from mesh.drills.ground import Ground
from mesh.drills.watching import Incident, Rule, Watch
from mesh.kernel.clock import now
from mesh.kernel.errors import DrillError, MeshError

RESOLUTION = 150.0
"""Seconds from healing to the resolution: a rate over a minute must pass, and two rounds of everything."""
POLL = 0.5
"""Seconds between two looks."""
DELIVERED = "delivered"
LOG = "log"
"""The channel that is always there, and reaches nobody by itself."""
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What came of a drill. Times in seconds: from the fault to the page, from healing to the resolution."""

    drill: str
    alert: str = ""
    receiver: str = ""
    owner: str = ""
    via: str = ""
    """The channels that took the page."""
    seconds: float | None = None
    limit: float = 0.0
    text: str = ""
    resolved: float | None = None
    fault: str = ""
    """Why the drill failed; empty where it did not."""

    @property
    def passed(self) -> bool:
        """Whether the right receiver was paged in time, and told of the resolution."""
        return not self.fault


def hold(drill: Drill, ground: Ground, watch: Watch, *, limit: float | None = None) -> Outcome:
    """Hold a drill, whatever happens to its end; an error on the way is its outcome.

    ``limit`` replaces the seconds within which the page must come.
    """
    allowed = limit if limit is not None else drill.limit(ground)
    try:
        rule = drill.rule(watch.rules(), ground)
        return _Holding(drill, rule, ground, watch, allowed).hold()
    except MeshError as error:
        return Outcome(drill.name, limit=allowed, fault=str(error))


class _Holding:
    def __init__(self, drill: Drill, rule: Rule, ground: Ground, watch: Watch, limit: float) -> None:
        self._drill, self._rule, self._ground, self._watch = drill, rule, ground, watch
        self._limit = limit
        self._name = drill.incident or rule.name

    def hold(self) -> Outcome:
        self._await_quiet()
        known = {one.id for one in self._watch.incidents()}
        with closing(self._drill.inject(self._ground)) as fault:
            next(fault)
            began = now()
            self._ground.tell(f"waiting for {self._name} to page {self._rule.receiver}")
            if self._drill.unheard:
                self._await_held(began)
                next(fault)
                incident = self._await_page(known, now() + timedelta(seconds=self._limit))
                healed = now()
            else:
                incident = self._await_page(known, began + timedelta(seconds=self._limit))
                self._ground.tell(f"{incident.receiver} was paged; healing")
                next(fault)
                healed = now()
            resolved = self._await_resolution(incident.id)
            return self._outcome(incident, began, healed, resolved)

    def _await_quiet(self) -> None:
        """Until nothing is open under the alert's name: the drill before may have set it off in passing."""
        if not self._open():
            return
        self._ground.tell(f"waiting for {self._name}, which is firing, to be resolved")
        if self._until(lambda: not self._open() or None, now() + timedelta(seconds=RESOLUTION)) is None:
            raise DrillError(
                "drill-impossible",
                f"{self._name} is firing already, so that a drill would prove nothing",
                place=self._drill.name,
                remedy="mend that first; see `mesh incidents`",
            )

    def _open(self) -> bool:
        return any(one.name == self._name and one.resolved_at is None for one in self._watch.incidents())

    def _await_page(self, known: set[str], deadline: datetime) -> Incident:
        """The new incident, once somebody has been told of it."""

        def paged() -> Incident | None:
            new = [
                one
                for one in self._watch.incidents()
                if one.name == self._name and one.id not in known and any(_told(one))
            ]
            return next((one for one in new if one.receiver == self._rule.receiver), None)

        incident = self._until(paged, deadline)
        if incident is None:
            raise DrillError("drill-failed", self._why(known), place=self._drill.name)
        return incident

    def _await_held(self, began: datetime) -> None:
        """Until Alertmanager holds the page for the pager, or sends it past the pager."""
        wanted = self._rule.receiver
        deadline = began + timedelta(seconds=self._limit)
        if not self._until(lambda: wanted in self._watch.routed(self._name) or None, deadline):
            raise DrillError("drill-failed", self._why(set()), place=self._drill.name)
        self._ground.tell(f"Alertmanager holds the page after {(now() - began).total_seconds():.1f} s")

    def _await_resolution(self, incident: str) -> datetime | None:
        def resolved() -> datetime | None:
            return next((one.resolved_at for one in self._watch.incidents() if one.id == incident), None)

        return self._until(resolved, now() + timedelta(seconds=RESOLUTION))

    def _until(self, look: Callable[[], T | None], deadline: datetime) -> T | None:
        """The first answer, however late a last look comes; None when the time is over."""
        while True:
            try:
                if (found := look()) is not None:
                    return found
            except DrillError as error:  # a part that is broken on purpose does not answer for a while
                if now() > deadline:
                    raise error from None
            if now() > deadline:
                return None
            if self._ground.interrupted.wait(POLL):
                raise KeyboardInterrupt

    def _why(self, known: set[str]) -> str:
        """Where the page was lost on its way from the rule to the receiver, in one sentence."""
        late = f"nobody of {self._rule.receiver} was paged within {self._limit:.0f} s: "
        others = {
            one.receiver for one in self._watch.incidents() if one.name == self._name and one.id not in known
        }
        if others:
            return f"{late}{self._name} went to {', '.join(sorted(others))}; see the routes of Alertmanager"
        if self._drill.incident:
            return f"{late}the pager did not miss the watchdog"
        if not self._watch.firing(self._name):
            return f"{late}{self._name} does not fire; see its expression and its threshold"
        routed = self._watch.routed(self._name)
        if not routed:
            return f"{late}{self._name} fires, and Alertmanager has not got it"
        return f"{late}{self._name} fires, and Alertmanager routes it to {', '.join(sorted(routed))}"

    def _outcome(
        self, incident: Incident, began: datetime, healed: datetime, resolved: datetime | None
    ) -> Outcome:
        current = next((one for one in self._watch.incidents() if one.id == incident.id), incident)
        told = _told(incident)
        seconds = (min(told) - began).total_seconds()
        if resolved is None:
            fault = f"{self._name} is not resolved {RESOLUTION:.0f} s after healing"
        elif seconds > self._limit and not self._drill.unheard:
            fault = f"{incident.receiver} was paged after {seconds:.0f} s, not within {self._limit:.0f} s"
        else:
            fault = ""
        return Outcome(
            drill=self._drill.name,
            alert=self._name,
            receiver=incident.receiver,
            owner=incident.owner,
            via=", ".join(sorted({page.channel for page in current.pages if page.outcome == DELIVERED})),
            seconds=seconds,
            limit=self._limit,
            text=incident.summary,
            resolved=None if resolved is None else max((resolved - healed).total_seconds(), 0.0),
            fault=fault,
        )


def _told(incident: Incident) -> list[datetime]:
    """When somebody was told of an incident: by mail and the like where they are set, else in the log."""
    pages = [page for page in incident.pages if page.channel != LOG] or incident.pages
    return [page.at for page in pages if page.outcome == DELIVERED]
