"""``mesh query``: ask the warehouse in SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.kernel.errors import WarehouseError
from mesh.kernel.settings import load_settings

_LEGIBLE = 16
"""Characters below which a column is not squeezed."""
_BORDER = 3
"""Characters between two columns of a table."""


def command(
    sql: Annotated[str, typer.Argument(help="A statement in ClickHouse's SQL", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row, for programs")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show at the most; --json shows all")] = 100,
) -> None:
    """Ask the warehouse: ``mesh query "SELECT count() FROM sales.orders"``. Reads only."""
    from mesh.kernel.warehouse import connect

    client = connect(load_settings())
    try:
        result = client.query(sql, settings={"readonly": 2})
    except ClickHouseError as error:
        raise WarehouseError(
            "query-failed",
            reason(str(error)),
            remedy="`SHOW TABLES FROM sales` and `DESCRIBE sales.orders_enriched` tell what is there",
        ) from None
    names, rows = result.column_names, result.result_rows
    if as_json:
        for row in rows:
            document = dict(zip(names, row, strict=True))
            print(json.dumps(document, default=str, ensure_ascii=False))  # noqa: T201 - echo flushes every line
        return
    console = screen()
    console.print(shown(names, rows[:limit], console.width))
    hidden = len(rows) - limit
    if hidden > 0:
        console.print(f"{hidden:,} more rows; raise --limit or use --json")


def reason(message: str) -> str:
    """ClickHouse's own words in one line, without the parser's list of all that might have stood there."""
    line = " ".join(message.split())
    line = re.sub(r"^.*?DB::Exception: ", "", line)
    line = re.sub(r" \(version .*$", "", line)
    return re.sub(r"\.? Expected one of: .*?(?=\. \([A-Z_]+\)$|$)", "", line)


def shown(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> Table:
    """Rows as a table of so many characters; columns that do not fit stand beneath each other, row by row."""
    cells = [[_cell(value) for value in row] for row in rows]
    widest = [
        max(cell_len(name), *(row[place].cell_len for row in cells), 0) for place, name in enumerate(columns)
    ]
    if sum(min(wide, _LEGIBLE) + _BORDER for wide in widest) + 1 > width:
        return _beneath(columns, cells)
    table = Table()
    for name in columns:
        table.add_column(Text(name), overflow="fold")
    for row in cells:
        table.add_row(*row)
    return table


def _beneath(columns: Sequence[str], cells: Sequence[Sequence[Text]]) -> Table:
    table = Table("column", "value", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.columns[1].overflow = "fold"
    for row in cells:
        for name, cell in zip(columns, row, strict=True):
            table.add_row(Text(name), cell)
        table.add_section()
    if not cells:
        for name in columns:
            table.add_row(Text(name), Text("no rows", style="dim"))
    return table


def _cell(value: object) -> Text:
    """What a person sees; never read as markup, and nothing is told apart from an empty text."""
    return Text("NULL", style="dim") if value is None else Text(str(value))
