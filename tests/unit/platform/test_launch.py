"""``mesh up`` and ``mesh down`` as a whole, on toy parts: what starts, when, and what a failure leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mesh.kernel.errors import ContractError, PlatformError
from mesh.kernel.names import SIMULATIONS
from mesh.kernel.settings import Settings, load_settings
from mesh.platform import client, debian, launch
from mesh.platform.control import is_running, request
from mesh.platform.part import Part, PartStatus, State
from mesh.platform.paths import Paths
from tests.unit.platform.toys import dying, toy

SERVICES = ["broker", "registry", "warehouse"]
SERVERS = ["alertmanager", "prometheus"]
OBSERVERS = ["monitor", "pager", "scheduler"]
WORKERS = ["orders-enriched-1", "customer-mastering-1", "customer-360-1", "sink-1"]


@pytest.fixture
def steps() -> list[str]:
    """What happened, in order."""
    return []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: list[str]) -> Iterator[Path]:
    """A home where toys stand for the real parts, and provisioning only notes that it was called."""

    def services(_paths: Paths, names: list[str], *_rest: object) -> list[Part]:
        return [toy(name) for name in names]

    def worker(_paths: Paths, app: str, index: int, _port: int) -> Part:
        return toy(f"{app}-{index}", kind="worker", needs=("broker",))

    def apply(settings: Settings, _report: Callable[[str], None]) -> None:
        steps.append(f"provision {settings.retailer} {settings.home.name}")

    def obtain(package: debian.Package, _report: Callable[[str], None]) -> None:
        steps.append(f"obtain {package.name}")

    monkeypatch.setattr("mesh.platform.declarations.services", services)
    monkeypatch.setattr("mesh.platform.declarations.configure", lambda *_: None)
    monkeypatch.setattr("mesh.platform.debian.obtain", obtain)
    monkeypatch.setattr("mesh.platform.workers.declare", worker)
    monkeypatch.setattr("mesh.platform.provision.apply", apply)
    home = tmp_path / "home"
    yield home
    launch.down(home=home)


def listener(steps: list[str]) -> launch.Listener:
    """Notes every part that became ready."""

    def watch(part: PartStatus) -> None:
        if part.state is State.READY:
            steps.append(part.name)

    return launch.Listener(watch=watch)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds, five seconds at the most."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.02)


def names(home: Path) -> list[str]:
    """The parts that the supervisor knows, in alphabetical order."""
    return sorted(part.name for part in client.status(home))


def test_services_then_provisioning_then_workers(home: Path, steps: list[str]) -> None:
    """No worker starts before the contracts are applied."""
    assert launch.up(home=home, retailer="adventureworks", listener=listener(steps)) is True
    assert steps[:2] == ["obtain prometheus", "obtain prometheus-alertmanager"]
    assert sorted(steps[2:7]) == sorted(SERVICES + SERVERS)
    assert steps[7] == "provision adventureworks home"
    assert sorted(steps[8:]) == sorted(WORKERS + OBSERVERS)


def test_a_second_up_changes_nothing(home: Path, steps: list[str]) -> None:
    """Same processes, no provisioning."""
    launch.up(home=home, with_monitoring=False)
    before = {part.name: part.pid for part in client.status(home)}
    assert launch.up(home=home, with_monitoring=False) is False
    assert {part.name: part.pid for part in client.status(home)} == before
    assert len(steps) == 1


def test_a_mesh_runs_without_what_watches_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Prometheus cannot be had, one line says what to install, and everything else runs."""

    def fail(package: debian.Package, _report: object) -> None:
        raise PlatformError("programs-missing", "is not there", place=package.name, remedy="install it")

    monkeypatch.setattr("mesh.platform.debian.obtain", fail)
    lines: list[str] = []
    launch.up(home=home, listener=launch.Listener(report=lines.append))
    assert "the mesh runs without monitoring: prometheus is not there; install it" in lines
    assert names(home) == sorted([*SERVICES, *WORKERS, "scheduler"])


