"""``mesh reconcile``: prove every landed row against a batch oracle over the published facts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from mesh.reconcile.proof import Proof
    from mesh.reconcile.settle import Lag

_SHOWN = 10


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until nothing lags.")] = True,
    timeout: Annotated[
        float, typer.Option(help="How long to wait at the most.", metavar="SECONDS", min=0)
    ] = 600,
) -> None:
    """Prove every landed row: the published facts are read back, every table is worked out anew and compared.

    Row by row, column by column, versions included; then where every record went, partition by partition, and
    the retailer's totals. Exit code 1 when anything differs.
    """
    from mesh.ingest.totals import source_totals
    from mesh.kernel.discovery import retailer_folder
    from mesh.reconcile.proof import prove
    from mesh.reconcile.settle import settle

    settings = load_settings()
    console = Console(stderr=as_json, highlight=False)
    begun = time.monotonic()
    with console.status("waiting") as status:

        def lagging(lags: list[Lag]) -> None:
            status.update("waiting for " + (str(lags[0]) if lags else "nothing more to be written"))

        if wait:
            settle(settings, timeout, lagging)
        status.update("adding up the source files")
        folder = retailer_folder(settings.retailer)
        totals = [] if folder is None else source_totals(folder)
        proof = prove(settings, totals, status.update)
    if as_json:
        typer.echo(json.dumps(proof.as_dict(), indent=2))
    else:
        _print(console, proof, time.monotonic() - begun)
    if not proof.equal:
        raise typer.Exit(1)


def _print(console: Console, proof: Proof, seconds: float) -> None:
    console.print(_tables(proof))
    console.print(_partitions(proof))
    console.print(_churn(proof))
    if proof.totals:
        console.print(_totals(proof))
    if proof.findings:
        console.print(_findings(proof))
    rows = sum(table.expected for table in proof.tables)
    verdict = "[green]equal[/]" if proof.equal else "[red]not equal[/]"
    console.print(f"{verdict}: {rows:,} rows of {len(proof.tables)} tables proven in {seconds:.1f} s")


def _tables(proof: Proof) -> Table:
    out = Table("table", title="Tables against the batch oracle", box=box.SIMPLE_HEAD)
    for column in ("expected", "landed", "missing", "unexpected", "different"):
        out.add_column(column, justify="right")
    for table in proof.tables:
        figures = (table.expected, table.landed, table.missing, table.unexpected, table.different)
        out.add_row(table.table, *map(_count, figures), style=None if table.equal else "red")
    return out


def _partitions(proof: Proof) -> Table:
    out = Table("topic", title="Records by topic", box=box.SIMPLE_HEAD)
    for column in ("produced", "landed", "parked", "missing"):
        out.add_column(column, justify="right")
    for topic in dict.fromkeys(one.topic for one in proof.partitions):
        mine = [one for one in proof.partitions if one.topic == topic]
        sums = [
            sum(getattr(one, name) for one in mine) for name in ("produced", "landed", "parked", "missing")
        ]
        bad = any(one.missing for one in mine)
        out.add_row(topic, *map(_count, sums), style="red" if bad else None)
    return out


def _churn(proof: Proof) -> Table:
    out = Table("churn status", title="Customers by churn status", box=box.SIMPLE_HEAD)
    for column in ("expected", "landed"):
        out.add_column(column, justify="right")
    for churn in proof.churn:
        style = None if churn.expected == churn.landed else "red"
        out.add_row(churn.status, _count(churn.expected), _count(churn.landed), style=style)
    return out


def _totals(proof: Proof) -> Table:
    out = Table("total", title="Totals straight from the source files", box=box.SIMPLE_HEAD)
    for column in ("source", "published", "landed"):
        out.add_column(column, justify="right")
    for total in proof.totals:
        style = None if total.equal else "red"
        out.add_row(total.name, total.source, total.published or "–", total.landed or "–", style=style)
    return out


def _findings(proof: Proof) -> Table:
    out = Table(
        "table",
        "key",
        "column",
        "expected",
        "landed",
        title=f"First {_SHOWN} differences",
        box=box.SIMPLE_HEAD,
    )
    for finding in proof.findings[:_SHOWN]:
        out.add_row(*(finding[name] for name in ("table", "key", "column", "expected", "landed")))
    return out


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"
