"""Whether values make an event that its class and its contract accept: pure, without a broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh
from mesh.kernel.errors import PublishError, did_you_mean
from mesh.kernel.event import Event
from mesh.kernel.quality import Check, Violation, compile_rules

_CODES = {
    "missing": ("value-missing", "is not given", "give it"),
    "extra_forbidden": ("field-unknown", "is not a field of the event", ""),
}


class Checker:
    """Checks events of a mesh, each against the port of its class."""

    def __init__(self, mesh: Mesh) -> None:
        self._ports: dict[type[Event], Port] = {
            port.record: port for port in mesh.ports.values() if issubclass(port.record, Event)
        }
        self._checks: dict[type[Event], Check] = {}

    def port(self, record: type[Event]) -> Port:
        """The port of an event; raises :class:`PublishError` ``event-unknown`` when no domain has one."""
        if record not in self._ports:
            known = [known.__name__ for known in self._ports]
            raise PublishError(
                "event-unknown",
                "no domain has a port for it",
                place=record.__name__,
                remedy=did_you_mean(record.__name__, known),
            )
        return self._ports[record]

    def check(self, record: type[Event], values: Mapping[str, Any]) -> tuple[Event, list[Violation]]:
        """The event that these values make, and the warnings that it earns.

        Raises :class:`PublishError` naming event, field, rule and remedy when class or contract refuse it.
        Values never stand in the error: they may be a person's.
        """
        port = self.port(record)
        try:
            event = record.model_validate(values)
        except ValidationError as error:
            raise _invalid(record, error) from None
        if record not in self._checks:
            self._checks[record] = compile_rules(port)
        violations = self._checks[record](event.model_dump())
        for violation in violations:
            if violation.severity == "error":
                raise PublishError(
                    violation.code,
                    f"breaks the rule that {violation.rule}",
                    place=f"{record.__name__}.{violation.field}",
                    remedy=violation.remedy,
                )
        return event, violations


def _invalid(record: type[Event], error: ValidationError) -> PublishError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    code, what, remedy = _CODES.get(first["type"], ("value-invalid", "", f"see {record.__module__}"))
    if code == "field-unknown":
        remedy = did_you_mean(field, record.model_fields)
    message = what or first["msg"][0].lower() + first["msg"][1:]
    return PublishError(code, message, place=f"{record.__name__}.{field}", remedy=remedy)
