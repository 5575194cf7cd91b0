"""Who may do what follows from the contracts, and no more than that."""

from __future__ import annotations

import pytest

from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.names import APPLICATIONS, SINK
from mesh.kernel.settings import Settings
from mesh.provisioning.access import EVERYBODY, MONITOR, Entry, entries, is_managed
from mesh.provisioning.acl import by_principal

SETTINGS = Settings(home="nowhere")
ORDERS = "sales.public.order-placed.v1"
ENRICHED = "sales.public.orders-enriched.v1"


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    """The tree's domains."""
    return find_mesh(SETTINGS)


@pytest.fixture(scope="module")
def found(mesh: Mesh) -> set[Entry]:
    """All entries."""
    return entries(mesh, SETTINGS)


def who(found: set[Entry], operation: str, topic: str) -> set[str]:
    """The principals that may do something with a topic."""
    return {e.principal for e in found if (e.operation, e.resource, e.name) == (operation, "topic", topic)}


def test_a_source_topic_has_one_writer_its_domain(found: set[Entry], mesh: Mesh) -> None:
    """And a derived one the application that the contract names."""
    for port in mesh.ports.values():
        writer = f"User:{port.application or port.domain}"
        assert who(found, "write", port.topic) == {writer}, port.topic


def test_public_topics_are_everybodys_to_read_and_no_others(found: set[Entry], mesh: Mesh) -> None:
    """Raw and private ones, dead letters and changelogs have named readers."""
    public = {port.topic for port in mesh.ports.values() if port.kind == "public"}
    assert {e.name for e in found if e.principal == EVERYBODY and e.resource == "topic"} == public
    assert all(e.operation == "read" for e in found if e.principal == EVERYBODY)


def test_whoever_reads_may_park(found: set[Entry]) -> None:
    """A record that cannot be used must go somewhere: from the source, the streams and the sink."""
    dead = "sales.dead.order-placed.v1"
    assert who(found, "write", dead) == {"User:sales", "User:mesh.orders-enriched", f"User:{SINK}"}


def test_the_sink_reads_what_it_lands_and_every_dead_letter(found: set[Entry], mesh: Mesh) -> None:
    """Nothing else."""
    read = {e.name for e in found if e.principal == f"User:{SINK}" and e.operation == "read"}
    landed = {port.topic for port in mesh.ports.values() if port.table}
    assert read == landed | {port.dead_letters for port in mesh.ports.values()} | {SINK}


def test_every_group_has_one_owner(found: set[Entry]) -> None:
    """So that nobody takes partitions from another; a name that stands for many ends in a dot."""
    groups = [entry for entry in found if entry.resource == "group" and entry.operation == "read"]
    assert len({entry.name for entry in groups}) == len(groups)
    assert all(entry.is_prefix == entry.name.endswith(".") for entry in groups)
    assert {e.principal for e in groups if not e.is_prefix} == {
        f"User:{name}" for name in (*APPLICATIONS, SINK)
    }


def test_only_entries_of_the_meshs_principals_are_taken_away(mesh: Mesh) -> None:
    """What somebody else has granted to somebody else stays."""
    assert is_managed(Entry("User:sales", "write", "topic", "elsewhere"), mesh)
    assert is_managed(Entry("User:mesh.sink", "read", "group", "other"), mesh)
    assert is_managed(Entry(EVERYBODY, "write", "topic", ORDERS), mesh)
    assert not is_managed(Entry(EVERYBODY, "read", "topic", "elsewhere"), mesh)
    assert not is_managed(Entry("User:finance", "write", "topic", ORDERS), mesh)
    assert not is_managed(Entry("Group:sales", "write", "topic", ORDERS), mesh)


def test_entries_are_told_as_sentences() -> None:
    """By principal, in order."""
    entries_ = [
        Entry("User:b", "read", "group", "b.", is_prefix=True),
        Entry("User:a", "write", "topic", "t"),
    ]
    told = {name: [str(entry) for entry in of] for name, of in by_principal(entries_).items()}
    assert told == {"User:a": ["write topic t"], "User:b": ["read group b.*"]}


def test_the_monitor_reads_what_it_judges(mesh: Mesh, found: set[Entry]) -> None:
    """Topics with rules on whole tables, and no others; of all it may ask how far they are."""
    read = {e.name for e in found if e.principal == MONITOR and e.operation == "read"}
    assert read == {port.topic for port in mesh.ports.values() if port.table_rules}
    assert "customer.raw.customer-record.v1" in read
    assert {e.name for e in found if e.principal == MONITOR and e.operation == "describe"} >= {"*"}
