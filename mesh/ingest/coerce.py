"""Strict types: how a column of a SELECT becomes a field of an event, as SQL that DuckDB runs over all rows.

Nothing is guessed and nothing is rounded: a text must be written exactly as its type is, an amount must not
have more decimals than it can keep, a local time must exist in its time zone. What does not fit becomes
null here and a fault of its row; a column whose type can never fit (an amount in floating point) is an
error of the mapping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesh.ingest.fields import Field
from mesh.kernel.errors import MappingError, did_you_mean

NULL = '"NULL"'
"""DuckDB's name for the type of a bare NULL."""
WHOLE_TYPES = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
)  # fmt: skip
_LONG_TYPES = {name for name in WHOLE_TYPES if name not in ("HUGEINT", "UBIGINT", "UHUGEINT")}
"""Those of which every number fits a long."""
CELL_TYPES = (*WHOLE_TYPES, "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMPTZ")
"""Types that a mapping may state for a CSV column, besides DECIMAL(p,s)."""

_WHOLE = "[+-]?[0-9]{1,18}"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = f"{_DAY}[ T][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]{{1,6}}0*)?)?"
_ZONE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_FIRST_MOMENT, _LAST_MOMENT = "TIMESTAMP '0001-01-02'", "TIMESTAMP '9999-12-31'"
"""What a Python datetime can hold in every time zone."""


@dataclass(frozen=True, slots=True)
class Coercion:
    """The SQL of one field: its wire form, null where the value does not fit, and what the field wants.

    An amount is a DECIMAL here, of 18 digits and the field's scale: its digits are the wire form.
    """

    value: str
    want: str
    """Empty where every value of the type fits."""


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def coerce(field: Field, column: str, sql_type: str, timezone: str, place: str) -> Coercion:
    """The coercion of ``column`` (an SQL expression) of a DuckDB type to the wire form of ``field``.

    Raises :class:`MappingError` ``type-wrong`` where no value of that type can fit.
    """
    found = _COERCIONS[field.kind](field, column, sql_type, timezone)
    if found is None:
        want, remedy = _WANTS[field.kind]
        raise MappingError(
            "type-wrong",
            f"{field.name!r} is {sql_type}, and the event wants {want}",
            place=place,
            remedy=remedy.format(field.name),
        )
    return found


def null_of(field: Field) -> str:
    """A null in the wire form of ``field``."""
    return f"CAST(NULL AS {_amount_type(field) if field.kind == 'decimal' else _WIRE[field.kind]})"


def one(field: Field) -> str:
    """The amount 1 in the wire form of ``field``."""
    return f"CAST(1 AS {_amount_type(field)})"


def cell(column: str, sql_type: str, place: str) -> str:
    """A CSV cell as a stated type, null where its text is not written as that type is."""
    stated = " ".join(sql_type.upper().split())
    decimal = re.fullmatch(r"DECIMAL\(([0-9]+), ?([0-9]+)\)", stated)
    if decimal is None and stated not in CELL_TYPES:
        raise MappingError(
            "type-unknown", f"{sql_type!r} is not a type of a cell", place=place,
            remedy=did_you_mean(stated, (*CELL_TYPES, "DECIMAL(18,4)")),
        )  # fmt: skip
    cast = f"TRY_CAST({column} AS {stated})"
    if decimal is not None:
        return _matching(column, _amount_pattern(int(decimal[2])), cast)
    if stated in WHOLE_TYPES:
        return _matching(column, "[+-]?[0-9]+", cast)
    if stated == "TIMESTAMP":
        return _matching(column, f"{_DAY}|{_TIME}", cast)
    return _matching(column, _DAY, cast) if stated == "DATE" else cast


def _text(field: Field, column: str, sql_type: str, _zone: str) -> Coercion | None:
    if field.personal and sql_type == "DATE":
        return Coercion(f"strftime({column}, '%Y-%m-%d')", "")
    if sql_type != "VARCHAR" and not sql_type.startswith("ENUM"):
        return None
    text = f"CAST({column} AS VARCHAR)"
    return (
        Coercion(f"nullif({text}, '')", "a text that is not empty") if field.not_empty else Coercion(text, "")
    )


def _whole(field: Field, column: str, sql_type: str, _zone: str) -> Coercion | None:
    if sql_type == "VARCHAR":
        value = _matching(column, _WHOLE, f"TRY_CAST({column} AS BIGINT)")
    elif sql_type in WHOLE_TYPES:
        value = f"TRY_CAST({column} AS BIGINT)"
    else:
        return None
    if sql_type in _LONG_TYPES and field.minimum is None and field.below is None:
        return Coercion(f"CAST({column} AS BIGINT)", "")
    bounds = [f"{value} >= {field.minimum}"] if field.minimum is not None else []
    bounds += [f"{value} < {field.below}"] if field.below is not None else []
    want = "a whole number" + (f" from {field.minimum}" if field.minimum is not None else "")
    return Coercion(f"CASE WHEN {' AND '.join(bounds)} THEN {value} END" if bounds else value, want)


