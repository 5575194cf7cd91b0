"""Access on the broker: compares the entries there with those that follow from the contracts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

from mesh.kernel.discovery import Mesh
from mesh.kernel.settings import Settings
from mesh.provisioning.access import Entry, entries, is_managed
from mesh.provisioning.broker import PATIENCE, admin_of, result, unreachable
from mesh.provisioning.change import Action, Change

AREA = "access"
NO_AUTHORIZER = "access: the broker has no authorizer, so everybody may do everything"
_KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.BROKER}
_OPERATIONS = {
    "read": AclOperation.READ,
    "write": AclOperation.WRITE,
    "describe": AclOperation.DESCRIBE,
}
_KIND_OF = {value: name for name, value in _KINDS.items()}
_OPERATION_OF = {value: name for name, value in _OPERATIONS.items()}
_ANY_HOST = "*"


class Access:
    """The area of access: entries to add and to take away, told by principal."""

    part = "broker"

    def __init__(self, settings: Settings, mesh: Mesh) -> None:
        self._settings = settings
        self._mesh = mesh
        self._admin: AdminClient = admin_of(settings)
        self._missing: dict[str, list[Entry]] = {}
        self._surplus: dict[str, list[Entry]] = {}
        self.note = ""

    def changes(self) -> list[Change]:
        """Principals with entries that are missing or too many. Others' principals are left alone."""
        present = self._present()
        if present is None:
            self.note = NO_AUTHORIZER
            return []
        wanted = entries(self._mesh, self._settings)
        self._missing = by_principal(wanted - present)
        self._surplus = by_principal(entry for entry in present - wanted if is_managed(entry, self._mesh))
        known = {entry.principal for entry in present}
        return [
            Change(
                AREA,
                principal,
                Action.CHANGE if principal in known else Action.CREATE,
                (
                    *(f"+ {entry}" for entry in self._missing.get(principal, ())),
                    *(f"- {entry}" for entry in self._surplus.get(principal, ())),
                ),
            )
            for principal in sorted(self._missing.keys() | self._surplus.keys())
        ]

    def apply(self, changes: Sequence[Change]) -> None:
        """Add entries first, so that nobody is locked out in between, then take away."""
        names = [change.name for change in changes]
        added = [binding(entry) for name in names for entry in self._missing.get(name, ())]
        if added:
            for future in self._admin.create_acls(added, request_timeout=PATIENCE).values():
                result(future, self._settings.kafka)
        gone = [filter_of(entry) for name in names for entry in self._surplus.get(name, ())]
        if gone:
            for future in self._admin.delete_acls(gone, request_timeout=PATIENCE).values():
                result(future, self._settings.kafka)

    def _present(self) -> set[Entry] | None:
        """What is allowed from any host; None where the broker has no authorizer."""
        if not self._has_authorizer():
            return None
        anything = AclBindingFilter(
            ResourceType.ANY,
            None,
            ResourcePatternType.ANY,
            None,
            None,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        found = result(self._admin.describe_acls(anything, request_timeout=PATIENCE), self._settings.kafka)
        return {entry for bound in found if (entry := _entry(bound))}

    def _has_authorizer(self) -> bool:
        """As the settings of a broker say; asked for entries, one without an authorizer answers with none."""
        try:
            brokers = self._admin.list_topics(timeout=PATIENCE).brokers
        except KafkaException as error:
            raise unreachable(error, self._settings.kafka) from None
        asked = ConfigResource(ResourceType.BROKER, str(min(brokers)))
        answers = self._admin.describe_configs([asked], request_timeout=PATIENCE)
        return bool(result(answers[asked], self._settings.kafka)["authorizer.class.name"].value)


def by_principal(found: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Entries by principal, in order."""
    out: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(found):
        out[entry.principal].append(entry)
    return dict(out)


def binding(entry: Entry) -> AclBinding:
    """The entry as the broker takes it."""
    return AclBinding(*_parts(entry))


def filter_of(entry: Entry) -> AclBindingFilter:
    """What finds the entry on the broker, and nothing else."""
    return AclBindingFilter(*_parts(entry))


def _parts(entry: Entry) -> tuple[object, ...]:
    pattern = ResourcePatternType.PREFIXED if entry.is_prefix else ResourcePatternType.LITERAL
    kind, operation = _KINDS[entry.resource], _OPERATIONS[entry.operation]
    return kind, entry.name, pattern, entry.principal, _ANY_HOST, operation, AclPermissionType.ALLOW


def _entry(bound: AclBinding) -> Entry | None:
    """An entry of the broker; None when it is of a kind that we never make."""
    is_ours = (
        bound.restype in _KIND_OF
        and bound.operation in _OPERATION_OF
        and bound.host == _ANY_HOST
        and bound.permission_type == AclPermissionType.ALLOW
    )
    return (
        Entry(
            bound.principal,
            _OPERATION_OF[bound.operation],
            _KIND_OF[bound.restype],
            bound.name,
            bound.resource_pattern_type == ResourcePatternType.PREFIXED,
        )
        if is_ours
        else None
    )
