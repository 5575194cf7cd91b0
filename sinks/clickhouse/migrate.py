"""Brings the warehouse to what the contracts say: creates, adds, and refuses what would change a column."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import WarehouseError
from mesh.kernel.warehouse import connect
from sinks.clickhouse.tables import PLATFORM, Table

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.settings import Settings

_FEED_BEFORE_LANDING = {"allow_materialized_view_with_bad_select": 1}
"""Lets a view be created before the table that it reads."""


def tables(settings: Settings) -> list[Table]:
    """The table of every port that has one, in the order of the ports."""
    return [Table(port) for port in find_mesh(settings).ports.values() if port.table]


def apply(settings: Settings, report: Callable[[str], None]) -> None:
    """Create what is missing and add new columns; reports each change in one line.

    Raises :class:`WarehouseError` ``column-changed`` when a column would have to change its type: published
    tables never change, a new version of the port gets a new table.
    """
    client = connect(settings)
    known = _columns(client)
    for statement in PLATFORM:
        client.command(statement)
    for table in tables(settings):
        for line in _upgrade(client, table, known):
            report(line)
    client.close()


def _columns(client: Client) -> dict[str, dict[str, str]]:
    rows = client.query("SELECT database || '.' || table, name, type FROM system.columns").result_rows
    out: dict[str, dict[str, str]] = {}
    for table, name, kind in rows:
        out.setdefault(table, {})[name] = kind
    return out


def _upgrade(client: Client, table: Table, known: dict[str, dict[str, str]]) -> list[str]:
    present = known.get(table.name)
    landing = known.get(table.landing, {})
    done = [f"table {table.name} created"] if present is None else []
    create, views = table.create(), table.create_views()
    for statement in create[: -len(views)]:
        client.command(statement, settings=_FEED_BEFORE_LANDING)
    for column in table.columns if present is not None else ():
        kind = present.get(column.name) if present else None
        if kind is not None and kind.replace(" ", "") != column.type.replace(" ", ""):
            raise WarehouseError(
                "column-changed",
                f"is {kind}, the event now wants {column.type}",
                place=f"{table.name}.{column.name}",
                remedy="give the changed event a new version with its own topic and table",
            )
        if kind is None or (landing and column.name not in landing):
            for statement in table.extend(column):
                client.command(statement)
            done.append(f"column {table.name}.{column.name} added")
    for statement in (*table.refresh(), *views) if present is not None else views:
        client.command(statement)
    return done
