"""A runner watches one part: back-off after deaths, and a word when it lives but does not answer."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.platform.part import Health, Part, State
from mesh.platform.runner import Pace, Runner
from tests.unit.platform.toys import toy

QUICK = Pace(first_probe=0.02, probe=0.05, backoff=0.05, backoff_limit=0.2, steady=60.0)


async def ready_at_once(_part: Part) -> None:
    """Nothing to wait for."""


def watched(
    part: Part, folder: Path, pace: Pace, life: Callable[[Runner, list[str]], Awaitable[None]]
) -> list[str]:
    """Run a part while ``life`` happens to it; every state that it went through, with the reasons."""
    seen: list[str] = []

    async def scene() -> None:
        def note() -> None:
            status = runner.status()
            words = f"{status.state} {status.detail}".strip()
            if not seen or seen[-1] != words:
                seen.append(words)

        runner = Runner(part, folder / "toy.log", folder, note, ready_at_once, pace)
        runner.start()
        try:
            async with asyncio.timeout(20):
                await life(runner, seen)
        finally:
            await runner.stop()

    asyncio.run(scene())
    return seen


async def until(runner: Runner, state: State) -> int:
    """Wait for a state; the process that is in it."""
    while runner.state is not state:
        await asyncio.sleep(0.01)
    return runner.status().pid or 0


def test_the_pause_doubles_with_each_death_and_is_bounded(tmp_path: Path) -> None:
    """0.05, 0.1, 0.2 and never more, as long as it does not last."""

    async def life(runner: Runner, _seen: list[str]) -> None:
        for _ in range(4):
            os.kill(await until(runner, State.READY), signal.SIGKILL)
            await until(runner, State.RESTARTING)
        await until(runner, State.READY)

    seen = watched(toy("one"), tmp_path, QUICK, life)
    pauses = [words.split("again in ")[1] for words in seen if words.startswith("restarting")]
    assert pauses == ["0.1 s", "0.1 s", "0.2 s", "0.2 s"]


def test_the_back_off_begins_anew_after_a_steady_run(tmp_path: Path) -> None:
    """A part that had recovered is not punished for the past."""

    async def life(runner: Runner, _seen: list[str]) -> None:
        for _ in range(3):
            os.kill(await until(runner, State.READY), signal.SIGKILL)
            await until(runner, State.RESTARTING)

    seen = watched(toy("one"), tmp_path, Pace(first_probe=0.02, probe=0.05, backoff=0.1, steady=0.0), life)
    pauses = [words.split("again in ")[1] for words in seen if words.startswith("restarting")]
    assert pauses == ["0.1 s", "0.1 s", "0.1 s"]


def test_a_frozen_part_is_unhealthy_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown, and not killed: it may only be busy."""
    monkeypatch.setattr("mesh.platform.health.PROBE_TIMEOUT", 0.2)

    async def life(runner: Runner, _seen: list[str]) -> None:
        pid = await until(runner, State.READY)
        os.kill(pid, signal.SIGSTOP)
        assert await until(runner, State.UNHEALTHY) == pid
        os.kill(pid, signal.SIGCONT)
        assert await until(runner, State.READY) == pid

    seen = watched(toy("one"), tmp_path, QUICK, life)
    assert [words.split()[0] for words in seen] == [
        *("starting", "ready", "unhealthy", "ready", "stopping", "stopped")
    ]


def test_a_part_that_answers_is_ready_when_it_has_recovered(tmp_path: Path) -> None:
    """Until then it is not; its time to readiness counts until then."""
    sign = tmp_path / "recovered"
    part = toy("one", "recovers", str(sign))
    health = Health(part.health.kind, part.health.target, recovered="done")

    async def life(runner: Runner, _seen: list[str]) -> None:
        await until(runner, State.RECOVERING)
        await asyncio.sleep(0.2)
        assert runner.status().ready_seconds is None
        sign.touch()
        await until(runner, State.READY)
        assert (runner.status().ready_seconds or 0) > 0.2

    pace = Pace(first_probe=0.02, recovery=0.02)
    seen = watched(replace(part, health=health), tmp_path, pace, life)
    assert seen == ["starting", "recovering", "ready", "stopping", "stopped"]
