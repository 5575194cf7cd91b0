"""``mesh reconcile``: prove every landed row against a batch oracle over the published facts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from mesh.reconcile.proof import Proof
    from mesh.reconcile.settle import Lag

_SHOWN = 10
_FINDING = ("table", "key", "column", "expected", "landed")


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
    console = screen(stderr=as_json)
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
    console.print(_tables(proof), "", _partitions(proof), "", _churn(proof), "")
    if proof.totals:
        console.print(_totals(proof), "")
    if proof.injected:
        console.print(_injected(proof), "")
    if proof.findings:
        console.print(_findings(proof), "")
    rows = sum(table.expected for table in proof.tables)
    verdict = "[green]equal[/]" if proof.equal else "[red]not equal[/]"
    console.print(f"{verdict}: {rows:,} rows of {len(proof.tables)} tables proven in {seconds:.1f} s")
    if copies := sum(table.copies for table in proof.tables):
        console.print(f"inserted again by a restart, until the warehouse merges them: {copies:,}")
    if proof.unproven:
        console.print(f"not proven, for no rule says what they must hold: {', '.join(proof.unproven)}")


def _tables(proof: Proof) -> Table:
    figures = ("expected", "landed", "missing", "unexpected", "different")
    out = _table("Tables against the batch oracle", "table", figures)
    for table in proof.tables:
        counts = (table.expected, table.landed, table.missing, table.unexpected, table.different)
        out.add_row(table.table, *map(_count, counts), style=None if table.equal else "red")
    return out


def _partitions(proof: Proof) -> Table:
    out = _table("Records by topic", "topic", ("produced", "landed", "parked", "missing"))
    for topic in dict.fromkeys(one.topic for one in proof.partitions):
        mine = [one for one in proof.partitions if one.topic == topic]
        sums = [
            sum(getattr(one, name) for one in mine) for name in ("produced", "landed", "parked", "missing")
        ]
        bad = any(one.missing for one in mine)
        out.add_row(topic, *map(_count, sums), style="red" if bad else None)
    return out


def _churn(proof: Proof) -> Table:
    out = _table("Customers by churn status", "churn status", ("expected", "landed"))
    for churn in proof.churn:
        style = None if churn.expected == churn.landed else "red"
        out.add_row(churn.status, _count(churn.expected), _count(churn.landed), style=style)
    return out


def _totals(proof: Proof) -> Table:
    out = _table("Totals straight from the source files", "total", ("source", "published", "landed"))
    for total in proof.totals:
        style = None if total.equal else "red"
        out.add_row(total.name, total.source, total.published or "–", total.landed or "–", style=style)
    return out


def _injected(proof: Proof) -> Table:
    out = _table("Faults that simulations injected", "fault", ("injected", "parked"))
    for fault in proof.injected:
        parked = "–" if fault.parked is None else f"{fault.parked:,}"
        out.add_row(fault.fault, _count(fault.injected), parked, style=None if fault.equal else "red")
    return out


def _findings(proof: Proof) -> Table:
    out = Table(title=f"First {_SHOWN} differences", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in _FINDING:
        out.add_column(column, overflow="fold")
    for finding in proof.findings[:_SHOWN]:
        out.add_row(*(Text(finding[name]) for name in _FINDING))
    return out


def _table(title: str, subject: str, figures: tuple[str, ...]) -> Table:
    """A table of figures about subjects, close enough for 80 columns; a long name is folded, never cut."""
    out = Table(title=title, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    out.add_column(subject, overflow="fold")
    for figure in figures:
        out.add_column(figure, justify="right", no_wrap=True)
    return out


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"
