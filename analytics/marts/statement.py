"""Composes the query of a mart of its file and of all that it reads.

Every file's query stands in a ``WITH`` by its name, so a line, a payment or a customer is worked out in one
way for all marts. ``{as_of:Date32}`` is the last day of which anything is known and ``{timezone:String}`` the
business time zone; both reach the warehouse as parameters. ``{in_scope <column>}`` limits what a ground reads
to the accounts of the customers who are recomputed.
"""

from __future__ import annotations

import re

from analytics.marts.relation import CUSTOMER, DATABASE, Library, Mart

SCOPE = f"{DATABASE}.scope_v1"
"""Customers who are recomputed just now, with their accounts."""
SETTINGS = {"join_use_nulls": 1, "transform_null_in": 1}
_IN_SCOPE = re.compile(r"\{in_scope ([\w.]+)\}")


def query(library: Library, mart: Mart, *, scoped: bool = False) -> str:
    """The query of a mart's rows: everybody's, or those of the customers in :data:`SCOPE`."""
    rows = rows_of(library, mart.name, ", ".join(column.name for column in mart.columns), scoped=scoped)
    return f"{rows} WHERE {CUSTOMER} IN (SELECT {CUSTOMER} FROM {SCOPE})" if scoped else rows


def rows_of(library: Library, name: str, columns: str, *, scoped: bool = False) -> str:
    """The query of some columns of a mart or ground; ``scoped`` grounds read some accounts alone."""
    limit = rf"\1 IN (SELECT account FROM {SCOPE})" if scoped else "1"
    parts = []
    for one in library.beneath(name):
        sql = _IN_SCOPE.sub(limit, library.relations[one].sql)
        parts.append(f"{one} AS (\n{_indented(sql)}\n)")
    return f"WITH {', '.join(parts)}\nSELECT {columns} FROM {name}"


def _indented(sql: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in sql.splitlines())