def test_a_part_is_watched_from_its_first_readiness(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is stopped stays a target, so that its absence is seen; a forgotten one does not."""

    def targets() -> list[str]:
        found = json.loads(Paths.of(home).targets.read_text())
        return [target["labels"]["part"] for target in found]

    def services(_paths: Paths, names: list[str], *_rest: object) -> list[Part]:
        return [toy(name, metrics="http://127.0.0.1:1/metrics") for name in names]

    monkeypatch.setattr("mesh.platform.declarations.services", services)
    launch.up(home=home, only=["broker", "monitor"])
    eventually(lambda: targets() == ["broker", "monitor"])
    client.stop_part("monitor", home)
    eventually(lambda: client.part_status("monitor", home).state is State.STOPPED)
    assert targets() == ["broker", "monitor"]
    request(Paths.of(home), "forget", parts=["monitor"])
    eventually(lambda: targets() == ["broker"])


def test_services_alone_are_not_provisioned(home: Path, steps: list[str]) -> None:
    """--no-workers and --only start what they name."""
    launch.up(home=home, only=["broker"])
    assert names(home) == ["broker"]
    launch.up(home=home, with_workers=False)
    assert names(home) == SERVICES
    assert steps == []


def test_up_completes_what_is_missing(home: Path) -> None:
    """What runs is left alone, what was stopped is started."""
    launch.up(home=home, with_workers=False)
    broker = client.part_status("broker", home).pid
    client.stop_part("registry", home)
    assert launch.up(home=home) is True
    assert names(home) == sorted(SERVICES + SERVERS + WORKERS + OBSERVERS)
    assert client.part_status("broker", home).pid == broker


def test_the_settings_of_the_running_platform_are_those_of_every_program(home: Path) -> None:
    """Addresses and retailer are read from the state file; no password is in it."""
    launch.up(home=home, with_workers=False, retailer="adventureworks")
    settings = load_settings(home=home)
    assert settings.retailer == "adventureworks"
    assert settings.kafka == client.part_status("broker", home).address
    assert "password" not in json.dumps(json.loads(Paths.of(home).state.read_text())["settings"])


def test_another_retailer_is_refused(home: Path) -> None:
    """The running one is named."""
    launch.up(home=home, with_workers=False, retailer="adventureworks")
    with pytest.raises(PlatformError, match="runs for 'adventureworks', not 'other'"):
        launch.up(home=home, retailer="other")
    assert is_running(Paths.of(home))


def test_a_failed_up_leaves_nothing_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that cannot start takes down what this call had started."""
    monkeypatch.setattr("mesh.platform.declarations.services", lambda *_: [toy("broker"), dying("registry")])
    with pytest.raises(PlatformError, match="registry"):
        launch.up(home=home, only=["broker", "registry"])
    assert not is_running(Paths.of(home))


def test_failed_provisioning_leaves_nothing_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own error reaches the caller."""

    def fail(*_: object) -> None:
        raise PlatformError("nope", "no")

    monkeypatch.setattr("mesh.platform.provision.apply", fail)
    with pytest.raises(PlatformError, match="nope"):
        launch.up(home=home)
    assert not is_running(Paths.of(home))


def test_an_application_scales_up_and_down(home: Path) -> None:
    """So many processes, the others untouched."""
    launch.up(home=home)
    first = client.part_status("orders-enriched-1", home).pid
    client.scale("orders-enriched", 3, home)
    assert [name for name in names(home) if name.startswith("orders")] == [
        f"orders-enriched-{index}" for index in (1, 2, 3)
    ]
    client.scale("orders-enriched", 1, home)
    assert [name for name in names(home) if name.startswith("orders")] == ["orders-enriched-1"]
    assert client.part_status("orders-enriched-1", home).pid == first


def test_an_unknown_name_is_refused_before_anything_starts(home: Path) -> None:
    """The nearest name is the remedy."""
    with pytest.raises(PlatformError, match="did you mean 'registry'"):
        launch.up(home=home, only=["registri"])
    assert not is_running(Paths.of(home))


def test_an_unknown_retailer_is_refused_before_anything_starts(home: Path) -> None:
    """Not half a minute later, when broker and registry run."""
    with pytest.raises(ContractError, match="retailer-unknown"):
        launch.up(home=home, retailer="nobody")
    assert not Paths.of(home).state.exists()


def test_a_retailers_folder_is_found_from_anywhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path is kept whole, since other commands may run in other folders."""
    (tmp_path / "retailers" / "kiosk").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    launch.up(home=home, only=["broker"], retailer="retailers/kiosk/")
    assert load_settings(home=home).retailer == str((tmp_path / "retailers" / "kiosk").resolve())


def test_purge_deletes_data_and_nothing_else(home: Path) -> None:
    """A home set to a folder with other things in it keeps them."""
    launch.up(home=home, only=["broker"])
    (home / "broker").mkdir()
    (home / SIMULATIONS).mkdir()
    (home / "novel.txt").write_text("mine")
    launch.down(home=home)
    assert (home / "broker").exists()
    launch.down(home=home, purge=True)
    assert not (home / "broker").exists()
    assert not (home / SIMULATIONS).exists()  # what was done to events that are no more
    assert (home / "novel.txt").read_text() == "mine"
