"""Runs of what is learned, kept in the warehouse: each by its digest, so that the same one again is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DATABASE = "learned"


def set_up(
    client: Client, tables: Mapping[str, str], added: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Make tables where they are missing, each with the view by whose name it is read.

    ``tables`` are columns, engine and order by view; the table's name is the view's and ``_v1``. ``added``
    are types by column that tables have got since, by view: a table of before gets them.
    """
    client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
    for view, body in tables.items():
        client.command(f"CREATE TABLE IF NOT EXISTS {view}_v1 {body}")
        for column, kind in (added or {}).get(view, {}).items():
            client.command(f"ALTER TABLE {view}_v1 ADD COLUMN IF NOT EXISTS {column} {kind}")
        client.command(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {view}_v1 FINAL")


def keep(
    client: Client, tables: Mapping[str, str], digest: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> bool:
    """Write a run down, its rows by view; False where it was there.

    The last view is that of the runs, so what has one is whole.
    """
    set_up(client, tables)
    *_, runs = rows
    found = client.query(
        f"SELECT count() FROM {runs} WHERE digest = {{digest:String}}", parameters={"digest": digest}
    )
    if found.result_rows[0][0]:
        return False
    for view, those in rows.items():
        if those:
            whole = [{"digest": digest, **row} for row in those]
            client.insert(f"{view}_v1", [list(row.values()) for row in whole], list(whole[0]))
    return True
