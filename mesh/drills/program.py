"""All drills of a program: side by side where they do not disturb each other, one by one where they would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from threading import Event

from mesh.drills.drill import Drill
from mesh.drills.holding import Outcome


def waves(drills: Iterable[Drill]) -> list[list[Drill]]:
    """The drills by their waves, in order."""
    ordered = sorted(drills, key=lambda drill: drill.wave)
    return [list(wave) for _, wave in groupby(ordered, key=lambda drill: drill.wave)]


def hold_all(
    drills: Iterable[Drill], hold: Callable[[Drill], Outcome], interrupted: Event
) -> Iterator[Outcome]:
    """Hold every drill, wave by wave; gives each outcome as it comes.

    When the caller does not go on, ``interrupted`` is set, and this returns when all has been healed.
    """
    for wave in waves(drills):
        with ThreadPoolExecutor(len(wave)) as pool:
            try:
                for done in as_completed([pool.submit(hold, drill) for drill in wave]):
                    yield done.result()
            except BaseException:
                interrupted.set()
                raise
