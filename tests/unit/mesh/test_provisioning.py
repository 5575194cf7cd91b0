"""What provisioning wants follows from the contracts, and partitions never change."""

from __future__ import annotations

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import Settings
from mesh.provisioning.change import Action
from mesh.provisioning.topics import ROOM, Topic, Topics, changelog_topics, compare, mesh_topics

SETTINGS = Settings(partitions=3)


def topics() -> dict[str, Topic]:
    """The wanted topics of the tree's domains, by name."""
    return {topic.name: topic for topic in mesh_topics(find_mesh(SETTINGS), SETTINGS)}


def test_every_port_has_its_topic_and_its_dead_letters() -> None:
    """And there is no other topic, and none twice."""
    ports = find_mesh(SETTINGS).ports.values()
    assert set(topics()) == {port.topic for port in ports} | {port.dead_letters for port in ports}
    assert len(list(mesh_topics(find_mesh(SETTINGS), SETTINGS))) == 2 * len(ports)


def test_topics_are_kept_as_their_contract_says() -> None:
    """Partitions from the settings, or one; cleanup and retention from the contract."""
    wanted = topics()
    assert wanted["sales.public.order-placed.v1"] == Topic(
        "sales.public.order-placed.v1", 3, {"cleanup.policy": "delete", "retention.ms": "-1"}
    )
    assert wanted["product.public.product.v1"] == Topic(
        "product.public.product.v1", 1, {"cleanup.policy": "compact", "retention.ms": "-1"}
    )


def test_dead_letters_are_kept_for_ever() -> None:
    """No event vanishes."""
    dead = [topic for name, topic in topics().items() if ".dead." in name]
    assert {
        (topic.partitions, topic.config["cleanup.policy"], topic.config["retention.ms"]) for topic in dead
    } == {(3, "delete", "-1")}


def test_changelogs_are_compacted() -> None:
    """With as many partitions as the topics that they go with."""
    changelogs = list(changelog_topics(SETTINGS))
    assert changelogs
    for topic in changelogs:
        assert topic.name.startswith("mesh.")
        assert topic.name.endswith("-changelog")
        assert (topic.partitions, topic.config) == (3, {"cleanup.policy": "compact", **ROOM})


@pytest.mark.parametrize("count", [2, 4])
def test_other_partitions_are_refused(count: int) -> None:
    """More or fewer: a key's records would no longer meet in one partition."""
    wanted = {"a": Topic("a", 3), "b": Topic("b", 3)}
    assert list(compare(wanted, {"a": 3, "b": 3, "c": 9}, {})) == []
    (change,) = compare(wanted, {"a": 3, "b": count}, {})
    assert (change.name, change.action) == ("b", Action.REFUSE)
    assert change.refusal is not None
    assert change.refusal.code == "partitions-changed"
    assert f"MESH_PARTITIONS={count}" in change.refusal.remedy


def test_topics_are_created_and_mended() -> None:
    """What is missing, and what has other settings than the contract states; the rest is the broker's."""
    wanted = {"a": Topic("a", 3, {"retention.ms": "-1"}), "b": Topic("b", 1)}
    present = {"a": {"retention.ms": "1000", "segment.bytes": "7"}}
    changed, created = compare(wanted, {"a": 3}, present)
    assert str(changed) == "topic a changed: retention.ms = -1 (was 1000)"
    assert str(created) == "topic b created: 1 partitions"


def test_what_no_contract_names_is_told_and_nothing_else() -> None:
    """Topics that break the grammar belong to somebody else."""
    present = {
        "toys.public.toy.v1": 4,
        "mesh.customer-360-old-changelog": 4,
        "__consumer_offsets": 4,
        "app-in": 1,
    }
    found = list(compare({}, present, {}))
    assert [change.name for change in found] == ["mesh.customer-360-old-changelog", "toys.public.toy.v1"]
    assert {change.action for change in found} == {Action.UNUSED}
    assert not any(change.is_due for change in found)


def test_an_unreachable_broker_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address that was tried."""
    monkeypatch.setattr("mesh.provisioning.topics.PATIENCE", 0.5)
    with pytest.raises(PlatformError, match="broker-unreachable") as caught:
        Topics(Settings(kafka="127.0.0.1:1"), []).changes()
    assert caught.value.place == "127.0.0.1:1"
