"""The shapes of order lines: their input is the same in every run, and a wrong record is never passed."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from benchmarks import trade
from benchmarks.dimensions import DIMENSIONS, records, rows
from benchmarks.flat import IDS, Flat
from benchmarks.shape import Written, shape
from benchmarks.trade import large
from mesh.kernel.errors import MeshError
from streams.engine.avro.varint import encode_long

ROWS = 500


def decoded(schema: Any, value: bytes) -> dict[str, Any]:
    """A value as fastavro reads it."""
    row: Any = fastavro.schemaless_reader(BytesIO(value[5:]), fastavro.parse_schema(schema), None)
    return dict(row)


def output(flat: Flat) -> list[Written]:
    """What a right engine writes."""
    parts = trade.encoded()
    return [
        Written(parts.partitions[one.customer], parts.keys[one.customer], flat.expected(one, line))
        for one in trade.orders(ROWS)
        for line in range(1, one.size + 1)
    ]


def joined(flat: Flat) -> list[dict[str, Any]]:
    """The rows that come of the input when it is decoded and joined the plain way."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for dimension in DIMENSIONS:
        schema = flat.schemas[dimension.name]
        table = (decoded(schema, value) for _, value in records(dimension, IDS[dimension.name]))
        found[dimension.name] = {row[dimension.key]: row for row in table}
    made = []
    for record in flat.facts(ROWS):
        order = decoded(flat.schemas["orders"], record.value)
        for item in order.pop("lines") if flat.nested else [{}]:
            row = {**order, **item}
            for one in DIMENSIONS:
                about = found[one.name][row[one.key]]
                row |= {f"{one.prefix}_{name}": about[name] for name in one.carried}
            made.append(row)
    return made


@pytest.mark.parametrize("name", ["lines", "orders"])
def test_the_expected_rows_are_those_of_a_plain_join(name: str) -> None:
    """What the judge compares with is proven by another way: decode, look up, put together."""
    flat = Flat(name)
    expected = [decoded(flat.schemas["enriched"], one.value or b"") for one in output(flat)]
    assert expected == joined(flat)
    assert len(expected) == ROWS


def test_both_shapes_hold_the_same_rows() -> None:
    """They differ in the order of fields alone."""
    assert joined(Flat("lines")) == joined(Flat("orders"))


@pytest.mark.parametrize(
    ("name", "digest"),
    [("lines", "a902"), ("orders", "e0d6")],
)
def test_the_input_is_the_same_in_every_run(name: str, digest: str) -> None:
    """Every engine, today and later, gets the same bytes."""
    found = hashlib.sha256(b"".join(record.value for record in Flat(name).facts(ROWS))).hexdigest()
    assert found[:4] == digest


def test_lines_are_as_wide_as_said() -> None:
    """About 79 bytes, one to eight lines an order, four on average."""
    records = list(Flat("lines").facts(20_000))
    sizes = [one.size for one in trade.orders(20_000)]
    assert 75 <= sum(len(record.value) for record in records) / len(records) <= 85
    assert set(sizes) == set(range(1, 9))
    assert 3.8 <= sum(sizes) / len(sizes) <= 4.2


def test_large_numbers_are_encoded_as_any_other() -> None:
    """The quick way writes what the plain way writes."""
    for number in (1 << 27, (1 << 27) + 1, 10**12 + 7, trade.FIRST_ORDER, trade.BEGUN, (1 << 62) - 1):
        assert large(number) == encode_long(number)


def test_dimensions_are_complete() -> None:
    """As many as said, each id once."""
    for dimension in DIMENSIONS:
        assert len({row[dimension.key] for row in rows(dimension)}) == dimension.count


def test_the_plan_names_what_the_schemas_hold(tmp_path: Path) -> None:
    """An engine can be written from the files alone."""
    flat = Flat("orders")
    flat.write_schemas(tmp_path)
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert {path.stem for path in tmp_path.glob("*.avsc")} == set(plan["ids"])
    fields = {field["name"] for field in json.loads((tmp_path / "enriched.avsc").read_text())["fields"]}
    for one in plan["dimensions"].values():
        assert one["key"] in fields
        assert {f"{one['prefix']}_{name}" for name in one["fields"]} <= fields


@pytest.mark.parametrize("name", ["lines", "orders"])
def test_a_right_output_is_right(name: str) -> None:
    """In any order, and when a row is written again."""
    flat = Flat(name)
    written = output(flat)
    judgement = flat.verify([*reversed(written), written[0]], ROWS)
    assert judgement.right, judgement.faults
    assert (judgement.records, judgement.distinct) == (ROWS + 1, ROWS)


def test_a_decimal_may_be_written_shorter() -> None:
    """An engine that knows decimals writes the shortest bytes of the same number."""
    flat = Flat("lines")
    written = output(flat)
    schema = fastavro.parse_schema(flat.schemas["enriched"])
    target = BytesIO()
    fastavro.schemaless_writer(target, schema, decoded(flat.schemas["enriched"], written[0].value or b""))
    short = (written[0].value or b"")[:5] + target.getvalue()
    assert len(short) < len(written[0].value or b"")
    assert flat.verify([written[0]._replace(value=short), *written[1:]], ROWS).right


@pytest.mark.parametrize("name", ["lines", "orders"])
def test_a_wrong_record_is_refused(name: str) -> None:
    """Each kind of fault is told, with its place."""
    flat = Flat(name)
    written = output(flat)
    first, second = written[0], written[5]
    value = first.value or b""
    wrong = {
        "customer_name": first._replace(value=value.replace(b"cust 4", b"cust 5", 1)),
        "its key": first._replace(key=b"1"),
        "is in partition": first._replace(partition=(first.partition + 1) % 4),
        "cannot be decoded": first._replace(value=value[:-1]),
        "not an enriched row": first._replace(value=b"\1" + value[1:]),
        "was never placed": first._replace(value=value[:13] + b"\7" + value[14:]),
        "is None": second._replace(value=None),
    }
    told = {"is None": "not an enriched row"}
    for word, record in wrong.items():
        judgement = flat.verify([record, *written[1:]], ROWS)
        assert not judgement.right
        assert told.get(word, word) in judgement.faults[0], (word, judgement.faults)


def test_a_missing_row_is_told() -> None:
    """With how many are missing."""
    flat = Flat("lines")
    assert flat.verify(output(flat)[3:], ROWS).faults == (f"3 of {ROWS} rows are missing",)


def test_many_faults_are_counted_not_listed() -> None:
    """The first few are told in words."""
    flat = Flat("lines")
    faults = flat.verify([one._replace(key=None) for one in output(flat)], ROWS).faults
    assert len(faults) == 7
    assert faults[5] == f"{ROWS - 5} more records are wrong"


@pytest.mark.parametrize("name", ["lines", "orders"])
def test_a_live_record_carries_its_moment_through(name: str) -> None:
    """So that a consumer can tell how long its row took."""
    flat, moment = Flat(name), 1_795_000_000_123_456
    record = flat.live(7, moment)
    order = decoded(flat.schemas["orders"], record.value)
    assert len(order.get("lines", [order])) == flat.rows_of(7)
    one = trade.order(7)
    row = flat.expected(one, 1).replace(large(trade.moment(one)), large(moment), 1)
    assert flat.moment_of(row) == moment


def test_an_unknown_shape_names_the_near_ones() -> None:
    """In one line."""
    with pytest.raises(MeshError, match="did you mean 'lines'"):
        shape("line")
