"""``mesh dead``: list, show and redrive what was parked."""

from __future__ import annotations

import getpass
import json
import secrets
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from mesh.cli import _dead_tables as tables
from mesh.kernel.clock import now
from mesh.kernel.errors import DeadLetterError
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from mesh.dead_letters.selection import Selection

command = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Topic = Annotated[str | None, typer.Option(help="The topic that the records stood on.")]
Key = Annotated[str | None, typer.Option(help="The records' key, such as crm:4711.")]
Fault = Annotated[str | None, typer.Option("--code", help="What is wrong with them, such as undecodable.")]
Since = Annotated[str | None, typer.Option(help="Parked since: a moment, or 15m, 2h, 7d ago.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_PATIENCE = 15.0
"""Seconds that a redrive waits for the consumers."""


@command.callback()
def group() -> None:
    """Records that could not be used: what is wrong with them, what waits behind them, and back again."""


@command.command("list")
def list_(
    topic: Topic = None,
    key: Key = None,
    fault: Fault = None,
    since: Since = None,
    every: Annotated[bool, typer.Option("--all", help="Also what was redriven or given up.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Records to show at the most.")] = 20,
    as_json: Json = False,
) -> None:
    """List parked records: by topic and code, and the newest of them one by one."""
    from mesh.dead_letters.desk import Desk
    from mesh.dead_letters.parked import OPEN

    desk = Desk(load_settings())
    selection = _selection(topic, key, fault, since)
    found = [one for one in selection.of(desk.parked(topic)) if every or one.state in OPEN]
    if as_json:
        typer.echo(json.dumps(tables.list_document(found, limit), indent=1, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if not found:
        console.print("nothing is parked" if every else "nothing is parked that was not redriven")
        return
    console.print(tables.groups(found))
    if limit:
        console.print(*tables.records(sorted(found, key=lambda one: one.first_seen)[-limit:]), sep="\n")
    if len(found) > limit:
        console.print(f"{len(found) - limit:,} older ones are not shown; raise --limit or use --json")


@command.command()
def show(
    topic: Annotated[str, typer.Argument(help="The topic, such as sales.public.order-placed.v1.")],
    place: Annotated[
        str,
        typer.Argument(help="PARTITION@OFFSET as `mesh dead list` shows it, or FILE:ROW.", metavar="PLACE"),
    ],
    as_json: Json = False,
) -> None:
    """Show one parked record: why, its fields with personal text masked, and what waits behind it."""
    from mesh.dead_letters.desk import Desk
    from mesh.dead_letters.selection import Selection, check_place

    check_place(place)
    desk = Desk(load_settings())
    parked = desk.parked(topic)
    (one,) = Selection(topic=topic, place=place).of(parked)[:1]
    behind = [
        other
        for other in parked
        if other.behind == one.place.offset and other.place.partition == one.place.partition
    ]
    port, value = desk.mesh.port(topic), one.letter.value
    fields = None if one.of_row else desk.verdicts.fields(port, value)
    if as_json:
        document = tables.record_document(port, one, fields, behind)
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        Console(highlight=False).print(*tables.record(port, one, fields, behind), sep="\n")


@command.command()
def redrive(
    topic: Topic = None,
    key: Key = None,
    fault: Fault = None,
    since: Since = None,
    at: Annotated[str | None, typer.Option(help="One record: PARTITION@OFFSET.", metavar="PLACE")] = None,
    assign: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a field of the invalid records.", metavar="FIELD=VALUE"),
    ] = None,
    edit: Annotated[
        Path | None, typer.Option(help="The event, as JSON, in place of one record.", metavar="FILE")
    ] = None,
    rekey: Annotated[
        bool, typer.Option("--rekey", help="Give the invalid records the key that their fields say.")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Give the invalid records up, and release what waits.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, publish nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Redrive parked records: judge or mend them, show what that will change, publish them in order.

    Of each key everything moves in order, up to a record that stays invalid. Exit code 1 when something stays
    parked.
    """
    from mesh.dead_letters.desk import Desk, Order
    from mesh.dead_letters.mending import Edit

    given = Edit.given(assign or [], edit, rekey=rekey)
    if given is not None and discard:
        raise DeadLetterError("edit-invalid", "gives a record up and mends it", place="--discard")
    order = Order(_selection(topic, key, fault, since, at), given, discard)
    desk = Desk(load_settings())
    console = Console(stderr=as_json, highlight=False)
    proposal = desk.propose(order)
    document: dict[str, Any] = tables.proposal_document(proposal)
    if not as_json:
        console.print(*tables.proposal(proposal), sep="\n")
    if proposal.moving and not dry_run:
        if not yes:
            _confirm(console)
        id_, who = secrets.token_hex(8), f"{getpass.getuser()}@{socket.gethostname()}"
        count, left = desk.redrive(order, proposal, id_, who)
        slow = desk.taken_in(proposal.moving, _PATIENCE)
        document |= {
            "id": id_,
            "published": count,
            "left": tables.stays_document(left.staying),
            "not_yet": slow,
        }
        keys = sum(lot.releases is not None for lot in proposal.moving)
        console.print(f"redrive {id_} by {who}: {count:,} published, {keys:,} keys released")
        if slow:
            console.print(f"not yet taken in by {', '.join(slow)}; see `mesh status`")
        if left.moving:
            console.print(f"{len(left.moving):,} keys got new records all the while: run it again")
        proposal = left
    if as_json:
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
    if proposal.staying or (proposal.moving and not dry_run):
        raise typer.Exit(1)


def _selection(
    topic: str | None, key: str | None, fault: str | None, since: str | None, place: str | None = None
) -> Selection:
    from mesh.dead_letters import selection
    from mesh.subscribe.since import since as moment_of

    moment = None if since is None else moment_of(since, now())
    if place is not None:
        selection.check_place(place)
    return selection.Selection(topic, key, fault, moment, place)


def _confirm(console: Console) -> None:
    if not sys.stdin.isatty():
        raise DeadLetterError(
            "confirmation-missing",
            "nobody can be asked whether to publish this",
            remedy="say --yes, or look first with --dry-run",
        )
    console.print("publish this? \\[y/N] ", end="")
    if input().strip().lower() not in ("y", "yes"):
        raise typer.Exit(1)
