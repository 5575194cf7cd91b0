"""``mesh measure``: ask the semantic model."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.cli.query import reason
from mesh.kernel.clock import now
from mesh.kernel.errors import WarehouseError
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from analytics.semantic.answer import Answer
    from analytics.semantic.query import Query
    from analytics.semantic.question import Question


def command(
    names: Annotated[
        list[str], typer.Argument(help="Measures, such as total_revenue; `mesh measures` lists them.")
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(help="Dimensions to group by: several words, commas between them, or the option again."),
    ] = None,
    where: Annotated[
        str, typer.Option(help="A condition on dimensions, such as \"country = 'Germany'\".")
    ] = "",
    as_of: Annotated[str, typer.Option(help="The last day of which anything is known, as YYYY-MM-DD.")] = "",
    within: Annotated[
        float,
        typer.Option(min=0, help="Take kept measures that are at most so many seconds behind; 0: none."),
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statement that would be asked.")] = False,
) -> None:
    """Ask for measures by dimensions: `mesh measure total_revenue --by channel_type transaction_month`."""
    from analytics.semantic.answer import answer
    from analytics.semantic.kept_log import fresh
    from analytics.semantic.pieces import kept_tables
    from analytics.semantic.query import compile_question
    from analytics.semantic.question import ask
    from analytics.semantic.reading import read_model
    from analytics.semantic.values import without
    from mesh.kernel.discovery import find_mesh
    from mesh.kernel.warehouse import connect

    settings = load_settings()
    model = read_model(find_mesh(settings))
    grouped = [name for part in by or () for name in part.split(",") if name]
    question = ask(model, names, grouped, where, as_of)
    tables = kept_tables(model, settings.timezone) if within and not as_of else {}
    if sql and not tables:
        _print(compile_question(model, question, settings.timezone), as_json=as_json)
        return
    client = connect(settings)
    try:
        usable = fresh(client, tables, now() - timedelta(seconds=within)) if tables else {}
        if sql:
            _print(compile_question(model, question, settings.timezone, tables=usable), as_json=as_json)
            return
        found = answer(client, model, question, settings.timezone, usable)
        hint = without(client, model, question, settings.timezone) if found.is_empty else ""
    except ClickHouseError as error:
        raise WarehouseError(
            "query-failed", reason(str(error)), remedy="`--sql` shows the statement with its values"
        ) from None
    finally:
        client.close()
    _show(screen(), question, found, as_json=as_json)
    if hint:
        typer.echo(hint, err=True)


def _print(query: Query, *, as_json: bool) -> None:
    """The statement with its parameters."""
    if as_json:
        typer.echo(json.dumps({"sql": query.sql, "parameters": query.parameters}, default=str))
        return
    typer.echo(query.sql)
    for name, value in query.parameters.items():
        typer.echo(f"-- {name} = {value!r}")


def _show(console: Console, question: Question, found: Answer, *, as_json: bool) -> None:
    columns = found.query.columns
    if as_json:
        for row in found.rows:
            document = dict(zip(columns, row, strict=True))
            print(json.dumps(document, default=str, ensure_ascii=False))  # noqa: T201 - echo flushes every line
        return
    table = Table()
    for choice in question.by:
        table.add_column(choice.label, overflow="fold")
    for measure in question.measures:
        table.add_column(Text(f"{measure.name}\n{measure.unit}"), justify="right", overflow="fold")
    for row in found.rows:
        groups, numbers = row[: len(question.by)], row[len(question.by) :]
        table.add_row(*map(_group, groups), *map(_number, numbers))
    console.print(table)
    if found.query.repeats:
        names = ", ".join(found.query.repeats)
        console.print(
            f"{names}: what belongs to several groups counts in each; the groups add up to more",
            style="dim",
            markup=False,
        )


def _group(value: Any) -> Text:
    return Text("–", style="dim") if value is None else Text(str(value))


def _number(value: Any) -> Text:
    return Text("–", style="dim") if value is None else Text(f"{value:,}")
