"""What a data product promises: one port a topic, structure from its event, promises from its contract."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from string import Formatter
from typing import Any

from mesh.kernel.event import Record
from mesh.kernel.names import TopicName, subject
from mesh.kernel.quality import Rule
from mesh.kernel.reference import Reference
from mesh.kernel.table_rules import TableRule

CLASSIFICATIONS = ("public", "internal", "restricted", "personal")
MASKS = ("initial", "email", "last4", "hidden")
"""How a personal text is shown to those who may not see it: first letter and ``.``; first letter, ``…@`` and
the domain; the last four characters; nothing."""
CLEANUPS = ("delete", "compact")
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
"""The units of a service level that is a time, in seconds."""
FOREVER = -1


@dataclass(frozen=True, slots=True)
class FieldPromise:
    """What the contract says about one field, beyond its structure."""

    classification: str = "internal"
    """public, internal, restricted or personal."""
    mask: str | None = None
    """How the default view shows it; one of :data:`MASKS` for a personal field, else None."""
    subject: str | None = None
    """The field that names the person to whom it belongs; for a personal field only."""
    rules: tuple[Rule, ...] = ()
    """Rules on this field of each record."""
    table_rules: tuple[TableRule, ...] = ()
    """Rules on this field over the whole table."""
    references: tuple[Reference, ...] = ()
    """What this field names in other tables."""


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """One promise about the service of a port, such as freshness 60 s."""

    property: str
    value: Decimal
    unit: str

    @builtins.property  # the field hides the plain name
    def seconds(self) -> int:
        """Its value in seconds; of a level that is a time, such as freshness, and of no other."""
        return int(self.value * SECONDS[self.unit])


@dataclass(frozen=True, slots=True)
class Computed:
    """A column of a port's table that follows from its fields, so that no reader derives it differently."""

    name: str
    type: str
    """Its ClickHouse type."""
    expression: str
    """ClickHouse expression; fields stand in braces, as in ``{quantity} * {unit_price}``."""
    meaning: str
    stored: bool
    """Kept in the table (True) or worked out by the views (False)."""

    def sql(self, prefix: str = "") -> str:
        """The expression with every field written as a column of ``prefix`` (such as ``t.``)."""
        parts = Formatter().parse(self.expression)
        return "".join(text + (f"{prefix}`{name}`" if name else "") for text, name, _, _ in parts)


KEYED = ("account", "customer_id")
"""The fields by which topics are partitioned so that facts of one customer meet in a stream."""


@dataclass(frozen=True, eq=False)
class Port:
    """One topic of a domain. Ports are compared by identity; a mesh has one a topic."""

    domain: str
    name: str
    topic: str
    record: type[Record]
    key: str
    """Template of the record's key, such as ``{account}@{valid_from}#{seq}``."""
    partition_by: str | None
    """The field whose murmur2 gives the partition; None for a topic of one partition."""
    partitions: int
    cleanup: str
    """``delete`` or ``compact``."""
    retention_ms: int
    """How long records are kept, by the time of publishing; -1 for ever."""
    table: str | None
    """Name of its table in the database of the domain, without version; None where it is not landed."""
    table_key: tuple[str, ...]
    order_by: tuple[str, ...] | None
    """Sort key of the table where it is not its key: fields, or ``toDate(field)``."""
    revision: str
    """``seq`` or ``version``: what tells the newest record of an entity; empty where there is neither."""
    subject_field: str | None
    """The field that names the person whose personal fields these are; a field's promise may name another."""
    promises: Mapping[str, FieldPromise]
    """Promises by dotted path, for the fields that the contract lists."""
    rules: tuple[Rule, ...]
    """Every rule of the port, in the contract's order."""
    service_levels: Mapping[str, ServiceLevel]
    owner: str
    """E-mail address of the product's owner."""
    computed: tuple[Computed, ...] = ()
    """Columns of its table that follow from its fields."""
    application: str = ""
    """The stream that writes the topic, such as ``mesh.orders-enriched``; empty: a source does."""
    place: str = field(default="", repr=False)
    """Where the port is written down, ``<file>:<line>``."""

    @property
    def keyed_by(self) -> str | None:
        """The field that every reader holds against the key: whose the record is (rule 2 of the semantics).

        None where no reader looks.
        """
        return self.partition_by if self.partition_by in KEYED else None

    @property
    def kind(self) -> str:
        """raw, private or public."""
        return TopicName.parse(self.topic).kind

    @property
    def version(self) -> int:
        """Version of the topic, and so of the table."""
        return TopicName.parse(self.topic).version

    @property
    def subject(self) -> str:
        """The registry's subject of its values."""
        return subject(self.topic)

    @property
    def dead_letters(self) -> str:
        """The topic where its rejected records are parked."""
        return str(TopicName.parse(self.topic).dead)

    @property
    def physical_table(self) -> str | None:
        """The versioned table, such as ``sales.orders_v1``."""
        return None if self.table is None else f"{self.domain}.{self.table}_v{self.version}"

    @property
    def view(self) -> str | None:
        """The unversioned view that readers use, such as ``sales.orders``."""
        return None if self.table is None else f"{self.domain}.{self.table}"

    @property
    def table_rules(self) -> tuple[TableRule, ...]:
        """Every rule on its table as a whole, in the contract's order."""
        return tuple(rule for promise in self.promises.values() for rule in promise.table_rules)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference of its fields, in the contract's order."""
        return tuple(one for promise in self.promises.values() for one in promise.references)

    def key_fields(self) -> tuple[str, ...]:
        """The fields that the key is made of."""
        return key_fields(self.key)

    def key_of(self, values: Mapping[str, Any]) -> str:
        """The key of a record with these values; moments are written in whole seconds since 1970 (UTC)."""
        return self.key.format_map({name: _key_part(values[name]) for name in self.key_fields()})


def key_fields(template: str) -> tuple[str, ...]:
    """The names in a key template; raise :class:`ValueError` when it is not one."""
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _key_part(value: Any) -> str:
    return str(int(value.timestamp())) if isinstance(value, datetime) else str(value)


@dataclass(frozen=True, eq=False)
class Contract:
    """A domain's data contract: its ports."""

    id: str
    version: str
    domain: str
    team: str
    ports: tuple[Port, ...]
    place: str
