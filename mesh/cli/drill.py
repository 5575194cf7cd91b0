"""``mesh drill``"""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.drills.drill import DRILLS, Drill, find, without_drill
from mesh.drills.ground import Ground, topic_for_drills
from mesh.drills.holding import Outcome, hold
from mesh.drills.program import hold_all
from mesh.drills.watching import Rule, Watch
from mesh.kernel.clock import now
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import DrillError
from mesh.kernel.settings import load_settings
from mesh.platform import client


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Drills to hold; none: list them.", metavar="NAME…")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Hold every drill; fail when an alert has none.")
    ] = False,
    topic: Annotated[
        str | None, typer.Option(help="Topic of facts to break; default: that of orders.")
    ] = None,
    limit: Annotated[
        float | None, typer.Option(min=1, help="Seconds within which the page must come.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Break something on the running mesh, and show who was paged, how soon, and that it was resolved.

    Exit 1 when a drill fails, or with --all when an alert is loaded that no drill proves: nothing is broken
    then. Everything is healed afterwards, also on Ctrl-C.
    """
    if not names and not everything:
        _print_list()
        return
    chosen = list(DRILLS.values()) if everything else [find(name) for name in names or []]
    settings = load_settings()
    if not client.running(settings.home):
        raise DrillError(
            "platform-down",
            "the mesh is not running",
            place=str(settings.home),
            remedy="start it with `mesh up`",
        )
    mesh = find_mesh(settings)
    target, run = topic_for_drills(mesh, topic), f"{now():%Y%m%dT%H%M%S}"
    console = screen(stderr=as_json)
    watch, interrupted = Watch(settings), threading.Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # heals as Ctrl-C does

    def held(drill: Drill) -> Outcome:
        def tell(line: str) -> None:
            console.print(Text(f"{now():%H:%M:%S}  {drill.name:<18}  {line}", style="dim"))

        outcome = hold(drill, Ground(settings, mesh, target, run, tell, interrupted), watch, limit=limit)
        tell(outcome.fault or f"passed: paged after {outcome.seconds:.1f} s, resolved")
        return outcome

    unproven = without_drill(watch.rules()) if everything else []
    outcomes = [] if unproven else list(hold_all(chosen, held, interrupted))
    watch.close()
    if as_json:
        document = {
            "drills": [{**asdict(outcome), "passed": outcome.passed} for outcome in outcomes],
            "alerts_without_drill": [rule.name for rule in unproven],
        }
        typer.echo(json.dumps(document, indent=1))
    else:
        _print(console, outcomes, unproven)
    if unproven or not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(1)


def _print_list() -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("drill")
    table.add_column("what it breaks")
    for drill in DRILLS.values():
        table.add_row(drill.name, drill.breaks)
    console = screen()
    console.print(table)
    console.print("hold one with `mesh drill NAME`, all with `mesh drill --all`")


def _print(console: Console, outcomes: list[Outcome], unproven: list[Rule]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("drill", "alert", "paged", "via"):
        table.add_column(heading)
    for heading in ("after", "within", "resolved after"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for one in outcomes:
        table.add_row(
            one.drill,
            one.alert or "–",
            one.receiver or "–",
            one.via or "–",
            _seconds(one.seconds),
            f"{one.limit:.0f} s",
            _seconds(one.resolved),
            "[green]passed[/]" if one.passed else "[red]failed[/]",
        )
    if outcomes:
        console.print(table)
    for one in outcomes:
        console.print(f"{one.drill}: {one.fault or one.text}", markup=False, soft_wrap=True)
    for rule in unproven:
        console.print(f"{rule.name}: no drill proves this alert", markup=False, soft_wrap=True)


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"
