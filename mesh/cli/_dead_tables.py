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
from mesh.dead_letters.parked import Parked, State
from mesh.dead_letters.plan import Action, Lot, Step
from mesh.dead_letters.selection import shown_key

if TYPE_CHECKING:
    from mesh.dead_letters.desk import Proposal
    from mesh.dead_letters.difference import Difference
    from mesh.kernel.contract import Port

SHOWN = 20
"""Records whose differences a person is shown; ``--json`` has all."""
_WAITING = 10
"""Waiting records that are listed."""


def groups(found: Sequence[Parked]) -> Table:
    """By topic and code: records, keys, and when they were parked."""
    table = _table("topic", "code", right=("records", "keys", "redriven"), more=("first seen", "last seen"))
    for (topic, code), some in _grouped(found).items():
        done = sum(one.state in (State.DONE, State.DISCARDED) for one in some)
        keys = len({one.key for one in some})
        first, last = min(one.first_seen for one in some), max(one.first_seen for one in some)
        table.add_row(
            topic,
            code,
            f"{len(some):,}",
            f"{keys:,}",
            f"{done:,}" if done else "–",
            _moment(first),
            _moment(last),
        )
    return table


def records(found: Sequence[Parked]) -> Table:
    """One by one: where, whose, why, and what has become of them."""
    table = _table("topic", "place", "key", "code", "state", "reason")
    for one in found:
        state = f"behind {one.behind}" if one.behind is not None else str(one.state)
        key = shown_key(one.key) or "–"
        table.add_row(one.place.topic, str(one.place), Text(key), one.code, state, Text(one.letter.reason))
    return table


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
    staying = [step for lot in found.staying for step in lot.steps if step.action is Action.STAY]
    if staying:
        table = _table("topic", "stays", "key", "why")
        for step in staying[:SHOWN]:
            lot = next(lot for lot in found.staying if step in lot.steps)
            waiting = len(lot.steps) - sum(one.action is Action.STAY for one in lot.steps)
            with_it = f" (and {waiting:,} records behind it)" if waiting else ""
            key = Text(shown_key(lot.key) or "–")
            table.add_row(step.place.topic, str(step.place), key, Text(step.reason + with_it))
        yield table
        yield from _rest(staying)
    moving = [(lot, step) for lot in found.moving for step in lot.steps]
    if moving:
        table = _table("topic", "redriven", "what it changes", "field", "before", "after")
        for lot, step in moving[:SHOWN]:
            _changes(table, lot, step, found.differences.get(step.place))
        yield table
        yield from _rest(moving)
    counts = {action: sum(step.action is action for _, step in moving) for action in Action}
    yield (
        f"{counts[Action.PUBLISH]:,} records to publish, {counts[Action.DISCARD]:,} to give up, "
        f"{sum(lot.covers is not None for lot in found.moving):,} keys to release; "
        f"{sum(len(lot.steps) for lot in found.staying):,} records stay"
    )


def _changes(table: Table, lot: Lot, step: Step, difference: Difference | None) -> None:
    place = str(step.place)
    if step.action is Action.DISCARD:
        table.add_row(step.place.topic, place, "nothing: it is given up", "", "", "")
        return
    what = "–" if difference is None else difference.effect
    if step.edited is not None:
        what += f"; edited: {', '.join(step.edited)}" if step.edited else ""
        if step.key != lot.key:
            what += f"; new key {shown_key(step.key)}"
    fields = list({} if difference is None else difference.fields.items())
    table.add_row(step.place.topic, place, Text(what), "", "", "")
    for name, (before, after) in fields:
        old = Text("–", style="dim") if before is None else Text(showing.text(before))
        table.add_row("", "", "", name, old, Text(showing.text(after)))


def list_document(found: Sequence[Parked], limit: int) -> dict[str, Any]:
    """The list for programs."""
    return {
        "groups": [
            {
                "topic": topic,
                "code": code,
                "records": len(some),
                "keys": len({one.key for one in some}),
                "first_seen": min(one.first_seen for one in some).isoformat(),
                "last_seen": max(one.first_seen for one in some).isoformat(),
                "states": {state.value: sum(one.state is state for one in some) for state in State},
            }
            for (topic, code), some in _grouped(found).items()
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
        "moves": lots_document(found.moving, found.differences),
        "stays": lots_document(found.staying),
    }


def lots_document(
    lots: Iterable[Lot], differences: Mapping[Any, Difference] | None = None
) -> list[dict[str, Any]]:
    """Lots for programs."""
    return [
        {
            "topic": lot.port.topic,
            "partition": lot.partition,
            "key": shown_key(lot.key),
            "releases": lot.covers,
            "records": [_step_document(step, (differences or {}).get(step.place)) for step in lot.steps],
        }
        for lot in lots
    ]


def _step_document(step: Step, difference: Difference | None) -> dict[str, Any]:
    found: dict[str, Any] = {"place": str(step.place), "code": step.code, "action": step.action.value}
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


def _rest(listed: Sequence[object]) -> Iterator[str]:
    if len(listed) > SHOWN:
        yield f"and {len(listed) - SHOWN:,} more; --json shows all"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _table(*columns: str, right: Sequence[str] = (), more: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    for column in more:
        table.add_column(column, no_wrap=True)
    return table
