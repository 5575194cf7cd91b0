"""``python -m benchmarks questions``: how soon people are answered at a size, while rows keep landing."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.request import urlopen

import psutil
import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console

from analytics.marts.closing import close as close_month
from analytics.marts.reading import read_library
from analytics.marts.refresh import Refresh
from analytics.semantic.reading import read_model
from benchmarks import result
from benchmarks.bounds import RATES, RECORDS, check
from benchmarks.error import BenchmarkError
from benchmarks.processes import Tree, cpu_seconds, machine_cpu_seconds
from benchmarks.questions_asked import TIMEZONE, questions
from benchmarks.questions_base import Base
from benchmarks.questions_lag import Lag, Refreshing
from benchmarks.questions_table import show
from benchmarks.questions_users import LIMIT, Answers, work
from mesh.cli._screen import screen
from mesh.jobs.job import USUAL
from mesh.kernel.clock import now
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import MartError
from mesh.kernel.settings import Settings, load_settings
from mesh.kernel.warehouse import connect
from mesh.platform.paths import ROOT
from mesh.provisioning.views import Views
from sinks.clickhouse import migrate

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


GROWTH = 0.5
CLOSED = date(2026, 9, 1)
"""The month that is closed: what lands meanwhile corrects its last orders."""
_START = 60.0  # seconds within which the warehouse answers
_PREPARE = 1800.0  # seconds within which the ingest has its events, and kept measures are worked out whole
_MERGES = 120.0  # seconds
_WARM_UP = 10  # seconds that are not counted
_LONGER = 60.0  # seconds that are measured beyond those asked for, while marts are still being refreshed
_EVERY = next(int(job.every) for job in USUAL if job.name == "kept")  # seconds, as in every mesh


@dataclass(frozen=True)
class Load:
    """What goes on while it is measured."""

    rate: int
    users: int
    seconds: int
    within: int


@dataclass
class Phase:
    """What was measured at one size."""

    lines: int
    answers: dict[str, Answers]
    kinds: dict[str, str]
    seconds: float
    cpu: dict[str, float]
    """CPU seconds by process: warehouse, ingest, users."""
    others: float
    """CPU seconds of all other programs of the machine."""
    events: int
    lag: dict[str, float]
    """Seconds that kept measures were behind at the most, by name."""
    memory: int
    """Bytes of the warehouse at the most."""
    marts: dict[str, float | str] = field(default_factory=dict)
    """Seconds that a refresh took by mart before it was measured, or why there is none."""
    refreshing: float | str = 0.0
    """Seconds in which all of them were refreshed meanwhile, or why they were not."""
    refreshed: dict[str, float] = field(default_factory=dict)
    """The seconds of each then."""
    share_after: float | None = None
    """The share of all processors of the machine that was used once that was done."""

    @property
    def cpu_share(self) -> float:
        """The share of all processors of the machine that these processes used."""
        return self._share(sum(self.cpu.values()))

    @property
    def others_share(self) -> float:
        """The share that other programs used; where it is large the figures tell of these too."""
        return self._share(self.others)

    def _share(self, seconds: float) -> float:
        return seconds / self.seconds / (psutil.cpu_count() or 1)

    @property
    def in_time(self) -> float:
        """The share of questions that were answered within the limit; a failure was not."""
        asked = sum(one.count for one in self.answers.values())
        return sum(one.in_time for one in self.answers.values()) / asked if asked else 0.0


def command(
    lines: Annotated[int, typer.Option(help="Order lines in the warehouse.")] = 10_000_000,
    rate: Annotated[int, typer.Option(help="Events a second that land meanwhile.")] = 20_000,
    users: Annotated[int, typer.Option(min=1, help="People who ask at a time.")] = 8,
    seconds: Annotated[
        int,
        typer.Option(
            min=5, help="Seconds that are measured at each size, or more while marts are refreshed."
        ),
    ] = 180,
    within: Annotated[
        int, typer.Option(min=0, help="Seconds that kept measures may be behind; 0: ask the facts.")
    ] = 120,
    memory: Annotated[int, typer.Option(min=512, help="MiB that the warehouse may use.")] = 4096,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Ask the semantic model, marts and single orders of an embedded warehouse, then with half as many more.

    Tells how long each question took, what all of it costs the machine, and how far behind aggregates are.
    """
    check("--lines", lines, RECORDS)
    check("--rate", rate, RATES)
    console = screen(stderr=as_json)
    base, load = Base(lines), Load(rate, users, seconds, within)
    home = load_settings().home / "bench-questions"
    phases = []
    with _warehouse(home, memory) as (server, settings), closing(connect(settings)) as client:
        _set_up(settings)
        with console.status("making order lines") as spinner:
            base.make(client, spinner.update)
        close_month(client, read_library(find_mesh(settings)), CLOSED, TIMEZONE, who="bench", now=now())
        phases.append(_phase(settings, server, base, lines, load, console))
        with console.status("making half as many more") as spinner:
            base.grow(client, GROWTH, spinner.update)
        phases.append(_phase(settings, server, base, int(lines * (1 + GROWTH)), load, console))
    stated = {"users": users, "rate": rate, "within_seconds": within, "memory_mb": memory}
    measured = {**stated, "sizes": [_figures(phase) for phase in phases]}
    text = result.keep(measured, result.about(warehouse=f"chdb {version('chdb')}"), "questions", keep)
    if as_json:
        typer.echo(text, nl=False)
    else:
        for phase in phases:
            show(console, phase, rate)


