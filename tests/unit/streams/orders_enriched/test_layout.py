"""The layout of rows follows from the events; a changed event stops the start instead of spoiling rows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mesh.kernel.errors import StreamError
from streams.engine.avro.walk import Walker
from streams.engine.errors import EngineError
from streams.orders_enriched import topics
from streams.orders_enriched.layout import Layout, check_clock, check_envelope, layout

Schemas = dict[str, Any]


def plan(schemas: Schemas) -> Layout:
    """The layout of these schemas, as the application derives it."""
    walkers = {topic: Walker(schema) for topic, schema in schemas.items()}
    for topic in (*topics.INPUTS, *topics.BROADCAST):
        check_envelope(walkers[topic])
    check_clock(walkers[topics.CLOCK])
    sources = {prefix: walkers[topic] for prefix, topic in topics.BLOCKS.items()}
    return layout(walkers[topics.ENRICHED], walkers[topics.ORDER], sources, topics.BLOCK_KEYS)


@pytest.fixture
def schemas(world: Any) -> Schemas:
    """The schemas of all topics, to be changed at will."""
    return {topic: copy.deepcopy(codec.schema) for topic, codec in world.codecs.items()}


def fields(schema: Any) -> list[dict[str, Any]]:
    """The fields of a record schema."""
    found: list[dict[str, Any]] = schema["fields"]
    return found


def field(schema: Any, name: str) -> dict[str, Any]:
    """One field of a record schema."""
    return next(field for field in fields(schema) if field["name"] == name)


def test_the_blocks_of_the_row_are_those_of_the_events(schemas: Schemas) -> None:
    """All of the row's fields between line and returns belong to a block, in order."""
    blocks = plan(schemas).blocks
    assert [block.prefix for block in blocks] == list(topics.BLOCKS)
    names = [field["name"] for field in fields(schemas[topics.ENRICHED])]
    shown = [name for block in blocks for name in block.fields]
    start = names.index(shown[0])
    assert names[start : start + len(shown)] == shown
    assert names[start + len(shown)] == "returned_quantity"
    assert plan(schemas).block("customer").fields[:3] == (
        "customer_valid_from",
        "customer_golden_id",
        "customer_type",
    )


def swap(schema: Any, first: str, second: str) -> None:
    """Let two fields change places."""
    names = [field["name"] for field in fields(schema)]
    one, two = names.index(first), names.index(second)
    listed = fields(schema)
    listed[one], listed[two] = listed[two], listed[one]


def set_type(schema: Any, name: str, kind: Any) -> None:
    """Give a field another type."""
    field(schema, name)["type"] = kind
    field(schema, name).pop("default", None)


BREAKS: dict[str, Callable[[Schemas], None]] = {
    "order fields swapped": lambda s: swap(s[topics.ORDER], "channel", "currency"),
    "row's order fields swapped": lambda s: swap(s[topics.ENRICHED], "channel", "currency"),
    "order field gone from the row": lambda s: fields(s[topics.ENRICHED]).pop(3),
    "order field of another type": lambda s: set_type(s[topics.ENRICHED], "channel", ["null", "string"]),
    "order field of another scale": lambda s: field(s[topics.ORDER], "fx_rate")["type"].update(scale=4),
    "order field after the lines": lambda s: fields(s[topics.ORDER]).append({"name": "x", "type": "long"}),
    "place id that is never null": lambda s: [
        set_type(s[topic], "location_id", "string") for topic in (topics.ORDER, topics.ENRICHED)
    ],
    "line fields swapped": lambda s: swap(
        field(s[topics.ORDER], "lines")["type"]["items"], "line_number", "product_id"
    ),
    "line field added": lambda s: fields(field(s[topics.ORDER], "lines")["type"]["items"]).append(
        {"name": "x", "type": "long"}
    ),
    "envelope not first": lambda s: swap(s[topics.PRODUCT], "trace_id", "product_id"),
    "block field of another type": lambda s: set_type(s[topics.PRODUCT], "name", "bytes"),
    "block field that cannot be null": lambda s: set_type(s[topics.ENRICHED], "product_name", "string"),
    "block field with null last in the row alone": lambda s: set_type(
        s[topics.ENRICHED], "product_brand", ["string", "null"]
    ),
    "block field of no source": lambda s: field(s[topics.ENRICHED], "product_brand").update(name="product_x"),
    "block key not first": lambda s: swap(s[topics.ENRICHED], "product_valid_from", "product_sku"),
    "payment id not first": lambda s: swap(s[topics.ENRICHED], "transaction_id", "transaction_at"),
    "blocks swapped": lambda s: swap(s[topics.ENRICHED], "location_valid_from", "territory_valid_from"),
    "tail swapped": lambda s: swap(s[topics.ENRICHED], "returned_quantity", "return_count"),
    "tail of another type": lambda s: set_type(s[topics.ENRICHED], "return_count", "int"),
    "field after the tail": lambda s: fields(s[topics.ENRICHED]).append({"name": "x", "type": "long"}),
    "clock with another field": lambda s: fields(s[topics.CLOCK]).append({"name": "x", "type": "long"}),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_changed_event_stops_the_start(schemas: Schemas, name: str) -> None:
    """Each rule that the splice relies on is checked, and the error names the record."""
    plan(schemas)
    BREAKS[name](schemas)
    with pytest.raises((StreamError, EngineError)) as caught:
        plan(schemas)
    assert caught.value.code == "layout-broken"
    assert caught.value.place.startswith("retail.")


def test_what_does_not_change_the_bytes_may_change(schemas: Schemas) -> None:
    """Docs, classifications and defaults are not part of the layout."""
    before = plan(schemas)
    field(schemas[topics.PRODUCT], "name")["doc"] = "other words"
    field(schemas[topics.ENRICHED], "product_name").pop("default")
    assert plan(schemas) == before
