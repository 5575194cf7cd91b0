"""``mesh profile`` of all views together, as the scheduler runs it every day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner

from mesh.cli.main import app
from tests.unit.analytics.semantic.world import MESH, empty_warehouse, fill, trade

pytestmark = pytest.mark.real
VIEWS = {port.view for port in MESH.ports.values() if port.view is not None}
PROFILES = "SELECT count(), uniqExact(view), uniqExact(run) FROM mesh.column_profiles"
Profiled = Callable[..., str]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with a small trade."""
    server = empty_warehouse(tmp_path_factory.mktemp("profile") / "path")
    try:
        opened = clickhouse_connect.get_client(port=server.port)
        fill(opened, trade(seed=5, orders=150))
        yield opened
        opened.close()
    finally:
        server.stop()


@pytest.fixture
def profiled(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Profiled:
    """What the command prints; nothing has been profiled before."""
    client.command("TRUNCATE TABLE mesh.column_profiles_v1")
    for name, value in (
        *(("MESH_WAREHOUSE", client.url), ("MESH_HOME", str(tmp_path))),
        *(("MESH_DOMAINS", ""), ("COLUMNS", "200")),
    ):
        monkeypatch.setenv(name, value)

    def profiled(*words: str) -> str:
        done = CliRunner().invoke(app, ["profile", *words])
        assert done.exit_code == 0, done.exception
        return done.stdout

    return profiled


def lines(text: str) -> dict[str, list[str]]:
    """The words of each line of the summary, by the view that it begins with."""
    found = (line.split() for line in text.splitlines())
    return {words[0]: words[1:] for words in found if words and words[0] in VIEWS}


def documents(text: str) -> list[dict[str, Any]]:
    """A document a line."""
    return [json.loads(line) for line in text.splitlines()]


def test_all_views_have_a_line_each(profiled: Profiled, client: Client) -> None:
    """Those without rows too; nothing is compared, since nothing was profiled before."""
    told = lines(profiled())
    assert told.keys() == VIEWS
    assert {words[-1] for words in told.values()} == {"–"}
    assert told["sales.orders"][0] == "150"
    assert told["sales.promotions"][0] == "0"
    (columns, views, runs) = client.query(PROFILES).result_rows[0]
    assert (views, runs) == (len(VIEWS), 1)
    assert columns == sum(int(words[1]) for words in told.values())


def test_the_next_run_tells_what_has_drifted_since(profiled: Profiled, client: Client) -> None:
    """Nothing where nothing came; then the columns that are another distribution, the farthest first."""
    profiled()
    again = documents(profiled("--json"))
    assert {one["view"] for one in again} == VIEWS
    assert {one["drift"] for one in again if one["view"] == "sales.orders"} == {0.0, None}
    orders = client.query("SELECT order_id FROM sales.orders ORDER BY order_id").result_rows
    row = {"account": "a1", "ordered_at": "2024-05-05 10:00:00", "fx_rate": "7", "currency": "EUR", "seq": 2}
    fill(client, {"sales.orders": [{"order_id": order, **row} for (order,) in orders]})
    told = lines(profiled())
    assert "currency" in told["sales.orders"]
    assert "fx_rate" in told["sales.orders"] or "more" in told["sales.orders"]
    assert "drift" not in told["sales.transactions"]
    assert len(told["sales.transactions"]) == 4  # rows, columns, and since when: a day and a time
    assert client.query(PROFILES).result_rows[0][2] == 3


def test_what_is_not_to_be_kept_is_not_kept(profiled: Profiled, client: Client) -> None:
    """Of all views as of one."""
    assert lines(profiled("--no-record")).keys() == VIEWS
    assert client.query(PROFILES).result_rows[0][0] == 0