def _phase(settings: Settings, server: Tree, base: Base, lines: int, load: Load, console: Console) -> Phase:
    with console.status("refreshing marts"):
        _merged(settings)
        marts = _refreshed(settings)
    mesh = find_mesh(settings)
    model = read_model(mesh)
    asked = list(questions(model, read_library(mesh), base, within=load.within))
    keeping: AbstractContextManager[Tree | None] = nullcontext()
    if load.within:
        keeping = _beside(settings, "keep", "--every", str(_EVERY))
    with (
        keeping as keeper,
        _ingest(settings, load.rate) as ingest,
        closing(connect(settings)) as client,
        console.status("asking"),
    ):
        lag = Lag(client, model, settings.timezone)
        if keeper:
            _until(lag.is_known, _PREPARE, keeper, "the refresh of kept measures")
        work(settings, asked, load.users, _WARM_UP, 1.0)
        used = {"warehouse": server.look, "ingest": ingest.look, "users": _own_cpu}
        used |= {"keeper": keeper.look} if keeper else {}
        before, landed = {name: look() for name, look in used.items()}, _landed(client)
        busy, begun = machine_cpu_seconds(), time.monotonic()
        with _beside(settings, "marts", "refresh") as refresher:
            used["marts"] = refresher.look
            before["marts"] = 0.0
            refreshing = Refreshing(refresher, lambda: sum(look() for look in used.values()))

            def tick() -> None:
                (lag.look if keeper else server.look)()
                refresher.look()
                refreshing.look()

            def goes_on(over: float) -> bool:
                return over < _LONGER and not refreshing.is_done

            answers = work(settings, asked, load.users, load.seconds, 1.0, tick, goes_on)
            took = time.monotonic() - begun
            cpu = {name: look() - before[name] for name, look in used.items()}
            share_after = refreshing.share_after()
        others = max(0.0, machine_cpu_seconds() - busy - sum(cpu.values()))
        events = _landed(client) - landed
        for one in (ingest, keeper):
            if one and one.ended:
                raise BenchmarkError(
                    "engine-failed",
                    f"ended early: {one.last_words()}",
                    place=str(one.log),
                    remedy="measure fewer events a second, or fewer seconds",
                )
    kinds = {one.name: one.kind for one in asked}
    return Phase(
        lines=lines,
        answers=answers,
        kinds=kinds,
        seconds=took,
        cpu=cpu,
        others=others,
        events=events,
        lag=lag.most,
        memory=server.peak_memory,
        marts=marts,
        refreshing=refreshing.told(),
        refreshed=refreshing.by_mart(),
        share_after=share_after,
    )


def _merged(settings: Settings) -> None:
    """Wait until the warehouse has merged what came in one go, as it would have over years."""
    deadline = time.monotonic() + _MERGES
    with closing(connect(settings)) as client:
        while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
            if time.monotonic() > deadline:
                return
            time.sleep(1)


def _landed(client: Client) -> int:
    """Events in the ledger."""
    return int(client.query("SELECT count() FROM mesh.raw_events_v1").result_rows[0][0])


def _own_cpu() -> float:
    return cpu_seconds(psutil.Process())


