"""A field that names an entity of another port: a promise about two tables, judged at rest alone.

In stream there is nothing to judge: what refers may come before what it refers to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as of_class
from typing import TYPE_CHECKING

from mesh.kernel.document import Node
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.quality import SEVERITIES

if TYPE_CHECKING:
    from mesh.kernel.contract import Port


@dataclass(frozen=True, slots=True)
class Reference:
    """Every value of ``field`` that is given is a value of ``to`` in another table."""

    field: str
    domain: str
    port: str
    to: str
    severity: str = "warning"
    dimension: str = "consistency"
    place: str = of_class(default="", repr=False, compare=False)
    code = "reference-missing"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        return f"{self.field} is known to {self.domain}.{self.port} as {self.to}"

    def target(self, ports: Mapping[str, Port]) -> Port:
        """The port that it leads to; raise :class:`ContractError` ``reference-unknown``."""
        known = {f"{port.domain}.{port.name}": port for port in ports.values() if port.view}
        port = known.get(f"{self.domain}.{self.port}")
        if port is None:
            raise self._fault(f"{self.domain}.{self.port} is no port with a table", self.domain, known)
        if self.to not in port.record.model_fields:
            raise self._fault(
                f"{self.to!r} is no field of {port.record.__name__}", self.to, port.record.model_fields
            )
        return port

    def _fault(self, what: str, near: str, known: Mapping[str, object]) -> ContractError:
        return ContractError("reference-unknown", what, place=self.place, remedy=did_you_mean(near, known))


def read_reference(node: Node, path: str, domain: str) -> Reference:
    """What one entry of ``relationships`` of a field states: ``to: <port>.<field>``, of this domain or, with
    ``<domain>.`` before it, of another; ``severity`` as a custom property. Raises :class:`ContractError`.
    """
    node.only("type", "to", "customProperties")
    severity = "warning"
    for entry in node.elements("customProperties"):
        entry.need("property").one_of(("severity",), "property-unknown")
        severity = entry.need("value").one_of(SEVERITIES, "severity-unknown")
    parts = node.need("to").text().split(".")
    if len(parts) not in (2, 3):
        raise node.need("to").fault(
            "reference-unknown",
            f"{'.'.join(parts)!r} names no field",
            "write <port>.<field> or <domain>.<port>.<field>",
        )
    *before, port, to = parts
    return Reference(path, before[0] if before else domain, port, to, severity, place=node.place)
