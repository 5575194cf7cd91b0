"""The shapes ``lines`` and ``orders``: order lines joined with four dimensions, one enriched row a line.

``lines`` has a record for each line with the order's fields repeated, ``orders`` a record for each order with
its lines inside. Both hold the same orders, so their rows differ in the order of fields alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro

from benchmarks import trade
from benchmarks.dimensions import DECIMAL, DIMENSIONS, fragments, plain, record, records
from benchmarks.shape import FAULTS_TOLD, PARTITIONS, End, Judgement, Record, Written
from benchmarks.trade import Head, Order
from schemas.wire import HEADER_SIZE, header, partition
from streams.engine.avro.varint import decode_long, encode_long

IDS = {"orders": 1, "customers": 2, "products": 3, "stores": 4, "employees": 5, "enriched": 6}
_MICROS = {"type": "long", "logicalType": "timestamp-micros"}
_ITEM = [
    ("line", "int"),
    ("product_id", "long"),
    ("qty", "int"),
    ("unit_price", DECIMAL),
    ("discount", DECIMAL),
]
_ORDER = [
    *(("order_id", "long"), ("customer_id", "long"), ("store_id", "int"), ("employee_id", "int")),
    *(("ts", _MICROS), ("channel", "string")),
]
_LINE = [
    *(("order_id", "long"), ("line", "int"), ("customer_id", "long"), ("product_id", "long")),
    *(("store_id", "int"), ("employee_id", "int"), ("ts", _MICROS), *_ITEM[2:], ("channel", "string")),
]
_ORDER_ID = HEADER_SIZE, HEADER_SIZE + len(encode_long(trade.FIRST_ORDER))
"""Where the order's id begins and ends in every row: it comes first and is always as long."""
_HEADERS = {name: header(number) for name, number in IDS.items()}


