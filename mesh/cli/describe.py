"""``mesh describe``"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.kernel.discovery import Domain, find_mesh


def command(
    name: Annotated[
        str,
        typer.Argument(help="A product, port, topic, view or event, such as sales.orders_enriched."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Tell all of a data product: owner, fields, promises, lineage, alerts, and how to read it."""
    from mesh.catalogue import description
    from mesh.catalogue.lookup import find

    mesh = find_mesh()
    found = find(mesh, name)
    document = (
        description.product(found, mesh) if isinstance(found, Domain) else description.port(found, mesh)
    )
    if as_json:
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        (_product if isinstance(found, Domain) else _port)(screen(), document)


def _product(console: Console, product: dict[str, Any]) -> None:
    _head(
        console,
        product["name"],
        product["purpose"],
        ("owner", f"{product['team']} <{product['owner']}>"),
        ("version", f"{product['version']}, {product['status']}"),
        ("files", product["files"]),
    )
    ports = [(port["topic"], port["view"] or "–", port["meaning"]) for port in product["ports"]]
    _table(console, "Ports", ("topic", "view", "what it says"), ports)
    _table(console, "Reads", ("topic",), [(topic,) for topic in product["inputs"]])
    _alerts(console, product["alerts"])


def _port(console: Console, port: dict[str, Any]) -> None:
    _head(
        console,
        port["topic"],
        port["meaning"],
        ("product", f"{port['product']}, {port['status']}; contract {port['contract']}"),
        ("owner", f"{port['team']} <{port['owner']}>"),
        ("event", port["event"]),
        ("view", f"{port['view']}, in clear {port['view']}_clear" if port["view"] else "none"),
        ("key", f"{port['key']}, {port['partitions']} partitions, kept: {port['kept']}"),
        ("newest", port["newest"]),
        ("promised", ", ".join(map(_level, port["service_levels"])) or "nothing about its service"),
        ("dead letters", port["dead_letters"]),
    )
    _table(
        console,
        "Fields (? may be unknown)",
        ("name", "type", "class", "meaning"),
        map(_field, port["fields"]),
    )
    computed = [(column["name"], column["type"], column["meaning"]) for column in port["computed"]]
    _table(console, "Computed by the warehouse", ("name", "type", "meaning"), computed)
    rules = [(rule["rule"], rule["severity"], rule["code"]) for rule in port["quality"]]
    _table(console, "Quality", ("rule", "when broken", "code"), rules)
    lineage = port["lineage"]
    made = lineage["inputs"] or ["its source"]
    steps = [("made of" if not place else "", topic) for place, topic in enumerate(made)]
    steps += [("by", lineage["written_by"])] if lineage["written_by"] else []
    steps += [("read by", ", ".join(lineage["read_by"]))] if lineage["read_by"] else []
    steps += [("for" if not place else "", topic) for place, topic in enumerate(lineage["outputs"])]
    steps += [("and products", ", ".join(lineage["products"]))] if lineage["products"] else []
    _table(console, "Lineage", ("", ""), steps, headers=False)
    _alerts(console, port["alerts"])
    if port["query"]:
        _snippet(console, "Ask the warehouse", f'mesh query "{port["query"]}"')
    _snippet(console, "Subscribe", port["subscribe"].rstrip())


def _field(field: dict[str, Any]) -> tuple[str, ...]:
    masked = f"{field['classification']}: {field['mask']}" if field["mask"] else field["classification"]
    return field["name"], field["type"] + ("?" if field["optional"] else ""), masked, field["meaning"]


def _level(level: dict[str, str]) -> str:
    return f"{level['property']} {level['value']} {level['unit']}"


def _head(console: Console, name: str, meaning: str, *facts: tuple[str, str]) -> None:
    console.print(Text(name, style="bold"))
    console.print(Text(meaning))
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, value in facts:
        table.add_row(Text(name, style="dim"), Text(value))
    console.print(table)


def _alerts(console: Console, alerts: list[dict[str, str]]) -> None:
    rows = [(alert["name"], alert["severity"], alert["summary"]) for alert in alerts]
    _table(console, "Alerts that watch it", ("name", "severity", "when"), rows)


def _table(
    console: Console,
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    headers: bool = True,
) -> None:
    rows = list(rows)
    if not rows:
        return
    table = Table(box=None, pad_edge=False, show_header=headers, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    _section(console, title)
    console.print(Padding(table, (0, 0, 0, 2)))


def _snippet(console: Console, title: str, text: str) -> None:
    _section(console, title)
    for line in text.splitlines():
        console.print(Text(f"  {line}"), soft_wrap=True)


def _section(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))
