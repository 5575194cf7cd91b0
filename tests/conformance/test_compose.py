"""What docker-compose.yml says is what the code uses: images, ports, names, files, commands, checks, limits.

Nothing is started here. Where one fact stands in two places, the two are compared.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chdb
import pytest
import yaml

from mesh.cli import main as cli
from mesh.cli.configure import target
from mesh.kernel.settings import Settings
from mesh.platform import (
    alertmanager,
    broker,
    debian,
    jars,
    observers,
    prometheus,
    registry,
    warehouse,
    workers,
)
from mesh.platform.paths import Paths
from observability.dashboards.grafana import DATASOURCE, uid
from sinks.warehouse_server.config import Limits, write_config

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


# ------------------------------------------------------------------------------------------------- images


def test_versions_are_those_of_the_local_platform() -> None:
    """The broker's jar, the registry's archive, the warehouse's engine, the dashboards' library."""
    coordinates = tomllib.loads((ROOT / "jgo.toml").read_text())["dependencies"]["coordinates"]
    kafka = next(one.rsplit(":", 1)[1] for one in coordinates if ":kafka_2.13:" in one)
    apicurio = jars.ARCHIVES[0].split(":")[2]
    engine = ".".join(chdb.engine_version.split(".")[:2])
    grafana = version("grafana-foundation-sdk").rpartition("!")[2]
    assert image("broker") == ("apache/kafka", kafka)
    assert image("registry") == ("apicurio/apicurio-registry", apicurio)
    assert image("warehouse") == ("clickhouse/clickhouse-server", engine)
    assert image("grafana") == ("grafana/grafana", grafana)


@pytest.mark.real
@pytest.mark.parametrize(
    ("service", "package"), [("prometheus", debian.PROMETHEUS), ("alertmanager", debian.ALERTMANAGER)]
)
def test_rules_and_routes_are_read_by_what_they_are_tested_with(
    service: str, package: debian.Package
) -> None:
    """The images have the version of the distribution's packages."""
    name, tag = image(service)
    assert name == f"prom/{service}"
    assert tag == "v" + debian.obtain(package).version.split("+")[0]


def test_our_image_has_the_projects_version_and_python() -> None:
    """One image for all of our processes, built from the locked dependencies."""
    assert {one["image"] for one in OURS.values()} == {f"retail-data-mesh:{PROJECT['project']['version']}"}
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    python = PROJECT["tool"]["mypy"]["python_version"]
    assert re.search(r"(?m)^FROM (.+)$", dockerfile)[1] == f"python:{python}-slim-bookworm"  # type: ignore[index]
    assert "--require-hashes --requirement /opt/mesh/requirements.lock" in dockerfile
    assert all((ROOT / one["build"]["dockerfile"]).is_file() for one in OURS.values())


def test_no_image_floats() -> None:
    """Every tag names a version."""
    assert [one["image"] for one in SERVICES.values() if not re.search(r":v?\d+\.\d+", one["image"])] == []


# ------------------------------------------------------------------------------------------ environment


def test_every_setting_is_stated_left_to_env_or_without_use() -> None:
    """And nothing else begins with MESH_."""
    known = {f"MESH_{name.upper()}" for name in Settings.model_fields}
    for name in OURS:
        assert {key for key in environment(name) if key.startswith("MESH_")} == known - WITHOUT_USE, name


def test_stated_settings_are_read_as_they_are_meant() -> None:
    """Each address leads to the service of that name, on the port on which it listens."""
    stated = {k.removeprefix("MESH_").lower(): v for k, v in environment("apply").items() if v}
    settings = Settings(**stated)
    addresses = (
        settings.registry,
        settings.warehouse,
        settings.prometheus,
        settings.alertmanager,
        settings.pager,
    )
    assert [(urlsplit(url).hostname, urlsplit(url).port) for url in addresses] == [
        ("registry", 8080),  # the image's own port
        ("warehouse", warehouse.PORT),
        ("prometheus", prometheus.PORT),
        ("alertmanager", alertmanager.PORT),
        ("pager", observers.PAGER_PORT),
    ]
    assert settings.kafka == f"broker:{broker.PORT}"
    assert urlsplit(settings.registry).path == registry.API
    assert {name.split(":")[0] for name in (settings.kafka,)} <= SERVICES.keys()


