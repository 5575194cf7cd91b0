"""``mesh simulate`` as a function: a plan in, events on the broker, numbers out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import count

import numpy as np
import polars as pl

from mesh.kernel.clock import now
from mesh.kernel.discovery import find_mesh, retailer_folder
from mesh.kernel.errors import PublishError, SimulationError
from mesh.kernel.home_file import LIVE, amend
from mesh.kernel.settings import Settings
from mesh.publish.outbox import Outbox, reach
from mesh.simulate.carrier import APPLICATION, TICK, Carrier
from mesh.simulate.chance import chance
from mesh.simulate.clock import DAY, SECOND, Clock
from mesh.simulate.description import read_description
from mesh.simulate.faults import NAMES, SOUND, fates, spoil
from mesh.simulate.plan import Plan
from mesh.simulate.post import Post
from mesh.simulate.report import EventReport, SimulationReport
from mesh.simulate.trade import LINES, trade
from mesh.simulate.truth import Truth
from mesh.simulate.world import World, build
from schemas.registry import schema_ids

WORLD = (
    "ProductDescribed", "LocationDescribed", "EmployeeDescribed", "CustomerRecorded", "PromotionAnnounced",
    "SalesTargetSet", "CampaignStarted", "ContactMade",
)  # fmt: skip
"""Events that describe who and what there is, those that others point to first."""
TRADE = (
    "OrderPlaced", "PaymentRecorded", "FulfilmentUpdated", "ReturnRecorded", "WebSessionEnded",
    "ArrivalsCounted", "StockCounted",
)  # fmt: skip
"""Events of the days of trade; live trade has so many of them a second as its rate says."""
EVENTS = (*WORLD, *TRADE)

Progress = Callable[[int, int], None]
"""Called with the records sent and the event time reached (microseconds)."""


def simulate(
    plan: Plan, settings: Settings, *, dry_run: bool = False, progress: Progress = lambda _sent, _time: None
) -> SimulationReport:
    """Publish the trade of a plan; live until interrupted.

    Raises :class:`SimulationError` for a plan or a retailer that cannot be used, and :class:`PublishError`
    when the broker does not take everything. ``dry_run`` makes and checks everything and sends nothing.
    """
    began, cpu = time.perf_counter(), time.process_time()
    plan.check()
    settings = _of_retailer(settings, plan.retailer)
    folder = retailer_folder(plan.retailer)
    assert folder is not None
    about = read_description(folder)
    origin = plan.origin(int(now().timestamp() * SECOND))
    ends = origin if plan.live else origin + plan.trading_days * DAY
    world = build(about, plan.seed, plan.customers, origin, ends, horizon(ends))
    plan.check_bad(world, origin, settings.dead_letter_limit)
    clock, until = plan.clock(world, origin), None if plan.live else ends
    office = Office(plan, settings, world, clock, until, dry_run=dry_run, progress=progress)
    try:
        office.describe()
        if until is None:
            office.trade_live()
        else:
            office.trade_history()
    except KeyboardInterrupt:
        if until is not None:
            office.close()
            raise
    office.close()
    office.report.seconds, office.report.cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    return office.report


def horizon(until: int) -> int:
    """The end of the year after the one of a moment: customers register up to then, whenever one looks."""
    return int((np.datetime64(until, "us").astype("datetime64[Y]") + 2).astype("datetime64[us]").astype(int))


class Office:
    """Carries a world's events from their generators to the broker."""

    def __init__(
        self, plan: Plan, settings: Settings, world: World, clock: Clock, until: int | None, *,
        dry_run: bool, progress: Progress,
    ) -> None:  # fmt: skip
        ports = {port.record.__name__: port for port in find_mesh(settings).ports.values()}
        chosen = [ports[name] for name in EVENTS]
        ids = (
            {port.topic: 0 for port in chosen}
            if dry_run
            else _provisioned(settings, [p.topic for p in chosen])
        )
        self._tag = plan.tag(clock)
        self._file = f"simulation {self._tag}"
        self._plan, self._world, self._clock, self._until = plan, world, clock, until
        self._home = settings.home
        self._posts = {
            name: Post(port, ids[port.topic], world.about.source, number)
            for number, (name, port) in enumerate(zip(EVENTS, chosen, strict=True))
        }
        outbox = None if dry_run else Outbox(settings, APPLICATION)
        rate = None if plan.live else plan.rate
        self._carrier = Carrier(chosen, outbox, self._file, rate, progress)
        self._truth = None if dry_run else Truth(settings.home, self._tag, plan.arguments())
        self.report = SimulationReport(
            plan.retailer,
            self._tag,
            dry_run,
            [EventReport(port.record.__name__, port.topic) for port in chosen],
            "" if self._truth is None else str(self._truth.path),
        )

    def describe(self) -> None:
        """Everything that orders point to; what begins later leaves later."""
        for name, events in self._world.dimensions().items():
            self._take(name, events, {}, 0)

    def trade_history(self) -> None:
        """Day after day, as fast as they may pass."""
        for start in range(0, self._plan.trading_days, self._plan.period):
            days = range(start, min(start + self._plan.period, self._plan.trading_days))
            self._make(days)
            self._carrier.deliver(self._end(days))
        self._carrier.deliver(None)

    def trade_live(self) -> None:
        """Day after day of trade, each record at its moment.

        Meanwhile its orders are a source that is live. Who ends it withdraws that; where it dies or cannot go
        on, orders stay away from a source that is said to be live, and somebody is told.
        """
        source = self._posts["OrderPlaced"].port.topic
        self._say_live(source, self._plan.silence(self._world, self._clock))
        try:
            for start in count(0, self._plan.period):
                days = range(start, start + self._plan.period)
                self._make(days)
                reached = 0
                while reached < self._end(days):
                    reached = int(now().timestamp() * SECOND)
                    self._carrier.deliver(reached)
                    time.sleep(TICK)
        except KeyboardInterrupt:
            self._say_live(source, None)
            raise

    def close(self) -> None:
        """See everything on the broker, and the ground truth written."""
        self._carrier.flush()
        for event, sent in zip(self.report.events, self._carrier.sent, strict=True):
            event.published = sent
        if self._truth is not None:
            self._truth.close(self._carrier.reached)

    def _say_live(self, topic: str, silence: float | None) -> None:
        if self._truth is not None:
            amend(self._home / LIVE, {topic: silence})

    def _end(self, days: range) -> int:
        return int(self._clock.moments(np.array([float(days.stop)]))[0])

    def _make(self, days: range) -> None:
        events, lines = trade(self._world, self._clock, days, self._tag)
        for name, frame in events.items():
            self._take(name, frame, {LINES: lines} if name == "OrderPlaced" else {}, days.stop)

    def _take(self, name: str, events: pl.DataFrame, lists: Mapping[str, pl.DataFrame], part: int) -> None:
        """Give the events that happen their fates, and hand them to the carrier."""
        if self._until is not None:
            events, lists = before(self._until, events, lists)
        if not events.height:
            return
        post, report = self._posts[name], self.report.event(name)
        numbers = chance(self._plan.seed, f"fates of {name} {self._tag}", part)
        fate = fates(name, events["occurred_at"].to_numpy(), self._plan.faults, self._clock, numbers)
        ahead = self._clock.origin if self._until is None else self._until
        events = post.stamped(spoil(name, events, fate, ahead))
        posted = post.post(events, lists, fate)
        rows = self._carrier.take(
            posted.records, [(int(fate.leaves[one.position]), one) for one in posted.refusals]
        )
        if self._truth is not None:
            self._truth.tell(post, events, posted, fate, self._file, rows)
        report.made += events.height
        report.elements += sum(elements.height for elements in lists.values())
        report.warnings += posted.warnings
        report.refused += len(posted.refusals)
        for fault, befallen in enumerate(np.bincount(fate.fault, minlength=len(NAMES))):
            if fault != SOUND:
                report.faults[NAMES[fault]] += int(befallen)


