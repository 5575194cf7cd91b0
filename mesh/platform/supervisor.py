"""The supervisor process: keeps the declared parts alive and answers the control channel.

    python -m mesh.platform.supervisor <home>

It knows nothing of Kafka or Faust: parts come as data (:class:`mesh.platform.part.Part`). It ends on SIGTERM,
SIGINT or the request ``shutdown``, after all parts, in reverse order of need. When it is killed outright,
the kernel ends its children.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from mesh.kernel.errors import MeshError, PlatformError, did_you_mean
from mesh.platform.part import Part, State
from mesh.platform.paths import Paths
from mesh.platform.ports import hold
from mesh.platform.runner import Runner
from observability.scraping import Target, targets

_log = logging.getLogger(__name__)
LOCK_TAKEN = 75  # exit code: another supervisor lives in this home
LINE_LIMIT = 4_000_000  # bytes of one request; class paths are long


class Supervisor:
    """The parts of one home. Requests are methods named ``do_<request>``."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.settings: dict[str, Any] = {}
        self.runners: dict[str, Runner] = {}
        self._held: dict[str, list[IO[bytes]]] = {}
        self._watched: set[str] = set()
        self._targets: list[dict[str, Any]] | None = None
        self.ended = asyncio.Event()
        self._news = asyncio.Condition()
        self._write_due = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to end, then stop every part."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ended.set)
        self.paths.socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, str(self.paths.socket), limit=LINE_LIMIT)
        self.paths.socket.chmod(0o600)
        writer = asyncio.create_task(self._write_state())
        self._changed()
        await self.ended.wait()
        await self.stop_all()
        writer.cancel()
        server.close()
        self.paths.state.unlink(missing_ok=True)
        self.paths.socket.unlink(missing_ok=True)

    async def stop_all(self) -> None:
        """Stop the parts in reverse order of need, those that do not need each other at once."""
        left = {name for name, runner in self.runners.items() if runner.state is not State.STOPPED}
        while left:
            needed = {need for name in left for need in self.runners[name].part.needs}
            wave = (left - needed) or left
            await asyncio.gather(*(self.runners[name].stop() for name in wave))
            left -= wave

    # Requests

    async def do_status(self) -> dict[str, Any]:
        """Every part, and the settings that the platform was started with."""
        return {
            "supervisor": os.getpid(),
            "settings": self.settings,
            "parts": [asdict(runner.status()) for runner in self.runners.values()],
        }

    async def do_declare(self, settings: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
        """Take settings, and parts that are not known yet; nothing is started."""
        self.settings = {**self.settings, **settings}
        for declared in map(Part.from_dict, parts):
            if declared.name not in self.runners:
                self._held[declared.name] = [hold(port) for port in declared.ports]
                log = self.paths.log(declared.name)
                self.runners[declared.name] = Runner(
                    declared, log, Path.cwd(), self._changed, self._wait_for_needs
                )
        self._changed()
        return {}

    async def do_start(self, parts: list[str]) -> dict[str, Any]:
        """Begin to start parts; returns at once."""
        for runner in [self._find(name) for name in parts]:
            runner.start()
        return {}

    async def do_stop(self, parts: list[str]) -> dict[str, Any]:
        """Stop parts, whatever needs them; returns when they are gone."""
        await asyncio.gather(*(runner.stop() for runner in [self._find(name) for name in parts]))
        return {}

    async def do_forget(self, parts: list[str]) -> dict[str, Any]:
        """Stop parts and strike them off the list; returns when they are gone."""
        await self.do_stop(parts)
        for name in parts:
            del self.runners[name]
            self._watched.discard(name)
            for claim in self._held.pop(name):
                claim.close()
        self._changed()
        return {}

    async def do_shutdown(self) -> dict[str, Any]:
        """Begin to end; the supervisor's lock is free when all is done."""
        self.ended.set()
        return {}

    # The rest

    def _find(self, name: str) -> Runner:
        if name not in self.runners:
            remedy = did_you_mean(name, self.runners)
            raise PlatformError(
                "part-unknown", "is not a part of the running mesh", place=name, remedy=remedy
            )
        return self.runners[name]

    async def _wait_for_needs(self, part: Part) -> None:
        needs = [self.runners[name] for name in part.needs if name in self.runners]
        async with self._news:
            await self._news.wait_for(lambda: all(need.state is State.READY for need in needs))

    def _changed(self) -> None:
        self._write_due.set()

    async def _write_state(self) -> None:
        """Write the state file after each change, whole or not at all, and wake those who wait for parts."""
        while True:
            await self._write_due.wait()
            self._write_due.clear()
            async with self._news:
                self._news.notify_all()
            state = await self.do_status()
            state["parts"] = {
                part["name"]: {**part, "command": self.runners[part["name"]].part.command}
                for part in state["parts"]
            }
            _write(self.paths.state, state)
            self._write_targets()

    def _write_targets(self) -> None:
        """Tell Prometheus whom to scrape: a part is watched from its first answer until it is forgotten.

        One that is stopped stays, so that its absence is seen; one that has yet to start is not missed.
        """
        answering = (State.RECOVERING, State.READY)
        self._watched |= {name for name, runner in self.runners.items() if runner.state in answering}
        watched = [self.runners[name].part for name in sorted(self._watched)]
        found = targets(Target(part.name, part.kind, part.metrics) for part in watched if part.metrics)
        if found != self._targets:
            self._targets = found
            self.paths.targets.parent.mkdir(parents=True, exist_ok=True)
            _write(self.paths.targets, found)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(await self._answer(await reader.readline())).encode() + b"\n")
            await writer.drain()
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            arguments = json.loads(line)
            act = getattr(self, f"do_{arguments.pop('do')}")
            reply: dict[str, Any] = await act(**arguments)
        except MeshError as error:
            words = {"code": error.code, "what": error.what, "place": error.place, "remedy": error.remedy}
            return {"error": words}
        except Exception as error:  # noqa: BLE001 - a bad request must not end the parts
            _log.exception("a request failed")
            words = {"code": "request-failed", "what": repr(error), "place": "", "remedy": "see its log"}
            return {"error": words}
        return reply


def _write(path: Path, document: Any) -> None:
    """Write a file whole or not at all."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(document, indent=1))
    draft.replace(path)


def main(home: str) -> int:
    """Run the supervisor of one home; the exit code."""
    paths = Paths.of(Path(home))
    paths.logs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with paths.lock.open("ab") as lock:
        if not _take(lock):
            return LOCK_TAKEN
        asyncio.run(_run(paths))
    return 0


def _take(lock: IO[bytes]) -> bool:
    """Lock the home; tried for a second, since those who only look hold the lock for a moment too."""
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


async def _run(paths: Paths) -> None:
    await Supervisor(paths).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
