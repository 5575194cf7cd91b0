"""One worker with a partition of each stage, fed by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from streams.customer_360 import topics
from streams.engine.fold import Fetched, Rejection
from tests.unit.streams.customer_360.flow import CODECS, clock_record, fetched, stages

Fact = dict[str, Any]


class Worker:
    """Takes facts in one after another; each call returns what the fold then writes, decoded."""

    def __init__(self, timezone: str = "UTC") -> None:
        self.timezone = timezone
        self.accounts, self.golden = stages(timezone)
        self.fold = self.accounts.fold(0, self.accounts.shared)
        self.second = self.golden.fold(0, self.golden.shared)
        self.changelog: list[tuple[bytes, bytes]] = []
        self.golden_changelog: list[tuple[bytes, bytes]] = []
        self.clock: list[Fetched] = []
        self.written: list[Fetched] = []

    def put(self, topic: str, *facts: Fact) -> list[Fact]:
        """Facts of one topic, as one batch."""
        assert self.offer(topic, *(fetched(topic, offset, fact) for offset, fact in enumerate(facts))) == []
        return self.take()

    def offer(self, topic: str, *records: Fetched) -> list[Rejection]:
        """Records as they are; returns what the fold rejects."""
        return list(self.fold.fold(topic, records))

    def tell(self, moment: datetime) -> list[Fact]:
        """The clock advances."""
        self.clock.append(clock_record(len(self.clock), moment))
        change = self.accounts.shared.put(topics.CLOCK, self.clock[-1])
        if change is None:
            return []
        self.fold.correct([change])
        return self.take()

    def take(self) -> list[Fact]:
        """What the first fold owes."""
        found = []
        while (emission := self.fold.take(2)) is not None:
            self.changelog += emission.changelog
            for output in emission.outputs:
                assert output.topic == topics.ACTIVITY
                assert output.partition is None
                for key, value, timestamp in output.rows:
                    self.written.append((len(self.written), timestamp, key, value, ()))
                    found.append(CODECS[topics.ACTIVITY].decode(value))
        return found

    def rows(self) -> dict[str, Fact]:
        """What the second fold writes for all that the first has written since the last call."""
        batch, self.written = self.written, []
        assert list(self.second.fold(topics.ACTIVITY, batch)) == []
        return self.owed()

    def assign(self, *facts: Fact) -> dict[str, Fact]:
        """Segments as one batch: the rows that the second fold then writes."""
        records = [fetched(topics.SEGMENT, offset, fact) for offset, fact in enumerate(facts)]
        assert list(self.second.fold(topics.SEGMENT, records)) == []
        return self.owed()

    def owed(self) -> dict[str, Fact]:
        """The rows that the second fold owes."""
        found: dict[str, Fact] = {}
        while (emission := self.second.take(2)) is not None:
            self.golden_changelog += emission.changelog
            for output in emission.outputs:
                assert (output.topic, output.partition) == (topics.CUSTOMER_360, 0)
                for key, value, _ in output.rows:
                    found[key.decode()] = CODECS[topics.CUSTOMER_360].decode(value)
        return found

    def successor(self, corrected: int) -> Worker:
        """Another worker, with this one's changelog and ``corrected`` readings of the clock done with."""
        other = Worker(self.timezone)
        for record in self.clock:
            other.accounts.shared.put(topics.CLOCK, record)
        other.clock = list(self.clock)
        other.fold.recover(self.changelog)
        assert other.fold.take(1) is None
        other.fold.correct(other.accounts.shared.changes_since({topics.CLOCK: corrected}))
        return other


@pytest.fixture
def worker() -> Worker:
    """A worker in UTC."""
    return Worker()
