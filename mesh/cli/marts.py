"""``mesh marts``: list the marts, and bring them up to date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.kernel.clock import now
from mesh.kernel.settings import Settings, load_settings

if TYPE_CHECKING:
    from analytics.marts.history import Refreshed
    from analytics.marts.refresh import Refresh
    from analytics.marts.relation import Mart
    from mesh.kernel.errors import MeshError

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

DUE = "due when the day has moved"
"""Told of a mart that is worked out once a day, and for which something has landed since."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@command.callback(invoke_without_command=True)
def group(context: typer.Context, as_json: Json = False) -> None:
    """List the marts, each the answer to a business question; `mesh marts refresh` brings them up to date."""
    if context.invoked_subcommand is None:
        _list(load_settings(), as_json=as_json)


@command.command("refresh")
def refresh(
    names: Annotated[list[str] | None, typer.Argument(help="Marts; all when none is named.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Work out every row, changed or not.")] = False,
    as_json: Json = False,
) -> None:
    """Bring marts up to date: work out what has changed since the last time, write what differs."""
    from contextlib import closing

    from analytics.marts.reading import read_library
    from analytics.marts.refresh import Refresh
    from mesh.cli._marts_asked import refused, warehouse
    from mesh.kernel.alone import alone
    from mesh.kernel.discovery import find_mesh

    settings = load_settings()
    mesh = find_mesh(settings)
    library = read_library(mesh)
    marts = [library.mart(name) for name in names or library.marts]
    done: dict[str, Refreshed | None] = {}
    seconds: dict[str, float] = {}
    failures: list[MeshError] = []
    with (
        alone(settings.home, "marts"),
        warehouse(settings) as client,
        closing(Refresh(client, library, mesh, settings.timezone)) as run,
    ):
        for mart in marts:
            began = now()
            try:
                done[mart.name] = run.run(mart, began, whole=whole, asked=bool(names))
            except ClickHouseError as error:
                failures.append(refused(error, mart.name))
                continue
            seconds[mart.name] = (now() - began).total_seconds()
    _tell(done, seconds, run, as_json=as_json)
    for failure in failures:  # the others are up to date nevertheless
        raise failure


def _tell(
    done: Mapping[str, Refreshed | None], seconds: Mapping[str, float], run: Refresh, *, as_json: bool
) -> None:
    if as_json:
        for name, one in done.items():
            if one is not None:
                document = _document(one, seconds[name])
            else:
                document = _left(name, run.as_of.isoformat(), waits=name in run.waiting)
            typer.echo(json.dumps(document))
        return
    table = Table("mart", "worked out", title=f"as of {run.as_of}")
    for heading in ("rows", "written", "gone", "seconds"):
        table.add_column(heading, justify="right")
    for name, one in done.items():
        if one is None:
            why = DUE if name in run.waiting else "nothing has changed"
            table.add_row(name, Text(why, style="dim"), "–", "–", "–", "–")
        else:
            numbers = (f"{n:,}" if n else "–" for n in (one.recomputed, one.written, one.gone))
            table.add_row(name, _scope(one), *numbers, f"{seconds[name]:.2f}")
    screen().print(table)


def _scope(one: Refreshed) -> str:
    told = {
        "sums": f"sums, {one.facts:,} facts",
        "customers": f"{one.customers:,} customers",
        "marts": "marts",
    }
    return told.get(one.scope, "everything")


def _left(name: str, as_of: str, *, waits: bool) -> dict[str, Any]:
    """What is told of a mart that stays as it is."""
    left = {"mart": name, "as_of": as_of, "scope": "nothing", "recomputed": 0, "written": 0, "gone": 0}
    return {**left, "scope": "waits", "why": DUE} if waits else left


def _document(one: Refreshed, seconds: float) -> dict[str, Any]:
    return {
        "mart": one.mart,
        "as_of": one.as_of.isoformat(),
        "scope": one.scope,
        "customers": one.customers,
        "facts": one.facts,
        "recomputed": one.recomputed,
        "written": one.written,
        "gone": one.gone,
        "seconds": round(seconds, 3),
    }


def _list(settings: Settings, *, as_json: bool) -> None:
    from analytics.marts.reading import read_library
    from mesh.kernel.discovery import find_mesh

    mesh = find_mesh(settings)
    library = read_library(mesh)
    if as_json:
        documents = [_described(mart, library.views(mart)) for mart in library.marts.values()]
        typer.echo(json.dumps(documents, indent=1, ensure_ascii=False))
        return
    table = Table()
    for heading in ("mart", "question", "a row is", "owner", "refreshed"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "mart")
    for mart in library.marts.values():
        header = mart.header
        refreshed = f"{header.refresh}, every {header.every}" if header.every else header.refresh
        table.add_row(mart.name, header.question, header.grain, header.owner, refreshed)
    screen().print(table)


def _described(mart: Mart, views: list[str]) -> dict[str, Any]:
    header = mart.header
    return {
        "mart": mart.name,
        "question": header.question,
        "grain": header.grain,
        "key": header.key,
        "owner": header.owner,
        "refresh": header.refresh,
        "every": header.every,
        "reads": header.reads,
        "views": views,
        "notes": header.notes,
        "columns": [{"name": one.name, "unit": one.unit, "meaning": one.meaning} for one in mart.columns],
    }
