"""What docker-compose.yml says is what the code uses: images, ports, names, files, commands, checks, limits.

Nothing is started here. Where one fact stands in two places, the two are compared.
"""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import chdb
import pytest

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
)
from sinks.warehouse_server.config import Limits
from tests.conformance.compose_file import (
    COMPOSE,
    DOCKER,
    ELSEWHERE,
    FOR_A_MOMENT,
    MEMORY,
    OF_THE_IMAGE,
    OURS,
    PROJECT,
    ROOT,
    SERVICES,
    WITHOUT_USE,
    bytes_of,
    environment,
    exposed,
    image,
    literals,
)

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


# -------------------------------------------------------------------------------------- the checkers' checks


def test_dockers_own_reader_takes_the_file() -> None:
    """Where the client has one; the file is held by the tests above anyway."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose on this machine to read docker-compose.yml")
    secrets = {"MESH_WAREHOUSE_PASSWORD": "x", "GRAFANA_PASSWORD": "y"}
    command = [docker, "compose", "--file", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    done = subprocess.run(command, env=secrets, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    without = subprocess.run(command, env={}, capture_output=True, text=True)
    assert without.returncode != 0
    assert ".env.example" in without.stderr


def test_what_must_not_stand_there_is_found() -> None:
    """A password, a port open to the network."""
    assert literals("  GF_SECURITY_ADMIN_PASSWORD: admin\n") == ["admin"]
    assert literals("password=${X:?say}\nMESH_SMTP_PASSWORD:\n") == []
    open_one = copy.deepcopy(SERVICES["grafana"]) | {"ports": ["3000:3000"]}
    assert exposed("grafana", open_one) == {"3000:3000"}
    inner = copy.deepcopy(SERVICES["grafana"]) | {"networks": ["inside"]}
    assert len(exposed("grafana", inner)) == 1