def before(
    until: int, events: pl.DataFrame, lists: Mapping[str, pl.DataFrame]
) -> tuple[pl.DataFrame, Mapping[str, pl.DataFrame]]:
    """The events before a moment, with the elements of their lists numbered anew."""
    happens = events["occurred_at"] < until
    if happens.all():
        return events, lists
    numbers = happens.cast(pl.Int64).cum_sum() - 1
    kept = {
        name: elements.filter(happens.gather(elements["_parent"])).with_columns(
            numbers.gather(elements.filter(happens.gather(elements["_parent"]))["_parent"]).alias("_parent")
        )
        for name, elements in lists.items()
    }
    return events.filter(happens), kept


def _of_retailer(settings: Settings, retailer: str) -> Settings:
    """The settings of a mesh that carries the retailer; it must not carry another one."""
    if settings.retailer not in ("", retailer):
        raise SimulationError(
            "retailer-differs",
            f"the mesh carries {settings.retailer}",
            place=retailer,
            remedy="a mesh carries one retailer: `mesh down --purge`, then `mesh up --retailer NAME`",
        )
    return settings.model_copy(update={"retailer": retailer})


def _provisioned(settings: Settings, topics: list[str]) -> dict[str, int]:
    """The schema id of each topic, once all of them are there."""
    present = reach(settings)
    for topic in topics:
        if topic not in present:
            raise PublishError("topic-missing", "does not exist", place=topic, remedy="run `mesh apply`")
    return schema_ids(settings)
