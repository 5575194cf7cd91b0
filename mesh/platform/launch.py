"""Starting and ending the whole platform: ``mesh up`` and ``mesh down``."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from mesh.kernel.discovery import retailer_folder
from mesh.kernel.errors import PlatformError
from mesh.kernel.names import SIMULATIONS
from mesh.kernel.settings import Settings, load_settings
from mesh.platform import client, debian, declarations, jars, provision, workers
from mesh.platform.choice import FETCHED, OBSERVERS, WATCHERS, Choice
from mesh.platform.control import is_running, request
from mesh.platform.observers import SCHEDULER
from mesh.platform.part import State
from mesh.platform.paths import Paths
from mesh.platform.ports import Ports

# What is written down for every process of this platform; the rest is a matter of each process's environment.
SHARED = (
    *("kafka", "registry", "warehouse", "retailer", "partitions", "replication", "timezone", "currency"),
    *("workers", "domains", "dead_letter_limit", "operations", "smtp", "mail_from", "runbooks"),
    *("certificates", "disk_free_limit"),
)
# What every process reads from the home alone, since `mesh apply` may change it while they run.
FROM_HOME = ("MESH_DOMAINS",)
SUPERVISOR_START = 15.0  # seconds
# What `mesh down --purge` deletes; named, so that a home set to the wrong folder loses nothing else.
PURGED = (*workers.SERVICES, *WATCHERS, "grafana", "workers", "logs", SIMULATIONS)


@dataclass(frozen=True)
class Listener:
    """Who is told what happens: lines for people, states of parts, files fetched of files in all."""

    report: Callable[[str], None] = lambda _line: None
    watch: client.Watch | None = None
    fetched: jars.Progress | None = None


def up(
    *,
    only: Sequence[str] | None = None,
    with_workers: bool = True,
    with_monitoring: bool = True,
    retailer: str | None = None,
    home: Path | None = None,
    listener: Listener | None = None,
) -> bool:
    """Start what is not running yet, in order of need, and return when all is ready; False if all was.

    ``only`` names parts or applications; with services only, nothing is provisioned. Where Prometheus and
    Alertmanager cannot be had, a line says so and the mesh runs unwatched. Raises :class:`PlatformError`
    where a part cannot start; what this call has started is then stopped again.
    """
    listener = listener or Listener()
    paths = client.paths_of(home)
    choice = Choice.of(only, with_workers=with_workers, with_monitoring=with_monitoring)
    fresh = not is_running(paths)
    if fresh:
        end_leftovers(paths)
    settings = load_settings(home=paths.home, **({} if retailer is None else {"retailer": _named(retailer)}))
    if fresh:
        retailer_folder(settings.retailer)  # a misspelt one is told before anything is started
        start_supervisor(paths)
    try:
        return _complete(paths, settings, choice, listener, fresh=fresh)
    except BaseException:
        if fresh:
            down(home=paths.home)
        raise


def down(*, purge: bool = False, home: Path | None = None) -> bool:
    """Stop every part and the supervisor; False if none ran. ``purge`` deletes its data, not the jars."""
    paths = client.paths_of(home)
    ran = is_running(paths)
    if ran:
        request(paths, "shutdown")
        deadline = time.monotonic() + client.STOP_TIMEOUT
        while is_running(paths):
            if time.monotonic() > deadline:
                raise PlatformError(
                    "supervisor-silent",
                    "does not end",
                    place=str(paths.home),
                    remedy="see `mesh logs supervisor`",
                )
            time.sleep(client.POLL)
    else:
        end_leftovers(paths)
    if purge:
        for name in PURGED:
            shutil.rmtree(paths.data(name), ignore_errors=True)
    return ran


def has_data(home: Path | None = None) -> bool:
    """Whether there is anything that ``down(purge=True)`` would delete."""
    paths = client.paths_of(home)
    return any(paths.data(name).exists() for name in PURGED)


def start_supervisor(paths: Paths) -> None:
    """Start the supervisor in a session of its own and return when it answers."""
    paths.logs.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **workers.environment(paths)}
    with paths.log("supervisor").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mesh.platform.supervisor", str(paths.home)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={name: value for name, value in environment.items() if name not in FROM_HOME},
            start_new_session=True,
        )
    deadline = time.monotonic() + SUPERVISOR_START
    while time.monotonic() < deadline:
        try:
            request(paths, "status")
        except PlatformError:
            if process.poll() is not None and not is_running(paths):
                break
            time.sleep(0.02)
        else:
            return
    raise PlatformError(
        "supervisor-failed", "did not start", place=str(paths.home), remedy=f"see {paths.log('supervisor')}"
    )


def _named(retailer: str) -> str:
    """The name of a retailer, or its folder as every process finds it, wherever it runs."""
    return str(Path(retailer).resolve()) if "/" in retailer else retailer


def _complete(paths: Paths, settings: Settings, choice: Choice, listener: Listener, *, fresh: bool) -> bool:
    running = client.running_settings(paths.home)
    if not fresh and running.get("retailer", "") != settings.retailer:
        raise PlatformError(
            "retailer-differs",
            f"the mesh runs for {running['retailer'] or 'no retailer'!r}, not {settings.retailer!r}",
            place=str(paths.home),
            remedy="end it with `mesh down` first",
        )
    services = [*choice.services, *_obtained(paths, choice.watchers, listener)]
    first = [name for name in services if name not in OBSERVERS]
    if undeclared := _not_declared(paths, services):
        with Ports(listener.report) as ports:
            declared = declarations.services(paths, undeclared, ports, listener.report, listener.fetched)
            shared = {name: getattr(settings, name) for name in SHARED}
            addresses = declarations.addresses(declared)
            values = {**shared, **running, **addresses}
            client.declare(declared, values, paths)
        declarations.configure(paths, undeclared, load_settings(home=paths.home, **values))
    if missing := _not_running(paths, first):
        _start(paths, missing, listener)
    processes = {name: app for app in choice.apps for name in workers.names(app, _count(app, settings))}
    if idle := _not_running(paths, list(processes)):
        listener.report("creating topics, schemas and tables from the contracts")
        changes: list[str] = []
        provision.apply(load_settings(home=paths.home), changes.append)
        listener.report(f"{len(changes)} topics, schemas and tables are new or changed")
        with Ports(listener.report) as ports:
            new = [
                workers.declare(
                    paths, processes[name], int(name.rsplit("-", 1)[1]), ports.near(workers.METRICS_PORT)
                )
                for name in _not_declared(paths, idle)
            ]
            client.declare(new, {}, paths)
    late = [*_not_running(paths, [name for name in services if name in OBSERVERS]), *idle]
    if late:
        _start(paths, late, listener)
    return bool(missing or late)


def _obtained(paths: Paths, watchers: Sequence[str], listener: Listener) -> list[str]:
    """The parts beside the streams; the scheduler alone where programs cannot be had, which a line says."""
    try:
        for name in _not_declared(paths, [name for name in watchers if name in FETCHED]):
            debian.obtain(FETCHED[name], listener.report)
    except PlatformError as error:
        listener.report(f"the mesh runs without monitoring: {error.place} {error.what}; {error.remedy}")
        return [name for name in watchers if name == SCHEDULER]
    return list(watchers)


def _count(app: str, settings: Settings) -> int:
    return 1 if app == workers.SINK else settings.workers


def _not_declared(paths: Paths, names: list[str]) -> list[str]:
    known = {part.name for part in client.status(paths.home)}
    return [name for name in names if name not in known]


def _not_running(paths: Paths, names: list[str]) -> list[str]:
    kept = {
        part.name for part in client.status(paths.home) if part.state not in (State.STOPPED, State.FAILED)
    }
    return [name for name in names if name not in kept]


def _start(paths: Paths, names: list[str], listener: Listener) -> None:
    request(paths, "start", parts=names)
    client.wait_ready(names, paths.home, watch=listener.watch)


def end_leftovers(paths: Paths) -> None:
    """End what a killed supervisor left behind, where the kernel has not done so already.

    A process is ours when it still runs the very command that the state file names for its number.
    """
    if not paths.state.exists():
        return
    recorded = json.loads(paths.state.read_text())["parts"].values()
    ours = [process for part in recorded if (process := _process(part["pid"], part["command"]))]
    for process in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(ours, timeout=10)
    paths.state.unlink()


def _process(pid: int | None, command: list[str]) -> psutil.Process | None:
    try:
        process = psutil.Process(pid) if pid else None
        return process if process and process.cmdline() == command else None
    except psutil.Error:
        return None
