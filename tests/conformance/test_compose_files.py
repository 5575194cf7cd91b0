"""The files that containers mount say what the local platform says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import yaml

from observability.dashboards.grafana import DATASOURCE, uid
from sinks.warehouse_server.config import Limits, write_config
from tests.conformance.compose_file import (
    DOCKER,
    ROOT,
    environment,
)


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
