"""Brings the warehouse to what the contracts say: creates, adds, and refuses what would change a column.

What is needed is found first and run afterwards, so that a plan can tell it. Reading takes four queries,
however many tables there are; queries of views are compared as the warehouse itself writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
_OBJECT = re.compile(
    r"\s*CREATE (?:OR REPLACE )?(?P<kind>DATABASE|TABLE|VIEW) (?:IF NOT EXISTS )?(?P<name>[\w.]+)"
    r"(?: AS (?P<query>SELECT .*))?",
    re.DOTALL,
)

_LANDING = re.compile(r"mesh\.landing_[a-z0-9]+_\w+_v[0-9]+")


@dataclass(frozen=True)
class Upgrade:
    """What one table with its views and feeds, or one object of the mesh's own, still needs."""

    name: str
    is_new: bool
    details: tuple[str, ...]
    statements: tuple[str, ...]
    refusal: WarehouseError | None = None
    """Why it cannot be done; nothing must then be run."""

    def __str__(self) -> str:
        if self.is_new:
            return f"table {self.name} created"
        return f"table {self.name} changed: {', '.join(self.details)}"


@dataclass(frozen=True)
class Present:
    """What the warehouse holds."""

    columns: Mapping[str, Mapping[str, str]]
    """Type by column, by table or view."""
    sorting: Mapping[str, str]
    """Sort key by table."""
    queries: Mapping[str, str]
    """Query by view, as the warehouse writes it."""
    databases: frozenset[str]
    indices: frozenset[str]
    """Skipping indices, as ``<table>.<index>``."""

    @property
    def landings(self) -> list[str]:
        """The landing tables: each stands for a table that was made from a contract."""
        return sorted(name for name in self.sorting if _LANDING.fullmatch(name))


def tables(settings: Settings) -> list[Table]:
    """The table of every port that has one, in the order of the ports."""
    return [Table(port) for port in find_mesh(settings).ports.values() if port.table]


def apply(settings: Settings, report: Callable[[str], None]) -> None:
    """Create what is missing and add new columns; reports each change in one line.

    Raises :class:`WarehouseError` ``column-changed`` when a column would have to change its type: published
    tables never change, a new version of the port gets a new table.
    """
    client = connect(settings)
    found = upgrades(client, tables(settings), read(client))
    for upgrade in found:
        if upgrade.refusal:
            raise upgrade.refusal
    for upgrade in found:
        run(client, upgrade)
        report(str(upgrade))
    client.close()


def read(client: Client) -> Present:
    """What is there."""
    columns: dict[str, dict[str, str]] = {}
    outside = "WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')"
    for table, name, kind in _rows(
        client, f"database || '.' || table, name, type FROM system.columns {outside}"
    ):
        columns.setdefault(table, {})[name] = kind
    objects = _rows(client, f"database || '.' || name, sorting_key, as_select FROM system.tables {outside}")
    databases = _rows(client, "name FROM system.databases")
    indices = _rows(
        client, f"database || '.' || table || '.' || name FROM system.data_skipping_indices {outside}"
    )
    return Present(
        columns,
        {name: sorting for name, sorting, _ in objects},
        {name: query for name, _, query in objects if query},
        frozenset(name for (name,) in databases),
        frozenset(name for (name,) in indices),
    )


def upgrades(client: Client, wanted: Iterable[Table], present: Present) -> list[Upgrade]:
    """What the mesh's own objects and these tables still need, in the order in which it must be run."""
    platform = [(match, statement) for statement in PLATFORM if (match := _OBJECT.match(statement))]
    wanted = list(wanted)
    queries = {match["name"]: match["query"] for match, _ in platform if match["query"]}
    for table in wanted:
        queries |= {select.name: select.query for select in (*table.feeds(), *table.views())}
    stale = stale_views(client, queries, present)
    own = (_own(match, statement, present, stale) for match, statement in platform)
    return [upgrade for upgrade in (*own, *(_table(table, present, stale) for table in wanted)) if upgrade]


