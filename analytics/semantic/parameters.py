"""Values of a question: they reach the warehouse as typed parameters, never as text of the statement."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from analytics.semantic.condition import Value
from analytics.semantic.model import Dimension
from analytics.semantic.statement import Kind
from mesh.kernel.errors import MeasureError

MOMENT = "DateTime64(6, 'UTC')"
_LARGEST = 2**63
_LIKE: dict[Kind, str] = {
    "text": "a text in quotes, such as 'US'",
    "number": "a number, such as 2014",
    "date": "a day, such as '2014-06-30'",
    "moment": "a moment, such as '2014-06-30 12:00:00'",
    "flag": "true or false",
}


class Parameters:
    """The parameters of one statement, by their names."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self._names: dict[tuple[str, object], str] = {}

    def moment(self, name: str, value: datetime) -> str:
        """A moment, as the statement names it."""
        self.values[name] = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return f"{{{name}:{MOMENT}}}"

    def value(self, dimension: Dimension, value: Value) -> str:
        """A value to compare a dimension with; raises :class:`MeasureError` where it is of another kind."""
        kind, shown = _typed(dimension.kind, value)
        if not kind:
            raise MeasureError(
                "where-broken",
                f"{dimension.name} is compared with {value!s:.80}",
                place="--where",
                remedy=f"compare it with {_LIKE[dimension.kind]}",
            )
        name = self._names.setdefault((kind, shown), f"p{len(self._names) + 1}")
        self.values[name] = shown
        return f"{{{name}:{kind}}}"


def _typed(kind: Kind, value: Value) -> tuple[str, object]:
    """ClickHouse type of a value and how it is sent; an empty type where it does not fit the kind."""
    match kind, value:
        case "flag", bool():
            return "Bool", value
        case _, bool():
            return "", None
        case "text", str():
            return "String", value
        case "number", int() if -_LARGEST <= value < _LARGEST:
            return "Int64", value
        case "number", Decimal() if len(value.as_tuple().digits) <= 28:
            return "Decimal(38, 10)", str(value)
        case "date", str():
            try:
                return "Date32", date.fromisoformat(value).isoformat()
            except ValueError:
                return "", None
        case "moment", str():
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                return "", None
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return MOMENT, moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return "", None
