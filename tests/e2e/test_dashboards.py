"""Every query of every panel, asked of the Prometheus of a running mesh with some trade in it."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from mesh.kernel.clock import now_seconds
from mesh.kernel.discovery import find_mesh
from mesh.platform import client
from mesh.publish import Publisher
from observability.dashboards import dashboards
from observability.dashboards.panel import Panel
from observability.dashboards.reading import Span
from observability.dashboards.source import Prometheus
from tests.e2e.running_mesh import Mesh
from tests.e2e.world import facts

pytestmark = [pytest.mark.real, pytest.mark.watched]
ALL = dashboards(find_mesh())
PATIENCE = 240.0  # seconds
SPAN = 300.0  # seconds

QUIET = {
    "Certificates": "none is watched here",
    "Retries in place": "no part was away",
    "Open incidents": "nothing was wrong",
    "Pages in an hour": "nobody had to be paged",
    "Rows at fault, by rule": "every rule holds",
}
"""Panels of lines that rightly have none, and why. Numbers show 0 instead."""
SOUND_DOMAINS = "Rejected, by error"
"""Has lines where something was rejected: in sales, for the rubbish below."""


def may_be_empty(dashboard: str, panel: Panel) -> bool:
    """Whether a panel may rightly show nothing on this mesh; each such panel says why in its place."""
    quiet = panel.title in QUIET and bool(panel.empty)
    return quiet or (panel.title == SOUND_DOMAINS and dashboard != "sales")


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A running mesh into which orders come all the time, and some rubbish came first.

    A counter that is born shows its first growth only with its second sample, so one wave would not do.
    """
    mesh = Mesh(tmp_path_factory.mktemp("dashboards") / "home")
    ended = threading.Event()

    def trade() -> None:
        with Publisher(mesh.settings) as publisher:
            seed = 0
            while not ended.is_set():
                for event, values in facts(seed=seed, orders=60):
                    publisher.publish(event, values)
                seed += 1
                ended.wait(10)

    trader = threading.Thread(target=trade, daemon=True)
    try:
        mesh.home.mkdir()
        (mesh.home / "jobs.json").write_text('{"quality": 30}')  # so that a job has run before anybody looks
        started = mesh.run("up", "--retailer", "adventureworks")
        assert started.returncode == 0, started.stdout + started.stderr
        rubbish = Producer({"bootstrap.servers": mesh.settings.kafka})
        rubbish.produce("sales.public.order-placed.v1", b"rubbish", key=b"nobody")
        rubbish.flush(30)
        trader.start()
        yield mesh
    finally:
        ended.set()
        if trader.is_alive():
            trader.join(30)
        print(mesh.run("down", "--purge").stdout)


@pytest.fixture(scope="module")
def prometheus(mesh: Mesh) -> Iterator[Prometheus]:
    """Its Prometheus."""
    with Prometheus(mesh.settings.prometheus) as prometheus:
        yield prometheus


def waiting(prometheus: Prometheus, name: str) -> list[str]:
    """The panels that have something missing: a query without a line, or without a value in the span."""
    found = []
    for panel in ALL[name].panels:
        for query in panel.queries:
            lines = prometheus.lines(panel, query, Span(now_seconds(), SPAN))
            known = any(math.isfinite(value) for line in lines for value in line.values)
            if not known and not may_be_empty(name, panel):
                found.append(f"{panel.title}: {query.expr}")
    return found


@pytest.mark.parametrize("name", list(ALL))
def test_every_query_of_every_panel_is_answered_with_something(prometheus: Prometheus, name: str) -> None:
    """No query is refused, and none is about what nobody measures."""
    deadline = time.monotonic() + PATIENCE
    while (missing := waiting(prometheus, name)) and time.monotonic() < deadline:
        time.sleep(5)
    assert missing == []


def test_labels_fill_every_legend(prometheus: Prometheus) -> None:
    """A legend that names a label which no series has would leave a dash."""
    for name, dashboard in ALL.items():
        read = prometheus.read(dashboard, Span(now_seconds(), SPAN))
        for panel, lines in read.lines.items():
            assert [line.name for line in lines if "–" in line.name] == [], (name, panel.title)
            assert len({line.name for line in lines}) == len(lines), (name, panel.title)


@pytest.mark.parametrize("name", list(ALL))
def test_the_terminal_shows_every_panel(mesh: Mesh, name: str) -> None:
    """`mesh dash` on the running mesh."""
    shown = mesh.run("dash", name, "--once")
    assert shown.returncode == 0, shown.stderr
    assert [panel.title for panel in ALL[name].panels if panel.title not in shown.stdout] == []
    told = mesh.run("dash", name, "--json")
    values = {panel["title"]: panel["lines"] for panel in json.loads(told.stdout)["panels"]}
    number = "Parts down" if name == "platform" else "Complete"
    assert values[number][0]["value"] == (0 if name == "platform" else 1)


def test_grafana_gets_the_same_dashboards(mesh: Mesh) -> None:
    """They lie in the home after `mesh up`, with the retailer's promises in force."""
    folder = mesh.home / "grafana" / "dashboards"
    assert {path.stem for path in folder.glob("*.json")} == {f"mesh-{name}" for name in ALL}


def test_a_prometheus_that_goes_away_is_one_line(mesh: Mesh) -> None:
    """Exit code 2; the mesh goes on."""
    client.stop_part("prometheus", mesh.home)
    shown = mesh.run("dash", "--once")
    assert shown.returncode == 2
    assert shown.stderr.startswith("PlatformError[prometheus-unreachable]")
    assert shown.stderr.count("\n") == 1
