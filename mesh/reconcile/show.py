"""Plain values as people read them: money with its decimals, moments in UTC, versions by their parts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from mesh.kernel.contract import Port
from mesh.kernel.event import MONEY_SCALE
from mesh.reconcile.avro import inner
from mesh.reconcile.version import WIDTHS, unpack
from schemas.derive import avro_schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HIDDEN = "(personal)"


def shown(port: Port, column: str, value: object) -> str:
    """A value of a port's column as text; what is personal is not shown."""
    if value is None:
        return "null"
    if column in port.promises and port.promises[column].classification == "personal":
        return _HIDDEN
    computed = next((one for one in port.computed if one.name == column), None)
    if computed is not None:
        return _decimal(value, MONEY_SCALE) if "Decimal" in computed.type else str(value)
    types = {field["name"]: inner(field["type"]) for field in avro_schema(port.record)["fields"]}
    match types.get(column), value:
        case {"logicalType": "decimal", "scale": int(scale)}, _:
            return _decimal(value, scale)
        case {"logicalType": "timestamp-micros"}, int(moment):
            return (_EPOCH + timedelta(microseconds=moment)).isoformat()
        case {"logicalType": "date"}, int(days):
            return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
        case {"type": "fixed"}, bytes(version):
            return ".".join(map(str, unpack(version, WIDTHS[port.record.__name__])))
        case _, bytes(text):
            return text.decode(errors="replace")
    return str(value)


def _decimal(value: object, scale: int) -> str:
    return f"{Decimal(value).scaleb(-scale):.{scale}f}" if isinstance(value, int) else str(value)
