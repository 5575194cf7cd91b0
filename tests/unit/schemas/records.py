"""Every record class of the domains, and strategies for random right records of any of them."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, get_args

from annotated_types import Ge, Lt, MinLen
from hypothesis import strategies as st
from pydantic import AfterValidator

from mesh.kernel.discovery import find_folders
from mesh.kernel.event import AvroType, Record, ValidFrom
from schemas.derive import field_annotation, is_personal, nested_record, without_null

LONG = 2**63
WHOLE_SECOND = next(mark for mark in get_args(ValidFrom) if isinstance(mark, AfterValidator))
"""The validator of a field in whole seconds."""

NOON = datetime(2014, 6, 30, 12, 0, 0, 123456, tzinfo=UTC)
PAYMENT: dict[str, Any] = {
    "event_id": "e1",
    "source": "aw",
    "seq": 0,
    "occurred_at": NOON,
    "recorded_at": NOON,
    "trace_id": None,
    "transaction_id": "aw:1",
    "order_id": "aw:1",
    "account": "aw:2",
    "transaction_at": NOON,
    "transaction_type": "Sale",
    "payment_method": "Card",
    "transaction_status": "completed",
    "amount": Decimal("-12.3450"),
    "currency": "USD",
    "fx_rate": Decimal("1.00000000"),
}
"""A payment, by field."""
CUSTOMER: dict[str, Any] = {
    **{
        name: PAYMENT[name] for name in ("event_id", "source", "seq", "occurred_at", "recorded_at", "account")
    },
    "valid_from": NOON.replace(microsecond=0),
    "first_name": "Zoë",
    "email": "zoe@example.org",
}
"""Of a customer record, by field; the others are left out."""


def every_record() -> list[type[Record]]:
    """The record classes that the domains define, nested ones too."""
    modules = [importlib.import_module(f"domains.{folder.name}.events") for folder in find_folders()]
    return [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Record) and thing.__module__ == module.__name__
    ]


@cache
def instances(record: type[Record]) -> st.SearchStrategy[Record]:
    """Random right instances of a record class."""
    fields = {name: _values(field_annotation(field)) for name, field in record.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda values: record(**values))


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    plain, nullable = without_null(annotation)
    values = _plain(plain)
    return st.none() | values if nullable else values


def _plain(annotation: Any) -> st.SearchStrategy[Any]:
    record, many = nested_record(annotation)
    if record is not None:
        return st.lists(instances(record), max_size=3) if many else instances(record)
    marks = getattr(annotation, "__metadata__", ())
    stated = next((mark.schema for mark in marks if isinstance(mark, AvroType)), "")
    if isinstance(stated, dict):
        return _stated(stated, marks)
    if is_personal(annotation):
        return st.text(max_size=40)
    return _primitive(get_args(annotation)[0] if marks else annotation, marks)


def _stated(schema: dict[str, Any], marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if schema["type"] == "fixed":
        return st.binary(min_size=schema["size"], max_size=schema["size"])
    if schema["logicalType"] == "decimal":
        limit, scale = 10 ** schema["precision"] - 1, schema["scale"]
        return st.integers(-limit, limit).map(lambda unscaled: Decimal(unscaled).scaleb(-scale))
    if schema["logicalType"] == "date":
        return st.dates()
    assert schema["logicalType"] == "timestamp-micros"
    moments = st.datetimes(timezones=st.just(UTC))
    whole = WHOLE_SECOND in marks
    return moments.map(lambda moment: moment.replace(microsecond=0)) if whole else moments


def _primitive(kind: type, marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if kind is str:
        least = max([mark.min_length for mark in _constraints(marks) if isinstance(mark, MinLen)], default=0)
        return st.text(min_size=least, max_size=80)
    if kind is int:
        constraints = _constraints(marks)
        least = max([int(str(mark.ge)) for mark in constraints if isinstance(mark, Ge)], default=-LONG)
        limit = min([int(str(mark.lt)) for mark in constraints if isinstance(mark, Lt)], default=LONG)
        return st.integers(least, limit - 1)
    if kind is bool:
        return st.booleans()
    assert kind is float
    return st.floats(allow_nan=False, allow_infinity=False)


def _constraints(marks: tuple[Any, ...]) -> list[Any]:
    """Constraints as pydantic spreads them out of a ``Field``."""
    return [inner for mark in marks for inner in (getattr(mark, "metadata", None) or [mark])]
