"""Every sample of domains and retailers, landed: at rest it breaks the rules that it breaks in stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from pydantic import ValidationError

from analytics.quality.judging import judge
from analytics.quality.rule_names import named
from analytics.quality.statement import Scene
from analytics.quality.upkeep import Growing, Speaking
from mesh.checks.examples import read_event
from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh, find_mesh, root
from mesh.kernel.event import Record
from mesh.kernel.overlay import read_overlay
from mesh.kernel.quality import breaks
from mesh.kernel.reference import Reference
from mesh.kernel.settings import Settings
from mesh.kernel.table_fold import broken as broken_in_table
from mesh.kernel.table_rules import Share, Unique
from tests.ports.embedded_server import EmbeddedServer
from tests.unit.analytics.quality.toys import START, fill, set_up

pytestmark = pytest.mark.real
MESH = find_mesh(Settings.model_construct())
RAW, MASTERED = "customer.raw.customer-record.v1", "customer.public.customer.v1"


class Sample(NamedTuple):
    """Records of one sample, and the port whose table shows them."""

    name: str
    port: Port
    records: list[Record]


@cache
def samples() -> tuple[Sample, ...]:
    """Those whose records can be made at all: what breaks its structure can land nowhere."""
    found = []
    for domain in MESH.domains.values():
        found += _folder(domain.folder / "examples", MESH)
    for overlay in sorted((root() / "data").glob("*/overlay.yaml")):
        own = MESH.with_overlay(read_overlay(overlay))
        found += _folder(overlay.parent / "examples", own)
    return tuple(found)


def _folder(folder: Path, mesh: Mesh) -> Iterator[Sample]:
    ports = {(port.record.__name__, port.version): port for port in mesh.ports.values()}
    for path in sorted(folder.glob("*.json")):
        event, version, *_ = path.name.split(".")
        port = ports[event, int(version[1:])]
        if port.topic == RAW:  # what is landed of a customer is its mastered view
            port = mesh.ports[MASTERED]
        if port.view is None:
            continue
        body = json.loads(path.read_text(encoding="utf-8"))
        stated = body.get("event", body.get("events", body)) if isinstance(body, dict) else body
        try:
            yield Sample(path.name, port, [_made(one, port) for one in _listed(stated)])
        except ValidationError:
            continue


def _listed(stated: Any) -> list[Any]:
    return stated if isinstance(stated, list) else [stated]


def _made(event: dict[str, Any], port: Port) -> Record:
    if port.topic == MASTERED:
        event = {"golden_id": event.get("account"), **event}
    return read_event(event, port.record)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with every table that has samples."""
    server = EmbeddedServer(tmp_path_factory.mktemp("samples") / "path")
    opened = clickhouse_connect.get_client(port=server.port)
    for topic in {sample.port.topic for sample in samples()}:
        set_up(opened, MESH.ports[topic])
    yield opened
    opened.close()
    server.stop()


def in_stream(sample: Sample) -> set[str]:
    """The names of the rules that its records break, each alone or together."""
    records = [record.model_dump() for record in sample.records]
    together = {one.rule for one in broken_in_table(sample.port, records)}
    found = set()
    for name, rule in named(sample.port).items():
        if isinstance(rule, Unique | Share):
            is_broken = rule in together
        elif isinstance(rule, Reference | Growing | Speaking):
            continue  # only a warehouse can judge it
        else:
            is_broken = any(breaks(rule, record) for record in records)
        if is_broken:
            found.add(name)
    return found


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_breaks_the_same_rules_at_rest(client: Client, sample: Sample) -> None:
    """By name, warnings included; what only a warehouse can judge is left out."""
    fill(client, sample.records, sample.port)
    at_rest = {
        one.rule
        for one in judge(client, [sample.port], Scene(MESH.ports, START))
        if one.verdict != "ok" and not one.rule.startswith("rows/") and "reference-missing" not in one.rule
    }
    assert at_rest == in_stream(sample)


def test_samples_break_rules_of_every_kind() -> None:
    """So that sameness is shown on what is broken, not only on what holds."""
    kinds = {name.rpartition("/")[2] for sample in samples() for name in in_stream(sample)}
    assert {"value-missing", "value-unknown", "value-format", "value-range", "value-equation"} <= kinds
    assert {"value-repeated", "value-format-share", "value-missing-share"} <= kinds
