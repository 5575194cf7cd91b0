"""Facts that others have written: under another schema, or in another form of the same."""

from __future__ import annotations

from typing import Any

from schemas.wire import header
from streams.engine.avro.varint import encode_long
from streams.orders_enriched import topics


class Registry:
    """A registry with one more schema."""

    def __init__(self, schema_id: int, schema: dict[str, Any]) -> None:
        self._known = {schema_id: schema}

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema."""
        return self._known[schema_id]


def test_what_another_version_wrote_gives_the_same_rows(world: Any, runtime: Any) -> None:
    """A foreign writer's schema is resolved, counted, and changes nothing in the row."""
    codec = world.codecs[topics.ORDER]
    fields = [dict(field) for field in codec.schema["fields"] if field["name"] != "promo_code"]
    foreign = {**codec.schema, "fields": [*fields, {"name": "extra", "type": "string", "default": ""}]}
    app = world.application(Registry(7, foreign))
    other = world.runtime(app)
    event = world.event(topics.ORDER, lines=[world.line()])
    runtime.publish(topics.ORDER, event)
    runtime.run()
    values = codec.decode(event)
    other.publish(topics.ORDER, header(7) + _body(foreign, values | {"extra": "x"}), key=b"shop:1")
    other.run()
    assert other.newest() == runtime.newest()
    assert {topic: count for topic, count in app.rewritten().items() if count} == {topics.ORDER: 1}


def test_an_unusual_form_gives_the_same_rows(world: Any, runtime: Any) -> None:
    """Blocks with a size, written by others than our codec: the same fact in state and rows."""
    app = world.application()
    other = world.runtime(app)
    usual = world.event(topics.ORDER, lines=[world.line(1), world.line(2)])
    empty = world.event(topics.ORDER, lines=[])
    lines = usual[len(empty) : -1]
    unusual = empty[:-1] + encode_long(-2) + encode_long(len(lines)) + lines + b"\x00"
    assert world.codecs[topics.ORDER].decode(unusual) == world.codecs[topics.ORDER].decode(usual)
    runtime.publish(topics.ORDER, usual)
    runtime.run()
    for value in (unusual, usual):
        other.publish(topics.ORDER, value, key=b"shop:1")
    other.run()
    assert other.newest() == runtime.newest()
    assert other.changelog == runtime.changelog
    assert other.parked == set()
    assert {topic: count for topic, count in app.rewritten().items() if count} == {topics.ORDER: 1}


def _body(schema: dict[str, Any], values: dict[str, Any]) -> bytes:
    from io import BytesIO

    from fastavro import parse_schema, schemaless_writer

    out = BytesIO()
    schemaless_writer(out, parse_schema(schema), values)
    return out.getvalue()
