"""Verdicts of the stream: none before a topic was read to its end, then those of its fold, as series."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from math import inf
from typing import Any

import pytest
from confluent_kafka import KafkaException

from mesh.kernel.broker import Place
from mesh.kernel.metrics import REGISTRY
from mesh.kernel.quality import NotNull
from mesh.kernel.table_rules import Share, Unique
from observability.monitor.following import BATCH, Following
from observability.monitor.table_verdicts import StreamRules, TableVerdicts
from tests.unit.analytics.quality.toys import START, port
from tests.unit.observability.monitor.topics import Topics

TOPIC = "toys.public.toy.v1"
PLACE = Place(TOPIC, 0)
LAID = port((), (Unique("colour"), Share(NotNull("colour"), Decimal(50), severity="warning")))
OTHER = replace(LAID, topic="toys.public.other.v1")


class Plain:
    """Reads records that are ``toy_id=colour``, and passes over those without a colour."""

    def admit(self, message: Any) -> dict[str, Any] | None:
        """The fields; None where there is no ``=``."""
        toy_id, equals, colour = message.value().decode().partition("=")
        if not equals:
            return None
        return {"toy_id": toy_id, "valid_from": START, "seq": message.offset(), "colour": colour or None}


def verdicts(topics: Topics, *ports: Any) -> TableVerdicts:
    """Those of some ports, the toys by default."""
    laid = ports or (LAID,)
    following = Following("", topics, [one.topic for one in laid], consumer=topics.client)
    return TableVerdicts(laid, following, lambda _: Plain())


def filled(*values: str) -> Topics:
    """A topic with these records."""
    topics = Topics(PLACE)
    for value in values:
        topics.append(PLACE, b"k", value.encode())
    return topics


def counts(found: TableVerdicts) -> list[tuple[str, int, int, bool]]:
    """What each rule of the toys finds."""
    return [(one.name, one.judged, one.failing, one.is_broken) for one in found.judged()[TOPIC]]


def shown(name: str, **labels: str) -> float | None:
    """What Prometheus would read."""
    return REGISTRY.get_sample_value(f"mesh_quality_stream_{name}", {"topic": TOPIC, **labels})


def test_half_a_topic_has_no_verdict() -> None:
    """Not before it was read to the end that it had at first; what comes meanwhile does not delay it."""
    topics = filled(*(f"t{number}=c{number}" for number in range(2 * BATCH)))
    found = verdicts(topics)
    assert found.reading == [TOPIC]
    found.advance(0)
    topics.append(PLACE, b"k", b"t0=c1")
    assert (found.judged(), found.reading, found.behind()) == ({}, [TOPIC], {TOPIC: BATCH})
    found.advance(0)
    assert found.reading == []
    assert counts(found)[0] == ("colour/value-repeated", 2 * BATCH, 0, False)
    found.advance(0)
    assert counts(found)[0] == ("colour/value-repeated", 2 * BATCH, 2, True)
    assert found.keys(TOPIC, "colour/value-repeated") == (("t0",), ("t1",))


def test_an_empty_topic_breaks_nothing_and_one_that_is_not_there_has_no_verdict() -> None:
    """Of two topics."""
    found = verdicts(filled(), LAID, OTHER)
    found.advance(inf)
    assert counts(found) == [
        ("colour/value-repeated", 0, 0, False),
        ("colour/value-missing-share", 0, 0, False),
    ]
    assert found.reading == [OTHER.topic]


def test_a_topic_of_which_no_schema_is_known_yet_is_tried_again() -> None:
    """It loses no record, and the round is told as failed."""
    topics = filled("t0=red", "t1=red")
    following = Following("", topics, [TOPIC], consumer=topics.client)
    away = [True]

    def admission(_: Any) -> Plain:
        if away.pop():
            away.append(False)
            raise OSError("the registry is away")
        away.append(False)
        return Plain()

    found = TableVerdicts([LAID], following, admission)
    with pytest.raises(OSError, match="away"):
        found.advance(inf)
    found.advance(inf)
    assert counts(found)[0] == ("colour/value-repeated", 2, 2, True)


def test_another_topic_of_the_name_is_folded_anew() -> None:
    """Nothing stays of the one before."""
    topics = filled("t0=red", "t1=red")
    found = verdicts(topics)
    found.advance(inf)
    made_anew = filled("t0=red")
    topics.logs, topics.next = made_anew.logs, made_anew.next
    found.advance(inf)
    assert counts(found)[0] == ("colour/value-repeated", 1, 0, False)


def test_rules_become_series_and_one_line_when_they_begin_to_be_broken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line names keys and no values; it comes once, and again when the rule was mended meanwhile."""
    topics = filled("t0=red", "t1=green", "broken")
    rules = StreamRules(verdicts(topics))
    rules.measure()
    unique: dict[str, str] = {"rule": "colour/value-repeated", "severity": "error"}
    missing: dict[str, str] = {"rule": "colour/value-missing-share", "severity": "warning"}
    assert [shown(name, **unique) for name in ("judged_entities", "failing_entities", "broken_rules")] == [
        2,
        0,
        0,
    ]
    assert shown("behind_records") == 0

    for value in ("t1=red", "t2=", "t3=", "t4="):
        topics.append(PLACE, b"k", value.encode())
    rules.measure()
    rules.measure()
    assert [shown(name, **unique) for name in ("judged_entities", "failing_entities", "broken_rules")] == [
        2,
        2,
        1,
    ]
    assert [shown(name, **missing) for name in ("judged_entities", "failing_entities", "broken_rules")] == [
        5,
        3,
        1,
    ]
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == [
        f"{TOPIC}: colour/value-repeated is broken in stream, 2 of 2: t0, t1",
        f"{TOPIC}: colour/value-missing-share is broken in stream, 3 of 5: t2, t3, t4",
    ]

    topics.append(PLACE, b"k", b"t1=green")
    rules.measure()
    assert shown("broken_rules", **unique) == 0
    topics.append(PLACE, b"k", b"t1=red")
    rules.measure()
    assert len(caplog.records) == 3


def test_series_stay_while_the_broker_is_away_and_go_with_their_topic() -> None:
    """What was found last stands, until the topic begins anew and has to be read first."""
    topics = filled(*(f"t{number}=red" for number in range(2)))
    rules = StreamRules(verdicts(topics))
    rules.measure()
    labels = {"rule": "colour/value-repeated", "severity": "error"}
    topics.away = True
    with pytest.raises(KafkaException):
        rules.measure()
    assert shown("broken_rules", **labels) == 1
    topics.away = False
    made_anew = filled("t0=red")
    topics.logs, topics.next = made_anew.logs, made_anew.next
    rules.measure()
    assert shown("broken_rules", **labels) == 0
