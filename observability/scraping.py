"""What Prometheus scrapes and how: its configuration and its targets, as data.

Targets carry ``job="mesh"``, ``part`` (orders-enriched-1), ``app`` (orders-enriched) and ``kind``. The scrape
adds ``domain`` and ``product`` to every series with a ``topic``, since the topic's name holds both.

Kept free of heavy imports: the supervisor writes the targets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

JOB = "mesh"
INTERVAL = 5
"""Seconds between two scrapes, and between two evaluations of the rules: a page must come within a minute."""
TOPIC = r"([a-z0-9]+)\.[a-z]+\.([a-z0-9-]+)\.v[0-9]+"
"""A topic's name; what it matches are the domain and the product."""
CONFIG_FILE, RULES, TARGETS = "prometheus.yml", "rules", "targets"
"""Where Prometheus finds things, below the folder ``prometheus`` of the home."""


@dataclass(frozen=True)
class Target:
    """A process that serves metrics at ``address``, an http URL."""

    part: str
    kind: str
    address: str

    @property
    def app(self) -> str:
        """What runs there: the part's name without the number of the process."""
        name, _, number = self.part.rpartition("-")
        return name if number.isdigit() else self.part


def prometheus(alertmanager: str) -> dict[str, Any]:
    """The configuration of Prometheus; ``alertmanager`` is an http URL. Paths are relative to its folder."""
    return {
        "global": {
            "scrape_interval": f"{INTERVAL}s",
            "scrape_timeout": f"{INTERVAL - 1}s",
            "evaluation_interval": f"{INTERVAL}s",
        },
        "rule_files": [f"{RULES}/*.yaml"],
        "alerting": {"alertmanagers": [_alertmanager(alertmanager)]},
        "scrape_configs": [
            {
                "job_name": JOB,
                "honor_labels": True,  # what the monitor says of a part keeps that part's name
                "file_sd_configs": [{"files": [f"{TARGETS}/*.json"], "refresh_interval": f"{INTERVAL}s"}],
                "metric_relabel_configs": [_from_topic("domain", 1), _from_topic("product", 2)],
            }
        ],
    }


def targets(found: Iterable[Target]) -> list[dict[str, Any]]:
    """The targets as Prometheus' file discovery reads them."""
    return [
        {
            "targets": [urlsplit(target.address).netloc],
            "labels": {
                "part": target.part,
                "app": target.app,
                "kind": target.kind,
                "__metrics_path__": urlsplit(target.address).path,
            },
        }
        for target in found
    ]


def _alertmanager(address: str) -> dict[str, Any]:
    url = urlsplit(address)
    return {
        "scheme": url.scheme,
        "path_prefix": url.path or "/",
        "static_configs": [{"targets": [url.netloc]}],
    }


def _from_topic(label: str, group: int) -> dict[str, Any]:
    """A label that is a part of the topic's name. A series without topic keeps what it has."""
    return {
        "source_labels": ["topic"],
        "regex": TOPIC,
        "target_label": label,
        "replacement": f"${group}",
    }
