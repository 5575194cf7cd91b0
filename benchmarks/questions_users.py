"""Users who ask, pause and ask again, and what it costs the machine meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import ClickHouseError

from benchmarks.result import percentile
from mesh.kernel.errors import MeshError
from mesh.kernel.warehouse import connect

if TYPE_CHECKING:
    from benchmarks.questions_asked import Asked
    from mesh.kernel.settings import Settings

LIMIT = 0.5
"""Seconds within which an answer counts as in time."""


@dataclass
class Answers:
    """How long each answer of one question took, in seconds; failures are told by what was said."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def in_time(self) -> int:
        """Answers within the limit."""
        return sum(one <= LIMIT for one in self.seconds)

    @property
    def count(self) -> int:
        """Times that it was asked."""
        return len(self.seconds) + len(self.failures)

    def at(self, share: float) -> float | None:
        """A percentile in seconds; None where nothing was answered."""
        return round(percentile(sorted(self.seconds), share), 3) if self.seconds else None


def work(
    settings: Settings,
    asked: Sequence[Asked],
    users: int,
    seconds: float,
    pause: float,
    tick: Callable[[], object] = lambda: None,
    goes_on: Callable[[float], bool] = lambda _over: False,
) -> dict[str, Answers]:
    """Let users ask for so long, each with a connection of its own; answers by question.

    They ask on while ``goes_on`` says so, which is told the seconds that are over by then.
    Every user goes through all questions in an order of its own, so each question is asked about as often.
    """
    found = {one.name: Answers() for one in asked}
    lock, end = threading.Lock(), time.monotonic() + seconds

    def user(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - the same order each time
        client = connect(settings)
        time.sleep(pause * number / users)
        waiting: list[Asked] = []
        while time.monotonic() < end or goes_on(time.monotonic() - end):
            waiting = waiting or chance.sample(asked, len(asked))
            one = waiting.pop()
            begun = time.monotonic()
            said = ""
            try:
                one.ask(client, chance)
            except (ClickHouseError, MeshError) as error:
                said = str(error).splitlines()[0][:200]
            took = time.monotonic() - begun
            with lock:
                answers = found[one.name]
                if said:
                    answers.failures.append(said)
                else:
                    answers.seconds.append(took)
            time.sleep(pause)
        client.close()

    with ThreadPoolExecutor(users) as pool:
        running = [pool.submit(user, number) for number in range(users)]
        while not all(one.done() for one in running):
            tick()
            time.sleep(0.2)
        for one in running:
            one.result()
    return found
