"""The compose file as its tests read it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deploy" / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
MEMORY = 6 << 30
"""Bytes that all containers together may have: what a laptop can spare."""
FOR_A_MOMENT = {"configure", "apply", "mesh"}
"""Services that end when they are done."""
WITHOUT_USE = {"MESH_WORKERS", "MESH_REPLICATION", "MESH_DOMAINS", "MESH_CERTIFICATES"}
"""Settings without use in containers: another number of processes or replicas needs another file; folders
outside of the image need a volume."""
OF_THE_IMAGE = {"CLUSTER_ID", "KAFKA_HEAP_OPTS"}
"""Names of Kafka's image that are no property of the server."""
ELSEWHERE = {
    "controller.quorum.voters": "1@127.0.0.1:9093",
    "listeners": "PLAINTEXT://:9092,CONTROLLER://127.0.0.1:9093",
    "advertised.listeners": "PLAINTEXT://broker:9092",
    "log.dirs": "/var/lib/kafka/data",
}
"""Properties of the broker that must differ in a container."""


def image(service: str) -> tuple[str, str]:
    """Name and tag of a service's image."""
    name, _, tag = SERVICES[service]["image"].rpartition(":")
    return name, tag


def environment(service: str) -> dict[str, str | None]:
    """What a service's processes find in their environment; None is whatever .env says."""
    found: dict[str, str | None] = SERVICES[service].get("environment", {})
    return found


def bytes_of(text: str) -> int:
    """A limit of memory in bytes."""
    return int(text[:-1]) << {"m": 20, "g": 30}[text[-1]]


def seconds_of(text: str) -> int:
    """A time of the file in seconds."""
    assert text.endswith("s"), text
    return int(text[:-1])


def exposed(name: str, service: dict[str, Any]) -> set[str]:
    """The faults of what a service opens to the machine: beyond it, or without need of the outer network."""
    faults = {port for port in service.get("ports", ()) if not port.startswith("127.0.0.1:")}
    if service.get("ports") and "outside" not in service["networks"]:
        faults.add(f"{name} is on no network that reaches this machine")
    return faults


def literals(text: str) -> list[str]:
    """Passwords that stand in a text: a value that is neither empty nor taken from the environment."""
    found = re.findall(r"(?im)^[ \t]*[\w.]*(?:password|secret|token)\w*[ \t]*[:=](.*)$", text)
    return [value for text in found if (value := text.strip(" '\"")) and not value.startswith(("${", "#"))]
