"""The four dimensions that every line is joined with: their schemas, their rows, and what goes out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import fastavro

from schemas.wire import header

SEED = 7
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
BORN = 1_767_225_600_000
"""2026-01-01 in milliseconds: every moment of the input is counted from it, so that runs are equal."""
_WORDS = (
    *("north", "south", "east", "west", "market", "garden", "river", "stone"),
    *("light", "hill", "wood", "field", "park", "lane", "bridge", "gate"),
)


@dataclass(frozen=True, eq=False)
class Dimension:
    """A dimension: its topic, its fields in Avro's terms, and which of them an enriched row carries.

    ``name`` is also the name of its schema file. An id is ``first + number * step``, wide enough to cost what
    real ids cost on the wire. A row's field goes out as ``<prefix>_<field>``.
    """

    name: str
    key: str
    prefix: str
    partitions: int
    count: int
    first: int
    step: int
    fields: tuple[tuple[str, Any], ...]
    carried: tuple[str, ...]

    @property
    def topic(self) -> str:
        """Where its rows are published."""
        return f"bench.{self.name}"

    def id(self, number: int) -> int:
        """The id of its row ``number``, from 0."""
        return self.first + number * self.step

    def schema(self) -> dict[str, Any]:
        """Its Avro schema."""
        return record(self.prefix.capitalize(), self.fields)

    def carried_fields(self) -> list[tuple[str, Any]]:
        """The fields of an enriched row that come from it, null where there is no such row."""
        types = dict(self.fields)
        return [(f"{self.prefix}_{name}", ["null", types[name]]) for name in self.carried]


def record(name: str, fields: Any) -> dict[str, Any]:
    """An Avro record schema from pairs of name and type."""
    described = [{"name": field, "type": of} for field, of in fields]
    return {"type": "record", "name": name, "namespace": "retail.bench", "fields": described}


CUSTOMERS = Dimension(
    *("customers", "customer_id", "customer", 4, 20_000, 400_000_000_000, 7919),
    fields=(
        *(("customer_id", "long"), ("name", "string"), ("email", "string"), ("phone", "string")),
        *(("street", "string"), ("city", "string"), ("postcode", "string"), ("country", "string")),
        *(("segment", "string"), ("tier", "string"), ("credit_limit", DECIMAL), ("since", MILLIS)),
    ),
    carried=("name", "email", "city", "postcode", "country", "segment", "tier", "credit_limit"),
)
PRODUCTS = Dimension(
    *("products", "product_id", "product", 1, 500, 5_010_000_000_000, 104_729),
    fields=(
        *(("product_id", "long"), ("name", "string"), ("category", "string"), ("brand", "string")),
        *(("department", "string"), ("unit_cost", DECIMAL), ("supplier", "string"), ("size", "string")),
    ),
    carried=("name", "category", "brand", "department", "unit_cost", "supplier"),
)
STORES = Dimension(
    *("stores", "store_id", "store", 1, 700, 600_000, 37),
    fields=(
        *(("store_id", "int"), ("name", "string"), ("city", "string"), ("region", "string")),
        *(("format", "string"), ("country", "string"), ("sqm", "int"), ("opened", MILLIS)),
    ),
    carried=("name", "city", "region", "format"),
)
EMPLOYEES = Dimension(
    *("employees", "employee_id", "employee", 1, 300, 900_000, 53),
    fields=(
        *(("employee_id", "int"), ("name", "string"), ("role", "string"), ("team", "string")),
        *(("grade", "string"), ("email", "string"), ("hired", MILLIS), ("store_id", "int")),
    ),
    carried=("name", "role", "team"),
)
DIMENSIONS = (CUSTOMERS, PRODUCTS, STORES, EMPLOYEES)


def decimal(scaled: int) -> bytes:
    """A decimal of scale 4 as the fixed-width writers of this world write it: 8 bytes, two's complement."""
    return scaled.to_bytes(8, "big", signed=True)


