"""What Prometheus scrapes: labels of targets, and domain and product from a topic's name."""

from __future__ import annotations

import re

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.names import TopicName
from mesh.kernel.settings import Settings
from observability.scraping import TOPIC, Target, prometheus, targets


@pytest.mark.parametrize(
    ("part", "app"),
    [
        ("orders-enriched-12", "orders-enriched"),
        ("customer-360-1", "customer-360"),
        ("warehouse", "warehouse"),
    ],
)
def test_an_app_is_its_part_without_number(part: str, app: str) -> None:
    """Also where the app's own name ends in a number."""
    assert Target(part, "worker", "http://127.0.0.1:1/metrics").app == app


def test_a_target_is_an_address_with_labels() -> None:
    """As file discovery reads it."""
    assert targets([Target("sink-1", "worker", "http://127.0.0.1:9204/metrics")]) == [
        {
            "targets": ["127.0.0.1:9204"],
            "labels": {"part": "sink-1", "app": "sink", "kind": "worker", "__metrics_path__": "/metrics"},
        }
    ]


def test_domain_and_product_are_read_from_every_topic() -> None:
    """The expression takes each topic of the mesh apart as the grammar of names does."""
    mesh = find_mesh(Settings())
    for topic in [name for port in mesh.ports.values() for name in (port.topic, port.dead_letters)]:
        found, parsed = re.fullmatch(TOPIC, topic), TopicName.parse(topic)
        assert found is not None
        assert found.groups() == (parsed.domain, parsed.name)


def test_alerts_go_to_the_alertmanager_of_the_settings() -> None:
    """Also behind a path and with TLS."""
    (found,) = prometheus("https://alerts.example/am")["alerting"]["alertmanagers"]
    assert (found["scheme"], found["path_prefix"]) == ("https", "/am")
    assert found["static_configs"] == [{"targets": ["alerts.example"]}]
