"""docker-compose.yml starts, scrapes and asks every process as the local platform does."""

from __future__ import annotations

import argparse
import importlib
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mesh.cli import main as cli
from mesh.cli.configure import target
from mesh.platform import (
    alertmanager,
    broker,
    debian,
    observers,
    prometheus,
    registry,
    warehouse,
    workers,
)
from mesh.platform.paths import Paths
from tests.conformance.compose_file import (
    DOCKER,
    FOR_A_MOMENT,
    OURS,
    ROOT,
    SERVICES,
    environment,
    seconds_of,
)


class ParsedError(Exception):
    """A program has read its arguments, and would start now."""


def require_command(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a command of our image names no module or verb, or arguments that it does not take."""
    program, *arguments = command
    if program == "mesh":
        cli.load(arguments[0]).make_context(arguments[0], arguments[1:])
        return
    assert (program, arguments[0]) == ("python", "-m")
    real = argparse.ArgumentParser.parse_args

    def parse(self: argparse.ArgumentParser, *given: Any, **named: Any) -> Any:
        real(self, *given, **named)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    monkeypatch.setattr(sys, "argv", arguments[1:])
    name = arguments[1]
    module = importlib.import_module(f"{name}.__main__" if is_package(name) else name)
    with pytest.raises(ParsedError):
        module.main()


def is_package(name: str) -> bool:
    """Whether a module is run by its __main__."""
    return (ROOT / name.replace(".", "/")).is_dir()


@pytest.mark.parametrize("service", sorted(OURS.keys() - {"mesh"}))
def test_commands_are_taken(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the program itself would read them."""
    require_command(list(SERVICES[service]["command"]), monkeypatch)


def test_processes_are_started_as_the_local_platform_starts_them() -> None:
    """The same modules, but listening where other containers reach them."""
    paths = Paths.of(Path("home"))
    for app in workers.APPS:
        local = workers.declare(paths, app, 1, 1)
        ours = SERVICES[app]["command"]
        plain = [word for word in ours if not word.startswith("--")]
        assert plain == ["python", *_without_options(local.command[1:])]
        assert "--metrics-host=0.0.0.0" in ours
        assert seconds_of(SERVICES[app]["stop_grace_period"]) >= local.grace
        assert seconds_of(SERVICES[app]["healthcheck"]["start_period"]) >= local.ready_timeout


def _without_options(command: tuple[str, ...]) -> list[str]:
    """The module of a command and its plain arguments."""
    found, rest = [], list(command)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            rest.pop(0)
        else:
            found.append(word)
    return found


def test_prometheus_scrapes_every_process_where_it_listens() -> None:
    """Each of ours that serves metrics, and the services that do."""
    options = [word for word in SERVICES["configure"]["command"] if word.startswith("--scrape=")]
    targets = {one.part: urlsplit(one.address) for one in map(target, (o.split("=", 1)[1] for o in options))}
    assert {part: url.hostname for part, url in targets.items()} == {
        **{f"{app}-1": app for app in workers.APPS},
        **{name: name for name in ("monitor", "pager", "scheduler")},
        **{name: name for name in ("prometheus", "alertmanager", "warehouse")},
    }
    for app in (*workers.APPS, observers.MONITOR, observers.PAGER, observers.SCHEDULER):
        port = targets[f"{app}-1" if app in workers.APPS else app].port
        assert any(str(port) in word for word in SERVICES[app]["command"]), app
    server = ElementTree.parse(DOCKER / "warehouse" / "config.xml")
    assert server.findtext("prometheus/port") == str(targets["warehouse"].port)


def test_flags_of_prometheus_and_alertmanager_are_the_local_ones() -> None:
    """But for addresses and folders; the configuration comes from `mesh configure`."""
    home = Path(str(environment("configure")["MESH_HOME"]))
    programs = debian.Programs(Path("server"), Path("tool"), "", Path("."))
    locals_ = {
        "prometheus": prometheus.declare(Paths(home), programs, prometheus.PORT),
        "alertmanager": alertmanager.declare(Paths(home), programs, alertmanager.PORT),
    }
    for name, local in locals_.items():
        ours = set(SERVICES[name]["command"])
        assert ours ^ set(local.command[1:]) <= {
            f"--web.listen-address={local.address.removeprefix('http://')}",
            *(word for word in {*ours, *local.command} if ".path=" in word),
        }
        assert any(
            f"{name}:/{name}" in mount or f"home:{home}" in mount for mount in SERVICES[name]["volumes"]
        )


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - FOR_A_MOMENT))
def test_health_is_asked_where_the_code_asks(service: str) -> None:
    """The path of the local part's own check, on the port on which the service listens."""
    check = " ".join(SERVICES[service]["healthcheck"]["test"])
    wanted = {
        "broker": f"127.0.0.1/{broker.PORT}",
        "registry": f"GET {registry.API}/subjects",
        "warehouse": f":{warehouse.PORT}/ping",
        "prometheus": f":{prometheus.PORT}/-/ready",
        "alertmanager": f":{alertmanager.PORT}/-/ready",
        "grafana": ":3000/api/health",
        "pager": f":{observers.PAGER_PORT}/healthz",
    }
    metrics = next((word for word in SERVICES[service].get("command", ()) if "metrics-port=" in word), "")
    assert wanted.get(service, f":{metrics.rpartition('=')[2]}/metrics") in check


def test_nothing_of_ours_starts_before_contracts_are_applied() -> None:
    """And what keeps the data is healthy before they are."""
    assert SERVICES["apply"]["depends_on"] == {
        "configure": {"condition": "service_completed_successfully"},
        **{name: {"condition": "service_healthy"} for name in workers.SERVICES},
    }
    for name in OURS.keys() - FOR_A_MOMENT:
        assert SERVICES[name]["depends_on"] == {"apply": {"condition": "service_completed_successfully"}}


def test_an_option_that_does_not_exist_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the program itself would say."""
    with pytest.raises(SystemExit):
        require_command(["python", "-m", "sinks.worker", "--no-such-option"], monkeypatch)
