"""Purchases joined with their customers and products by the engine alone, as any project would run it.

``python -m tests.e2e.streams.enriching <prefix> <brokers> <folder>``
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from streams.engine.assembly import assemble, run, set_up_logging
from streams.engine.avro.frame import Schema
from streams.engine.enrich import Table, Topic, enrich
from streams.engine.fold import Application
from streams.engine.options import Options
from streams.engine.parking import DeadTopics


def _schema(number: int, name: str, /, **fields: Any) -> Schema:
    described = [{"name": one, "type": kind} for one, kind in fields.items()]
    return Schema({"type": "record", "name": name, "fields": described}, number)


PURCHASE = _schema(1, "Purchase", number="long", customer="string", product=["null", "int"], note="string")
CUSTOMER = _schema(2, "Customer", id="string", name="string")
PRODUCT = _schema(3, "Product", id="long", title="string")
ROW = _schema(
    4,
    "Row",
    number="long",
    customer="string",
    product=["null", "int"],
    note="string",
    customer_name=["null", "string"],
    product_title=["null", "string"],
)


def application(prefix: str) -> Application:
    """The application of one test."""
    return enrich(
        f"{prefix}.enriching",
        facts=Topic(f"{prefix}.purchase", PURCHASE),
        rows=Topic(f"{prefix}.row", ROW),
        tables=[Table(f"{prefix}.customer", CUSTOMER, "customer", "id", "customer")],
        broadcast=[Table(f"{prefix}.product", PRODUCT, "product", "id", "product")],
        parking=DeadTopics(),
    )


def main() -> None:
    """One worker, quick to notice a dead one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix")
    parser.add_argument("brokers")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    set_up_logging()
    quick = {"broker_session_timeout": 3.0, "broker_heartbeat_interval": 0.5}
    run(assemble([application(given.prefix)], Options(given.brokers, given.folder, faust=quick)))


if __name__ == "__main__":
    main()
