"""The engine's configuration."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from sinks.warehouse_server.config import TABLE_ENGINES, Limits, write_config
from sinks.warehouse_server.policy import FOREIGN_ENGINE


def test_limits_and_paths_are_written(tmp_path: Path) -> None:
    """Well-formed, also for a folder with odd letters; absolute, as the engine needs it."""
    folder = tmp_path / "a & b <c>"
    folder.mkdir()
    path = write_config(folder, Limits(memory=1000))
    assert path.is_absolute()
    server = ElementTree.parse(path).getroot()
    assert server.findtext("max_server_memory_usage") == "1000"
    assert server.findtext("timezone") == "UTC"
    users = ElementTree.parse(str(server.findtext("users_config"))).getroot()
    assert users.findtext("profiles/default/max_memory_usage") == "500"
    assert users.findtext("profiles/default/implicit_select") == "0"


def test_grants_name_no_source(tmp_path: Path) -> None:
    """Nothing that reads or writes elsewhere is granted."""
    write_config(tmp_path, Limits())
    users = ElementTree.parse(tmp_path / "users.xml").getroot()
    grants = [str(query.text) for query in users.iterfind("users/default/grants/query")]
    assert not any(
        " ALL " in grant or "SOURCES" in grant or "READ" in grant.split(" ON ")[0] for grant in grants
    )
    assert not any(word in grants[0] for word in ("SHUTDOWN", "BACKUP", "ACCESS MANAGEMENT", "FILE", "URL"))


def test_no_granted_engine_is_a_foreign_one() -> None:
    """The two walls agree."""
    assert [engine for engine in TABLE_ENGINES if FOREIGN_ENGINE.fullmatch(engine)] == []
