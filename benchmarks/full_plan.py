"""What a row of the shape ``full`` is made of, told to engines as ``plan.json`` and schemas beside it.

``order``, ``line``: topic and fields, each of which a row has under the same name. ``dimensions``: by the
prefix of their fields, the topic, its ``key`` field, the row's field ``by`` which it is looked up, and
``fields`` (of the row, to those of the dimension). ``facts``: of the order's payments and fulfilments the one
that is greatest by ``moment``, then by ``key``. ``returns``: the topic that the row's last fields sum up.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from domains.customer.events import CustomerMastered
from domains.employee.events import EmployeeDescribed
from domains.location.events import LocationDescribed
from domains.product.events import ProductDescribed
from domains.sales.events import (
    FulfilmentUpdated,
    OrderLine,
    OrderLineEnriched,
    OrderPlaced,
    PaymentRecorded,
    ReturnRecorded,
)
from mesh.kernel.event import ENVELOPE, Record
from schemas.derive import avro_schema

_DIMENSIONS: dict[str, tuple[type[Record], str, str]] = {
    "product": (ProductDescribed, "product_id", "product_id"),
    "location": (LocationDescribed, "location_id", "location_id"),
    "territory": (LocationDescribed, "location_id", "territory_id"),
    "employee": (EmployeeDescribed, "employee_id", "employee_id"),
    "customer": (CustomerMastered, "account", "account"),
}
_FACTS: dict[str, tuple[type[Record], str, str]] = {
    "transaction": (PaymentRecorded, "transaction_id", "transaction_at"),
    "fulfilment": (FulfilmentUpdated, "fulfilment_id", "updated_at"),
}


def write(folder: Path, topics: Mapping[type[Record], str], ids: Mapping[str, int]) -> None:
    """Write the plan, and the schema of every topic as ``<topic>.avsc``."""
    for event, topic in topics.items():
        (folder / f"{topic}.avsc").write_text(json.dumps(avro_schema(event), indent=1))
    (folder / "plan.json").write_text(json.dumps(plan(topics, ids), indent=1))


def plan(topics: Mapping[type[Record], str], ids: Mapping[str, int]) -> dict[str, Any]:
    """The plan, for topics by the class of their records and schema ids by topic."""
    names = list(OrderLineEnriched.model_fields)
    order = _cut(names, "", set(OrderPlaced.model_fields) - set(ENVELOPE))
    line = _cut(names, "", set(OrderLine.model_fields))
    dimensions = {
        prefix: {
            "topic": topics[event],
            "key": key,
            "by": by,
            "fields": _cut(names, prefix, set(event.model_fields)),
        }
        for prefix, (event, key, by) in _DIMENSIONS.items()
    }
    facts = {
        prefix: {
            "topic": topics[event],
            "key": key,
            "moment": moment,
            "fields": _cut(names, prefix, set(event.model_fields)),
        }
        for prefix, (event, key, moment) in _FACTS.items()
    }
    return {
        "ids": dict(ids),
        "order": {"topic": topics[OrderPlaced], "fields": list(order)},
        "line": {"fields": list(line)},
        "dimensions": dimensions,
        "facts": facts,
        "returns": {"topic": topics[ReturnRecorded], "fields": names},
        "row": topics[OrderLineEnriched],
    }


def _cut(names: list[str], prefix: str, known: Collection[str]) -> dict[str, str]:
    """Take from the front of ``names`` those that show a record with these fields, with the field of each.

    A row's ``<prefix>_<f>`` shows ``f``, or the field of that very name where there is no ``f``.
    """
    shown = {}
    while names:
        short = names[0].removeprefix(f"{prefix}_")
        field = short if short in known else names[0]
        if field not in known:
            break
        shown[names.pop(0)] = field
    return shown
