"""``python -m benchmarks recovery``: how soon our stream goes on after a kill and a rebalance, at size."""

from __future__ import annotations

from typing import Annotated

import psutil
import typer
from rich.console import Console

from benchmarks import result
from benchmarks.bounds import RATES, RECORDS, check
from benchmarks.figure import Figure, table
from benchmarks.flow import flowing
from benchmarks.full_shape import Full
from benchmarks.ground import Ground, ground
from benchmarks.member import Group
from benchmarks.processes import cpu_seconds, machine_cpu_seconds
from benchmarks.rebalance import Kill, Rebalance, kill, rebalance
from benchmarks.restart import Restart, lines_of, restart
from benchmarks.run import DISTURBED
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener

_MILLION = 1_000_000
_MEGABYTE = 1_000_000
RECOVERY_GOAL = 30.0
"""CPU seconds for a million orders."""
MEMORY_GOAL = 600.0
"""Megabytes for a million orders."""
FRESH_GOAL = 15.0
"""Seconds from a SIGKILL to rows of new orders, the group's session time-out included."""
STOP_GOAL = 2.0
"""Seconds for which partitions that stay with their worker may stop while others move."""


def command(
    orders: Annotated[int, typer.Option(help="Orders whose state is recovered.")] = 250_000,
    rate: Annotated[int, typer.Option(help="New orders a second while workers come and go.")] = 500,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Fill the state of orders-enriched; kill, start, add and end workers; time what follows.

    Each order has a payment, two fulfilments and a return.
    Exit code 1 when an order that was published meanwhile has no row in the end.
    """
    check("--orders", orders, RECORDS)
    check("--rate", rate, RATES)
    console = screen(stderr=as_json)
    home = load_settings().home / "bench"
    with ground(home, Listener(report=console.print)) as broker:
        group = Group(broker, Full(returned=1.0), lines_of(orders), home / "runs" / "recovery")
        before = _used(broker, group)
        figures = _measured(broker, group, orders, rate, console)
        machine, own = (now - then for now, then in zip(_used(broker, group), before, strict=True))
    others = max(0.0, 1 - own / machine)
    measured = {
        "orders": orders,
        "rate": rate,
        "others_cpu_share": round(others, 2),
        "figures": [one.as_json() for one in figures],
    }
    text = result.keep(measured, result.about(kafka=broker.version), "recovery", keep)
    if as_json:
        typer.echo(text, nl=False)
    else:
        if others > DISTURBED:
            console.print(
                f"[yellow]other programs took {others:.0%} of the machine's CPU time; "
                "measure again on a quiet machine[/]"
            )
        console.print(table(f"{orders:,} orders in the state, {rate:,} more a second", figures))
    if any(one.value for one in figures if one.name == "orders_without_row"):
        raise typer.Exit(1)


def _used(broker: Ground, group: Group) -> tuple[float, float]:
    """CPU seconds of the whole machine, and of what belongs to the measurement."""
    here = cpu_seconds(psutil.Process()) + cpu_seconds(psutil.Process(broker.pid))
    return machine_cpu_seconds(), here + group.cpu_seconds()


def _measured(broker: Ground, group: Group, orders: int, rate: int, console: Console) -> list[Figure]:
    try:
        with console.status("folding, and recovering after a kill") as spinner:
            restarted, worker = restart(broker, group, orders)
            with flowing(broker, group.shape, rate) as flow:
                spinner.update("killing a worker and starting it again at once")
                flow.fresh(0)
                alone = kill(flow, worker, group.start_again)
                (worker,) = group.members
                spinner.update("letting a second worker join")
                joined = rebalance(flow, group, worker, group.start)
                spinner.update("letting it leave")
                left = rebalance(flow, group, worker, group.members[1].leave)
                spinner.update("killing one of two workers")
                second = group.start()
                group.settle()
                flow.fresh(flow.published)
                of_two = kill(flow, second)
                missing = flow.stop()
    finally:
        group.end()
    return [
        *_recovery(restarted, orders),
        *_kill("kill_alone", "kill -9, started again at once", alone),
        *_kill("kill_of_two", "kill -9 of one of two workers", of_two),
        *_rebalance("join", "a second worker joins", joined),
        *_rebalance("leave", "it leaves", left),
        Figure("orders_without_row", "orders published meanwhile that have no row", missing, "", 0),
    ]


def _recovery(found: Restart, orders: int) -> list[Figure]:
    generation, seconds, cpu = found.ready.generation, found.ready.seconds, found.ready.cpu_seconds
    scale = _MILLION / orders
    million = found.start + max(0.0, cpu - found.start) * scale  # it starts once, whatever the orders
    return [
        Figure("facts", "facts and customers in the state", found.facts, ""),
        Figure("entries", "entries recovered after kill -9", generation.entries, ""),
        Figure("recovery_seconds", "recovery", seconds, "s"),
        Figure("recovery_cpu_seconds", "recovery, CPU", cpu, "CPU s"),
        Figure(
            "recovery_cpu_microseconds_per_entry",
            "recovery of an entry",
            cpu * 1e6 / generation.entries,
            "CPU µs",
        ),
        Figure("recovery_cpu_seconds_empty", "recovery without orders, CPU", found.start, "CPU s"),
        Figure("recovery_seconds_per_million", "recovery of a million orders", seconds * scale, "s"),
        Figure(
            *("recovery_cpu_seconds_per_million", "recovery of a million orders, CPU", million, "CPU s"),
            RECOVERY_GOAL,
        ),
        Figure("memory_empty", "memory without orders", found.empty / _MEGABYTE, "MB"),
        Figure("memory_folded", "memory before the kill", found.folded / _MEGABYTE, "MB"),
        Figure("memory_recovered", "memory after the recovery", found.ready.memory / _MEGABYTE, "MB"),
        Figure(
            *("memory_per_million", "memory that a million more orders take", _slope(found, orders), "MB"),
            MEMORY_GOAL,
        ),
    ]


def _slope(found: Restart, orders: int) -> float:
    """Megabytes that a million more orders take: what buffers and dimensions take does not grow with them."""
    of_a_fact = (found.folded - found.half) / (found.facts - found.halfway)
    return of_a_fact * (found.facts - found.customers) / orders * _MILLION / _MEGABYTE


def _kill(name: str, what: str, found: Kill) -> list[Figure]:
    return [
        Figure(f"{name}_first_row", f"{what}: first new row", found.first_row, "s", FRESH_GOAL),
        Figure(f"{name}_all_rows", f"{what}: each of its partitions", found.all_rows, "s", FRESH_GOAL),
    ]


def _rebalance(name: str, what: str, found: Rebalance) -> list[Figure]:
    return [
        Figure(f"{name}_before", f"{what}: longest pause before", found.before, "s"),
        Figure(f"{name}_staying", f"{what}: of partitions that stay", found.staying, "s", STOP_GOAL),
        Figure(f"{name}_moving", f"{what}: of partitions that move", found.moving, "s"),
    ]
