"""What holds for every domain that is found, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh.checks.check import Check, Scope, run
from mesh.checks.examples import codes, read_event
from mesh.checks.suite import CHECKS
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.event import ENVELOPE, Event
from mesh.kernel.quality import NotNull, Rule, compile_rules
from mesh.kernel.settings import load_settings
from mesh.kernel.structure import shapes
from schemas.codec import Codec
from schemas.conformance import check_record
from schemas.wire import partition

MESH = find_mesh(load_settings())
PORTS = list(MESH.ports.values())
LANDED = [port for port in PORTS if port.table]


def passing() -> Iterator[tuple[Port, Path]]:
    """Every example that passes, with its port."""
    for domain in MESH.domains.values():
        ports = {port.record.__name__: port for port in domain.contract.ports}
        for path in sorted((domain.folder / "examples").glob("*.pass.json")):
            yield ports[path.name.partition(".")[0]], path


EXAMPLES = [pytest.param(port, path, id=path.name) for port, path in passing()]


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
def test_every_check_holds(check: Check) -> None:
    """The suite of ``mesh check`` over the tree as it is."""
    result = run(check, Scope(tuple(MESH.domains.values()), MESH))
    assert [str(fault) for fault in result.faults] == []


@pytest.mark.parametrize(("port", "path"), EXAMPLES)
def test_an_example_survives_the_wire(port: Port, path: Path) -> None:
    """Encoded, keyed and partitioned by the wire rules, and read back the same."""
    record = read_event(json.loads(path.read_text()), port.record)
    fields = record.model_dump()
    codec = Codec.of_port(port, 7)
    value = codec.encode(record)
    assert codec.decode(value) == fields
    where = 0
    if port.partition_by is not None:
        where = partition(str(fields[port.partition_by]).encode(), port.partitions)
    warned = tuple(
        f"{broken.field}:" for broken in compile_rules(port)(fields) if broken.severity == "warning"
    )
    said = check_record(port, port.key_of(fields).encode(), value, where)
    assert [line for line in said if not line.startswith(warned or "-")] == []


@pytest.mark.parametrize(("port", "path"), EXAMPLES)
def test_every_required_field_is_missed(port: Port, path: Path) -> None:
    """An event without one of its fields that may not be null is refused."""
    event = json.loads(path.read_text())
    for name, shape in shapes(port.record).items():
        if not shape.nullable and "." not in name:
            assert codes(port, {key: value for key, value in event.items() if key != name}), name


@pytest.mark.parametrize("port", LANDED, ids=lambda port: port.topic)
def test_a_tables_key_is_never_null(port: Port) -> None:
    """Nor what its records are partitioned, compacted and compared by; nor is any of it a personal text."""
    names = {*port.table_key, *port.key_fields(), port.partition_by or port.table_key[0], port.revision}
    known = shapes(port.record)
    assert [name for name in names if known[name].nullable or known[name].personal] == []


@pytest.mark.parametrize("port", LANDED, ids=lambda port: port.topic)
def test_a_landed_record_tells_which_is_newest(port: Port) -> None:
    """By its ``seq`` where it is an event, by its ``version`` where it is derived."""
    assert port.revision == ("seq" if issubclass(port.record, Event) else "version")
    assert port.revision == "seq" or "is_deleted" in port.record.model_fields


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.topic)
def test_a_compacted_key_loses_no_fact(port: Port) -> None:
    """What compaction keeps is one record for each revision of an entity, or the last of a plain register."""
    if port.cleanup == "compact" and port.table:
        assert "seq" in port.key_fields() or port.key_fields() == port.table_key


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.topic)
def test_an_event_starts_with_its_envelope(port: Port) -> None:
    """In the envelope's order, so that every reader finds it at one place."""
    if issubclass(port.record, Event):
        assert tuple(port.record.model_fields)[: len(ENVELOPE)] == ENVELOPE


def test_partitioned_topics_go_together() -> None:
    """Topics partitioned by the same field have the same number of partitions."""
    counts: dict[str, set[int]] = {}
    for port in PORTS:
        if port.partition_by:
            counts.setdefault(port.partition_by, set()).add(port.partitions)
    assert all(len(found) == 1 for found in counts.values())


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.topic)
def test_a_rule_says_what_structure_does_not(port: Port) -> None:
    """No two rules of one kind on a field, and nothing required that can never be null."""
    known, seen = shapes(port.record), set[tuple[type[Rule], str]]()
    for rule in port.rules:
        assert (type(rule), rule.field) not in seen
        seen.add((type(rule), rule.field))
        assert not isinstance(rule, NotNull) or known[rule.field].nullable
