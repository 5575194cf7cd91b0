"""``mesh products``"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.kernel.discovery import find_mesh


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List the data products: what there is to read, what it says, and whose it is."""
    from mesh.catalogue.description import products

    found = products(find_mesh())
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    console = screen()
    for product in found:
        title = Text.assemble(
            (product["name"], "bold"), f"  {product['owner']}  ", (product["status"], "dim"), "\n"
        )
        console.print(title.append(product["purpose"]))
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for port in product["ports"]:
            view = port["view"] or "–"
            table.add_row(Text(port["topic"]), Text(view), Text(port["meaning"], style="dim"))
        console.print(table)
        console.print()
    console.print("`mesh describe NAME` tells all of one: a product, topic, view or event", markup=False)