@cache
def rows(dimension: Dimension) -> tuple[dict[str, Any], ...]:
    """Its rows in the order of their ids, decimals as bytes and moments as numbers; the same in every run."""
    make = {CUSTOMERS: _customer, PRODUCTS: _product, STORES: _store, EMPLOYEES: _employee}[dimension]
    chance = random.Random(f"{SEED} {dimension.name}")  # noqa: S311 - the same rows each time
    return tuple(make(chance, dimension.id(number)) for number in range(dimension.count))


def bodies(dimension: Dimension) -> Iterator[bytes]:
    """The Avro bytes of its rows."""
    schema = fastavro.parse_schema(plain(dimension.schema()))
    for row in rows(dimension):
        yield encode(schema, row)


def records(dimension: Dimension, schema_id: int) -> Iterator[tuple[bytes, bytes]]:
    """Its rows as they are published: key, and value with its header."""
    for row, body in zip(rows(dimension), bodies(dimension), strict=True):
        yield b"%d" % row[dimension.key], header(schema_id) + body


@cache
def fragments(dimension: Dimension) -> tuple[bytes, ...]:
    """For each row, the Avro bytes that it adds to an enriched row."""
    schema = fastavro.parse_schema(plain(record("Fragment", dimension.carried_fields())))
    carried = [(f"{dimension.prefix}_{name}", name) for name in dimension.carried]
    return tuple(encode(schema, {out: row[name] for out, name in carried}) for row in rows(dimension))


def encode(schema: Any, row: dict[str, Any]) -> bytes:
    """The Avro bytes of a row."""
    target = BytesIO()
    fastavro.schemaless_writer(target, schema, row)
    return target.getvalue()


def plain(schema: Any) -> Any:
    """The same schema without logical types: decimals stay bytes, moments numbers."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "logicalType" in schema:
        return schema["type"]
    kept = {"fields": [{**field, "type": plain(field["type"])} for field in schema.get("fields", ())]}
    return {**schema, **(kept if schema["type"] == "record" else {"items": plain(schema.get("items"))})}


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(count))


def _customer(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "customer_id": number,
        "name": f"cust {number} {_words(chance, 1)}",
        "email": f"{_words(chance, 1)}.{number}@example.com",
        "phone": f"+4420{chance.randrange(10**8):08}",
        "street": f"{chance.randrange(400)} {_words(chance, 2)} street",
        "city": _words(chance, 1),
        "postcode": f"AB{chance.randrange(20)} {chance.randrange(9)}CD",
        "country": chance.choice(("GB", "IE", "FR", "DE")),
        "segment": chance.choice(("consumer", "business", "trade")),
        "tier": chance.choice(("gold", "silver", "bronze")),
        "credit_limit": decimal(chance.randrange(10**8)),
        "since": BORN - chance.randrange(10**11),
    }


def _product(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "product_id": number,
        "name": f"prod {number} {_words(chance, 2)}",
        "category": _words(chance, 1),
        "brand": _words(chance, 1),
        "department": _words(chance, 2),
        "unit_cost": decimal(chance.randrange(10**6)),
        "supplier": f"{_words(chance, 2)} ltd",
        "size": chance.choice(("S", "M", "L", "XL")),
    }


def _store(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "store_id": number,
        "name": f"store {number} {_words(chance, 1)}",
        "city": _words(chance, 1),
        "region": _words(chance, 2),
        "format": chance.choice(("super", "express")),
        "country": "GB",
        "sqm": chance.randrange(9000),
        "opened": BORN - chance.randrange(10**11),
    }


def _employee(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "employee_id": number,
        "name": f"emp {number} {_words(chance, 2)}",
        "role": chance.choice(("till", "floor", "manager")),
        "team": _words(chance, 1),
        "grade": f"G{chance.randrange(9)}",
        "email": f"{number}@example.com",
        "hired": BORN - chance.randrange(10**10),
        "store_id": STORES.id(chance.randrange(STORES.count)),
    }
