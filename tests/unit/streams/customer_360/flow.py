"""A toy runtime for both stages: topics as lists, batches, crashes, recovery, and writes that come late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from random import Random
from typing import Any

from mesh.kernel.settings import Settings
from schemas.codec import Codec
from schemas.version import CUSTOMER, unpack
from streams.customer_360 import topics
from streams.customer_360.app import application
from streams.customer_360.clock import EventClock
from streams.customer_360.days import BusinessDays
from streams.customer_360.reading import Reader
from streams.engine.fold import Application, Fetched, PartitionFold, Rejection
from tests.unit.streams.customer_360.world import START, World

Fact = dict[str, Any]
IDS = {topic: number for number, topic in enumerate(topics.RECORDS, 1)}
CODECS = {topic: Codec(record, IDS[topic]) for topic, record in topics.RECORDS.items()}
NOW = int(START.timestamp() * 1000) + 900 * 86_400_000
"""Kafka timestamp of everything, ms: later than every event."""


class NoResolver:
    """Knows no other schemas."""

    def resolve(self, codec: Codec, value: bytes) -> bytes:
        """Never asked."""
        raise AssertionError(value)


def stages(timezone: str = "UTC") -> tuple[Application, Application]:
    """Both stages, with a clock that knows nothing yet."""
    accounts, golden = _built(timezone)
    reader = Reader(CODECS[topics.CLOCK], NoResolver())
    return replace(accounts, shared=EventClock(reader, BusinessDays(timezone))), golden


@cache
def _built(timezone: str) -> tuple[Application, Application]:
    return application(Settings(timezone=timezone), IDS, NoResolver())


def key_of(topic: str, fact: Fact) -> bytes:
    """The Kafka key of a fact."""
    if topic == topics.CUSTOMER:
        return f"{fact['account']}@{int(fact['valid_from'].timestamp())}#{fact['seq']}".encode()
    return str(fact["customer_id"] if topic == topics.SEGMENT else fact["account"]).encode()


def logs(world: World, chance: Random, *, shuffled: bool = True) -> dict[str, list[Fetched]]:
    """The topics that a world's facts make; shuffled: in any order, some of them twice."""
    made = {}
    for topic, facts in (
        (topics.LINE, world.lines),
        (topics.PAYMENT, world.payments),
        (topics.CUSTOMER, world.customers),
        (topics.CROSSWALK, world.links),
        (topics.SEGMENT, world.segments),
    ):
        said = list(facts)
        if shuffled:
            said += chance.sample(facts, len(facts) // 4)
            chance.shuffle(said)
        made[topic] = [fetched(topic, offset, fact) for offset, fact in enumerate(said)]
    made[topics.CLOCK] = [clock_record(offset, moment) for offset, moment in enumerate(world.clock)]
    return made


def fetched(topic: str, offset: int, fact: Fact) -> Fetched:
    """A fact as the transport hands it over."""
    return offset, NOW + offset, key_of(topic, fact), CODECS[topic].encode(fact), ()


def clock_record(offset: int, moment: datetime) -> Fetched:
    """A reading of the clock."""
    value = CODECS[topics.CLOCK].encode({"partition": offset % 4, "event_time": moment})
    return offset, NOW, b"%d" % (offset % 4), value, ()


@dataclass
class Flow:
    """One partition of one stage, in a worker that may crash at any moment."""

    stage: int
    timezone: str
    inputs: dict[str, list[Fetched]]
    output: list[Fetched]
    chance: Random
    crashes: float = 0.0
    clock: list[Fetched] = field(default_factory=list)
    whole: bool = False
    rejections: list[Rejection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changelog: list[tuple[bytes, bytes]] = []
        self.late: list[tuple[list[Any], Any]] = []
        self.committed = dict.fromkeys(self.inputs, 0)
        self.mark = 0
        self.start()

    def start(self) -> None:
        """A new worker: recovers, reads the clock, and corrects what its mark does not cover."""
        self.app = stages(self.timezone)[self.stage]
        self.read_clock = 0
        self.fold: PartitionFold = self.app.fold(0, self.app.shared)
        for record in self.clock[: self.mark]:
            self.app.shared.put(topics.CLOCK, record)
        self.read_clock = self.mark
        entries = list({key: (key, value) for key, value in self.changelog}.values())
        self.chance.shuffle(entries)
        for start in range(0, len(entries), 7):
            self.fold.recover(entries[start : start + 7])
        assert self.fold.take(1) is None
        self.position = dict(self.committed)
        self._correct(self.app.shared.changes_since({topics.CLOCK: self.mark}))

    def step(self) -> bool:
        """One batch of one input, or some readings of the clock; False when there is nothing more to do."""
        ready = [topic for topic in self.inputs if self.position[topic] < len(self.inputs[topic])]
        clock = len(self.clock) > self.read_clock
        if self.late and self.chance.random() < 0.3:
            self._write_late()
        if not ready and not clock:
            self._write_late()
            return False
        if clock and (not ready or self.chance.random() < 0.3):
            upto = self.chance.randint(self.read_clock + 1, len(self.clock))
            changes = [self.app.shared.put(topics.CLOCK, one) for one in self.clock[self.read_clock : upto]]
            self.read_clock = upto
            self._correct([change for change in changes if change is not None])
            return True
        topic = self.chance.choice(ready)
        start = self.position[topic]
        end = len(self.inputs[topic])
        if not self.whole:
            end = min(end, start + self.chance.randint(1, 6))
        self.rejections += self.fold.fold(topic, self.inputs[topic][start:end])
        if self._emit():
            self.position[topic] = self.committed[topic] = end
        return True

    def _correct(self, changes: Iterable[Any]) -> None:
        self.fold.correct(changes)
        if self._emit():
            self.mark = self.read_clock

    def _emit(self) -> bool:
        """Write what is owed. A crash writes a part of it, at once or late; then a new worker starts."""
        writes: list[tuple[list[Any], Any]] = []
        while (emission := self.fold.take(self.chance.randint(1, 4))) is not None:
            outputs = [(self.output, row) for output in emission.outputs for row in output.rows]
            entries = [(self.changelog, entry) for entry in emission.changelog]
            writes += self._mixed(outputs, entries)
        if self.chance.random() >= self.crashes:
            self._write(writes)
            return True
        self.crashes *= 0.8  # or it would never come to an end
        done = self.chance.randint(0, len(writes))
        self._write(writes[:done])
        if self.chance.random() < 0.5:  # frozen, not dead: the rest comes when others have gone on
            self.late += writes[done:]
        self.start()
        return False

    def _mixed(self, *queues: list[tuple[list[Any], Any]]) -> list[tuple[list[Any], Any]]:
        """Outputs and entries in any order between them: they go to different brokers."""
        mixed, waiting = [], [list(queue) for queue in queues if queue]
        while waiting:
            queue = self.chance.choice(waiting)
            mixed.append(queue.pop(0))
            waiting = [queue for queue in waiting if queue]
        return mixed

    def _write_late(self) -> None:
        self._write(self.late)
        self.late = []

    def _write(self, writes: Sequence[tuple[list[Any], Any]]) -> None:
        for log, item in writes:
            if log is self.output:
                key, value, timestamp = item
                log.append((len(log), timestamp, key, value, ()))
            else:
                log.append(item)


def run(world: World, chance: Random, timezone: str = "UTC", crashes: float = 0.0) -> dict[str, Fact]:
    """Both stages side by side until all is done: the rows as a table holds them."""
    said = logs(world, chance)
    clock, segments = said.pop(topics.CLOCK), said.pop(topics.SEGMENT)
    activity: list[Fetched] = []
    written: list[Fetched] = []
    first = Flow(0, timezone, said, activity, chance, crashes, clock)
    taken = {topics.ACTIVITY: activity, topics.SEGMENT: segments}
    second = Flow(1, timezone, taken, written, chance, crashes)
    going = True
    while going:
        going = any([first.step(), second.step()])
    assert not first.rejections
    assert not second.rejections
    return table(written)


def table(written: Sequence[Fetched]) -> dict[str, Fact]:
    """What a ReplacingMergeTree keeps: of each key the last of the highest version."""
    held: dict[str, Fact] = {}
    for row in decoded(topics.CUSTOMER_360, written):
        known = held.get(row["golden_id"])
        if known is None or parts(row) >= parts(known):
            held[row["golden_id"]] = row
    return held


def decoded(topic: str, written: Iterable[Fetched]) -> list[Fact]:
    """Records that a stage has written; their keys are right."""
    found = []
    for _, _, key, value, _ in written:
        found.append(CODECS[topic].decode(value or b""))
        assert key == found[-1]["golden_id"].encode()
    return found


def parts(row: Fact) -> tuple[int, ...]:
    """The version of a row."""
    return unpack(row["version"], CUSTOMER)
