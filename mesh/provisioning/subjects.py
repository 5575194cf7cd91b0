"""Schemas: every published version of every port's event, under the subject of its topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh
from mesh.kernel.errors import ContractError
from mesh.kernel.names import TopicName
from mesh.kernel.settings import Settings
from mesh.provisioning.change import Action, Change, impossible
from schemas.published import pending, versions
from schemas.registry import COMPATIBILITY, Registry, incompatible, register_port, unpublished

AREA = "schema"
EVERY = "(every subject)"
"""The name under which the registry's own setting is told."""
_SUFFIX = "-value"


class Subjects:
    """The area of schemas: subjects, their versions, and the compatibility that new ones must have."""

    part = "registry"
    note = ""

    def __init__(self, settings: Settings, mesh: Mesh) -> None:
        self._settings = settings
        self._ports = {port.subject: port for port in mesh.ports.values()}

    def changes(self) -> list[Change]:
        """Missing subjects and versions, versions that break with others (refused), subjects of no port."""
        with Registry(self._settings.registry) as registry:
            return list(self._compared(registry))

    def apply(self, changes: Sequence[Change]) -> None:
        """Register what is missing, oldest version first."""
        with Registry(self._settings.registry) as registry:
            for change in changes:
                if change.name == EVERY:
                    registry.require_compatibility()
                else:
                    new = change.action is Action.CREATE
                    register_port(registry, self._ports[change.name], is_new=new)

    def _compared(self, registry: Registry) -> Iterator[Change]:
        known = registry.subjects()
        stated = registry.compatibility()
        if stated != COMPATIBILITY:
            yield Change(AREA, EVERY, Action.CHANGE, (f"compatibility {COMPATIBILITY} (was {stated})",))
        for subject, port in self._ports.items():
            change = _difference(registry, port, is_known=subject in known)
            if change is not None:
                yield change
        for subject in known:
            if subject not in self._ports and _is_ours(subject):
                yield Change(AREA, subject, Action.UNUSED, ("no contract names it",))


def _difference(registry: Registry, port: Port, *, is_known: bool) -> Change | None:
    try:
        if pending(port.record) is not None:
            return impossible(AREA, port.subject, unpublished(port))
    except ContractError as error:
        return impossible(AREA, port.subject, error)
    newest = versions(port.record)[-1]
    name, told = port.record.full_name(), f"version {newest.version}"
    if not is_known:
        return Change(AREA, port.subject, Action.CREATE, (f"{name}, {told}",))
    if registry.find_id(port.subject, newest.schema) is not None:
        return None
    if not registry.accepts(port.subject, newest.schema):
        breaks = incompatible(port.subject, f"{told} breaks with an earlier one")
        return impossible(AREA, port.subject, breaks)
    return Change(AREA, port.subject, Action.CHANGE, (f"{name}, {told}",))


def _is_ours(subject: str) -> bool:
    try:
        TopicName.parse(subject.removesuffix(_SUFFIX))
    except ContractError:
        return False
    return subject.endswith(_SUFFIX)
