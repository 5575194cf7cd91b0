"""``mesh incidents``: what is wrong, whose it is, and whether they know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.kernel.clock import now
from mesh.kernel.settings import load_settings
from observability.pager.message import span
from observability.pager.watchdog import FIRST, LIMIT

if TYPE_CHECKING:
    from observability.pager.client import Listing

WIDTH = 160  # columns, where there is no terminal to ask
_NAME = 24  # columns below which names of alerts are torn
_COLOURS = {"page": "red", "ticket": "yellow"}


def command(
    incident: Annotated[
        str | None, typer.Argument(help="Show this one at length; its day may be left out.", metavar="[ID]")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(help="The newest so many.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show what is wrong now, the newest first: whose it is, since when, and over which channels they know.

    `mesh ack ID` tells everyone that you have taken it on.
    """
    from observability.pager import client

    settings = load_settings()
    console = screen(WIDTH)
    if incident is not None:
        found = client.incident(settings, incident)
        if as_json:
            typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        else:
            console.print(at_length(found))
        return
    listed = client.listing(settings, everything=everything, limit=limit)
    if as_json:
        typer.echo(json.dumps(listed.as_dict(), indent=1, ensure_ascii=False))
        return
    if warning := doubt(listed, settings.pager, now()):
        console.print(Text(warning, style="bold red"))
    if listed.incidents:
        console.print(table(listed.incidents, now()))
    else:
        console.print("there has been no incident" if everything else "no incident is open")


def doubt(listed: Listing, address: str, moment: datetime) -> str:
    """Why the list may not be all; empty when there is no reason to think so."""
    if listed.watchdog is None:
        return (
            f"! the pager does not answer ({address}): nobody is paged now. What it knew, from the warehouse:"
        )
    heard, began = listed.watchdog["heard_at"], listed.watchdog["listening_since"]
    silent = moment - datetime.fromisoformat(heard or began)
    if silent > (LIMIT if heard else FIRST):
        lasted = span(silent.total_seconds())
        return f"! nothing was heard from the alerting for {lasted}: faults may go unnoticed"
    return ""


def table(incidents: list[dict[str, Any]], moment: datetime) -> Table:
    """Two lines an incident, so that it fits a narrow terminal."""
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    shown.add_column("incident", no_wrap=True)
    shown.add_column("what", overflow="fold", min_width=_NAME)
    for heading in ("whose", "state, paged over"):
        shown.add_column(heading, overflow="fold")
    for one in incidents:
        age = span((moment - datetime.fromisoformat(one["fired_at"])).total_seconds())
        severity = (one["severity"], _COLOURS.get(one["severity"], ""))
        shown.add_row(
            Text.assemble(one["id"], "\n", severity, f", {age}"),
            Text.assemble((one["name"], "bold"), f"\n{one['summary']}" if one["summary"] else ""),
            Text(f"{one['domain']}\n{one['owner']}".strip()),
            Text("\n").join([Text(state(one)), ways(one)]),
        )
    return shown


def state(one: Mapping[str, Any]) -> str:
    """Open, or by whom it was taken on, or how long it lasted."""
    if one["resolved_at"]:
        lasted = datetime.fromisoformat(one["resolved_at"]) - datetime.fromisoformat(one["fired_at"])
        return f"over after {span(lasted.total_seconds())}"
    return f"taken on by {one['acknowledged_by']}" if one["acknowledged_at"] else "open"


def ways(one: Mapping[str, Any]) -> Text:
    """The channels that took every page so far, and what is wrong with the others."""
    if "pages" not in one:
        late = [(f"{channel}: not delivered", "red") for channel in one["undelivered"]]
        return Text("\n").join([Text(", ".join(one["channels"])), *(Text.assemble(way) for way in late)])
    reasons: dict[str, str] = {}
    for page in one["pages"]:  # what keeps back the first page of a channel keeps back the others
        reasons[page["channel"]] = reasons.get(page["channel"]) or _reason(page)
    taken = [channel for channel, reason in reasons.items() if not reason]
    late = [(f"{channel}: {reason}", "red") for channel, reason in reasons.items() if reason]
    first = "nobody: in the log only" if taken == ["log"] == list(reasons) else ", ".join(taken)
    return Text("\n").join(filter(None, [Text(first), *(Text.assemble(way) for way in late)]))


def _reason(page: Mapping[str, Any]) -> str:
    match page["outcome"]:
        case "delivered":
            return ""
        case "failed":
            return f"given up: {page['reason']}"
    return f"{page['reason']}; tried again" if page["reason"] else "on its way"


def at_length(one: Mapping[str, Any]) -> Group:
    """The page as it was sent, and what has happened since."""
    story = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("at (UTC)", "what", "told", "over", "outcome"):
        story.add_column(heading, overflow="fold")
    for page in one.get("pages", []):
        at = datetime.fromisoformat(page["at"])
        outcome = Text(_reason(page) or "delivered", style="" if page["outcome"] == "delivered" else "red")
        story.add_row(f"{at:%Y-%m-%d %H:%M:%S}", page["change"], page["receiver"], page["channel"], outcome)
    said = next((page["text"] for page in one.get("pages", [])), f"{one['name']}\n{one['summary']}\n")
    return Group(Text(said), Text(f"Now: {state(one)}"), Text(one["note"]), story)
