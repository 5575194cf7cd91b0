"""The list of applications: each can be built, and has the changelogs that it needs."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from mesh.kernel import names
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import StreamError
from mesh.kernel.settings import Settings
from streams import applications
from streams.applications import READS, STORES, build, stores
from streams.holding import HeldKeys


@pytest.fixture(scope="module")
def ids() -> dict[str, int]:
    """A schema id for each topic."""
    numbers = count(1)
    return {topic: next(numbers) for topic in find_mesh(Settings()).ports}


@pytest.mark.parametrize("name", names.APPLICATIONS)
def test_every_application_is_built_from_the_topics_of_the_contracts(name: str, ids: dict[str, int]) -> None:
    """It reads and writes nothing else, and its partitions fit together."""
    mesh = find_mesh(Settings())
    stages = build(name, Settings(), ids)
    assert {stage.name for stage in stages} == {name}
    assert {stage.store for stage in stages if stage.store} == set(STORES[name])
    provisioned = {store.changelog for store in stores(Settings()) if store.application == name}
    assert {stage.changelog for stage in stages if stage.changelog} == provisioned
    inputs = [topic for stage in stages for topic in stage.inputs]
    assert len(inputs) == len(set(inputs))  # a topic belongs to one stage
    for stage in stages:
        for topic in (*stage.inputs, *stage.outputs):
            assert mesh.port(topic).partitions == Settings().partitions or topic in stage.outputs
        for topic in stage.broadcast:
            assert mesh.port(topic).partitions == 1
        assert stage.outputs, "the check at the start cannot tell whether its topics are there"
        stage.fold(0, stage.shared)


@pytest.mark.parametrize("name", names.APPLICATIONS)
def test_what_is_stated_apart_is_what_is_built(name: str, ids: dict[str, int]) -> None:
    """The topics that it reads; and those that it writes are the ports that name it."""
    stages = build(name, Settings(), ids)
    read = {topic for stage in stages for topic in (*stage.inputs, *stage.broadcast)}
    assert read == set(READS[name])
    ports = find_mesh(Settings()).ports.values()
    written = {topic for stage in stages for topic in stage.outputs}
    assert written == {port.topic for port in ports if port.application == name}


def test_segments_wait_behind_an_invalid_one_of_their_customer(ids: dict[str, int]) -> None:
    """Their key stands for several facts; that of an account's activity names the newest state."""
    _, golden = build(names.CUSTOMER_360, Settings(), ids)
    assert golden.inputs == ("customer.private.account-activity.v1", "customer.public.segment-assigned.v1")
    assert isinstance(golden.holding, HeldKeys)
    assert golden.holding.topics == {"customer.public.segment-assigned.v1"}


def test_changelogs_are_named_as_faust_names_them() -> None:
    """With the partitions of the setting."""
    found = {store.changelog: store.partitions for store in stores(Settings(partitions=6))}
    assert found["mesh.orders-enriched-facts-changelog"] == 6
    assert len(found) == 3


def test_an_unknown_application_is_refused_with_a_hint() -> None:
    """A misspelt name is the usual reason."""
    with pytest.raises(StreamError, match=r"application-unknown.*did you mean 'mesh\.orders-enriched'"):
        build("mesh.order-enriched", Settings(), {})


def test_a_store_without_a_changelog_is_refused(monkeypatch: pytest.MonkeyPatch, ids: dict[str, int]) -> None:
    """Its state would be lost with the process."""
    without: dict[str, Any] = {**STORES, names.ORDERS_ENRICHED: ()}
    monkeypatch.setattr(applications, "STORES", without)
    with pytest.raises(StreamError, match="store-unknown"):
        build(names.ORDERS_ENRICHED, Settings(), ids)
