"""Keeps one part alive: starts it, watches it, restarts it with back-off, stops it."""

from __future__ import annotations

import asyncio
import logging
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from mesh.platform import health
from mesh.platform.part import Part, PartStatus, State
from mesh.platform.process import spawn, terminate

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How fast a runner looks and how patient it is; times in seconds."""

    first_probe: float = 0.1  # between checks while a part starts
    recovery: float = 0.5  # between checks while it recovers
    probe: float = 2.0  # between checks of a part that runs
    backoff: float = 0.3  # pause before the first restart, doubled with each that follows
    backoff_limit: float = 15.0
    steady: float = 5.0  # a part that ran this long had recovered: the back-off begins anew
    attempts: int = 3  # deaths in a row before the first readiness, then it is given up


class Runner:
    """The life of one part. All methods belong to the supervisor's event loop."""

    def __init__(
        self,
        part: Part,
        log: Path,
        cwd: Path,
        changed: Callable[[], None],
        wait_for_needs: Callable[[Part], Awaitable[None]],
        pace: Pace | None = None,
    ) -> None:
        self.part = part
        self._log_file, self._cwd = log, Path(part.folder or cwd)
        self._changed, self._wait_for_needs = changed, wait_for_needs
        self._pace = pace or Pace()
        self._state, self._detail = State.STOPPED, ""
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._restarts = 0
        self._began = self._ready_seconds = 0.0

    @property
    def state(self) -> State:
        """Where the part is now."""
        return self._state

    def status(self) -> PartStatus:
        """A snapshot of the part."""
        alive = self._process is not None and self._process.returncode is None
        return PartStatus(
            name=self.part.name,
            kind=self.part.kind,
            state=self._state,
            pid=self._process.pid if alive and self._process else None,
            address=self.part.address,
            version=self.part.version,
            restarts=self._restarts,
            up_seconds=round(time.monotonic() - self._began, 1) if alive else 0.0,
            ready_seconds=round(self._ready_seconds, 2) if self._ready_seconds else None,
            detail=self._detail,
        )

    def start(self) -> None:
        """Begin to keep the part alive; nothing when it is already being kept."""
        if self._task is None or self._task.done():
            self._stop.clear()
            self._ready_seconds = 0.0
            self._enter(State.WAITING if self.part.needs else State.STARTING)
            self._task = asyncio.create_task(self._keep(), name=self.part.name)

    async def stop(self) -> None:
        """Stop the part and return when its process is gone."""
        self._stop.set()
        if self._task is not None:
            await self._task
        self._enter(State.STOPPED)

    def _enter(self, state: State, detail: str = "") -> None:
        if (state, detail) != (self._state, self._detail):
            self._state, self._detail = state, detail
            _log.info("%s: %s%s", self.part.name, state.value, f" ({detail})" if detail else "")
            self._changed()

    async def _keep(self) -> None:
        """Run the part until it is to stop or is given up; a failure of ours is shown, never swallowed."""
        try:
            if await self._unless_stopped(self._wait_for_needs(self.part)):
                await self._live()
        except OSError as error:
            self._enter(State.FAILED, f"cannot be started: {error}")
        except Exception as error:  # noqa: BLE001 - a fault here must not end the other parts
            _log.exception("%s: the supervisor failed", self.part.name)
            self._enter(State.FAILED, f"the supervisor failed: {error!r}")
        finally:
            if self._process is not None and self._process.returncode is None:
                await terminate(self._process, self.part.grace)

    async def _live(self) -> None:
        deaths, pause = 0, self._pace.backoff
        while True:
            self._enter(State.STARTING)
            if not await self._prepare():
                return
            self._began = time.monotonic()
            self._process = await spawn(self.part.command, self.part.env, self._log_file, self._cwd)
            self._changed()
            reason = await self._run(self._process)
            ran = time.monotonic() - self._began
            await self._end(self._process)
            if self._stop.is_set():
                return
            deaths += 1
            hopeless = deaths >= self._pace.attempts or ran > self.part.ready_timeout
            if not self._ready_seconds and hopeless:
                self._enter(State.FAILED, reason if deaths == 1 else f"{reason}, {deaths} times in a row")
                return
            pause = self._pace.backoff if ran > self._pace.steady else pause
            self._restarts += 1
            self._enter(State.RESTARTING, f"{reason}, again in {pause:.1f} s")
            await self._unless_stopped(asyncio.sleep(pause))
            if self._stop.is_set():
                return
            pause = min(pause * 2, self._pace.backoff_limit)

    async def _prepare(self) -> bool:
        """Run the part's preparation where it has not been done; False when it failed or was stopped."""
        if not self.part.prepare or Path(self.part.prepared_by).exists():
            return True
        self._process = await spawn(self.part.prepare, self.part.env, self._log_file, self._cwd)
        finished = await self._unless_stopped(self._process.wait())
        if not finished:
            return False
        if self._process.returncode != 0:
            self._enter(State.FAILED, f"its preparation ended with exit code {self._process.returncode}")
            return False
        return True

    async def _run(self, process: Process) -> str:
        """Watch a started process until it dies, is to stop, or took too long; the reason in words."""
        answered = ready = False
        pauses = {State.STARTING: self._pace.first_probe, State.RECOVERING: self._pace.recovery}
        while process.returncode is None and not self._stop.is_set():
            found = await health.state(self.part.health)
            answers = found is not State.UNHEALTHY
            answered = answered or (answers and health.serves(process.pid, self.part.health))
            if process.returncode is not None or self._stop.is_set():
                break
            elapsed = time.monotonic() - self._began
            if answered and answers:
                if found is State.READY and not ready:
                    ready, self._ready_seconds = True, elapsed
                self._enter(found)
            elif answered:
                self._enter(State.UNHEALTHY, f"does not answer at {self.part.health.target}")
            elif elapsed > self.part.ready_timeout:
                return f"not ready after {self.part.ready_timeout:.0f} s"
            await self._pause(process, pauses.get(self._state, self._pace.probe))
        code = process.returncode
        return "stopped" if code is None else f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    async def _pause(self, process: Process, seconds: float) -> None:
        """Wait, but no longer than the process lives and the part is wanted."""
        waits = {asyncio.ensure_future(process.wait()), asyncio.ensure_future(self._stop.wait())}
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _end(self, process: Process) -> None:
        if process.returncode is None:
            self._enter(State.STOPPING)
        await terminate(process, self.part.grace)
        self._changed()

    async def _unless_stopped(self, work: Awaitable[object]) -> bool:
        """Await something unless the part is to stop meanwhile; whether it was finished."""
        task, stop = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            task.result()
            return True
        task.cancel()
        return False
