"""``python -m benchmarks simulate``: how many events a second ``mesh simulate`` makes and publishes.

A history of the made-up retailer is made, judged by its contracts, encoded and published to a broker of the
measurement's own, with faults and their ground truth, several times in one process. The slowest round counts,
since what is asked for is a rate that holds. CPU is the process's own with all of its threads, librdkafka's
among them. ``--dry-run`` leaves out the sending.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import result
from benchmarks.figure import Figure, table
from benchmarks.own_mesh import own_mesh
from mesh import provisioning
from mesh.cli._screen import screen
from mesh.kernel.heap import keep_freed
from mesh.kernel.settings import Settings, load_settings
from mesh.platform.launch import Listener
from mesh.simulate.plan import Plan
from mesh.simulate.report import SimulationReport
from mesh.simulate.run import simulate

RETAILER = "strideright"
GOAL = 20_000
"""Records a second."""
NO_LIMIT = 10**9
"""Nobody reads what is published, so no part stops at too many bad events."""


def command(
    customers: Annotated[int, typer.Option(help="Customers of the retailer.", min=1)] = 20_000,
    days: Annotated[int, typer.Option(help="Days of trade.", min=1)] = 365,
    rounds: Annotated[int, typer.Option(help="Rounds; the slowest one counts.", min=1)] = 4,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Make and encode, send nothing.")] = False,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Make and publish a history of a made-up retailer: records a second and a CPU second."""
    keep_freed()
    console = screen(stderr=as_json)
    plan = Plan(RETAILER, customers, days, late=2, duplicates=1, shuffled=1, bad=0.5)
    reports = []
    with _settings(console, dry_run=dry_run) as (settings, versions):
        roomy = settings.model_copy(update={"dead_letter_limit": NO_LIMIT})
        for number in range(rounds):
            with console.status(f"round {number + 1} of {rounds}"):
                reports.append(simulate(plan, roomy, dry_run=dry_run))
    about = result.about(**versions)
    figures = _figures(reports)
    text = result.keep(
        {
            "sent": not dry_run,
            "customers": customers,
            "days": days,
            "rounds": rounds,
            "records": reports[0].published,
            "elements": sum(event.elements for event in reports[0].events),
            "faults": sum(event.faults.total() for event in reports[0].events),
            "figures": [one.as_json() for one in figures],
        },
        about,
        "simulate",
        keep,
    )
    if as_json:
        typer.echo(text, nl=False)
    else:
        records = f"{reports[0].published:,} records a round"
        console.print(table(f"{RETAILER}, {customers:,} customers, {days:,} days, {records}", figures))


@contextmanager
def _settings(console: Console, *, dry_run: bool) -> Iterator[tuple[Settings, dict[str, str]]]:
    """Where to publish, and the versions of what takes part."""
    if dry_run:
        yield load_settings(retailer=RETAILER), {}
        return
    home = load_settings().home / "bench-mesh"
    with own_mesh(home, Listener(report=console.print), apps=()) as mesh:
        settings = mesh.settings.model_copy(update={"retailer": RETAILER})
        provisioning.apply(settings, lambda _: None)
        yield settings, mesh.versions


def _figures(reports: Sequence[SimulationReport]) -> list[Figure]:
    rates = [report.published / report.seconds for report in reports]
    slowest = reports[rates.index(min(rates))]
    a_cpu_second = slowest.published / slowest.cpu_seconds
    return [
        Figure("rate", "records a second, slowest round", min(rates), "", GOAL, at_least=True),
        Figure("fastest-round", "… in the fastest round", max(rates), ""),
        Figure("seconds", "how long the slowest round took", slowest.seconds, "s"),
        Figure("cpu-rate", "records a CPU second, slowest round", a_cpu_second, ""),
        Figure("cost", "CPU microseconds each", 1e6 / a_cpu_second, "µs"),
    ]
