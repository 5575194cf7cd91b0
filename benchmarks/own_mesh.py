"""A whole mesh of its own for a measurement: started empty, fed, watched part by part, gone at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmarks.error import BenchmarkError
from benchmarks.ground import Ground
from benchmarks.measure import STEADY_FROM
from benchmarks.processes import cpu_seconds
from mesh.kernel.broker import Broker, Place
from mesh.kernel.settings import Settings, load_settings
from mesh.platform import client, launch

ENRICHED = "sales.public.orders-enriched.v1"
STREAM, SINK = "orders-enriched", "sink"
SERVICES = ("broker", "registry", "warehouse")
_LOOK = 0.5  # seconds
_STILL = 5.0  # seconds without a new record or commit: longer than any part holds a batch back
_SILENCE = 300.0  # seconds after which a part that does nothing is given up
Watch = Callable[[int], None]  # enriched rows out


@dataclass(frozen=True)
class Spent:
    """What a stretch of work took: wall-clock seconds, rows written, CPU seconds and memory (bytes) by part.

    ``course`` has seconds and rows at each look, for the pace once the work was under way.
    """

    seconds: float
    rows: int
    cpu: dict[str, float]
    memory: dict[str, int]
    course: tuple[tuple[float, int], ...]
    fed: int = 0
    """Records that were published meanwhile."""

    def cpu_of(self, *apps: str) -> float:
        """CPU seconds of all processes of these applications or services."""
        return sum(cpu for part, cpu in self.cpu.items() if part in apps or _app(part) in apps)

    def memory_of(self, app: str) -> int:
        """Bytes of all processes of an application."""
        return sum(size for part, size in self.memory.items() if _app(part) == app)

    def pace(self) -> float:
        """Rows a second from the first fifth of the rows to the last."""
        first = next(look for look in self.course if look[1] >= STEADY_FROM * self.rows)
        last = next(look for look in self.course if look[1] >= self.rows)
        return (last[1] - first[1]) / (last[0] - first[0]) if last[0] > first[0] else 0.0


class OwnMesh:
    """A running mesh. ``apps`` of it are watched; the others are not started."""

    def __init__(self, home: Path, apps: Iterable[str]) -> None:
        self.home = home
        self.apps = tuple(apps)

    @property
    def settings(self) -> Settings:
        """Its addresses."""
        return load_settings(home=self.home)

    @property
    def ground(self) -> Ground:
        """Its broker."""
        part = client.part_status("broker", self.home)
        return Ground(part.address, part.pid or 0, part.version)

    @property
    def versions(self) -> dict[str, str]:
        """The versions of its broker and its warehouse."""
        return versions(self.home)

    def scale(self, count: int) -> None:
        """Run so many processes of the stream."""
        client.scale(STREAM, count, self.home)

    def stop(self, *apps: str) -> None:
        """Stop these applications, so that work gathers."""
        for name in self._parts(apps):
            client.stop_part(name, self.home)

    def start(self, *apps: str) -> None:
        """Start them again; return as soon as their processes are there, long before they are ready."""
        names = self._parts(apps)
        for name in names:
            client.start_part(name, self.home, wait=False)
        while not all(client.part_status(name, self.home).pid for name in names):
            time.sleep(_LOOK)

    def work(
        self, topics: Iterable[str], watch: Watch = lambda _rows: None, feed: Callable[[], int] | None = None
    ) -> Spent:
        """Wait until all of these topics are read and nobody writes any more, and tell what it took.

        ``feed`` publishes meanwhile, as fast as the broker takes it. CPU counts to the moment of the last
        progress. Raises :class:`BenchmarkError` when nothing moves.
        """
        with ThreadPoolExecutor(1) as pool:

            def begin() -> list[Future[int]]:
                return [pool.submit(feed)] if feed else []

            return self._watched(_Groups(self.settings, topics, self.apps), watch, begin)

    def _watched(self, groups: _Groups, watch: Watch, begin: Callable[[], list[Future[int]]]) -> Spent:
        parts = self._processes()
        seen, first = groups.progress(), groups.rows()
        before = {name: cpu_seconds(process) for name, process in parts.items()}
        begun = moved = time.monotonic()
        feeding = begin()  # not before: what is fed may be rows as soon as it is there
        memory = dict.fromkeys(parts, 0)
        course = [(0.0, 0)]
        spent = Spent(0.0, 0, dict.fromkeys(parts, 0.0), memory, ())
        while True:
            time.sleep(_LOOK)
            now, progress = time.monotonic(), groups.progress()
            for name, process in parts.items():
                memory[name] = max(memory[name], process.memory_info().rss)
            fed = all(one.done() for one in feeding)
            if progress != seen or not fed:
                seen, moved = progress, now
                cpu = {name: cpu_seconds(process) - before[name] for name, process in parts.items()}
                rows = groups.rows() - first
                course.append((now - begun, rows))
                spent = Spent(now - begun, rows, cpu, memory, tuple(course))
                watch(rows)
            elif now - moved > _STILL and groups.done():
                return replace(spent, fed=sum(one.result() for one in feeding))
            if now - moved > _SILENCE:
                raise BenchmarkError(
                    "engine-failed",
                    f"nothing moved for {_SILENCE:.0f} s after {spent.rows:,} rows",
                    place=str(self.home),
                    remedy=f"see the logs in {self.home / 'logs'}",
                )

    def _parts(self, apps: Iterable[str]) -> list[str]:
        wanted = set(apps)
        return [part.name for part in client.status(self.home) if _app(part.name) in wanted]

    def _processes(self) -> dict[str, psutil.Process]:
        return {part.name: psutil.Process(part.pid) for part in client.status(self.home) if part.pid}


class _Groups:
    """How far each group has read, and what has been written."""

    def __init__(self, settings: Settings, topics: Iterable[str], apps: Iterable[str]) -> None:
        self._brokers = {app: Broker(settings.kafka, f"mesh.{app}", 10.0) for app in apps}
        asked = next(iter(self._brokers.values()))
        facts = asked.places(topics)
        self._out = asked.places([ENRICHED])
        self._reads = {app: [*facts, *self._out] if app == SINK else facts for app in self._brokers}
        self._any = asked

    def rows(self) -> int:
        """Records of the enriched topic."""
        return sum(self._any.ends(self._out).values())

    def progress(self) -> list[dict[Place, int]]:
        """Whatever changes while something is done."""
        read = [broker.committed(self._reads[app]) for app, broker in self._brokers.items()]
        return [*read, self._any.ends(self._out)]

    def done(self) -> bool:
        """Whether every group has committed all of its input."""
        for app, broker in self._brokers.items():
            committed = broker.committed(self._reads[app])
            if any(committed.get(place, 0) < end for place, end in broker.ends(self._reads[app]).items()):
                return False
        return True


@contextmanager
def own_mesh(
    home: Path, listener: launch.Listener, *, partitions: int = 4, apps: Iterable[str] = (STREAM, SINK)
) -> Iterator[OwnMesh]:
    """An empty mesh with these applications and so many partitions, deleted at the end whatever happens."""
    kept = os.environ.get("MESH_PARTITIONS")
    os.environ["MESH_PARTITIONS"] = str(partitions)
    launch.down(purge=True, home=home)
    try:
        launch.up(only=[*SERVICES, *apps], home=home, listener=listener)
        yield OwnMesh(home, apps)
    finally:
        launch.down(purge=True, home=home)
        del os.environ["MESH_PARTITIONS"]
        if kept is not None:
            os.environ["MESH_PARTITIONS"] = kept


def versions(home: Path) -> dict[str, str]:
    """The versions of the broker and the warehouse that run there."""
    return {
        name: client.part_status(part, home).version
        for name, part in (("kafka", "broker"), ("warehouse", "warehouse"))
    }


def _app(part: str) -> str:
    """The application of a process: all but its number."""
    return part.rsplit("-", 1)[0]
