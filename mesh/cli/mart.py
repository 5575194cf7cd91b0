"""``mesh mart``: read one mart."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from mesh.cli._marts_asked import warehouse
from mesh.cli._screen import screen
from mesh.cli.query import shown
from mesh.kernel.errors import MartError
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from analytics.marts.asking import Answer
    from analytics.marts.relation import Mart


def command(
    name: Annotated[str, typer.Argument(help="The mart, such as customer_churn; `mesh marts` lists them.")],
    as_of: Annotated[str, typer.Option(help="The last day of which anything is known, as YYYY-MM-DD.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Rows to show; --csv and --json have all.")] = 20,
    csv_file: Annotated[str, typer.Option("--csv", help="Write all rows to a file; - is the screen.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row, for programs.")] = False,
) -> None:
    """Read a mart as it was refreshed last, or work it out as of any day: `mesh mart customer_churn`."""
    from analytics.marts import asking
    from analytics.marts.day import parse_day
    from analytics.marts.reading import read_library
    from mesh.kernel.discovery import find_mesh

    settings = load_settings()
    library = read_library(find_mesh(settings))
    mart = library.mart(name)
    every = as_json or bool(csv_file)
    with warehouse(settings) as client:
        if as_of:
            day = parse_day(as_of)
            answer = asking.as_of(client, library, mart, day, settings.timezone, None if every else limit)
        else:
            answer = asking.standing(client, mart, None if every else limit)
    if csv_file:
        _write(mart, answer, csv_file)
    elif as_json:
        for row in answer.rows:
            document = dict(zip(_names(mart), row, strict=True))
            print(json.dumps(document, default=str, ensure_ascii=False))  # noqa: T201 - echo flushes every line
    else:
        _show(mart, answer)


def _names(mart: Mart) -> list[str]:
    return [column.name for column in mart.columns]


def _write(mart: Mart, answer: Answer, path: str) -> None:
    with ExitStack() as stack:
        try:
            out = (
                sys.stdout
                if path == "-"
                else stack.enter_context(Path(path).open("w", newline="", encoding="utf-8"))
            )
        except OSError as error:
            raise MartError(
                "file-unwritable", f"cannot be written ({error.strerror})", place=path, remedy="name another"
            ) from None
        writer = csv.writer(out)
        writer.writerow(_names(mart))
        writer.writerows(answer.rows)
    if path != "-":
        typer.echo(f"{len(answer.rows):,} rows in {path}", err=True)


def _show(mart: Mart, answer: Answer) -> None:
    console = screen()
    console.print(Text(mart.header.question, style="bold"))
    console.print(shown(_names(mart), answer.rows, console.width))
    worked = (
        f"refreshed {answer.refreshed_at:%Y-%m-%d %H:%M} UTC" if answer.refreshed_at else "worked out now"
    )
    more = f"; {answer.total - len(answer.rows):,} more rows, see --limit, --csv, --json"
    hidden = more if answer.total > len(answer.rows) else ""
    console.print(f"as of {answer.as_of}, {worked}{hidden}", style="dim", soft_wrap=True)
