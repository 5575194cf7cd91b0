"""Starting and ending one process so that none outlives the supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LOG_LIMIT = 20_000_000  # bytes; a longer log is put aside at the next start
_PR_SET_PDEATHSIG = 1


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes its program: ask the kernel to kill it when its parent dies.

    SIGKILL, since a part that hangs would ignore anything gentler, and every part must survive it anyway.
    Elsewhere than on Linux there is no such call; there the next ``mesh up`` ends what was left behind.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel knew
            os._exit(1)

    return before_exec


async def spawn(command: Sequence[str], env: Mapping[str, str], log: Path, cwd: Path) -> Process:
    """Start a command in a process group of its own, its output appended to its log.

    The log is the process's own file, not a pipe, so that its last words survive the supervisor.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **env},
            cwd=cwd,
            process_group=0,
            preexec_fn=_die_with(os.getpid()),
        )


async def terminate(process: Process, grace: float) -> None:
    """End a process and its group: SIGTERM, then SIGKILL after ``grace`` seconds; return when it is gone."""
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await process.wait()
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()
    _signal_group(process.pid, signal.SIGKILL)  # children that it left behind


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
