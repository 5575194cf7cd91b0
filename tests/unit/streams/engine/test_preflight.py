"""Checks before a worker joins its group: a clear error instead of a silent wait."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AclOperation

from streams.engine import preflight as module
from streams.engine.errors import EngineError
from streams.engine.preflight import preflight
from tests.unit.streams.engine.parts import FACT, GROUP, OPTIONS, ROW, application

ALL = [AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE]


class Broker:
    """Answers as a broker would: partitions and allowed operations by topic, or an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.topics: dict[str, Any] = {
            FACT: (4, ALL),
            GROUP: (1, ALL),
            ROW: (4, ALL),
            "test.noted-state-changelog": (4, ALL),
            "fact.dead": (4, ALL),
            "group.dead": (4, ALL),
        }
        self.group: Any = ALL
        self.silences = 0
        monkeypatch.setattr(module, "AdminClient", lambda _config: self)
        monkeypatch.setattr(module, "GRACE", 0.0)
        monkeypatch.setattr(module, "PAUSE", 0.0)

    def describe_topics(self, topics: Any, **_: Any) -> dict[str, Future[Any]]:
        """As :class:`confluent_kafka.admin.AdminClient` does."""
        return {name: self._answer(name) for name in topics.topic_names}

    def describe_consumer_groups(self, groups: Iterable[str], **_: Any) -> dict[str, Future[Any]]:
        """As :class:`confluent_kafka.admin.AdminClient` does."""
        return {name: _future(SimpleNamespace(authorized_operations=self.group)) for name in groups}

    def _answer(self, name: str) -> Future[Any]:
        if self.silences:
            self.silences -= 1
            return _future(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
        known = self.topics.get(name, KafkaError.UNKNOWN_TOPIC_OR_PART)
        if isinstance(known, int):
            return _future(KafkaException(KafkaError(known)))
        partitions, allowed = known
        return _future(
            SimpleNamespace(name=name, partitions=list(range(partitions)), authorized_operations=allowed)
        )


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A broker that has all that the application needs."""
    return Broker(monkeypatch)


def _future(answer: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(answer) if isinstance(answer, Exception) else future.set_result(answer)
    return future


def refusal() -> str:
    """The error that the check ends in."""
    with pytest.raises(EngineError) as refused:
        preflight([application()], OPTIONS)
    return str(refused.value)


def test_all_is_there(broker: Broker) -> None:
    """Nothing to say, be the broker one with or without authorization."""
    preflight([application()], OPTIONS)
    broker.topics[FACT] = (4, None)
    preflight([application()], OPTIONS)


@pytest.mark.parametrize("topic", [FACT, GROUP, ROW, "test.noted-state-changelog", "fact.dead", "group.dead"])
def test_a_missing_topic_is_named(broker: Broker, topic: str) -> None:
    """Inputs, broadcast, outputs, changelog and dead letters."""
    del broker.topics[topic]
    assert refusal() == f"EngineError[topic-missing] {topic}: does not exist; create it with `make topics`"


@pytest.mark.parametrize(
    ("topic", "lacking"),
    [
        (FACT, AclOperation.READ),
        (ROW, AclOperation.WRITE),
        ("test.noted-state-changelog", AclOperation.READ),
        ("test.noted-state-changelog", AclOperation.WRITE),
        ("group.dead", AclOperation.WRITE),
    ],
)
def test_missing_access_is_named(broker: Broker, topic: str, lacking: AclOperation) -> None:
    """What may not be read or written, and how."""
    partitions, _ = broker.topics[topic]
    broker.topics[topic] = (partitions, [one for one in ALL if one is not lacking])
    assert refusal().startswith(
        f"EngineError[access-missing] {topic}: this application may not {lacking.name.lower()} it"
    )


def test_a_hidden_topic_and_a_closed_group_are_named(broker: Broker) -> None:
    """A broker may not even say that a topic is there."""
    broker.topics[FACT] = KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert refusal().startswith(f"EngineError[access-missing] {FACT}: this application may not describe it")
    broker.topics[FACT] = (4, ALL)
    broker.group = [AclOperation.DESCRIBE]
    assert refusal().startswith("EngineError[access-missing] test.noted: this application may not read it")


def test_topics_that_do_not_fit_together_are_named(broker: Broker) -> None:
    """The changelog has as many partitions as the inputs, a broadcast topic one."""
    broker.topics["test.noted-state-changelog"] = (3, ALL)
    assert "not-co-partitioned] test.noted-state-changelog: has 3 partitions" in refusal()
    broker.topics["test.noted-state-changelog"] = (4, ALL)
    broker.topics[GROUP] = (4, ALL)
    assert f"not-broadcast] {GROUP}" in refusal()


def test_a_broker_that_does_not_answer_is_waited_for(broker: Broker) -> None:
    """As at the start of everything, when a worker is up before its broker."""
    broker.silences = 15
    preflight([application()], OPTIONS)
    assert broker.silences == 0
