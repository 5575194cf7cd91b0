"""``mesh conformance``"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from mesh.cli._screen import screen
from mesh.kernel.discovery import find_mesh
from mesh.kernel.newest import newest
from mesh.kernel.settings import load_settings
from schemas.conformance import check_record
from schemas.registry import Registry


def command(
    topic: Annotated[str, typer.Argument(help="The topic, such as sales.public.order-placed.v1.")],
    count: Annotated[
        int, typer.Option("--count", min=1, help="Newest records to read of each partition.")
    ] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what is wrong with the newest records of a topic, in whatever language they were published."""
    settings = load_settings()
    port = find_mesh(settings).port(topic)
    read, wrong = 0, []
    with Registry(settings.registry) as registry:
        for message in newest(settings.kafka, topic, count):
            read += 1
            problems = check_record(
                port,
                message.key(),
                message.value(),
                message.partition(),
                timestamp_ms=message.timestamp()[1],
                schemas=registry,
            )
            if problems:
                wrong.append(
                    {"partition": message.partition(), "offset": message.offset(), "problems": problems}
                )
    if as_json:
        typer.echo(json.dumps({"topic": topic, "read": read, "wrong": wrong}, indent=1))
    else:
        _print(topic, read, wrong)
    if wrong:
        raise typer.Exit(1)


def _print(topic: str, read: int, wrong: list[dict[str, Any]]) -> None:
    console = screen()
    if wrong:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("partition", "offset", "what is wrong"):
            table.add_column(heading)
        for record in wrong:
            for place, problem in enumerate(record["problems"]):
                shown = ("", "") if place else (str(record["partition"]), str(record["offset"]))
                table.add_row(*shown, problem)
        console.print(table)
    console.print(f"{topic}: {read} records read, {len(wrong)} do not conform")