def test_the_example_of_env_names_settings_and_no_password() -> None:
    """Only names that the file takes; the two secrets are there and empty."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", text))
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    assert {name for name in named if re.search(rf"(?m)^{name}=", text)} == needed
    assert all(named[name] == "" for name in needed)
    assert named.keys() - needed <= environment("mesh").keys()
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_no_password_stands_anywhere() -> None:
    """In no file of the containers; each secret is required, so none is left open."""
    paths = [ROOT / "docker-compose.yml", ROOT / ".env.example", *filter(Path.is_file, DOCKER.rglob("*"))]
    assert {path.name: found for path in paths if (found := literals(path.read_text(encoding="utf-8")))} == {}
    assert environment("warehouse")["MESH_WAREHOUSE_PASSWORD"].startswith("${MESH_WAREHOUSE_PASSWORD:?")  # type: ignore[union-attr]
    assert environment("grafana")["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")  # type: ignore[union-attr]


def test_the_broker_has_the_settings_of_the_local_one() -> None:
    """Names as its image takes them: dots become underscores, after KAFKA_."""
    lines = (line for line in broker.SETTINGS.splitlines() if line and not line.startswith("#"))
    wanted = dict(line.split("=", 1) for line in lines) | ELSEWHERE
    stated = environment("broker")
    assert stated["CLUSTER_ID"] == broker.CLUSTER_ID
    assert {k: v for k, v in stated.items() if k not in OF_THE_IMAGE} == {
        f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in wanted.items()
    }
    assert [word for word in str(stated["KAFKA_HEAP_OPTS"]).split() if word not in broker.MEMORY] == []


def test_the_registry_keeps_its_schemas_in_the_broker() -> None:
    """Its environment is its properties with underscores; the local one takes the same kind of names."""
    stated = environment("registry")
    assert stated["APICURIO_STORAGE_KIND"] == "kafkasql"
    assert stated["APICURIO_KAFKASQL_BOOTSTRAP_SERVERS"] == environment("apply")["MESH_KAFKA"]


def test_grafana_asks_no_stranger_and_tells_none() -> None:
    """No guests, no sign-up, no reports."""
    stated = environment("grafana")
    assert stated["GF_AUTH_ANONYMOUS_ENABLED"] == stated["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert stated["GF_ANALYTICS_REPORTING_ENABLED"] == "false"


# --------------------------------------------------------------------------------- networks, files, memory


def test_ports_are_those_of_the_code_and_of_this_machine_only() -> None:
    """Broker and registry, which ask for no password, are on the inner network alone."""
    assert {port for name, one in SERVICES.items() for port in exposed(name, one)} == set()
    published = {name: one["ports"][0].split(":")[1:] for name, one in SERVICES.items() if "ports" in one}
    assert published == {
        "warehouse": [str(warehouse.PORT)] * 2,
        "prometheus": [str(prometheus.PORT)] * 2,
        "alertmanager": [str(alertmanager.PORT)] * 2,
        "pager": [str(observers.PAGER_PORT)] * 2,
        "grafana": ["3000"] * 2,
    }
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["broker"]["networks"] == SERVICES["registry"]["networks"] == ["inside"]


def test_mounted_files_exist_and_volumes_are_declared() -> None:
    """And each named volume is used."""
    used = set()
    for name, one in SERVICES.items():
        for mount in one.get("volumes", ()):
            source, path, *_ = mount.split(":")
            assert path.startswith("/"), name
            if source.startswith("./"):
                assert (ROOT / source).is_file(), mount
                assert mount.endswith(":ro"), mount
            else:
                used.add(source)
    assert used == set(COMPOSE["volumes"])
    home = environment("apply")["MESH_HOME"]
    assert all(f"home:{home}" in one["volumes"] for one in OURS.values())
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert f"VOLUME {home}" in dockerfile
    user = re.search(r"(?m)^USER (\S+)$", dockerfile)
    assert user is not None
    assert SERVICES["alertmanager"]["user"] == user[1]


def test_limits_of_memory_fit_a_laptop() -> None:
    """Every service has one, all that stay have 6 GiB at the most, and Java has less than its container."""
    staying = {name: bytes_of(one["mem_limit"]) for name, one in SERVICES.items() if name not in FOR_A_MOMENT}
    assert sum(staying.values()) <= MEMORY
    for name, key in (("broker", "KAFKA_HEAP_OPTS"), ("registry", "JAVA_TOOL_OPTIONS")):
        options = re.findall(r"-XX:MaxMetaspaceSize=(\d+m)|-Xmx(\d+m)", str(environment(name)[key]))
        assert sum(bytes_of(first or second) for first, second in options) < staying[name] * 0.7
    assert staying["warehouse"] > Limits().memory * 1.3


# ------------------------------------------------------------------------------------- commands and checks


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


# ------------------------------------------------------------------------------- the warehouse and Grafana


def test_the_server_of_the_warehouse_is_set_up_like_the_embedded_one(tmp_path: Path) -> None:
    """Every size that it states, and every setting of the profile, is that of the embedded engine."""
    write_config(tmp_path, Limits())
    local = ElementTree.parse(tmp_path / "config.xml").getroot()
    ours = ElementTree.parse(DOCKER / "warehouse" / "config.xml").getroot()
    own = {"listen_host", "logger", "prometheus"}
    for element in ours:
        if element.tag not in own and element.get("remove") is None:
            assert _plain(element) == _plain(local.find(element.tag)), element.tag
    profile = ElementTree.parse(DOCKER / "warehouse" / "users.xml").find("profiles/default")
    embedded = ElementTree.parse(tmp_path / "users.xml").find("profiles/default")
    assert profile is not None
    assert embedded is not None
    for element in profile:
        if element.tag != "constraints":
            assert _plain(element) == _plain(embedded.find(element.tag)), element.tag
    blocks = {element.tag for element in embedded if "insert_block" in element.tag}
    assert blocks <= {element.tag for element in profile}, "an INSERT must be one block"


def test_the_server_knows_one_user_with_the_rights_of_the_embedded_one(tmp_path: Path) -> None:
    """The user without a password is removed; the mesh's gets its password from the environment."""
    write_config(tmp_path, Limits())
    users = ElementTree.parse(DOCKER / "warehouse" / "users.xml").find("users")
    assert users is not None
    assert [(user.tag, user.get("remove")) for user in users] == [("default", "remove"), ("mesh", None)]
    mesh = users.find("mesh")
    assert mesh is not None
    assert mesh.tag == environment("apply")["MESH_WAREHOUSE_USER"]
    assert _plain(mesh.find("password")) == ("password", {"from_env": "MESH_WAREHOUSE_PASSWORD"}, "", [])
    local = ElementTree.parse(tmp_path / "users.xml").findtext("users/default/grants/query")
    rights, *engines = (query.text or "" for query in mesh.iterfind("grants/query"))
    assert rights == local
    made = "".join(path.read_text() for path in (ROOT / "tests" / "golden" / "ddl").glob("*.sql"))
    used = set(re.findall(r"ENGINE = (\w+)", made)) - {"Atomic"}  # a database's
    assert engines == [f"GRANT TABLE ENGINE ON {name}" for name in sorted(used, reverse=True)]


