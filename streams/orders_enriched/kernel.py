"""The compiled half of a fold, where it was built: usual facts in, usual rows out.

Each part of it stands beside its Python, which takes what it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from streams.engine.avro.walk_pattern import UnrecognisableError
from streams.engine.avro.walk_program import item_program
from streams.engine.kernel import KERNEL, built
from streams.facts import Reader
from streams.orders_enriched import topics
from streams.orders_enriched.dimensions import Members
from streams.orders_enriched.intake import Intake
from streams.orders_enriched.layout import LINE_KEY, Layout
from streams.orders_enriched.registers import as_of, greatest
from streams.orders_enriched.returns import NONE_RETURNED, by_line
from streams.orders_enriched.splice import LIVE
from streams.orders_enriched.state import State

_INTAKE, _ROWS = built(f"{__package__}._intake"), built(f"{__package__}._rows")


class Compiled(NamedTuple):
    """Intakes by topic, ``rows.add(entry, timestamp, lines, rows)``, and ``recover(entries, clock)``."""

    intakes: dict[str, Any]
    rows: Any
    recover: Callable[[Iterable[tuple[bytes, bytes]], int], tuple[int, list[tuple[bytes, bytes]]]]
    """Returns the clock after these entries of the changelog, and those that it has left to Python."""


def compiled(
    readers: Mapping[str, Reader],
    intakes: Mapping[str, Intake],
    layout: Layout,
    members: Mapping[str, Members],
    state: State,
    frame: bytes,
) -> Compiled | None:
    """The compiled half of a fold with these parts.

    None without a compiler, or where an event has got a type that no program walks.
    """
    if KERNEL is None or _INTAKE is None or _ROWS is None:
        return None
    lines = readers[topics.ORDER].walker.schema["fields"][-1]["type"]["items"]
    try:
        item = KERNEL.Program(item_program(lines, LINE_KEY), 2 * len(LINE_KEY))
        programs = {topic: readers[topic].walker.program() for topic in intakes}
    except UnrecognisableError:
        return None
    made = {
        topic: one
        for topic, intake in intakes.items()
        if (one := intake.compiled(_INTAKE, programs[topic], item)) is not None
    }
    rows = _ROWS.Rows(
        item,
        frame,
        LIVE,
        tuple(members[prefix] for prefix in topics.ROLES),
        tuple(block.null for block in layout.blocks),
        state.customers,
        by_line,
        greatest,
        as_of,
        NONE_RETURNED,
    )
    tags: list[Any] = [None] * 256
    for topic, one in made.items():
        tags[intakes[topic].tag[0]] = one
    return Compiled(made, rows, lambda entries, clock: _INTAKE.recover(entries, tags, clock))
