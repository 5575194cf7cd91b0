"""How to read a port: a query and a subscription that run as they stand, and what holds of an entity."""

from __future__ import annotations

from mesh.catalogue.fields import fields
from mesh.kernel.contract import Port
from mesh.kernel.event import ENVELOPE

_COLUMNS = 6
"""Columns of the example."""
_DULL = (*ENVELOPE, "version", "is_deleted")
"""Fields that an example can do without."""


def query(port: Port) -> str | None:
    """The newest rows of its view; None where it has none."""
    if port.view is None:
        return None
    plain = [
        field.name
        for field in fields(port)
        if "." not in field.name
        and field.type not in ("list", "record")
        and field.mask is None
        and field.name not in _DULL
    ]
    chosen = dict.fromkeys([*port.table_key, *plain])
    columns = ", ".join(list(chosen)[:_COLUMNS])
    return f"SELECT {columns} FROM {port.view} ORDER BY _published_at DESC LIMIT 5"


def subscription(port: Port) -> str:
    """A loop over what is newest, or over every record of a port without table."""
    if not port.table_key or not port.revision:
        return (
            "from mesh.subscribe import subscribe\n\n"
            f'with subscribe("{port.topic}", follow=False) as records:\n'
            "    for record in records:\n"
            "        print(record.key, record.values)\n"
        )
    return (
        "from mesh.subscribe import subscribe\n\n"
        f'with subscribe("{port.topic}", latest=True, follow=False) as changes:\n'
        "    for change in changes:\n"
        "        print(change.kind, change.key, change.version)\n"
    )


def newest(port: Port) -> str:
    """Which record of an entity holds, in one sentence."""
    entity = " and ".join(port.table_key)
    if not entity or not port.revision:
        return "every record counts"
    if port.revision == "seq":
        return f"of each {entity} the record with the highest seq holds; of equal ones the first"
    clears = "; records whose registers are 0 only clear an old day" if port.order_by else ""
    return f"of each {entity} the record with the highest version holds; of equal ones the last{clears}"
