"""How a retailer shall trade: for how long, with how many customers, how fast, with which faults."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mesh.kernel.errors import SimulationError
from mesh.simulate.clock import DAY, SECOND, Clock, moment
from mesh.simulate.faults import BREAKS, Faults
from mesh.simulate.trade import trade
from mesh.simulate.world import World

MOST_CUSTOMERS = 2_000_000
DAYS, MOST_DAYS = 365, 3_650
MOST_RATE = 1_000_000
MOST_PERCENT = 50
LIVE_RATE = 50
LEAST_SILENCE = 60.0
"""Seconds without an order that are never too many."""
SHORTEST = 1_000
"""Microseconds that a day of trade lasts at least."""


@dataclass(frozen=True)
class Plan:
    """The arguments of a simulation; shares of faults in percent."""

    retailer: str
    customers: int = 5_000
    days: int | None = None
    """Of a history, :data:`DAYS` where nothing is said; live trade has no end of its own."""
    live: bool = False
    rate: int | None = None
    """Events a second: of a history the most, live about as many."""
    seed: int = 1
    late: float = 0.0
    duplicates: float = 0.0
    shuffled: float = 0.0
    bad: float = 0.0

    def check(self) -> None:
        """Raise :class:`SimulationError` naming the first argument that is out of range."""
        _within("--customers", self.customers, 1, MOST_CUSTOMERS)
        if self.live and self.days is not None:
            raise SimulationError(
                "argument-without-use",
                "says how long a history is, but --live trades from now on until it is ended",
                place="--days",
                remedy="leave out --days, or --live for a history",
            )
        _within("--days", self.trading_days, 1, MOST_DAYS)
        _within("--seed", self.seed, 0, 2**32 - 1)
        if self.rate is not None:
            _within("--rate", self.rate, 1, MOST_RATE)
        for name in ("late", "duplicates", "shuffled", "bad"):
            _within(f"--{name}", getattr(self, name), 0, MOST_PERCENT, " percent")
        together = self.late + self.duplicates + self.shuffled + self.bad
        _within("--late, --duplicates, --shuffled and --bad together", together, 0, 100, " percent")

    @property
    def trading_days(self) -> int:
        """How many days of trade a history has."""
        return DAYS if self.days is None else self.days

    @property
    def period(self) -> int:
        """Days of trade that are made at once: enough for whole columns to pay, few enough for the memory."""
        return max(1, min(56, 600_000 // self.customers))

    @property
    def faults(self) -> Faults:
        """The faults as shares."""
        return Faults(self.late / 100, self.duplicates / 100, self.shuffled / 100, self.bad / 100)

    def check_bad(self, world: World, origin: int, dead_letter_limit: int) -> None:
        """Raise :class:`SimulationError` when a part would park so many bad events that it stops."""
        a_minute = self.bad_a_minute(world, origin) if self.bad else 0
        if a_minute > dead_letter_limit:
            raise SimulationError(
                "simulation-too-bad",
                f"makes some {a_minute:,.0f} bad events a minute, and a part stops at {dead_letter_limit:,}",
                place="--bad",
                remedy="lower it or --rate; or set MESH_DEAD_LETTER_LIMIT higher, for `mesh up` too",
            )

    def bad_a_minute(self, world: World, origin: int) -> float:
        """About how many bad events leave in the worst minute, which may be the only one of a history."""
        described = sum(frame.height for name, frame in world.dimensions().items() if name in BREAKS)
        paced = (self.rate or LIVE_RATE) * 60
        if self.live:
            return (described + paced) * self.bad / 100
        days = min(self.period, self.trading_days)
        spread = Clock(origin, self.trading_days * DAY // days)
        whole = described + self.trading_days * sum(events_a_day(world, spread, days).values())
        return (whole if self.rate is None else min(whole, paced)) * self.bad / 100

    def origin(self, now: int) -> int:
        """When its trade begins: that of a history so that it ends with yesterday, live trade now."""
        return now - now % SECOND if self.live else now - now % DAY - self.trading_days * DAY

    def clock(self, world: World, origin: int) -> Clock:
        """The clock; live a day of trade lasts as long as the rate asks for."""
        if not self.live:
            return Clock(origin)
        a_day = sum(events_a_day(world, Clock(origin, SHORTEST), self.period).values())
        return Clock(origin, max(SHORTEST, int(a_day / (self.rate or LIVE_RATE) * SECOND)))

    def silence(self, world: World, clock: Clock) -> float:
        """For how many seconds live trade may bring no order, before something is wrong with it.

        Two of its days, so that a night is none, and thirty times as long as from one order to the next:
        were they drawn at any time of the day, that happened once in e**30.
        """
        orders = events_a_day(world, Clock(clock.origin, SHORTEST), self.period)["OrderPlaced"]
        return max(LEAST_SILENCE, max(2, 30 / max(orders, 1 / MOST_DAYS)) * clock.day / SECOND)

    def tag(self, clock: Clock) -> str:
        """What the ids of its orders begin with, and its file is called."""
        begins = moment(clock.origin)
        when = f"{begins:%Y%m%dT%H%M%S}" if self.live else f"{begins:%Y%m%d}"
        return f"{self.seed}-{self.customers}-{when}"

    def arguments(self) -> dict[str, Any]:
        """For whoever reads the ground truth."""
        return {**asdict(self), "days": None if self.live else self.trading_days}


def events_a_day(world: World, clock: Clock, days: int) -> dict[str, float]:
    """How many events of each kind a day of trade brings, with all that follows from it: those of days that
    are made to be counted.

    The season is that of the times that the clock gives them. Where its days are long they are spread over
    the year, each as full as any other; where they are short all of them are of one season.
    """
    events, _ = trade(world, clock, range(days), "counted")
    return {name: frame.height / days for name, frame in events.items()}


def _within(name: str, value: float, least: int, most: int, unit: str = "") -> None:
    if not least <= value <= most:
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"
        raise SimulationError(
            "argument-out-of-range",
            f"{shown} is not between {least:,} and {most:,}{unit}",
            place=name,
            remedy="see `mesh simulate --help`",
        )