def _plain(element: ElementTree.Element | None) -> Any:
    """An element as data."""
    if element is None:
        return None
    text = (element.text or "").strip()
    return element.tag, element.attrib, text, [_plain(child) for child in element]


def test_grafana_finds_the_data_source_and_the_dashboards() -> None:
    """The uid that the dashboards name, the folder into which they are written, the one to begin with."""
    sources = yaml.safe_load((DOCKER / "grafana" / "datasources.yaml").read_text())["datasources"]
    stated = environment("apply")
    assert {one["uid"]: one["url"] for one in sources} == {
        DATASOURCE.uid: stated["MESH_PROMETHEUS"],
        "mesh-alertmanager": stated["MESH_ALERTMANAGER"],
    }
    provider = yaml.safe_load((DOCKER / "grafana" / "dashboards.yaml").read_text())["providers"][0]
    folder = f"{stated['MESH_HOME']}/grafana/dashboards"
    assert provider["options"]["path"] == folder
    begin = environment("grafana")["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert begin == f"{folder}/{uid('platform')}.json"


# -------------------------------------------------------------------------------------- the checkers' checks


def test_dockers_own_reader_takes_the_file() -> None:
    """Where the client has one; the file is held by the tests above anyway."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        return
    secrets = {"MESH_WAREHOUSE_PASSWORD": "x", "GRAFANA_PASSWORD": "y"}
    command = [docker, "compose", "--file", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    done = subprocess.run(command, env=secrets, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    without = subprocess.run(command, env={}, capture_output=True, text=True)
    assert without.returncode != 0
    assert ".env.example" in without.stderr


def test_what_must_not_stand_there_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password, a port open to the network, a command that does not exist."""
    assert literals("  GF_SECURITY_ADMIN_PASSWORD: admin\n") == ["admin"]
    assert literals("password=${X:?say}\nMESH_SMTP_PASSWORD:\n") == []
    open_one = copy.deepcopy(SERVICES["grafana"]) | {"ports": ["3000:3000"]}
    assert exposed("grafana", open_one) == {"3000:3000"}
    inner = copy.deepcopy(SERVICES["grafana"]) | {"networks": ["inside"]}
    assert len(exposed("grafana", inner)) == 1
    with pytest.raises(SystemExit):
        require_command(["python", "-m", "sinks.worker", "--no-such-option"], monkeypatch)
