"""What one account did, and to whom it belongs: sums, sorted times and facets, all of them replaceable."""

from __future__ import annotations

from typing import NamedTuple

from streams.customer_360.clock import CHURN_DAYS, YEAR_DAYS, Windows
from streams.customer_360.days import DAY, SECOND, SLACK, BusinessDays
from streams.customer_360.moments import NO_MOMENTS, Moments
from streams.facts import RevisionConflictError

_EPOCH = 1 << 33
NEVER = 1 << 62
"""Later than every clock."""


class CustomerVersion(NamedTuple):
    """A version of the mastered view; they sort by valid_from and seq. ``body`` is the record, unframed."""

    valid_from: int
    seq: int
    body: bytes
    contents: int
    """Where the fields after the envelope begin in the body."""


class Account:
    """The state of one account. Times in microseconds; sums in lanes (:mod:`streams.customer_360.line`)."""

    __slots__ = (
        "cause",
        "customers",
        "due",
        "facets",
        "line_times",
        "links",
        "name",
        "order_times",
        "payment_times",
        "total",
    )

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.links: tuple[tuple[int, bytes], ...] = ()  # every revision of the crosswalk: seq, golden id
        self.customers: tuple[CustomerVersion, ...] = ()  # every revision, sorted
        self.order_times: Moments = NO_MOMENTS  # of orders with a live line
        self.line_times: Moments = NO_MOMENTS  # of all lines, dead ones too
        self.payment_times: Moments = NO_MOMENTS
        self.total = 0
        self.facets: dict[bytes, int] = {}
        self.due = NEVER  # the earliest clock at which the account may change by itself
        self.cause = 0  # Kafka timestamp of the record that touched it last, ms; 0: none since recovery

    def __lt__(self, other: Account) -> bool:
        return self.name < other.name  # ties in the heap of boundaries

    @property
    def golden_id(self) -> bytes:
        """The golden id that it belongs to: the crosswalk's newest; until known, its own name (rule 13)."""
        return self.links[-1][1] if self.links else self.name

    @property
    def membership(self) -> int:
        """The membership register: the crosswalk's seq + 1, 0 until known."""
        return self.links[-1][0] + 1 if self.links else 0

    def left(self) -> set[bytes]:
        """The golden ids that it belonged to by any revision, or before the first one, and no longer does."""
        return {self.name, *(golden_id for _, golden_id in self.links)} - {self.golden_id}

    def customer(self, now: int) -> tuple[CustomerVersion, int] | None:
        """The version shown at a clock, and its clock in the account's version (rules 9 and 16)."""
        if not self.customers:
            return None
        for chosen in reversed(self.customers):
            if chosen.valid_from <= now:
                return chosen, max(0, _EPOCH + chosen.valid_from // SECOND)
        earliest = self.customers[0].valid_from
        chosen = next(version for version in reversed(self.customers) if version.valid_from == earliest)
        return chosen, max(0, _EPOCH - earliest // SECOND)

    def left_windows(self, windows: Windows) -> int:
        """Lines and payments that have left their windows."""
        return self.line_times.before(windows.year) + self.payment_times.before(windows.churn)

    def crossed(self, windows: Windows) -> tuple[int, int]:
        """Lines and payments that have left their windows, and customer versions that have begun.

        The first number enters the version; whenever either changes, the account's row does.
        """
        return self.left_windows(windows), sum(
            version.valid_from <= windows.now for version in self.customers
        )

    def next_due(self, windows: Windows, days: BusinessDays) -> int:
        """The earliest later clock at which :meth:`crossed` may change; :data:`NEVER` if it cannot."""
        due = min((v.valid_from for v in self.customers if v.valid_from > windows.now), default=NEVER)
        for times, boundary, length in (
            (self.line_times, windows.year, YEAR_DAYS),
            (self.payment_times, windows.churn, CHURN_DAYS),
        ):
            moment = times.since(boundary)
            if moment is not None:
                # Roughly is good enough until the boundary is near: the calendar is slow.
                leaves = moment + length * DAY - SLACK
                if leaves <= windows.now:
                    leaves = days.start(days.day(moment) + length + 1)
                due = min(due, leaves)
        return max(due, windows.now + 1)

    def link(self, seq: int, golden_id: bytes) -> bool:
        """Take in a link; False when it is known. Raises :class:`RevisionConflictError`."""
        for known, held in self.links:
            if known == seq:
                if held != golden_id:
                    raise RevisionConflictError(f"another record has seq {seq} and another golden id")
                return False
        self.links = tuple(sorted((*self.links, (seq, golden_id))))
        return True

    def describe(self, version: CustomerVersion) -> bool:
        """Take in a version; False when it is known. Raises :class:`RevisionConflictError`."""
        for known in self.customers:
            if known.valid_from == version.valid_from and known.seq == version.seq:
                if known.body[known.contents :] != version.body[version.contents :]:
                    raise RevisionConflictError(f"another record has seq {version.seq} and other contents")
                return False
        self.customers = tuple(sorted((*self.customers, version)))
        return True
