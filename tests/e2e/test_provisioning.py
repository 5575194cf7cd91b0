"""Provisioning on a real broker, registry and warehouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import Settings, load_settings
from mesh.kernel.warehouse import connect
from mesh.platform.launch import down, up
from mesh.platform.workers import SERVICES
from mesh.provisioning import apply
from mesh.provisioning.topics import Topic, apply_topics, changelog_topics, mesh_topics
from schemas.registry import schema_ids

pytestmark = pytest.mark.real
CLOCK = "sales.private.clock.v1"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The addresses of an empty broker, registry and warehouse, started once and ended afterwards."""
    home = tmp_path_factory.mktemp("provisioning") / "home"
    try:
        up(only=SERVICES, home=home)
        yield load_settings(home=home)
    finally:
        down(purge=True, home=home)


@pytest.fixture(scope="module")
def first(settings: Settings) -> list[str]:
    """What the first application reported."""
    lines: list[str] = []
    apply(settings, lines.append)
    return lines


def described(settings: Settings, topic: str) -> dict[str, str]:
    """The broker's settings of a topic."""
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    return {name: entry.value for name, entry in future.result().items()}


def test_everything_that_the_contracts_name_is_there(settings: Settings, first: list[str]) -> None:
    """Topics with their partitions, a schema for each port, a table and a view for each that is landed."""
    mesh = find_mesh(settings)
    listed = AdminClient({"bootstrap.servers": settings.kafka}).list_topics(timeout=10).topics
    for topic in [*mesh_topics(mesh, settings), *changelog_topics(settings)]:
        assert len(listed[topic.name].partitions) == topic.partitions, topic.name
        actual = described(settings, topic.name)
        assert {key: actual[key] for key in topic.config} == topic.config, topic.name
    assert set(schema_ids(settings)) == set(mesh.ports)
    client = connect(settings)
    for port in mesh.ports.values():
        if port.view is not None:
            assert client.query(f"SELECT count() FROM {port.view}").result_rows == [(0,)]
    assert len([line for line in first if line.startswith("topic ")]) == len(listed) - internal(listed)


def internal(listed: dict[str, object]) -> int:
    """How many of these topics are the broker's own, or the registry's."""
    return len([name for name in listed if name.startswith("__")])


def test_applying_twice_changes_nothing(settings: Settings, first: list[str]) -> None:
    """And says nothing."""
    assert first
    again: list[str] = []
    apply(settings, again.append)
    assert again == []


def test_settings_that_drifted_are_mended(settings: Settings, first: list[str]) -> None:
    """Back to the contract, with one line that names old and new."""
    drifted = Topic(CLOCK, 1, {"cleanup.policy": "delete", "retention.ms": "1000"})
    apply_topics(settings, [drifted], lambda line: None)
    lines: list[str] = []
    apply(settings, lines.append)
    assert lines == [
        f"topic {CLOCK} changed: cleanup.policy = compact (was delete), retention.ms = -1 (was 1000)"
    ]
    assert described(settings, CLOCK)["cleanup.policy"] == "compact"


@pytest.mark.parametrize("partitions", [3, 5])
def test_other_partitions_are_refused_and_nothing_changes(
    settings: Settings, first: list[str], partitions: int
) -> None:
    """Whether they would shrink or grow."""
    before = AdminClient({"bootstrap.servers": settings.kafka}).list_topics(timeout=10).topics
    with pytest.raises(PlatformError, match="partitions-changed"):
        apply(settings.model_copy(update={"partitions": partitions}), lambda line: None)
    after = AdminClient({"bootstrap.servers": settings.kafka}).list_topics(timeout=10).topics
    assert {name: len(topic.partitions) for name, topic in before.items()} == {
        name: len(topic.partitions) for name, topic in after.items()
    }
