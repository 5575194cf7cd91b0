"""Composes the query of a mart of its file and of all that it reads.

Every file's query stands in a ``WITH`` by its name, so a line, a payment or a customer is worked out in one
way for all marts. ``{as_of:Date32}`` is the last day of which anything is known and ``{timezone:String}`` the
business time zone; both reach the warehouse as parameters. ``{in_scope <column>}`` limits what a ground reads
to accounts of the customers who are recomputed, ``{due <column>}`` to the facts of a kept ground that are,
``{part <column>}`` to the stretch of a ground that is worked out in stretches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from analytics.marts.relation import CUSTOMER, DATABASE, Library, Mart

SCOPE = f"{DATABASE}.scope_v1"
"""Customers who are recomputed just now, with their accounts."""
SETTINGS = {"join_use_nulls": 1, "transform_null_in": 1}
SPARING = {
    "max_threads": 1,
    "optimize_aggregation_in_order": 1,
    "min_insert_block_size_rows": 250_000,
    "min_insert_block_size_bytes": 1 << 25,
}
"""A refresh takes one processor, and little memory: ten million rows sorted in large blocks took 3 GiB."""
DUE = f"{DATABASE}.due_v1"
"""Ids of the facts that are worked out anew just now, and of what they name, by the column."""
_PART = re.compile(r"\{part (\w+)\}")
_DUE = re.compile(r"\{due ((?:\w+\.)?)(\w+)\}")
_IN_SCOPE = re.compile(r"\{in_scope ([\w.]+)\}")


def query(
    library: Library, mart: Mart, *, scoped: bool = False, standing: Mapping[str, str] | None = None
) -> str:
    """The query of a mart's rows: everybody's, or those of the customers in :data:`SCOPE`."""
    columns = ", ".join(column.name for column in mart.columns)
    rows = rows_of(library, mart.name, columns, scoped=scoped, standing=standing)
    return f"{rows} WHERE {CUSTOMER} IN (SELECT {CUSTOMER} FROM {SCOPE})" if scoped else rows


def rows_of(
    library: Library,
    name: str,
    columns: str,
    *,
    scoped: bool = False,
    due: bool = False,
    part: str = "1",
    standing: Mapping[str, str] | None = None,
) -> str:
    """The query of some columns of a mart or ground.

    ``scoped`` grounds read some accounts alone, ``due`` ones some facts, ``part`` is the condition of a
    stretch. Those that stand in a table are read by the query that ``standing`` has for each.
    """
    limit = rf"\1 IN (SELECT account FROM {SCOPE})" if scoped else "1"
    found = standing or {}
    parts = []
    for one in library.beneath(name, found):
        sql = _IN_SCOPE.sub(limit, found.get(one, library.relations[one].sql))
        sql = _PART.sub(lambda _: part, sql)
        parts.append(f"{one} AS (\n{_indented(limited(sql) if due else _DUE.sub('1', sql))}\n)")
    return f"WITH {', '.join(parts)}\nSELECT {columns} FROM {name}"


def limited(sql: str) -> str:
    """A query with each ``{due <column>}`` as the condition that it stands for."""
    return _DUE.sub(rf"\1\2 IN (SELECT id FROM {DUE} WHERE kind = '\2')", sql)


def _indented(sql: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in sql.splitlines())
