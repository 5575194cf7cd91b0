"""How the real parts are declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import Settings
from mesh.platform import alertmanager, broker, observers, prometheus, registry, warehouse, workers
from mesh.platform.debian import Programs
from mesh.platform.jars import Jars
from mesh.platform.paths import Paths

JARS = Jars(
    class_path=(Path("/m2/kafka_2.13-4.0.2.jar"), Path("/m2/kafka-clients-4.0.2.jar")),
    archives={registry.ARTIFACT: Path("/m2/apicurio-registry-app-3.3.3-all.tar.gz")},
)
PROGRAMS = Programs(Path("/x/usr/bin/server"), Path("/x/usr/bin/tool"), "9.1", Path("/x"))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A home."""
    return Paths.of(tmp_path)


def test_the_broker_is_configured_for_its_ports_and_folder(paths: Paths) -> None:
    """Ports, data folder, and no topics by accident."""
    part = broker.declare(paths, JARS, 19092, 19093)
    lines = (paths.home / "broker" / "server.properties").read_text().splitlines()
    assert "listeners=PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093" in lines
    assert f"log.dirs={paths.home}/broker/data" in lines
    assert "auto.create.topics.enable=false" in lines
    assert part.version == "4.0.2"
    assert part.address == part.health.target == "127.0.0.1:19092"


def test_the_registry_writes_before_it_answers(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without WRITE_DELAY=0 a kill loses the last schema."""
    monkeypatch.setattr(registry, "unpack", lambda archive: archive.parent)
    part = registry.declare(paths, JARS, 18081, 19081)
    assert part.version == "3.3.3"
    assert part.address == "http://127.0.0.1:18081/apis/ccompat/v7"
    assert any(word.endswith(";WRITE_DELAY=0") for word in part.command)


def test_the_warehouse_is_told_path_and_port(paths: Paths) -> None:
    """The agreed command line."""
    part = warehouse.declare(paths, 18123)
    assert part.command[1:] == (
        *("-m", "sinks.warehouse_server", "--path", f"{paths.home}/warehouse"),
        *("--port", "18123"),
    )


def test_prometheus_finds_its_files_below_its_folder(paths: Paths) -> None:
    """Rules and targets by relative path, and the Alertmanager of this mesh."""
    part = prometheus.declare(paths, PROGRAMS, 19090)
    prometheus.configure(paths, Settings(alertmanager="http://127.0.0.1:19093"))
    home = paths.home / "prometheus"
    assert f"--config.file={home / 'prometheus.yml'}" in part.command
    assert "--web.listen-address=127.0.0.1:19090" in part.command
    text = (home / "prometheus.yml").read_text()
    assert "127.0.0.1:19093" in text
    assert (home / "rules").is_dir()
    assert paths.targets.parent == home / "targets"


def test_alertmanager_opens_no_port_for_peers_and_works_where_its_templates_are(paths: Paths) -> None:
    """It would else listen on the network."""
    part = alertmanager.declare(paths, PROGRAMS, 19093)
    assert "--cluster.listen-address=" in part.command
    assert part.folder == "/x"
    assert part.version == "9.1"


def test_who_watches_needs_nothing(paths: Paths) -> None:
    """They must start, and stay, when what they watch is away."""
    monitor, pager = observers.declare_monitor(paths, 19098), observers.declare_pager(paths, 19099)
    scheduler = observers.declare_scheduler(paths, 19097)
    assert monitor.needs == pager.needs == scheduler.needs == ()
    assert monitor.metrics == monitor.address == "http://127.0.0.1:19098/metrics"
    assert pager.address == "http://127.0.0.1:19099"
    assert pager.health.target == "http://127.0.0.1:19099/healthz"


@pytest.mark.parametrize(
    ("app", "module"),
    [
        ("orders-enriched", ("streams.worker", "mesh.orders-enriched")),
        ("customer-360", ("streams.worker", "mesh.customer-360")),
        ("sink", ("sinks.worker",)),
    ],
)
def test_a_worker_is_told_its_index_and_metrics_port(paths: Paths, app: str, module: tuple[str, ...]) -> None:
    """The agreed command line, and where the state is."""
    part = workers.declare(paths, app, 2, 19201)
    assert part.name == f"{app}-2"
    assert part.command[1:] == ("-m", *module, "--index", "2", "--metrics-port", "19201")
    assert part.env["MESH_HOME"] == str(paths.home)
    assert part.health.target == "http://127.0.0.1:19201/metrics"


def test_an_unknown_application_names_the_nearest(paths: Paths) -> None:
    """The remedy is one that exists."""
    with pytest.raises(PlatformError, match="did you mean 'orders-enriched'"):
        workers.declare(paths, "order-enriched", 1, 1)
