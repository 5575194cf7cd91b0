"""Whose rows a refresh must work out anew: the customers whom something that landed since concerns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from analytics.marts.marks import Marks, changed, newer
from analytics.marts.relation import CUSTOMER, DATABASE, Library, Mart
from analytics.marts.statement import SCOPE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

MANY = 50_000
"""Customers who are recomputed at a time, at the most: more would need memory without end."""
_CHANGED = f"{DATABASE}.changed_v1"
_FOUND = f"{DATABASE}.found_v1"
SET_UP = (
    f"CREATE TABLE IF NOT EXISTS {SCOPE} ({CUSTOMER} String, account String) "
    "ENGINE = MergeTree ORDER BY account",
    f"CREATE TABLE IF NOT EXISTS {_FOUND} ({CUSTOMER} String, account String) "
    "ENGINE = MergeTree ORDER BY account",
    f"CREATE TABLE IF NOT EXISTS {_CHANGED} (kind String, id String) ENGINE = MergeTree ORDER BY (kind, id)",
)
"""Statements that make the tables of the refresh that runs just now; each may run again."""


def is_everybody(library: Library, mart: Mart, before: Marks, after: Marks) -> bool:
    """Whether something has landed that tells not whom it concerns."""
    told = {view for ground in library.grounds(mart) for view in ground.header.concerns}
    return any(view not in told for view in changed(before, after))


def stretches(client: Client, customers: int) -> Iterator[None]:
    """Put the customers who were found into :data:`SCOPE`, some at a time, in the order of their accounts.

    So each time a stretch of what is kept by account is read, and not a little of all of it.
    """
    for first in range(0, customers, MANY):
        client.command(f"TRUNCATE TABLE {SCOPE}")
        client.command(
            f"INSERT INTO {SCOPE} SELECT {CUSTOMER}, account FROM {_FOUND} WHERE {CUSTOMER} IN ("
            f"SELECT {CUSTOMER} FROM {_FOUND} GROUP BY {CUSTOMER} ORDER BY min(account), {CUSTOMER} "
            f"LIMIT {MANY} OFFSET {first})"
        )
        yield


def find(
    client: Client,
    library: Library,
    mart: Mart,
    before: Marks,
    after: Marks,
    tables: Mapping[str, str],
    days: Mapping[str, Any],
    standing: str = "",
) -> int:
    """Find the customers, with all of their accounts, and count them; of no marks before: everybody.

    ``days`` holds was, as_of and timezone: where the day has moved, so have those whose windows it passed.
    ``standing`` is a table whose customers are among them, whatever landed. An account that the crosswalk
    does not know is its own customer.
    """
    for table in (_FOUND, _CHANGED):
        client.command(f"TRUNCATE TABLE {table}")
    for select in _changed(library, mart, before, after, tables):
        client.command(f"INSERT INTO {_CHANGED} {select}")
    if standing:
        client.command(f"INSERT INTO {_CHANGED} SELECT DISTINCT '{CUSTOMER}', {CUSTOMER} FROM {standing}")
    if days["was"] < days["as_of"]:
        for ground in library.grounds(mart):
            if ground.header.moves:
                select = f"SELECT 'account', account FROM ({ground.header.moves})"
                client.command(f"INSERT INTO {_CHANGED} {select}", parameters=dict(days))
    client.command(
        f"""INSERT INTO {_FOUND}
        WITH accounts AS (SELECT id FROM {_CHANGED} WHERE kind = 'account' AND NOT startsWith(id, 'guest:')),
        customers AS (
            SELECT {CUSTOMER} AS id FROM customer.crosswalk WHERE account IN (SELECT id FROM accounts)
            UNION DISTINCT SELECT id FROM accounts WHERE id NOT IN (SELECT account FROM customer.crosswalk)
            UNION DISTINCT SELECT id FROM {_CHANGED} WHERE kind = '{CUSTOMER}'
        )
        SELECT {CUSTOMER}, account FROM customer.crosswalk WHERE {CUSTOMER} IN (SELECT id FROM customers)
        UNION DISTINCT SELECT id, id FROM customers"""
    )
    return int(client.query(f"SELECT uniqExact({CUSTOMER}) FROM {_FOUND}").result_rows[0][0])


def _changed(
    library: Library, mart: Mart, before: Marks, after: Marks, tables: Mapping[str, str]
) -> Iterator[str]:
    for view in changed(before, after):
        condition = newer(before.get(view, {}))
        kinds = {g.header.concerns[view] for g in library.grounds(mart) if view in g.header.concerns}
        for kind in sorted(kinds):
            yield f"SELECT DISTINCT '{kind}', {kind} FROM {tables[view]} WHERE {condition}"
