"""A small stateful application to try the runtime with: elements of sets, by key, named by a broadcast topic.

Input values are ``<element>`` or ``<element>\\n<padding>``; ``poison`` cannot be folded. Broadcast values are
``<group>:<revision>``; a key belongs to the group that its last character names. A row is
``<number of elements> <revision of its group>``: both only grow, so the greatest row is the newest knowledge.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path

from mesh.kernel import metrics
from mesh.kernel.errors import PlatformError
from streams.engine.assembly import assemble, run, set_up_logging
from streams.engine.fold import Application, Emission, Fetched, Output, Rejection, Shared
from streams.engine.options import Options
from streams.metering import Metrics
from streams.parking import DeadLetters

STORE = "sets"
_log = logging.getLogger(__name__)


class Groups:
    """The broadcast knowledge: the highest revision of each group."""

    def __init__(self) -> None:
        self.revisions: dict[str, int] = {}
        self._log: list[tuple[int, str]] = []

    def put(self, topic: str, record: Fetched) -> Hashable | None:
        """Take in a revision."""
        assert record[3] is not None
        group, revision = record[3].decode().split(":")
        self._log.append((record[0], group))
        if int(revision) <= self.revisions.get(group, 0):
            return None
        self.revisions[group] = int(revision)
        return group

    def changes_since(self, positions: dict[str, int]) -> set[Hashable]:
        """The groups that records at or after the position speak of."""
        (position,) = positions.values()
        return {group for offset, group in self._log if offset >= position}


class CountingFold:
    """The sets of one partition."""

    def __init__(self, partition: int, shared: Shared, out: str, trouble: Trouble) -> None:
        assert isinstance(shared, Groups)
        self.sets: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self._partition, self._groups, self._out, self._trouble = partition, shared, out, trouble
        self._owed: dict[bytes, int] = {}
        self._log: list[tuple[bytes, bytes]] = []

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Add elements; rows are owed for every key touched, duplicates included; the log tells of which."""
        offsets = []
        for record in records:
            offset, moment, key, value, _ = record
            if not offsets:
                _log.info("folds %s %d from %d", topic, self._partition, offset)
                self._trouble.meet()
            offsets.append(offset)
            assert key is not None
            assert value is not None
            if value == b"poison":
                yield Rejection(record, "undecodable", "it is\npoison")
                continue
            element = value.partition(b"\n")[0]
            if element not in self.sets[key]:
                self.sets[key].add(element)
                self._log.append((key + b"|" + element, value))
            self._owed[key] = moment
        if offsets:
            place = topic, self._partition
            _log.info("folded %s %d from %d to %d: %d", *place, offsets[0], offsets[-1], len(offsets))

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Owe the rows of all keys of these groups."""
        groups = {str(group) for group in changes}
        self._owed |= {key: 1_700_000_000_000 for key in self.sets if chr(key[-1]) in groups}

    def take(self, limit: int) -> Emission | None:
        """Up to ``limit`` rows."""
        if not self._owed and not self._log:
            return None
        rows = []
        for key in list(self._owed)[:limit]:
            revision = self._groups.revisions.get(chr(key[-1]), 0)
            rows.append((key, b"%d %d" % (len(self.sets[key]), revision), self._owed.pop(key)))
        log, self._log = self._log, []
        return Emission([Output(self._out, rows, self._partition)], log)

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Add the elements again."""
        for entry, _ in entries:
            key, _, element = entry.rpartition(b"|")
            self.sets[key].add(element)


class Trouble:
    """What goes wrong with a fold: it is slow; while a file exists it is held, or waits for another part."""

    def __init__(self, seconds: float, held: Path, outage: Path) -> None:
        self._seconds, self._held, self._outage = seconds, held, outage

    def meet(self) -> None:
        """Be slow, hold the process in the middle of a batch, or say that the other part does not answer."""
        time.sleep(self._seconds)
        while self._held.exists():
            time.sleep(0.01)
        if self._outage.exists():
            raise PlatformError("registry-unreachable", "no answer")


def topics(prefix: str) -> dict[str, str]:
    """The topics of one test: two inputs, a broadcast topic, the rows."""
    return {name: f"{prefix}.public.{name}.v1" for name in ("fact", "more", "group", "row")}


def application(prefix: str, trouble: Trouble, limit: int) -> Application:
    """The application of one test."""
    names = topics(prefix)

    def fold(partition: int, shared: Shared) -> CountingFold:
        return CountingFold(partition, shared, names["row"], trouble)

    return Application(
        name=f"{prefix}.counting",
        inputs=(names["fact"], names["more"]),
        broadcast=(names["group"],),
        store=STORE,
        shared=Groups(),
        fold=fold,
        outputs=(names["row"],),
        parking=DeadLetters(f"{prefix}.counting", limit),
        waits_for={PlatformError: "registry"},
    )


def main() -> None:
    """One worker of the application, as ``streams.worker`` would run it, but quick to notice a dead one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix")
    parser.add_argument("kafka")
    parser.add_argument("home", type=Path)
    parser.add_argument("index", type=int)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--metrics-port", type=int)
    given = parser.parse_args()
    set_up_logging()
    if given.metrics_port is not None:
        metrics.serve(given.metrics_port)
    held = given.home / f"held-{given.index}"
    stage = application(given.prefix, Trouble(given.slow, held, given.home / "outage"), given.limit)
    quick = {"broker_session_timeout": 3.0, "broker_heartbeat_interval": 0.5}
    options = Options(given.kafka, given.home / "workers", faust=quick)
    app = assemble([stage], options, index=given.index, meter=Metrics(stage.name))
    run(app)


if __name__ == "__main__":
    main()
