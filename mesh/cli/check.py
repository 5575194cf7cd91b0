"""``mesh check``: everything that can be proven without starting anything."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from mesh.checks.check import Result
from mesh.checks.suite import run_all
from mesh.kernel.settings import load_settings


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check contracts, examples, schemas, names and imports, without starting anything. Exit 1 at a fault."""
    results = run_all(load_settings())
    if as_json:
        typer.echo(json.dumps([_document(result) for result in results], indent=1))
    else:
        _print(results)
    if not all(result.ok for result in results):
        raise typer.Exit(1)


def _document(result: Result) -> dict[str, object]:
    faults = [
        {"code": fault.code, "place": fault.place, "what": fault.what, "remedy": fault.remedy}
        for fault in result.faults
    ]
    return {"check": result.check.name, "proves": result.check.proves, "ok": result.ok, "faults": faults}


def _print(results: list[Result]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("check", "result", "what it proves"):
        table.add_column(heading)
    for result in results:
        verdict = "[green]ok[/]" if result.ok else f"[red]{len(result.faults)} failed[/]"
        table.add_row(result.check.name, verdict, result.check.proves)
    console.print(table)
    for result in results:
        for fault in result.faults:
            console.print(str(fault), markup=False)