@dataclass(frozen=True)
class Flat:
    """One of the two shapes."""

    name: str
    end: End = End.COUNTED

    @cached_property
    def nested(self) -> bool:
        """Whether the lines lie inside their order."""
        return self.name == "orders"

    def orders_topic(self, rows: int) -> str:
        """One topic for each number of rows, so that engines with few of them find theirs."""
        return f"bench.{self.name}-{rows}"

    def rows_topic(self, run: str) -> str:
        """One for each run."""
        return f"bench.out.{run}"

    def dimension_topics(self) -> dict[str, int]:
        """Four topics; customers lie as orders do."""
        return {one.topic: one.partitions for one in DIMENSIONS}

    def fact_topics(self, rows: int) -> dict[str, int]:
        """The orders alone."""
        return {self.orders_topic(rows): PARTITIONS}

    def dimensions(self) -> Iterator[Record]:
        """All rows of the dimensions, from before the first order."""
        before = trade.BEGUN // 1000 - 86_400_000
        for dimension in DIMENSIONS:
            for key, value in records(dimension, IDS[dimension.name]):
                yield Record(dimension.topic, partition(key, dimension.partitions), key, value, before)

    def facts(self, rows: int) -> Iterator[Record]:
        """The orders, or their lines."""
        topic, parts = self.orders_topic(rows), trade.encoded()
        for one in trade.orders(rows):
            moment = trade.moment(one)
            key, part = parts.keys[one.customer], parts.partitions[one.customer]
            for value in self._values(one, moment):
                yield Record(topic, part, key, value, moment // 1000)

    def live(self, number: int, moment: int) -> Record:
        """Lines: the first of each order; orders: whole."""
        one = trade.order(number)
        parts = trade.encoded()
        value = next(self._values(one, moment))
        key, part = parts.keys[one.customer], parts.partitions[one.customer]
        return Record(self.orders_topic(0), part, key, value, moment // 1000)

    def rows_of(self, number: int) -> int:
        """One for a line, as many as it has lines for an order."""
        return trade.order(number).size if self.nested else 1

    def moment_of(self, value: bytes) -> int:
        """The field ``ts``: after six numbers, or after four."""
        at = _after(value, HEADER_SIZE, 4 if self.nested else 6)
        return decode_long(value, at, _after(value, at, 1))

    def write_schemas(self, folder: Path) -> None:
        """One file for each schema, and the plan that says what is joined with what."""
        for name, schema in self.schemas.items():
            (folder / f"{name}.avsc").write_text(json.dumps(schema, indent=1))
        dimensions = {
            one.name: {
                "topic": one.topic,
                "key": one.key,
                "prefix": one.prefix,
                "fields": list(one.carried),
                "partitions": one.partitions,
            }
            for one in DIMENSIONS
        }
        (folder / "plan.json").write_text(json.dumps({"ids": IDS, "dimensions": dimensions}, indent=1))

    @cached_property
    def schemas(self) -> dict[str, Any]:
        """Every schema by name."""
        own = [*_ORDER, *_ITEM] if self.nested else _LINE
        carried = [pair for one in DIMENSIONS for pair in one.carried_fields()]
        items = {"type": "array", "items": record("Item", _ITEM)}
        return {
            "orders": record("Order", [*_ORDER, ("lines", items)] if self.nested else _LINE),
            **{one.name: one.schema() for one in DIMENSIONS},
            "enriched": record("Enriched", [*own, *carried]),
        }

    def expected(self, one: Order, line: int) -> bytes:
        """The enriched row of a line, as an engine that keeps every number as it was written writes it."""
        customers, products, stores, employees = _fragments()
        product, amounts = trade.item(one, line)
        own = self._row(trade.head(one, trade.moment(one)), line, product, amounts)
        joined = (customers[one.customer], products[product], stores[one.store], employees[one.employee])
        return b"".join((_HEADERS["enriched"], own, *joined))

    def verify(self, written: Iterable[Written], rows: int) -> Judgement:
        """Every line exactly once, or again and equal; each field, key and partition right."""
        return _Judge(self, rows).judge(written)

    def _values(self, one: Order, moment: int) -> Iterator[bytes]:
        """The input records of an order."""
        head, header_bytes = trade.head(one, moment), _HEADERS["orders"]
        if not self.nested:
            for line in range(1, one.size + 1):
                yield header_bytes + self._row(head, line, *trade.item(one, line))
            return
        products = trade.encoded().products
        items = [header_bytes, _scalars(head), trade.small(one.size)]
        for line in range(1, one.size + 1):
            product, amounts = trade.item(one, line)
            items += (trade.small(line), products[product], amounts)
        items.append(b"\0")
        yield b"".join(items)

    def _row(self, head: Head, line: int, product: int, amounts: bytes) -> bytes:
        """A line with its order's fields, in this shape's order."""
        item = trade.encoded().products[product]
        if self.nested:
            return _scalars(head) + trade.small(line) + item + amounts
        order, customer, store, employee, moment, channel = head
        return b"".join((order, trade.small(line), customer, item, store, employee, moment, amounts, channel))


def _after(value: bytes, at: int, count: int) -> int:
    """Where so many numbers end of which the first begins at ``at``."""
    for _ in range(count):
        while value[at] > 127:
            at += 1
        at += 1
    return at


def _scalars(head: Head) -> bytes:
    """The fields of an order beside its lines."""
    return b"".join(head)


@cache
def _fragments() -> list[tuple[bytes, ...]]:
    return [fragments(dimension) for dimension in DIMENSIONS]


class _Judge:
    """Compares an output record by record with what is expected; remembers a bit for each line seen."""

    def __init__(self, flat: Flat, rows: int) -> None:
        self._flat = flat
        self._sizes = bytearray(one.size for one in trade.orders(rows))
        self._seen = bytearray(len(self._sizes))
        self._schema = fastavro.parse_schema(plain(flat.schemas["enriched"]))
        self._rows = rows
        self._faults: list[str] = []

    def judge(self, written: Iterable[Written]) -> Judgement:
        """Judge all records; the faults beyond the first few are only counted."""
        count = faulty = 0
        for one in written:
            count += 1
            if fault := self._fault(one):
                faulty += 1
                if faulty <= FAULTS_TOLD:
                    self._faults.append(fault)
        if faulty > FAULTS_TOLD:
            self._faults.append(f"{faulty - FAULTS_TOLD:,} more records are wrong")
        distinct = sum(bits.bit_count() for bits in self._seen)
        if distinct != self._rows:
            self._faults.append(f"{self._rows - distinct:,} of {self._rows:,} rows are missing")
        return Judgement(count, distinct, tuple(self._faults))

    def _fault(self, written: Written) -> str:
        """What is wrong with a record; nothing when it is right."""
        value = written.value
        if value is None or value[:HEADER_SIZE] != _HEADERS["enriched"]:
            return f"a record of partition {written.partition} is not an enriched row"
        start, end = _ORDER_ID
        number = decode_long(value, start, end) - trade.FIRST_ORDER
        if not 0 <= number < len(self._sizes):
            return f"order {number + trade.FIRST_ORDER} was never placed"
        line = self._line(value)
        if not 0 < line <= self._sizes[number]:
            return f"order {number + trade.FIRST_ORDER} has no line {line}"
        one = trade.order(number)
        expected = self._flat.expected(one, line)
        if value != expected and (difference := self._difference(value, expected)):
            return f"order {number + trade.FIRST_ORDER} line {line}: {difference}"
        parts = trade.encoded()
        if written.key != parts.keys[one.customer]:
            return f"order {number + trade.FIRST_ORDER} line {line}: its key is {written.key!r}"
        if written.partition != parts.partitions[one.customer]:
            return f"order {number + trade.FIRST_ORDER} line {line}: it is in partition {written.partition}"
        self._seen[number] |= 1 << line - 1
        return ""

    def _line(self, value: bytes) -> int:
        """The number of the line in an output record; 0 where there is none."""
        at = _ORDER_ID[1]
        if self._flat.nested:
            at = _after(value, at, 4)
            at += 1 + decode_long(value, at, at + 1)  # the channel
        return decode_long(value, at, at + 1)

    def _difference(self, value: bytes, expected: bytes) -> str:
        """Where two records differ in meaning: a decimal may be written shorter."""
        try:
            found, wanted = (self._decoded(one) for one in (value, expected))
        except (EOFError, IndexError, ValueError) as error:
            return f"it cannot be decoded ({error})"
        if found == wanted:
            return ""
        name = next(name for name in wanted if found[name] != wanted[name])
        return f"{name} is {found[name]!r}, not {wanted[name]!r}"

    def _decoded(self, value: bytes) -> dict[str, Any]:
        row: Any = fastavro.schemaless_reader(BytesIO(value[HEADER_SIZE:]), self._schema, None)
        return {name: _number(field) if isinstance(field, bytes) else field for name, field in row.items()}


def _number(encoded: bytes) -> int:
    return int.from_bytes(encoded, "big", signed=True)