def _refreshed(settings: Settings) -> dict[str, float | str]:
    """Refresh the marts that are asked for: the seconds of each, or why it could not be."""
    mesh = find_mesh(settings)
    library = read_library(mesh)
    found: dict[str, float | str] = {}
    with closing(connect(settings)) as client:
        run = Refresh(client, library, mesh, TIMEZONE)
        for name, mart in library.marts.items():
            begun = time.monotonic()
            try:
                run.run(mart, now())
            except (ClickHouseError, MartError) as error:
                found[name] = str(error).splitlines()[0][:160]
            else:
                found[name] = round(time.monotonic() - begun, 1)
        run.close()
    return found


def _set_up(settings: Settings) -> None:
    """Every table and view, empty."""
    migrate.apply(settings, lambda _line: None)
    views = Views(settings, find_mesh(settings))
    views.apply(views.changes())


@contextmanager
def _warehouse(home: Path, memory: int) -> Iterator[tuple[Tree, Settings]]:
    """An embedded warehouse of its own, deleted at the end whatever happens."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("--path", str(home / "data"), "--port", str(port), "--memory-limit", str(memory << 20))
    server = Tree(
        [sys.executable, "-m", "sinks.warehouse_server", *words], os.environ, ROOT, home / "warehouse.log"
    )
    try:
        settings = load_settings(home=home, warehouse=f"http://127.0.0.1:{port}")
        _until(lambda: _answers(settings), _START, server, "the warehouse")
        yield server, settings
    finally:
        server.end()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _beside(settings: Settings, verb: str, *words: str) -> Iterator[Tree]:
    """A command of the mesh that works meanwhile, and is ended at the end."""
    command = [sys.executable, "-m", "mesh.cli.main", verb, *words, "--json"]
    tree = Tree(command, _env(settings), ROOT, settings.home / f"{verb}.log")
    try:
        yield tree
    finally:
        tree.end()


def _env(settings: Settings) -> dict[str, str]:
    return {**os.environ, "MESH_HOME": str(settings.home), "MESH_WAREHOUSE": settings.warehouse}


@contextmanager
def _ingest(settings: Settings, rate: int) -> Iterator[Tree]:
    """Events that land meanwhile, by a process of its own; ready to begin."""
    words = [sys.executable, "-m", "benchmarks.questions_ingest", str(rate)]
    log = settings.home / "ingest.log"
    ingest = Tree(words, _env(settings), ROOT, log)
    try:
        _until(lambda: "ready" in log.read_text(), _PREPARE, ingest, "the ingest")
        yield ingest
    finally:
        ingest.end()


def _answers(settings: Settings) -> bool:
    try:
        with urlopen(f"{settings.warehouse}/ping", timeout=5):  # noqa: S310 - the address is our own
            return True
    except OSError:
        return False


def _until(is_so: Callable[[], bool], seconds: float, tree: Tree, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if tree.ended or time.monotonic() > deadline:
            raise BenchmarkError(
                "engine-failed",
                f"{what} did not start: {tree.last_words()}",
                place=str(tree.log),
                remedy="run it by hand",
            )
        time.sleep(0.1)


def _figures(phase: Phase) -> dict[str, Any]:
    return {
        "lines": phase.lines,
        "events_landed": phase.events,
        "in_time_percent": round(100 * phase.in_time, 2),
        "limit_seconds": LIMIT,
        "cpu_percent": round(100 * phase.cpu_share, 1),
        "cpu_percent_of_other_programs": round(100 * phase.others_share, 1),
        "kept_measures_behind_seconds": phase.lag,
        "cpu_seconds": {name: round(cpu, 1) for name, cpu in phase.cpu.items()},
        "peak_memory_mb": phase.memory >> 20,
        "questions": {
            name: {
                "kind": phase.kinds[name],
                "asked": one.count,
                "p50": one.at(0.5),
                "p95": one.at(0.95),
                "p99": one.at(0.99),
                "failures": one.failures[:1],
            }
            for name, one in phase.answers.items()
        },
        "mart_refresh_seconds": phase.marts,
        "mart_refresh_meanwhile_seconds": phase.refreshing,
        "mart_refresh_meanwhile_seconds_by_mart": phase.refreshed,
        "cpu_percent_after_that_refresh": None
        if phase.share_after is None
        else round(100 * phase.share_after, 1),
    }
