"""``mesh plan``"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mesh.kernel.settings import load_settings
from mesh.provisioning.change import Action, Change
from mesh.provisioning.plan import Plan, make_plan

CHANGES, INCOMPATIBLE = 1, 2
_SHOWN = 2
"""Details of one change that people are shown."""
_INDENT = 23
"""Characters before a change's name, and two behind it."""
_SIGNS = {
    Action.CREATE: Text("+ create", "green"),
    Action.CHANGE: Text("~ change", "yellow"),
    Action.REFUSE: Text("! refuse", "red"),
    Action.UNUSED: Text("  unused", "dim"),
}


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show what `mesh apply` would change: topics, schemas, tables, access, alerts, dashboards.

    Exit 0 when nothing differs, 1 when something would be changed, 2 when something cannot be. What no
    contract names is told as unused; it is never deleted.
    """
    console = Console(highlight=False, soft_wrap=True)
    with Console(stderr=True).status("reading broker, registry, warehouse and home"):
        plan = make_plan(load_settings())
    if as_json:
        typer.echo(json.dumps(document(plan), indent=1, ensure_ascii=False))
    else:
        show(plan, console)
    if plan.refused:
        raise typer.Exit(INCOMPATIBLE)
    if plan.due:
        raise typer.Exit(CHANGES)


def document(plan: Plan) -> dict[str, object]:
    """The plan for programs."""
    return {
        "changes": [_entry(change) for change in plan.changes],
        "due": len(plan.due),
        "refused": len(plan.refused),
        "notes": list(plan.notes),
    }


def show(plan: Plan, console: Console) -> None:
    """The plan for people."""
    width = max((len(change.name) for change in plan.changes), default=0)
    for change in plan.changes:
        first, *more = _told(change)
        named = f"  {change.area:<9}  {change.name:<{width}}  "
        line = Text.assemble(_SIGNS[change.action], named, first)
        console.print(line)
        for detail in more:
            console.print(Text(f"{'':<{_INDENT + width}}{detail}", "dim"))
    for note in plan.notes:
        console.print(note, style="dim", markup=False)
    for change in plan.refused:
        console.print(str(change.refusal), style="red", markup=False)
    console.print(_verdict(plan))


def _verdict(plan: Plan) -> str:
    if plan.refused:
        return f"{count(len(plan.refused))} cannot be made, so `mesh apply` would change nothing"
    if plan.due:
        return f"{count(len(plan.due))}; `mesh apply` makes {'it' if len(plan.due) == 1 else 'them'}"
    return "nothing to change"


def count(number: int) -> str:
    """So many changes, in words."""
    return "1 change" if number == 1 else f"{number} changes"


def _told(change: Change) -> list[str]:
    """The details of a change, the first few of many."""
    hidden = len(change.details) - _SHOWN
    if hidden <= 1:
        return list(change.details) or [""]
    return [*change.details[:_SHOWN], f"… and {hidden} more (--json shows all)"]


def _entry(change: Change) -> dict[str, object]:
    entry: dict[str, object] = {
        "area": change.area,
        "name": change.name,
        "action": str(change.action),
        "details": list(change.details),
    }
    if change.refusal:
        entry |= {"code": change.refusal.code, "remedy": change.refusal.remedy}
    return entry
