"""Pages go out at least once and in order, however often the other side or the pager itself is away."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from mesh.kernel.metrics import REGISTRY
from mesh.kernel.settings import Settings
from observability.pager.book import Book
from observability.pager.channel import DeliveryError, Note
from observability.pager.delivery import LONGEST_PAUSE, PATIENCE, Delivery
from observability.pager.entry import Change, Outcome, Paged, Route
from observability.pager.incident import Page
from observability.pager.journal import Journal
from observability.pager.pager import Pager
from tests.unit.observability.pager.notifications import at, fired, posted, posted_alert, taken_on


class Box:
    """A channel that takes notes, or does not."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Change]] = []
        self.fault: Exception | None = None
        self.tries = 0

    def send(self, note: Note) -> None:
        self.tries += 1
        if self.fault is not None:
            raise self.fault
        self.taken.append((note.incident.id, note.change))


class World:
    """A book with one open incident, its delivery, and a clock that only its pauses move."""

    def __init__(self, **channels: Box) -> None:
        self.channels = channels
        self.clock = at(0)
        self.pauses: list[float] = []
        self.records: list[tuple[Outcome, str]] = []
        self.before_pause: Callable[[], None] = lambda: None
        self.book = Book()
        due = tuple(Route("sales", name) for name in channels)
        incident = self.book.apply(fired(0, due=due))
        assert incident is not None
        self.incident = incident.id
        self.delivery = Delivery(self.book, channels, self.record, lambda: self.clock, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock += timedelta(seconds=seconds)
        self.before_pause()
        await asyncio.sleep(0)

    def record(self, incident: str, page: Page, outcome: Outcome, reason: str) -> None:
        self.records.append((outcome, reason))
        self.book.apply(Paged(self.clock, incident, page.change, page.route, outcome, reason))

    def run(self) -> None:
        """Until nothing waits any more."""

        async def drained() -> None:
            self.delivery.dispatch(self.book[self.incident])
            self.delivery.dispatch(self.book[self.incident])  # asked twice, it sends once
            await self.delivery.idle()
            self.delivery.close()

        asyncio.run(drained())


def delivered(channel: str, outcome: str) -> float:
    """The counter of pages."""
    labels = {"receiver": "sales", "channel": channel, "outcome": outcome}
    return REGISTRY.get_sample_value("mesh_pages_total", labels) or 0.0


def test_a_page_goes_out_over_every_channel() -> None:
    """Once each, and is counted."""
    before = delivered("mail", "delivered")
    world = World(mail=Box(), teams=Box())
    world.run()
    assert [box.taken for box in world.channels.values()] == [[(world.incident, Change.FIRED)]] * 2
    assert delivered("mail", "delivered") == before + 1
    assert all(page.outcome is Outcome.DELIVERED for page in world.book[world.incident].pages)


def test_pages_of_an_incident_keep_their_order() -> None:
    """Nobody reads that it is taken on before they read what it is."""
    box = Box()
    world = World(mail=box)
    world.book.apply(taken_on(1, world.incident))
    world.run()
    assert [change for _, change in box.taken] == [Change.FIRED, Change.ACKNOWLEDGED]


def test_an_hour_without_mail_delays_a_page() -> None:
    """With growing pauses, and no more written down than that it began and ended."""
    box = Box()
    box.fault = DeliveryError("the mail server does not answer")
    world = World(mail=box)

    def mended_after_an_hour() -> None:
        if world.clock >= at(3_600):
            box.fault = None

    world.before_pause = mended_after_an_hour
    before = delivered("mail", "failed")
    world.run()
    assert box.taken == [(world.incident, Change.FIRED)]
    assert world.records == [
        (Outcome.WAITING, "the mail server does not answer"),
        (Outcome.DELIVERED, ""),
    ]
    assert world.pauses[0] < 3
    assert max(world.pauses) <= LONGEST_PAUSE
    assert 60 < box.tries < 80
    assert delivered("mail", "failed") == before + box.tries - 1


def test_a_page_is_given_up_after_a_day() -> None:
    """Which is shown as failed, with the reason; the next page is tried for as long."""
    box = Box()
    box.fault = DeliveryError("refused (404)")
    world = World(mail=box)
    world.run()
    assert world.records[-1] == (Outcome.FAILED, "refused (404)")
    assert PATIENCE < world.clock - at(0) < PATIENCE + timedelta(seconds=2 * LONGEST_PAUSE)
    (page,) = world.book[world.incident].pages
    assert (page.outcome, page.reason) == (Outcome.FAILED, "refused (404)")


def test_a_channel_that_is_away_keeps_back_no_other() -> None:
    """Each has a way and threads of its own."""
    mail, teams = Box(), Box()
    mail.fault = DeliveryError("away")
    world = World(mail=mail, teams=teams)

    def mended_after_teams() -> None:
        if teams.taken:
            mail.fault = None

    world.before_pause = mended_after_teams
    world.run()
    assert len(mail.taken) == len(teams.taken) == 1


def test_a_fault_of_ours_shows_no_secret_and_ends_no_lane() -> None:
    """Its text may hold the address of a webhook."""
    box = Box()
    box.fault = RuntimeError("https://hook.example/canary-7f3a")
    world = World(webhook=box)
    world.before_pause = lambda: setattr(box, "fault", None)
    world.run()
    assert world.records[0] == (Outcome.WAITING, "a fault of the pager (RuntimeError)")
    assert len(box.taken) == 1


def test_a_channel_that_is_set_no_more_is_told_so() -> None:
    """The page was due before the restart that took the setting away."""
    world = World(mail=Box())
    world.channels.clear()
    world.before_pause = lambda: setattr(world, "clock", at(0) + 2 * PATIENCE)
    world.run()
    assert world.records[-1] == (Outcome.FAILED, "is not set any more")


FIRE, END, ACK, AWAY, BACK, REST, CRASH = range(7)
steps = st.tuples(st.integers(FIRE, CRASH), st.integers(0, 1))


class Life:
    """A pager over its journal that may be killed between any two steps."""

    def __init__(self, folder: Path, box: Box) -> None:
        self.folder, self.box = folder, box
        self.back = asyncio.Event()
        self.back.set()
        self.seconds = 0
        self.crashes = 0
        self.pager = self._start()

    def _clock(self) -> datetime:
        self.seconds += 1
        return at(self.seconds)

    async def _pause(self, _: float) -> None:
        await self.back.wait()

    def _start(self) -> Pager:
        settings = Settings(home=self.folder)
        pager = Pager(settings, Journal(self.folder), {"mail": self.box}, self._clock, self._pause)
        pager.start()
        return pager

    async def step(self, what: int, which: int) -> None:
        match what:
            case 0 | 1:
                end = "2026-11-28T12:01:00Z" if what == END else "0001-01-01T00:00:00Z"
                status = "resolved" if what == END else "firing"
                alert = posted_alert(status=status, endsAt=end, fingerprint=str(which))
                self.pager.notify("sales", posted(alert))
            case 2:
                for incident in self.pager.incidents(everything=True, limit=2)[which:]:
                    self.pager.acknowledge(incident.id, "anna", "")
            case 3:
                self.box.fault = DeliveryError("away")
                self.back.clear()
            case 4:
                self.box.fault = None
                self.back.set()
            case 5:
                await asyncio.sleep(0.002)
            case _:
                self.crashes += 1
                self.pager.close()
                self.pager = self._start()


@limits(max_examples=40)  # each of them syncs a real journal
@given(st.lists(steps, max_size=20))
def test_nothing_is_lost_whatever_dies_when(history: list[tuple[int, int]]) -> None:
    """Every change is told at least once and in order; more than once only after a crash."""

    async def lived(folder: Path) -> None:
        box = Box()
        life = Life(folder, box)
        for step in [*history, (CRASH, 0), (BACK, 0)]:
            await life.step(*step)
        await life.pager.delivery.idle()
        counts = Counter(box.taken)
        for incident in life.pager.book:
            changes = [page.change for page in incident.pages]
            first = list(dict.fromkeys(change for name, change in box.taken if name == incident.id))
            assert first == changes
            assert all(page.outcome is Outcome.DELIVERED for page in incident.pages)
            assert all(counts[incident.id, change] <= 1 + life.crashes for change in changes)
        life.pager.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lived(Path(folder)))
