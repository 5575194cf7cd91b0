"""``mesh query``: ask the warehouse in SQL."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.table import Table

from mesh.kernel.errors import WarehouseError
from mesh.kernel.settings import load_settings


def command(
    sql: Annotated[str, typer.Argument(help="A statement in ClickHouse's SQL", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row, for programs")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show at the most; --json shows all")] = 100,
) -> None:
    """Ask the warehouse: ``mesh query "SELECT count() FROM sales.orders"``. Reads only."""
    from sinks.clickhouse.client import connect

    client = connect(load_settings())
    try:
        result = client.query(sql, settings={"readonly": 2})
    except ClickHouseError as error:
        raise WarehouseError(
            "query-failed",
            str(error).removeprefix("Received ClickHouse exception, ").splitlines()[0],
            remedy="`SHOW TABLES FROM sales` and `DESCRIBE sales.orders_enriched` tell what is there",
        ) from None
    if as_json:
        for row in result.result_rows:
            print(json.dumps(dict(zip(result.column_names, row, strict=True)), default=str))  # noqa: T201
        return
    table = Table(*result.column_names)
    for row in result.result_rows[:limit]:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)
    hidden = len(result.result_rows) - limit
    if hidden > 0:
        Console().print(f"{hidden} more rows; raise --limit or use --json")
