"""``mesh measures``: what the semantic model defines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from analytics.semantic.model import Entity, Model


def command(
    entity: Annotated[
        str, typer.Argument(help="One entity, such as transaction; all when it is left out.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List entities with their measures and dimensions: meaning, unit, owner, and how they are related."""
    from analytics.semantic.reading import read_model
    from mesh.kernel.discovery import find_mesh
    from mesh.kernel.errors import MeasureError, did_you_mean

    model = read_model(find_mesh(load_settings()))
    known = {name: one for name, one in model.entities.items() if one.share is None}
    if entity and entity not in known:
        raise MeasureError(
            "entity-unknown", "is not an entity", place=entity, remedy=did_you_mean(entity, known)
        )
    shown = [known[entity]] if entity else list(known.values())
    if as_json:
        typer.echo(json.dumps([_document(model, one) for one in shown], indent=1, ensure_ascii=False))
        return
    console = screen()
    for one in shown:
        _print(console, _document(model, one))


def _document(model: Model, entity: Entity) -> dict[str, Any]:
    def one(item: Any, kind: str) -> dict[str, Any]:
        return {
            "name": item.name,
            "kind": kind,
            "unit": item.unit,
            "description": item.description,
            "owner": item.owner,
            "certified": item.certified,
        }

    many = [
        f"{other.name} ({link.node})" if link.is_role else other.name
        for other in model.entities.values()
        for link in other.relationships.values()
        if link.entity == entity.name and other.share is None
    ]
    return {
        "entity": entity.name,
        "domain": entity.domain,
        "description": entity.description,
        "view": entity.view,
        "many_to_one": [
            f"{link.entity} (as {link.node})" if link.is_role else link.entity
            for link in entity.relationships.values()
        ],
        "one_to_many": many,
        "measures": [one(measure, "measure") for measure in entity.measures.values()],
        "dimensions": [
            one(dimension, dimension.kind) | {"also": list(dimension.also)}
            for dimension in entity.dimensions.values()
        ],
    }


def _print(console: Console, entity: dict[str, Any]) -> None:
    items = [*entity["measures"], *entity["dimensions"]]
    owners = sorted({item["owner"] for item in items})
    console.print(Text(entity["entity"], style="bold"), Text(f"{entity['description']} ({entity['view']})"))
    for word, sign in (("many_to_one", "N:1"), ("one_to_many", "1:N")):
        if entity[word]:
            console.print(Text(f"  {sign} {', '.join(entity[word])}", style="dim"))
    console.print(Text(f"  owner {', '.join(owners)}", style="dim"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  name", no_wrap=True)
    for column in ("what it is", "unit", "meaning"):
        table.add_column(column, overflow="fold")
    for item in items:
        notes = [] if item["certified"] else ["not certified"]
        notes += [item["owner"]] if len(owners) > 1 else []
        meaning = item["description"] + (f" ({', '.join(notes)})" if notes else "")
        table.add_row(*map(Text, (f"  {item['name']}", item["kind"], item["unit"], meaning)))
    console.print(table)
    console.print()
