"""The routes in amtool's and Alertmanager's hands: who is told of what, and what is held back."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings, load_settings
from mesh.platform.debian import ALERTMANAGER, Programs, obtain
from observability.alerts import Alert
from observability.routes import alertmanager, receiver
from observability.rules import document, groups
from observability.writing import write

pytestmark = [pytest.mark.real, pytest.mark.watched]

MESH = find_mesh()
ALERTS = {alert.name: alert for alerts in groups(MESH, load_settings()).values() for alert in alerts}
MAIL = load_settings(smtp="smtp://127.0.0.1:2525", dead_man="https://outside.example/alive")
PATIENCE = 20.0  # seconds


@pytest.fixture(scope="module")
def programs() -> Programs:
    """Alertmanager and amtool; where they can be had their absence is a failure."""
    return obtain(ALERTMANAGER)


def routed(amtool: Path, config: Path, alert: Alert) -> list[str]:
    """The receivers that amtool finds for an alert."""
    labels = [f"{name}={value}" for name, value in {"alertname": alert.name, **alert.all_labels}.items()]
    run = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={config}", *labels],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return run.stdout.strip().split(",")


@pytest.mark.parametrize("settings", [load_settings(), MAIL], ids=["plain", "mail"])
def test_every_alert_reaches_its_receivers(settings: Settings, programs: Programs, tmp_path: Path) -> None:
    """And nobody else; the files that the mesh writes are accepted."""
    write(MESH, settings, tmp_path)
    config = tmp_path / "alertmanager" / "alertmanager.yaml"
    subprocess.run([programs.tool, "check-config", config], check=True, capture_output=True, timeout=60)
    found = {name: routed(programs.tool, config, alert) for name, alert in ALERTS.items()}
    assert found == {name: list(receiver(alert, MESH.domains, settings)) for name, alert in ALERTS.items()}


def test_a_deleted_route_is_noticed(programs: Programs, tmp_path: Path) -> None:
    """The alerts of its domain reach somebody else."""
    config = alertmanager(MESH.domains, load_settings(), tmp_path)
    config["route"]["routes"] = [route for route in config["route"]["routes"] if route["receiver"] != "sales"]
    path = tmp_path / "alertmanager.yaml"
    path.write_text(document(config))
    alert = ALERTS["SalesOrderPlacedStale"]
    assert routed(programs.tool, path, alert) == ["platform"]
    assert receiver(alert, MESH.domains, load_settings()) == ("sales",)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Pager:
    """What the pager would be told: a server that keeps each notification by its receiver."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in body["alerts"]:
                    told.append((self.path.rpartition("/")[2], alert["labels"]["alertname"], alert["status"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def pager() -> Iterator[Pager]:
    """A pager that hears everything."""
    found = Pager()
    yield found
    found.server.shutdown()
    found.server.server_close()


class Running:
    """A real Alertmanager with the routes of the mesh."""

    def __init__(self, programs: Programs, settings: Settings, home: Path) -> None:
        write(MESH, settings, home)
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [
                str(programs.server),
                f"--config.file={home / 'alertmanager' / 'alertmanager.yaml'}",
                f"--storage.path={home / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=error",
            ],
            cwd=programs.folder,
        )
        try:
            until(self._ready)
        except AssertionError:
            self.stop()
            raise

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/-/ready", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def fire(self, *names: str, ended: bool = False, **labels: str) -> None:
        """Tell it of alerts, or that they ended, as Prometheus does."""
        now = datetime.now(UTC).isoformat()
        alerts = [
            {
                "labels": {"alertname": name, **ALERTS[name].all_labels, **labels},
                "annotations": ALERTS[name].annotations(""),
                **({"endsAt": now} if ended else {}),
            }
            for name in names
        ]
        httpx.post(f"{self.address}/api/v2/alerts", json=alerts, trust_env=False).raise_for_status()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


def until(holds: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def running(programs: Programs, pager: Pager, tmp_path: Path) -> Iterator[Running]:
    """Alertmanager with the pager above."""
    found = Running(programs, load_settings(pager=pager.address), tmp_path)
    yield found
    found.stop()


def test_what_follows_from_a_cause_is_held_back(running: Running, pager: Pager) -> None:
    """And told when the cause has gone and it has not."""
    running.fire("PlatformSinkDown", part="sink-1", app="sink")
    running.fire("SalesOrderPlacedStale", "PlatformSinkBehind", "SalesOrderPlacedRejected")
    running.fire("CustomerCustomer360Stalled", "SalesOrdersEnrichedStalled")
    running.fire("PlatformWorkerDown", part="orders-enriched-1", app="orders-enriched")
    told = {
        ("platform", "PlatformSinkDown", "firing"),
        ("platform", "PlatformWorkerDown", "firing"),
        ("sales", "SalesOrderPlacedRejected", "firing"),
        ("customer", "CustomerCustomer360Stalled", "firing"),
    }
    until(lambda: told <= set(pager.told))
    time.sleep(1)
    assert set(pager.told) == told
    running.fire("PlatformSinkDown", part="sink-1", app="sink", ended=True)
    until(lambda: ("sales", "SalesOrderPlacedStale", "firing") in pager.told)
    assert ("platform", "PlatformSinkDown", "resolved") in pager.told


def test_the_watchdog_is_heard_again_and_again(running: Running, pager: Pager) -> None:
    """At once, and then every ten seconds; by its own receiver alone."""
    running.fire("Watchdog")
    until(lambda: pager.told)
    assert pager.told[0] == ("watchdog", "Watchdog", "firing")
    config = yaml.safe_load(httpx.get(f"{running.address}/api/v2/status").json()["config"]["original"])
    watchdog = config["route"]["routes"][0]
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("10s", "5s")


def test_the_pagers_death_goes_out_by_mail(programs: Programs, tmp_path: Path) -> None:
    """Straight from Alertmanager, with what to do."""
    mails: list[Any] = []

    class Keep(Message):
        def handle_message(self, message: Any) -> None:
            mails.append(message)

    port = free_port()
    server = Controller(Keep(), hostname="127.0.0.1", port=port)
    server.start()
    settings = load_settings(pager="http://127.0.0.1:9", smtp=f"smtp://127.0.0.1:{port}")
    running = Running(programs, settings, tmp_path)
    try:
        running.fire("PlatformPagerDown", part="pager", app="pager")
        until(lambda: mails)
    finally:
        running.stop()
        server.stop()
    (mail,) = mails
    assert mail["To"] == settings.operations
    assert "PlatformPagerDown" in mail["Subject"]
    text = mail.get_payload(decode=True) or mail.get_payload()[0].get_payload(decode=True)
    assert "mesh logs pager" in text.decode()
    assert "observability/runbook.md#platformpagerdown" in text.decode()
