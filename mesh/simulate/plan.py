"""How a retailer shall trade: for how long, with how many customers, how fast, with which faults."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mesh.kernel.errors import SimulationError
from mesh.simulate.clock import DAY, SECOND, Clock, moment
from mesh.simulate.description import Description
from mesh.simulate.faults import Faults
from mesh.simulate.world import orders_a_day

MOST_CUSTOMERS = 2_000_000
MOST_DAYS = 3_650
MOST_RATE = 1_000_000
MOST_PERCENT = 50
LIVE_RATE = 50
FACTS_A_DAY = 0.018
"""Orders and what follows them, by customer; with each customer's record these are what can be bad."""
EVENTS_AN_ORDER = 4.5
"""Middling; it decides how long a day of live trade lasts."""


@dataclass(frozen=True)
class Plan:
    """The arguments of a simulation; shares of faults in percent."""

    retailer: str
    customers: int = 5_000
    days: int = 365
    live: bool = False
    rate: int | None = None
    """Events a second: of a history the most, live about as many."""
    seed: int = 1
    late: float = 0.0
    duplicates: float = 0.0
    shuffled: float = 0.0
    bad: float = 0.0

    def check(self, dead_letter_limit: int) -> None:
        """Raise :class:`SimulationError` naming the first argument that is out of range."""
        _within("--customers", self.customers, 1, MOST_CUSTOMERS)
        _within("--days", self.days, 1, MOST_DAYS)
        _within("--seed", self.seed, 0, 2**32 - 1)
        if self.rate is not None:
            _within("--rate", self.rate, 1, MOST_RATE)
        for name in ("late", "duplicates", "shuffled", "bad"):
            _within(f"--{name}", getattr(self, name), 0, MOST_PERCENT, " percent")
        together = self.late + self.duplicates + self.shuffled + self.bad
        _within("--late, --duplicates, --shuffled and --bad together", together, 0, 100, " percent")
        a_minute = self.bad_a_minute()
        if a_minute > dead_letter_limit:
            raise SimulationError(
                "simulation-too-bad",
                f"makes some {a_minute:,.0f} bad events a minute, and a part stops at {dead_letter_limit:,}",
                place="--bad",
                remedy="lower it or --rate; or set MESH_DEAD_LETTER_LIMIT higher, for `mesh up` too",
            )

    @property
    def period(self) -> int:
        """Days of trade that are made at once: enough for whole columns to pay, few enough for the memory."""
        return max(1, min(56, 600_000 // self.customers))

    @property
    def faults(self) -> Faults:
        """The faults as shares."""
        return Faults(self.late / 100, self.duplicates / 100, self.shuffled / 100, self.bad / 100)

    def bad_a_minute(self) -> float:
        """About how many bad events leave in the worst minute."""
        if self.rate is not None or self.live:
            return (self.rate or LIVE_RATE) * 60 * self.bad / 100
        return self.customers * (1 + self.days * FACTS_A_DAY) * self.bad / 100

    def clock(self, about: Description, now: int) -> Clock:
        """The clock: a history ends with yesterday, live trade begins now."""
        if not self.live:
            return Clock(now - now % DAY - self.days * DAY)
        a_day = self.customers * orders_a_day(about) * EVENTS_AN_ORDER
        return Clock(now - now % SECOND, max(1000, int(a_day / (self.rate or LIVE_RATE) * SECOND)))

    def tag(self, clock: Clock) -> str:
        """What the ids of its orders begin with, and its file is called."""
        begins = moment(clock.origin)
        when = f"{begins:%Y%m%dT%H%M%S}" if self.live else f"{begins:%Y%m%d}"
        return f"{self.seed}-{self.customers}-{when}"

    def arguments(self) -> dict[str, Any]:
        """For whoever reads the ground truth."""
        return asdict(self)


def _within(name: str, value: float, least: int, most: int, unit: str = "") -> None:
    if not least <= value <= most:
        raise SimulationError(
            "argument-out-of-range",
            f"{value:,g} is not between {least:,} and {most:,}{unit}",
            place=name,
            remedy="see `mesh simulate --help`",
        )
