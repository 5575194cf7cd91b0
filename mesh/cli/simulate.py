"""``mesh simulate``"""

from __future__ import annotations

import json
import signal
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings


def command(
    retailer: Annotated[str, typer.Argument(help="A folder of data/ with a world.yaml.", metavar="RETAILER")],
    rate: Annotated[
        int | None,
        typer.Option(help="Events a second: of a history at most; live about as many (50).", metavar="R"),
    ] = None,
    customers: Annotated[int, typer.Option(help="How many customers there are.", metavar="N")] = 5_000,
    days: Annotated[
        int | None,
        typer.Option(help="Days of trade, up to and with yesterday (365); not with --live.", metavar="D"),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Trade from now on, until Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.", metavar="S")] = 1,
    late: Annotated[
        float, typer.Option(help="Percent of events that come hours or days late.", metavar="P")
    ] = 0,
    duplicates: Annotated[float, typer.Option(help="Percent that come twice.", metavar="P")] = 0,
    shuffled: Annotated[float, typer.Option(help="Percent that others overtake.", metavar="P")] = 0,
    bad: Annotated[float, typer.Option(help="Percent that are broken.", metavar="P")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Make and check everything, send nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Publish the made-up trade of a retailer: a history, or live.

    Customers, goods, stores, staff, orders, payments, parcels and returns, a pure function of the seed. The
    faults asked for are written down in MESH_HOME/simulations, outside the mesh.
    """
    from mesh.simulate.clock import moment
    from mesh.simulate.plan import Plan
    from mesh.simulate.run import simulate

    plan = Plan(retailer, customers, days, live, rate, seed, late, duplicates, shuffled, bad)
    console = screen(stderr=as_json)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("making a world", total=None)

        def show(sent: int, time: int) -> None:
            bar.update(task, description=f"{moment(time):%Y-%m-%d}  {sent:,} records")

        signal.signal(signal.SIGTERM, signal.default_int_handler)  # who ends live trade wants its report
        report = simulate(plan, load_settings(), dry_run=dry_run, progress=show)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2))
        return
    console.print(report.table())
    console.print(("nothing was sent: " if dry_run else "") + report.rate(), soft_wrap=True)
    if report.truth:
        console.print(f"what was done to the events: {report.truth}", soft_wrap=True)