def _boolean(_field: Field, column: str, sql_type: str, _zone: str) -> Coercion | None:
    if sql_type == "BOOLEAN":
        return Coercion(column, "")
    if sql_type == "VARCHAR":
        return Coercion(f"CASE {column} WHEN 'true' THEN true WHEN 'false' THEN false END", "true or false")
    return None


def _double(_field: Field, column: str, sql_type: str, _zone: str) -> Coercion | None:
    number = f"CAST({column} AS DOUBLE)"
    if sql_type == "VARCHAR":
        number = _matching(column, "[+-]?[0-9]+([.][0-9]+)?", f"TRY_CAST({column} AS DOUBLE)")
    elif sql_type not in ("DOUBLE", "FLOAT", *WHOLE_TYPES) and not sql_type.startswith("DECIMAL"):
        return None
    return Coercion(f"CASE WHEN isfinite({number}) THEN {number} END", "a finite number")


def _decimal(field: Field, column: str, sql_type: str, _zone: str) -> Coercion | None:
    kept = f"TRY_CAST({column} AS {_amount_type(field)})"
    want = f"an amount below 10^{18 - field.scale} with at most {field.scale} decimals"
    if sql_type == "VARCHAR":
        return Coercion(_matching(column, _amount_pattern(field.scale), kept), want)
    if sql_type in WHOLE_TYPES:
        return Coercion(kept, want)
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", sql_type)
    if found is None:
        return None
    digits, scale = int(found[1]), int(found[2])
    if scale <= field.scale and digits - scale <= 18 - field.scale:
        return Coercion(f"CAST({column} AS {_amount_type(field)})", "")
    return Coercion(f"CASE WHEN {kept} = {column} THEN {kept} END", want)


def _amount_type(field: Field) -> str:
    return f"DECIMAL(18,{field.scale})"


def _moment(field: Field, column: str, sql_type: str, timezone: str) -> Coercion | None:
    aware = column
    if sql_type == "VARCHAR":
        aware = (
            f"CASE WHEN regexp_full_match({column}, {literal(_TIME + _ZONE)})"
            f" THEN TRY_CAST({column} AS TIMESTAMPTZ)"
            f" WHEN regexp_full_match({column}, {literal(_TIME)})"
            f" THEN {_local(f'TRY_CAST({column} AS TIMESTAMP)', timezone)} END"
        )
    elif sql_type in ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"):
        aware = _local(f"CAST({column} AS TIMESTAMP)", timezone)
    elif sql_type == "TIMESTAMP_NS":
        exact = f"CASE WHEN epoch_ns({column}) % 1000 = 0 THEN CAST({column} AS TIMESTAMP) END"
        aware = _local(exact, timezone)
    elif sql_type != "TIMESTAMP WITH TIME ZONE":
        return None
    want = f"a moment such as 2024-05-01 17:30:00, which exists in {timezone}"
    bounds = f"({aware}) BETWEEN {_FIRST_MOMENT} AND {_LAST_MOMENT}"
    if field.whole_seconds:
        bounds += f" AND epoch_us({aware}) % 1000000 = 0"
        want += ", in whole seconds"
    return Coercion(f"CASE WHEN {bounds} THEN epoch_us({aware}) END", want)


def _day(_field: Field, column: str, sql_type: str, _zone: str) -> Coercion | None:
    if sql_type == "VARCHAR":
        day = _matching(column, _DAY, f"TRY_CAST({column} AS DATE)")
    elif sql_type == "DATE":
        day = f"CASE WHEN {column} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN {column} END"
    else:
        return None
    return Coercion(f"CAST({day} - DATE '1970-01-01' AS INTEGER)", "a day such as 2024-05-01")


def _local(naive: str, timezone: str) -> str:
    """A local time as a moment; null for one that the clocks skipped. Of one that comes twice, the later."""
    if timezone == "UTC":
        return naive  # the microseconds and bounds are the same, and no time zone is looked up
    zone = literal(timezone)
    return (
        f"CASE WHEN timezone({zone}, timezone({zone}, {naive})) = {naive} THEN timezone({zone}, {naive}) END"
    )


def _matching(column: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({column}, {literal(pattern)}) THEN {value} END"


def _amount_pattern(scale: int) -> str:
    return f"[+-]?[0-9]+([.][0-9]{{1,{scale}}}0*)?" if scale else "[+-]?[0-9]+"


_WIRE = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "boolean": "BOOLEAN",
    "double": "DOUBLE",
    "moment": "BIGINT",
    "day": "INTEGER",
}
_COERCIONS = {
    "text": _text,
    "whole": _whole,
    "boolean": _boolean,
    "double": _double,
    "decimal": _decimal,
    "moment": _moment,
    "day": _day,
}
_WANTS = {
    "text": ("text", "write {}::VARCHAR in the SELECT"),
    "whole": ("a whole number", "cast {} to BIGINT in the SELECT"),
    "boolean": ("true or false", "write a condition in the SELECT"),
    "double": ("a number", "cast {} to DOUBLE in the SELECT"),
    "decimal": ("an exact amount", "cast {} to a DECIMAL in the SELECT"),
    "moment": ("a moment", "cast {} to TIMESTAMP in the SELECT"),
    "day": ("a day", "cast {} to DATE in the SELECT"),
}
