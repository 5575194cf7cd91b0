"""How ``mesh dead`` shows things: tables for people, documents for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mesh.dead_letters import showing
from mesh.dead_letters.parked import OPEN, Parked, Place, State
from mesh.dead_letters.plan import Action, Lot, Step
from mesh.dead_letters.selection import shown_key
from mesh.kernel.event import ENVELOPE

if TYPE_CHECKING:
    from mesh.dead_letters.desk import Proposal
    from mesh.dead_letters.difference import Difference
    from mesh.kernel.contract import Port

SHOWN = 20
"""Records whose differences a person is shown; ``--json`` has all."""
_WAITING = 10
"""Waiting records that are listed."""
_EDITED = 4
"""Edited fields that are named."""


def groups(found: Sequence[Parked]) -> Table:
    """By topic and code: records that are open and done, their keys, and when they were parked."""
    table = _table("topic and code", right=("open", "done", "keys"), more=("first", "last"))
    by = _grouped(found)
    for topic in dict.fromkeys(topic for topic, _ in by):
        table.add_row(Text(topic, style="bold"))
        for (of, code), some in by.items():
            if of == topic:
                open_ = sum(one.state in OPEN for one in some)
                counts = (open_, len(some) - open_, len({one.key for one in some}))
                moments = [one.first_seen for one in some]
                shown = (f"{count:,}" if count else "–" for count in counts)
                table.add_row(f"  {code}", *shown, _moment(min(moments)), _moment(max(moments)))
    return table


def records(found: Sequence[Parked]) -> Iterator[RenderableType]:
    """One by one, a table for each topic: where, whose, why, and what has become of them."""
    for topic in dict.fromkeys(one.place.topic for one in found):
        yield f"\n[bold]{topic}[/]"
        table = _table("place", "key", "code", "state", "reason")
        for one in found:
            if one.place.topic == topic:
                state = f"behind {one.behind}" if one.behind is not None else str(one.state)
                key = Text(shown_key(one.key) or "–")
                table.add_row(str(one.place), key, one.code, state, Text(one.letter.reason))
        yield table


def record(
    port: Port, one: Parked, fields: Mapping[str, Any] | None, behind: Sequence[Parked]
) -> Iterator[RenderableType]:
    """One record in full."""
    about = Table(box=None, show_header=False, pad_edge=False)
    about.add_column(style="bold")
    about.add_column(overflow="fold")
    for name, value in _about(one).items():
        if value not in (None, ""):
            about.add_row(name, Text(str(value)))
    for letter in one.letters:
        about.add_row(letter.consumer, Text(f"{letter.code}: {letter.reason}"))
    for name, content in one.letter.headers:
        about.add_row(f"header {name}", Text(content.decode(errors="backslashreplace")))
    yield about
    yield ""
    if fields is not None:
        table = _table("field", "value")
        for name, value in showing.masked(port, fields).items():
            table.add_row(name, Text(showing.text(value)))
        yield table
    elif not one.of_row:
        yield f"the value cannot be decoded: {showing.look(one.letter.value)}"
        yield from showing.hexdump(one.letter.value or b"")
    if behind:
        places = ", ".join(str(other.place) for other in behind[:_WAITING])
        more = f" and {len(behind) - _WAITING:,} more" if len(behind) > _WAITING else ""
        yield f"{len(behind):,} records wait behind it: {places}{more}"


def proposal(found: Proposal) -> Iterator[RenderableType]:
    """What a redrive would do: what stays and why, and what changes."""
    if not found.lots:
        yield "nothing to redrive"
        return
    staying = [(lot, lot.left[0]) for lot in found.staying]
    for topic, some in _by_topic(staying[:SHOWN]).items():
        yield f"[bold]{topic}[/]: stays parked"
        table = _table("place", "key", "why")
        for lot, step in some:
            behind = len(lot.left) - 1
            with_it = f" ({behind:,} of its key behind it)" if behind else ""
            table.add_row(str(step.place), Text(shown_key(lot.key) or "–"), Text(step.reason + with_it))
        yield table
    yield from _rest(staying)
    moving = [(lot, step) for lot in found.moving for step in lot.moving]
    for topic, some in _by_topic(moving[:SHOWN]).items():
        yield f"[bold]{topic}[/]: redriven, in this order"
        table = _table("place", "what it changes", "field", "before", "after")
        for lot, step in some:
            _changes(table, lot, step, found.differences.get(step.place))
        yield table
    yield from _rest(moving)
    counts = {action: sum(step.action is action for _, step in moving) for action in Action}
    yield (
        f"to publish: {counts[Action.PUBLISH]:,}; to give up: {counts[Action.DISCARD]:,}; "
        f"keys to release: {sum(lot.releases is not None for lot in found.moving):,}; "
        f"stay parked: {sum(len(lot.left) for lot in found.staying):,}"
    )


def _changes(table: Table, lot: Lot, step: Step, difference: Difference | None) -> None:
    place = str(step.place)
    if step.action is Action.DISCARD:
        table.add_row(place, "nothing: it is given up")
        return
    what = "–" if difference is None else difference.effect
    if step.edited is not None:
        some = ", ".join(step.edited) if len(step.edited) <= _EDITED else f"{len(step.edited)} fields"
        what += f"; edited: {some}" if step.edited else ""
        if step.key != lot.key:
            what += f"; new key {shown_key(step.key)}"
    fields = {} if difference is None else difference.fields
    table.add_row(place, Text(what))
    for name, (before, after) in fields.items():
        if name in ENVELOPE:
            continue
        old = Text("–", style="dim") if before is None else Text(showing.text(before))
        table.add_row("", "", name, old, Text(showing.text(after)))


def list_document(found: Sequence[Parked], limit: int) -> dict[str, Any]:
    """The list for programs."""
    return {
        "groups": [
            {
                "topic": topic,
                "code": some[0].code,
                "records": len(some),
                "keys": len({one.key for one in some}),
                "first_seen": min(one.first_seen for one in some).isoformat(),
                "last_seen": max(one.first_seen for one in some).isoformat(),
                "states": {state.value: sum(one.state is state for one in some) for state in State},
            }
            for (topic, _), some in _grouped(found).items()
        ],
        "records": [
            _about(one) | {"behind": one.behind}
            for one in sorted(found, key=lambda one: one.first_seen)[-limit:]
        ]
        if limit
        else [],
    }


def record_document(
    port: Port, one: Parked, fields: Mapping[str, Any] | None, behind: Sequence[Parked]
) -> dict[str, Any]:
    """One record for programs."""
    return _about(one) | {
        "letters": [
            {"consumer": letter.consumer, "code": letter.code, "reason": letter.reason}
            for letter in one.letters
        ],
        "headers": {name: content.decode(errors="backslashreplace") for name, content in one.letter.headers},
        "fields": None if fields is None else showing.plain(showing.masked(port, fields)),
        "looks": showing.look(one.letter.value) if fields is None else None,
        "waiting": [str(other.place) for other in behind],
    }


def proposal_document(found: Proposal) -> dict[str, Any]:
    """A proposal for programs."""
    return {
        "moves": [_lot(lot, lot.moving, found.differences) for lot in found.moving],
        "stays": stays_document(found.staying),
    }


def stays_document(lots: Iterable[Lot]) -> list[dict[str, Any]]:
    """What stays of some lots, for programs."""
    return [_lot(lot, lot.left, {}) for lot in lots if lot.left]


def _lot(lot: Lot, steps: Sequence[Step], differences: Mapping[Place, Difference]) -> dict[str, Any]:
    return {
        "topic": lot.port.topic,
        "partition": lot.partition,
        "key": shown_key(lot.key),
        "releases": lot.releases,
        "records": [_step_document(step, differences.get(step.place)) for step in steps],
    }


def _step_document(step: Step, difference: Difference | None) -> dict[str, Any]:
    found: dict[str, Any] = {"place": str(step.place), "parked_as": step.cause, "action": step.action.value}
    if step.reason:
        found["reason"] = step.reason
    if step.edited is not None:
        found |= {"edited": list(step.edited), "new_key": shown_key(step.key)}
    if difference is not None:
        found["effect"] = difference.effect
        found["fields"] = {
            name: [showing.plain(before), showing.plain(after)]
            for name, (before, after) in difference.fields.items()
        }
    return found


def _about(one: Parked) -> dict[str, Any]:
    letter = one.letter
    return {
        "topic": one.place.topic,
        "place": str(one.place),
        "key": shown_key(one.key),
        "state": one.state.value,
        "code": one.code,
        "reason": letter.reason,
        "consumers": ", ".join(one.consumers),
        "first_seen": one.first_seen.isoformat(),
        "schema_id": letter.schema_id,
        "code_version": letter.code_version,
    }


def _grouped(found: Iterable[Parked]) -> dict[tuple[str, str], list[Parked]]:
    by: dict[tuple[str, str], list[Parked]] = {}
    for one in found:
        by.setdefault((one.place.topic, one.code), []).append(one)
    return by


def _by_topic(steps: Iterable[tuple[Lot, Step]]) -> dict[str, list[tuple[Lot, Step]]]:
    by: dict[str, list[tuple[Lot, Step]]] = {}
    for lot, step in steps:
        by.setdefault(step.place.topic, []).append((lot, step))
    return by


def _rest(listed: Sequence[object]) -> Iterator[str]:
    if len(listed) > SHOWN:
        yield f"and {len(listed) - SHOWN:,} more; --json shows all"


def _moment(moment: datetime) -> str:
    return f"{moment:%m-%d %H:%M:%S}"


def _table(*columns: str, right: Sequence[str] = (), more: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    for column in more:
        table.add_column(column, no_wrap=True)
    return table
