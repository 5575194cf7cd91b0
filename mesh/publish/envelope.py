"""What the publisher stamps on an event whose source does not: its id, its recording time, its trace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from string import Formatter
from typing import Any

from mesh.kernel.contract import Port
from mesh.kernel.errors import PublishError

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_NO_TRACE = "0" * 32


def fact_fields(port: Port) -> tuple[str, ...]:
    """The fields that tell one fact of a port from another, whatever its revision."""
    names = port.table_key or tuple(name for name in port.key_fields() if name != "seq")
    versioned = "valid_from" in port.record.model_fields and "valid_from" not in names
    return (*names, "valid_from") if versioned else names


def event_id_template(port: Port) -> str:
    """``{source}/<Event>/<fact>#{seq}``: one statement of a source has one id, whenever it is published."""
    fact = "@".join(f"{{{name}}}" for name in fact_fields(port))
    return f"{{source}}/{port.record.__name__}/{fact}#{{seq}}"


def fill(template: str, values: Mapping[str, Any]) -> str:
    """A template with its values; moments are written in whole seconds since 1970-01-01 UTC."""
    names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    return template.format_map({name: _part(values[name]) for name in names})


def trace_id(traceparent: str) -> str:
    """The trace id in a W3C ``traceparent`` header; raises :class:`PublishError` when it is not one."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or match[1] == _NO_TRACE:
        raise PublishError(
            "traceparent-invalid",
            f"{traceparent!r} is not a W3C traceparent",
            place="trace_id",
            remedy="pass the header as it came, <version>-<trace id>-<parent id>-<flags>, or none",
        )
    return match[1]


def stamp(port: Port, values: Mapping[str, Any], traceparent: str | None = None) -> dict[str, Any]:
    """The values with the gaps of the envelope filled, as far as they allow; the rest is left missing."""
    stamped = dict(values)
    if "occurred_at" not in stamped and "valid_from" in stamped:
        stamped["occurred_at"] = stamped["valid_from"]
    if stamped.get("recorded_at") is None and "occurred_at" in stamped:
        stamped["recorded_at"] = stamped["occurred_at"]
    if traceparent is not None and stamped.get("trace_id") is None:
        stamped["trace_id"] = trace_id(traceparent)
    if "event_id" not in stamped and all(stamped.get(name) is not None for name in _id_fields(port)):
        stamped["event_id"] = fill(event_id_template(port), stamped)
    return stamped


def _id_fields(port: Port) -> tuple[str, ...]:
    return ("source", "seq", *fact_fields(port))


def _part(value: Any) -> str:
    return str(int(value.timestamp())) if isinstance(value, datetime) else str(value)
