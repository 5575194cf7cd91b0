"""Reads a domain's ``contract.yaml`` (ODCS 3.1) into its ports, and refuses what its events do not hold.

Structure stands in ``events.py`` and is not repeated: the contract names the event of each port, how it is
keyed, kept and landed, and only those fields that carry a promise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType

from mesh.kernel.contract import (
    CLASSIFICATIONS,
    CLEANUPS,
    FOREVER,
    MASKS,
    SECONDS,
    Computed,
    Contract,
    FieldPromise,
    Port,
    ServiceLevel,
    key_fields,
)
from mesh.kernel.document import Node
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.event import Event, Record
from mesh.kernel.names import APPLICATIONS, TopicName
from mesh.kernel.quality import NotNull, Rule
from mesh.kernel.reference import read_reference
from mesh.kernel.rule_file import is_of_table, read_rule, read_table_rule
from mesh.kernel.structure import FieldShape, shapes

PORT_PROPERTIES = (
    "event",
    "key",
    "partitionBy",
    "cleanup",
    "retention",
    "table",
    "tableKey",
    "orderBy",
    "dataSubject",
    "computed",
    "application",
)
_TIMES = tuple(SECONDS)
SERVICE_LEVELS = {
    "freshness": _TIMES,  # from publishing to the view
    "latency": _TIMES,
    "frequency": _TIMES,  # a source that is live is never silent for longer
    "completeness": ("percent",),
    "deadLetters": ("per minute",),  # rejected records that are no cause for alarm
}
"""The service levels that a contract may promise, each with its units."""
_RETENTION = re.compile(r"P([1-9][0-9]*)D")
_SORT_FIELD = re.compile(r"(?:toDate\()?([a-z_0-9]+)\)?")
_TABLE = re.compile(r"(?!.*_v[0-9]+$)[a-z][a-z0-9_]*")
_DAY_MS = 86_400_000


def read_contract(document: Node, domain: str, events: ModuleType, owner: str, partitions: int) -> Contract:
    """The contract that a document states; raise :class:`ContractError` with the line of the first fault.

    ``partitions`` is the count of every topic that is partitioned by a field; the others have one.
    """
    named = document.need("domain")
    if named.text() != domain:
        raise named.fault("domain-wrong", f"{named.text()!r} is not the folder's name", f"write {domain!r}")
    levels = _service_levels(document)
    ports = tuple(
        _port(node, domain, events, owner, partitions, levels) for node in document.elements("schema")
    )
    names = {port.name for port in ports}
    for element, (node, _) in levels.items():
        if element and element not in names:
            raise node.fault("port-unknown", f"{element!r} is not a port", did_you_mean(element, names))
    return Contract(
        id=document.need("id").text(),
        version=document.need("version").text(),
        domain=domain,
        team=document.need("team").need("name").text(),
        ports=ports,
        place=document.place,
    )


def vocabulary(events: ModuleType, domain: str) -> dict[str, type[Record]]:
    """The records that an events module itself defines, by name."""
    return {
        name: item
        for name, item in vars(events).items()
        if isinstance(item, type) and issubclass(item, Record) and item.__module__ == events.__name__
    }


def _port(
    node: Node,
    domain: str,
    events: ModuleType,
    owner: str,
    partitions: int,
    levels: Mapping[str, tuple[Node, dict[str, ServiceLevel]]],
) -> Port:
    name, custom = node.need("name").text(), _custom(node, PORT_PROPERTIES)
    topic = _topic(node.need("physicalName"), domain, name)
    record = _record(node, custom, events, domain)
    key_node = _need(node, custom, "key")
    try:
        keys = key_fields(key_node.text())
    except ValueError as error:
        raise key_node.fault("key-template", str(error), "write it like {account}") from None
    for key in keys:
        _known(key_node, key, record)
    partition_by = custom.get("partitionBy")
    table = custom.get("table")
    subject = custom.get("dataSubject")
    promises, rules = _promises(node, domain, record, subject)
    return Port(
        domain=domain,
        name=name,
        topic=topic,
        record=record,
        key=key_node.text(),
        partition_by=None if partition_by is None else _field(partition_by, record),
        partitions=1 if partition_by is None else partitions,
        cleanup=_need(node, custom, "cleanup").one_of(CLEANUPS, "cleanup-unknown"),
        retention_ms=_retention(_need(node, custom, "retention")),
        table=None if table is None else _table(table),
        table_key=() if table is None else _fields(_need(node, custom, "tableKey"), record),
        order_by=_order_by(custom.get("orderBy"), record),
        revision=_revision(record),
        subject_field=None if subject is None else _field(subject, record),
        promises=promises,
        rules=rules,
        service_levels={**levels.get("", (node, {}))[1], **levels.get(name, (node, {}))[1]},
        owner=owner,
        computed=tuple(_computed(entry, record) for entry in custom["computed"].members())
        if "computed" in custom
        else (),
        application=custom["application"].one_of(APPLICATIONS, "application-unknown")
        if "application" in custom
        else "",
        place=node.place,
    )


def _topic(node: Node, domain: str, port: str) -> str:
    try:
        topic = TopicName.parse(node.text())
    except ContractError as error:
        raise node.fault(error.code, f"{node.text()!r} {error.what}", error.remedy) from None
    if (topic.domain, topic.name) != (domain, port) or topic.kind == "dead":
        raise node.fault(
            "topic-name",
            f"{node.text()!r} is not a topic of port {port!r}",
            f"write {domain}.<raw|private|public>.{port}.v<N>",
        )
    return node.text()


def _table(node: Node) -> str:
    if _TABLE.fullmatch(node.text()) is None:
        raise node.fault(
            "table-name", f"{node.text()!r} is not a table's name", "write snake_case, no version"
        )
    return node.text()


def _record(node: Node, custom: Mapping[str, Node], events: ModuleType, domain: str) -> type[Record]:
    event, known = _need(node, custom, "event"), vocabulary(events, domain)
    if event.text() not in known:
        raise event.fault(
            "event-unknown", f"{event.text()!r} is not in events.py", did_you_mean(event.text(), known)
        )
    record = known[event.text()]
    if record.domain != domain:
        raise event.fault("event-domain", f"{event.text()!r} says that it is of domain {record.domain!r}")
    return record


def _promises(
    port: Node, domain: str, record: type[Record], subject: Node | None
) -> tuple[dict[str, FieldPromise], tuple[Rule, ...]]:
    promises: dict[str, FieldPromise] = {}
    rules: list[Rule] = []
    for path, node in _properties(port, "", record):
        promise = _promise(path, node, domain, record, subject)
        promises[path] = promise
        rules += promise.rules
    for path, shape in shapes(record).items():
        if shape.personal and path not in promises:
            raise port.fault(
                "personal-unclassified",
                f"{path!r} of {record.__name__} is personal and not in the contract",
                "list it with classification: personal and a mask",
            )
    return promises, tuple(rules)


def _properties(holder: Node, prefix: str, record: type[Record]) -> list[tuple[str, Node]]:
    """Every listed field with its dotted path, those of nested records (``items``) included."""
    found = []
    for node in holder.elements("properties"):
        name = node.need("name")
        path = prefix + name.text()
        logical = _known(name, path, record).logical_type
        stated = node.need("logicalType")
        if stated.text() != logical:
            raise stated.fault("type-wrong", f"{path!r} is of type {logical!r} in {record.__name__}")
        inner = node.get("items") or node
        if inner.get("properties") is None:
            found.append((path, node))
        found += _properties(inner, path + ".", record)
    return found


def _promise(path: str, node: Node, domain: str, record: type[Record], subject: Node | None) -> FieldPromise:
    shape = shapes(record)[path]
    stated = node.get("classification")
    classification = (
        "internal" if stated is None else stated.one_of(CLASSIFICATIONS, "classification-unknown")
    )
    if shape.personal != (classification == "personal"):
        place, name = stated or node, record.__name__
        if shape.personal:
            raise place.fault(
                "personal-unclassified", f"{path!r} is Personal in {name}", "write classification: personal"
            )
        raise place.fault("personal-untyped", f"{path!r} is not Personal in {name}", "change its type there")
    custom = _custom(node, ("mask", "dataSubject"))
    if shape.personal:
        mask = _need(node, custom, "mask").one_of(MASKS, "mask-unknown")
        owner = custom.get("dataSubject") or subject
        if owner is None:
            raise node.fault(
                "subject-missing", f"{path!r} has no data subject", "add dataSubject to the port"
            )
        person = _field(owner, record)
    else:
        mask, person = None, None
        for name, stray in custom.items():
            raise stray.fault("person-missing", f"{path!r} is not personal", f"remove {name}")
    entries = node.elements("quality")
    rules = [read_rule(entry, path, record) for entry in entries if not is_of_table(entry)]
    of_table = tuple(read_table_rule(entry, path, record) for entry in entries if is_of_table(entry))
    required = node.get("required")
    if required is not None and required.value is True:
        rules.insert(0, NotNull(path))
    references = tuple(read_reference(entry, path, domain) for entry in node.elements("relationships"))
    return FieldPromise(classification, mask, person, tuple(rules), of_table, references)


def _custom(node: Node, known: tuple[str, ...]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for entry in node.elements("customProperties"):
        name = entry.need("property").one_of(known, "property-unknown")
        found[name] = entry.need("value")
    return found


def _need(node: Node, custom: Mapping[str, Node], name: str) -> Node:
    if name not in custom:
        raise node.fault(
            "property-missing", f"customProperties lacks {name!r}", f"add {{property: {name}, value: …}}"
        )
    return custom[name]


def _known(node: Node, path: str, record: type[Record]) -> FieldShape:
    known = shapes(record)
    if path not in known:
        raise node.fault(
            "field-unknown", f"{path!r} is not a field of {record.__name__}", did_you_mean(path, known)
        )
    return known[path]


def _field(node: Node, record: type[Record]) -> str:
    _known(node, node.text(), record)
    return node.text()


def _fields(node: Node, record: type[Record]) -> tuple[str, ...]:
    for name in node.texts():
        _known(node, name, record)
    return node.texts()


def _order_by(node: Node | None, record: type[Record]) -> tuple[str, ...] | None:
    if node is None:
        return None
    for text in node.texts():
        match = _SORT_FIELD.fullmatch(text)
        if match is None:
            raise node.fault("sort-key", f"{text!r} is not a field or toDate(field)")
        _known(node, match[1], record)
    return node.texts()


def _computed(node: Node, record: type[Record]) -> Computed:
    node.only("name", "type", "expression", "meaning", "stored")
    name, expression = node.need("name"), node.need("expression")
    if name.text() in record.model_fields:
        raise name.fault("computed-clash", f"{name.text()!r} is already a field of {record.__name__}")
    try:
        used = key_fields(expression.text())
    except ValueError as error:
        raise expression.fault("computed-expression", str(error), "write fields in braces") from None
    for path in used:
        _known(expression, path, record)
    stored = node.get("stored")
    return Computed(
        name.text(),
        node.need("type").text(),
        expression.text(),
        node.need("meaning").text(),
        stored is None or stored.value is True,
    )


def _revision(record: type[Record]) -> str:
    if issubclass(record, Event):
        return "seq"
    return "version" if "version" in record.model_fields else ""


def _retention(node: Node) -> int:
    if node.text() == "forever":
        return FOREVER
    match = _RETENTION.fullmatch(node.text())
    if match is None:
        raise node.fault(
            "retention-wrong", f"{node.text()!r} is not a time to keep", "write forever or P<days>D"
        )
    return int(match[1]) * _DAY_MS


def _service_levels(document: Node) -> dict[str, tuple[Node, dict[str, ServiceLevel]]]:
    """Service levels by port; those of every port stand under the empty name."""
    found: dict[str, tuple[Node, dict[str, ServiceLevel]]] = {}
    for node in document.elements("slaProperties"):
        element = node.get("element")
        name = node.need("property").one_of(tuple(SERVICE_LEVELS), "service-level-unknown")
        unit = node.need("unit").one_of(SERVICE_LEVELS[name], "service-level-unit")
        level = ServiceLevel(name, node.need("value").number(), unit)
        found.setdefault("" if element is None else element.text(), (node, {}))[1][name] = level
    return found
