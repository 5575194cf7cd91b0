"""Random joins for property tests, and what fastavro makes of the joined dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import strategies as st

from streams.engine.avro.frame import Schema
from streams.engine.avro.join import Join
from streams.engine.avro.members import Members
from streams.engine.avro.splice import Shown, Splice
from streams.engine.fold import Fetched, OutputRow, Rejection
from tests.unit.streams.engine.avro.random_types import Types

FACT, ROW = 7, 8
"""Schema ids; those of the dimensions come after them."""
_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "long": st.integers(-3, 200),
    "int": st.integers(-3, 200),
    "string": st.sampled_from(["a", "ü", "k" * 130, ""]),
    "bytes": st.binary(max_size=1),
    "boolean": st.booleans(),
}
_MANY = ["null", "string", {"type": "map", "values": "long"}, "double", {"type": "array", "items": "int"}]
_MANY_VALUES = st.one_of(
    st.none(),
    st.text(max_size=70),
    st.dictionaries(st.text(max_size=3), st.integers(-5, 2**40), max_size=3),
    st.floats(allow_nan=False),
    st.lists(st.integers(-70, 70), max_size=3),
)


def encode(schema: Any, value: Any, schema_id: int) -> bytes:
    """A framed record as fastavro writes it."""
    out = BytesIO(b"\0" + schema_id.to_bytes(4, "big"))
    out.seek(5)
    schemaless_writer(out, parse_schema(schema, named_schemas={}), value)
    return out.getvalue()


def decode(schema: Any, value: bytes) -> Any:
    """The record in a framed value. Raises what fastavro does, and for bytes left over."""
    body = BytesIO(value[5:])
    read = schemaless_reader(body, parse_schema(schema, named_schemas={}), None)
    if body.read(1):
        raise ValueError("bytes left over")
    return read


@dataclass
class Scene:
    """Schemas of a join, and values of them; ``by`` and ``key`` name each other's fields by prefix."""

    fact: dict[str, Any]
    row: dict[str, Any]
    items: str | None
    dimensions: dict[str, tuple[dict[str, Any], str, str]] = field(default_factory=dict)
    """Prefix -> schema, key, by."""
    members: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    facts: list[dict[str, Any]] = field(default_factory=list)

    def splice(self) -> Splice:
        """The compiled join, the dimensions given in no particular order."""
        shown = [
            Shown(prefix, Schema(schema, 9 + place), key, by)
            for place, (prefix, (schema, key, by)) in enumerate(self.dimensions.items())
        ]
        return Splice(Schema(self.fact, FACT), Schema(self.row, ROW), shown[::-1], items=self.items)

    def known(self, splice: Splice) -> dict[str, Members]:
        """The members of each dimension."""
        tables = {prefix: Members(splice, prefix) for prefix in self.dimensions}
        for place, (prefix, (schema, _, _)) in enumerate(self.dimensions.items()):
            for number, member in enumerate(self.members[prefix]):
                tables[prefix].put(b"%d" % number, encode(schema, member, 9 + place))
        return tables

    def join(self, values: list[bytes], schemas: Any = None) -> tuple[list[OutputRow], list[Rejection], int]:
        """Rows, rejections, and how many facts were rewritten."""
        splice = self.splice()
        join = Join(splice, schemas)
        tables = {prefix: members.fragments for prefix, members in self.known(splice).items()}
        records: list[Fetched] = [
            (offset, 1000 + offset, b"key%d" % offset, value, ()) for offset, value in enumerate(values)
        ]
        rows: list[OutputRow] = []
        refused = list(join.over(tables)(records, rows))
        return rows, refused, join.rewritten

    def expected(self, fact: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a fact as dictionaries."""
        items = [{}] if self.items is None else fact[self.items]
        return [self._expected({**fact, **item}) for item in items]

    def _expected(self, own: dict[str, Any]) -> dict[str, Any]:
        for prefix, (schema, key, by) in self.dimensions.items():
            found = [member for member in self.members[prefix] if member[key] == own[by]]
            for one in schema["fields"]:
                own[f"{prefix}_{one['name']}"] = found[-1][one["name"]] if found else None
        return {one["name"]: own[one["name"]] for one in self.row["fields"]}


def _record(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": one, "type": kind} for one, kind in fields.items()],
    }


@st.composite
def scenes(draw: Any) -> Scene:
    """A join of one to three dimensions with a fact, perhaps with items, and up to three facts."""
    types = Types(draw)
    fields: dict[str, Any] = {}
    values: dict[str, st.SearchStrategy[Any]] = {}
    item_fields: dict[str, Any] = {}
    item_values: dict[str, st.SearchStrategy[Any]] = {}
    scene = Scene({}, {}, None)
    shown: dict[str, Any] = {}
    nested = draw(st.booleans())
    for number in range(draw(st.integers(0, 2))):
        fields[f"a{number}"], values[f"a{number}"] = types.any()
    for number in range(draw(st.integers(1, 3))):
        prefix, by = f"d{number}", f"by{number}"
        key = draw(st.sampled_from(sorted(_KEYS)))
        kind: Any = ["null", key] if draw(st.booleans()) else key
        keys = st.one_of(st.none(), _KEYS[key]) if kind != key else _KEYS[key]
        home, home_values = (item_fields, item_values) if nested and draw(st.booleans()) else (fields, values)
        home[by], home_values[by] = kind, keys
        dimension: dict[str, Any] = {}
        dimension_values: dict[str, st.SearchStrategy[Any]] = {}
        for place in range(draw(st.integers(0, 2))):
            dimension[f"f{place}"], dimension_values[f"f{place}"] = types.any()
        dimension["id"], dimension_values["id"] = key, _KEYS[key]
        if draw(st.booleans()):
            dimension["many"], dimension_values["many"] = _MANY, _MANY_VALUES
        scene.dimensions[prefix] = _record(f"D{number}", dimension), "id", by
        members = st.lists(
            st.fixed_dictionaries(dimension_values), max_size=3, unique_by=lambda one: one["id"]
        )
        scene.members[prefix] = draw(members)
        for name in draw(st.permutations(sorted(dimension))):
            if name == "id" or dimension[name] != "null":
                inner = dimension[name]
                shown[f"{prefix}_{name}"] = inner if isinstance(inner, list) else ["null", inner]
    if draw(st.booleans()):
        fields["many"], values["many"] = _MANY, _MANY_VALUES
    if nested:
        for number in range(draw(st.integers(0, 2))):
            item_fields[f"i{number}"], item_values[f"i{number}"] = types.any()
        item_fields["n"], item_values["n"] = "int", st.integers(0, 5)
        scene.items = "lines"
        lines = {"type": "array", "items": _record("Item", item_fields)}
        values["lines"] = st.lists(st.fixed_dictionaries(item_values), max_size=3)
        scene.fact = _record("Fact", {**fields, "lines": lines})
    else:
        fields["z"], values["z"] = "string", st.text(max_size=3)
        scene.fact = _record("Fact", fields)
    scene.row = _record("Row", {**fields, **item_fields, **shown})
    scene.facts = draw(st.lists(st.fixed_dictionaries(values), min_size=1, max_size=3))
    return scene
