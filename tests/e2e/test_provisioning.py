"""Provisioning on a real broker, registry and warehouse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import REMEMBERED_FILE, Settings, load_settings
from mesh.kernel.warehouse import connect
from mesh.platform.launch import down, up
from mesh.platform.workers import SERVICES
from mesh.provisioning import apply
from mesh.provisioning.topics import Topic, Topics, changelog_topics, mesh_topics
from schemas.registry import schema_ids

pytestmark = pytest.mark.real
CLOCK = "sales.private.clock.v1"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The addresses of an empty broker, registry and warehouse, started once and ended afterwards."""
    home = tmp_path_factory.mktemp("provisioning") / "home"
    try:
        up(only=SERVICES, home=home)
        yield load_settings(home=home)
    finally:
        down(purge=True, home=home)


@pytest.fixture(scope="module")
def first(settings: Settings) -> list[str]:
    """What the first application reported."""
    lines: list[str] = []
    apply(settings, lines.append)
    return lines


def described(settings: Settings, topic: str) -> dict[str, str]:
    """The broker's settings of a topic."""
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    return {name: entry.value for name, entry in future.result().items()}


def test_everything_that_the_contracts_name_is_there(settings: Settings, first: list[str]) -> None:
    """Topics with their partitions, a schema for each port, a table and a view for each that is landed."""
    mesh = find_mesh(settings)
    listed = AdminClient({"bootstrap.servers": settings.kafka}).list_topics(timeout=10).topics
    for topic in [*mesh_topics(mesh, settings), *changelog_topics(settings)]:
        assert len(listed[topic.name].partitions) == topic.partitions, topic.name
        actual = described(settings, topic.name)
        assert {key: actual[key] for key in topic.config} == topic.config, topic.name
    assert set(schema_ids(settings)) == set(mesh.ports)
    client = connect(settings)
    for port in mesh.ports.values():
        if port.view is not None:
            assert client.query(f"SELECT count() FROM {port.view}").result_rows == [(0,)]
    assert len([line for line in first if line.startswith("topic ")]) == len(listed) - internal(listed)


def internal(listed: dict[str, object]) -> int:
    """How many of these topics are the broker's own, or the registry's."""
    return len([name for name in listed if name.startswith("__")])


def test_applying_twice_changes_nothing(settings: Settings, first: list[str]) -> None:
    """And says nothing."""
    assert first
    again: list[str] = []
    apply(settings, again.append)
    assert again == []


def test_settings_that_drifted_are_mended(settings: Settings, first: list[str]) -> None:
    """Back to the contract, with one line that names old and new."""
    drifted = Topic(CLOCK, 1, {"cleanup.policy": "delete", "retention.ms": "1000"})
    area = Topics(settings, [drifted])
    area.apply([change for change in area.changes() if change.is_due])
    lines: list[str] = []
    apply(settings, lines.append)
    assert lines == [
        f"topic {CLOCK} changed: cleanup.policy = compact (was delete), retention.ms = -1 (was 1000)"
    ]
    assert described(settings, CLOCK)["cleanup.policy"] == "compact"


@pytest.mark.parametrize("partitions", [3, 5])
def test_other_partitions_are_refused_and_nothing_changes(
    settings: Settings, first: list[str], partitions: int
) -> None:
    """Whether they would shrink or grow."""
    before = AdminClient({"bootstrap.servers": settings.kafka}).list_topics(timeout=10).topics
    with pytest.raises(PlatformError, match="partitions-changed"):
        apply(settings.model_copy(update={"partitions": partitions}), lambda line: None)
    after = AdminClient({"bootstrap.servers": settings.kafka}).list_topics(timeout=10).topics
    assert {name: len(topic.partitions) for name, topic in before.items()} == {
        name: len(topic.partitions) for name, topic in after.items()
    }


class Team:
    """A domain team at its shell, with a domain outside the tree on the mesh of these tests."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder / "supplier"
        self.table = "supplier.suppliers_v1"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
        self._env = {**clean, "MESH_HOME": str(settings.home)}
        assert self.run("new", "supplier", "--in", str(folder)).returncode == 0

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``mesh …`` as a process of its own, which reads every file anew."""
        command = [sys.executable, "-m", "mesh.cli.main", *arguments]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)

    def plan(self) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
        """The exit code of ``mesh plan``, and its changes by area and name."""
        done = self.run("plan", "--json")
        assert done.stdout, done.stderr
        return done.returncode, {(c["area"], c["name"]): c for c in json.loads(done.stdout)["changes"]}

    def append(self, text: str) -> None:
        """Write at the end of the events."""
        with (self.folder / "events.py").open("a") as file:
            file.write(text)


