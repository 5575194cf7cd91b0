"""``mesh demo``: from nothing to a running mesh with a retailer's trade in it, proven row by row."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Container
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, NamedTuple

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from mesh.cli._screen import screen
from mesh.kernel.discovery import retailer_folder
from mesh.kernel.errors import MappingError
from mesh.kernel.settings import load_settings

CUSTOMERS = 20_000
"""Of a simulated retailer: about as many events as a retailer of files gives."""


def command(
    retailer: Annotated[
        str,
        typer.Option(help="The retailer: a folder of data/ with a mapping, or with a world", metavar="NAME"),
    ] = "adventureworks",
) -> None:
    """Carry a retailer's whole trade through the mesh and prove every landed row. Starts clean."""
    from mesh.cli import down, reconcile, up
    from mesh.platform import client as platform
    from mesh.platform import launch

    publish = _publisher(retailer)
    console = screen()
    begun = time.monotonic()
    if platform.running():
        console.rule("stopping the mesh that runs")
    if launch.has_data():
        down.command(purge=True)
    console.rule("starting broker, registry, warehouse, streams and sink")
    up.command(retailer=retailer)
    console.rule(publish.title)
    publish.run()
    console.rule("proving every landed row against a batch oracle")
    reconcile.command()
    console.rule("what came of it")
    _report(console)
    console.print(f"\n[bold]done in {time.monotonic() - begun:.0f} s[/]; the mesh keeps running:")
    _addresses(console, {part.name for part in platform.status()})


class _Publisher(NamedTuple):
    """How a retailer's trade comes onto the topics."""

    title: str
    run: Callable[[], None]


def _publisher(retailer: str) -> _Publisher:
    """By its mapping, or by its world where it has one; raises :class:`MappingError` ``mapping-missing``."""
    from mesh.cli import ingest, simulate

    folder = retailer_folder(retailer)
    if folder is not None and (mapping := folder / "mapping.yaml").exists():
        return _Publisher(f"publishing {os.path.relpath(mapping)}", partial(ingest.command, mapping))
    if folder is not None and (folder / "world.yaml").exists():
        title = f"publishing a year of {retailer}, made up"
        return _Publisher(title, partial(simulate.command, retailer, customers=CUSTOMERS))
    raise MappingError(
        "mapping-missing",
        "has neither mapping.yaml nor world.yaml",
        place=retailer,
        remedy="name a folder of data/ that has one",
    )


def _report(console: Console) -> None:
    from mesh.demo.answers import QUESTIONS
    from mesh.demo.latency import measure
    from mesh.demo.stages import stages
    from mesh.kernel.warehouse import connect
    from mesh.platform import client as platform

    settings = load_settings()
    parts = platform.status()
    table = _table("Stages", "stage", "records in", "out", "CPU s", "records a CPU s", "memory")
    for stage in stages(parts):
        table.add_row(
            stage.part,
            f"{stage.read:,}",
            f"{stage.written:,}",
            f"{stage.cpu_seconds:.1f}",
            f"{stage.rate:,.0f}",
            f"{stage.memory_bytes / (1 << 20):.0f} MiB",
        )
    console.print(table)
    total = sum(part.memory_bytes for part in parts) / (1 << 20)
    console.print(f"memory of all {len(parts)} parts together: {total:,.0f} MiB")
    client = connect(settings)
    latency = measure(settings, client)
    console.print(
        f"end to end at 100 orders a second, published to queryable, {latency.rows:,} rows: "
        f"p50 {latency.p50:.2f} s, p95 {latency.p95:.2f} s, p99 {latency.p99:.2f} s"
    )
    for question in QUESTIONS:
        result = client.query(question.sql)
        answer = _table(question.title, *result.column_names)
        for row in result.result_rows:
            answer.add_row(*(_shown(value) for value in row))
        console.print(answer)
    client.close()


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, box=SIMPLE, title_justify="left")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return str(value.date())
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)


def _addresses(console: Console, parts: Container[str]) -> None:
    """Where to go on; what watches the mesh only where it runs."""
    settings = load_settings()
    lines = {
        "warehouse": f'{settings.warehouse}  (mesh query "SELECT * FROM customer.customer_360 LIMIT 5")',
        "broker": f"{settings.kafka}  (any Kafka client; README.md shows Python and kcat)",
        "registry": f"{settings.registry}  (Confluent's interface)",
    }
    if "prometheus" in parts:
        lines["prometheus"] = f"{settings.prometheus}  (the same panels as Grafana's: mesh dash)"
        lines["pager"] = f"{settings.pager}  (mesh incidents)"
    lines["parts"] = "mesh status, mesh logs PART; make down ends the mesh"
    for name, text in lines.items():
        console.print(f"  {name:<10} {text}", soft_wrap=True)
