"""Tiny sets of facts as the oracle holds them: only what a case is about is given, the rest is filled in."""

from __future__ import annotations

from typing import Any

import polars as pl

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.reconcile.avro import column_types
from mesh.reconcile.facts import ENTITY, PLACE, Facts, facts_of, unique_revisions
from schemas.derive import avro_schema

SECOND = 1_000_000
DAY = 86_400 * SECOND
RATE = 10**8
"""A rate of one."""

_DEFAULTS: dict[str, Any] = {"seq": 0, "occurred_at": 0, "account": "a", "fx_rate": RATE, "amount": 0}


def at(day: int) -> int:
    """Noon, UTC, of a day of January 2024, in microseconds."""
    return (19_723 + day - 1) * DAY + DAY // 2


def line(number: int, gross: int = 10_000, net: int = 10_000, **fields: Any) -> dict[str, Any]:
    """An order line of one unit of product ``p``; amounts in 1/10,000."""
    given = {
        "line_number": number,
        "product_id": "p",
        "quantity": 1,
        "gross_amount": gross,
        "net_amount": net,
    }
    return {**given, **fields}


def order(order_id: str, ordered_at: int, **fields: Any) -> dict[str, Any]:
    """An order with one line."""
    return {"order_id": order_id, "ordered_at": ordered_at, "lines": [line(1)], **fields}


def product(product_id: str, valid_from: int, **fields: Any) -> dict[str, Any]:
    """A version of a product."""
    return {"product_id": product_id, "valid_from": valid_from, **fields}


def facts(**records: list[dict[str, Any]]) -> Facts:
    """Facts by record class, in the order of their offsets."""
    revisions = {}
    for port in find_mesh(Settings(home="nowhere")).ports.values():
        name = port.record.__name__
        if name in ENTITY:
            types = {**column_types(avro_schema(port.record)), **PLACE}
            rows = [
                {**_DEFAULTS, **row, "_partition": 0, "_offset": offset}
                for offset, row in enumerate(records.get(name, []))
            ]
            frame = pl.DataFrame([{k: v for k, v in row.items() if k in types} for row in rows], schema=types)
            revisions[name] = unique_revisions(frame, ENTITY[name])
    return facts_of(revisions)