SUBJECT = "supplier.public.supplier.v1-value"


@pytest.fixture(scope="module")
def team(settings: Settings, first: list[str], tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team whose domain is written, and not yet applied."""
    return Team(settings, tmp_path_factory.mktemp("team") / "ours")


def test_a_new_domain_is_planned_and_then_applied(team: Team) -> None:
    """The plan names all that is made; afterwards nothing differs."""
    code, changes = team.plan()
    assert code == 1
    assert {area for area, _ in changes} >= {"topic", "schema", "table", "access"}
    assert {change["action"] for change in changes.values()} <= {"create", "change"}
    applied = team.run("apply")
    assert applied.returncode == 0, applied.stderr
    assert all(f"{area} {name} " in applied.stdout for area, name in changes)
    assert team.plan() == (0, {})
    assert team.run("apply").stdout.startswith("nothing to change")


def test_a_field_with_a_default_is_a_new_version_and_a_new_column(team: Team) -> None:
    """Once its schema is written; until then the plan says what to do."""
    team.append('    rating: int | None = None\n    """From 1 to 5."""\n')
    code, changes = team.plan()
    assert (code, changes["schema", SUBJECT]["code"]) == (2, "schema-unpublished")
    assert team.run("build").returncode == 0
    code, changes = team.plan()
    assert code == 1
    assert changes["schema", SUBJECT]["details"] == ["retail.supplier.SupplierDescribed, version 2"]
    assert changes["table", team.table]["details"] == ["column rating added"]
    assert len(changes) == 2
    assert team.run("apply").returncode == 0
    assert team.plan() == (0, {})


def test_while_something_is_refused_nothing_is_changed(team: Team, settings: Settings) -> None:
    """Neither what could be; the reason and the remedy are told."""
    text = (team.folder / "events.py").read_text()
    (team.folder / "events.py").write_text(text.replace("rating: int | None = None", "rating: int"))
    contract = (team.folder / "contract.yaml").read_text()
    (team.folder / "contract.yaml").write_text(
        contract.replace("cleanup, value: compact", "cleanup, value: delete")
    )
    try:
        code, changes = team.plan()
        assert (code, changes["schema", SUBJECT]["code"]) == (2, "schema-incompatible")
        assert changes["topic", "supplier.public.supplier.v1"]["action"] == "change"
        refused = team.run("apply")
        assert refused.returncode == 2
        assert refused.stderr.startswith("ContractError[schema-incompatible]")
        assert described(settings, "supplier.public.supplier.v1")["cleanup.policy"] == "compact"
    finally:
        (team.folder / "events.py").write_text(text)
        (team.folder / "contract.yaml").write_text(contract)


def test_a_column_of_another_type_is_refused(team: Team, settings: Settings) -> None:
    """Somebody has changed the table; it is not changed back, since rows would be lost."""
    client = connect(settings)
    client.command(f"ALTER TABLE {team.table} MODIFY COLUMN rating Nullable(Int32)")
    code, changes = team.plan()
    assert (code, changes["table", team.table]["code"]) == (2, "column-changed")
    client.command(f"ALTER TABLE {team.table} MODIFY COLUMN rating Nullable(Int64)")
    assert team.plan() == (0, {})


def test_a_view_that_was_lost_or_changed_is_renewed(team: Team, settings: Settings) -> None:
    """The masked one above all."""
    client = connect(settings)
    client.command(f"CREATE OR REPLACE VIEW supplier.suppliers AS SELECT * FROM {team.table}")
    code, changes = team.plan()
    assert (code, changes["table", team.table]["details"]) == (1, ["supplier.suppliers renewed"])
    assert team.run("apply").returncode == 0
    assert team.plan() == (0, {})


def test_what_no_contract_names_is_told_and_stays(team: Team, settings: Settings) -> None:
    """A domain whose folder has gone: its data stay, what others were granted on it is taken away."""
    (settings.home / REMEMBERED_FILE).write_text("{}")
    _, changes = team.plan()
    kept = {key: change for key, change in changes.items() if key[0] in ("topic", "schema", "table")}
    assert {change["action"] for change in kept.values()} == {"unused"}
    assert {name for _, name in kept} >= {"supplier.public.supplier.v1", SUBJECT, team.table}
    sink = changes["access", "User:mesh.sink"]
    assert all(detail.startswith("- ") for detail in sink["details"])
    assert team.run("apply").returncode == 0
    assert team.plan() == (0, kept)