def stale_views(client: Client, queries: Mapping[str, str], present: Present) -> set[str]:
    """Those of some views that are missing or have another query than this."""
    known = {name: query for name, query in queries.items() if name in present.queries}
    written = dict(zip(known, _as_written(client, known.values()), strict=True))
    return {name for name in queries if present.queries.get(name) != written.get(name, "")}


def run(client: Client, upgrade: Upgrade) -> None:
    """Run its statements."""
    for statement in upgrade.statements:
        client.command(statement, settings=_FEED_BEFORE_LANDING)


def _rows(client: Client, select: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in client.query(f"SELECT {select}").result_rows]


def _as_written(client: Client, queries: Iterable[str]) -> list[str]:
    """Queries as the warehouse writes them."""
    given = list(queries)
    sql = "SELECT arrayJoin(arrayMap(query -> formatQuerySingleLine(query), {queries:Array(String)}))"
    return [text for (text,) in client.query(sql, parameters={"queries": given}).result_rows] if given else []


def _own(match: re.Match[str], statement: str, present: Present, stale: set[str]) -> Upgrade | None:
    name = match["name"]
    there = name in (present.databases if match["kind"] == "DATABASE" else present.sorting)
    if there and name not in stale:
        return None
    return Upgrade(name, not there, (f"{match['kind'].lower()} of the mesh",), (statement,))


def _table(table: Table, present: Present, stale: set[str]) -> Upgrade | None:
    columns = present.columns.get(table.name)
    if columns is None:
        return Upgrade(table.name, True, (f"{len(table.columns)} columns",), tuple(table.create()))
    refusal = _refusal(table, columns, present.sorting[table.name])
    if refusal:
        return Upgrade(table.name, False, (refusal.what,), (), refusal)
    added = [column for column in table.columns if not _is_there(column.name, table, present)]
    computed = [c for c in table.port.computed if c.stored and c.name not in columns]
    indices = [index for index in table.indices() if f"{table.name}.{index.name}" not in present.indices]
    renewed = [select for select in (*table.feeds(), *table.views()) if select.name in stale]
    statements = [
        *_landing(table, present),
        *(statement for column in added for statement in table.extend(column)),
        *map(table.extend_computed, computed),
        *(statement for index in indices for statement in table.add_index(index)),
        *(select.renew if select.name in present.queries else select.create for select in renewed),
    ]
    names = [*(column.name for column in added), *(column.name for column in computed)]
    details = tuple(f"column {name} added" for name in names)
    details += tuple(f"index {index.name} added" for index in indices)
    details = details or tuple(f"{select.name} renewed" for select in renewed)
    return Upgrade(table.name, False, details, tuple(statements)) if statements else None


def _landing(table: Table, present: Present) -> list[str]:
    """What the landing needs besides columns of the event."""
    if table.landing not in present.sorting:
        return [table.create_landing()]
    is_sealed = table.seal.name in present.columns[table.landing]
    return [] if is_sealed else [table.extend_landing()]


def _is_there(column: str, table: Table, present: Present) -> bool:
    """Whether the table has the column, and the landing before it, where there is one."""
    landing = present.columns.get(table.landing)
    return column in present.columns[table.name] and (landing is None or column in landing)


def _refusal(table: Table, columns: Mapping[str, str], sorting: str) -> WarehouseError | None:
    """What keeps a table from becoming what the contract says."""
    for column in table.columns:
        kind = columns.get(column.name)
        if kind is not None and kind.replace(" ", "") != column.type.replace(" ", ""):
            return WarehouseError(
                "column-changed",
                f"is {kind}, the event now wants {column.type}",
                place=f"{table.name}.{column.name}",
                remedy="give the changed event a new version with its own topic and table",
            )
    if _bare(sorting) != _bare(table.sorting):
        return WarehouseError(
            "sorting-changed",
            f"is sorted by {sorting}, the contract now wants {table.sorting}",
            place=table.name,
            remedy="give the port a new version with its own topic and table",
        )
    return None


def _bare(sorting: str) -> str:
    """A sort key without spaces, nor the parentheses that some releases write around a single field."""
    text = sorting.replace(" ", "")
    return text[1:-1] if text.startswith("(") else text
