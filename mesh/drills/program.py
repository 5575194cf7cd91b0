"""All drills of a program: side by side where they do not disturb each other, one by one where they would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event

from mesh.drills.drill import Drill
from mesh.drills.holding import Outcome


def waves(drills: Iterable[Drill]) -> list[list[Drill]]:
    """The drills in waves: of one wave no two touch the same, and one that stands alone has its own.

    Greedy, in the order given: a drill joins the first wave in which nothing that it touches is touched.
    """
    found: list[list[Drill]] = []
    alone: list[list[Drill]] = []
    for drill in drills:
        if drill.alone:
            alone.append([drill])
            continue
        for wave in found:
            if not any(drill.touches & other.touches for other in wave):
                wave.append(drill)
                break
        else:
            found.append([drill])
    return found + alone


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
