"""Tables and views as the contracts want them."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from mesh.checks import tables
from mesh.kernel.contract import Computed, Port
from sinks.clickhouse.columns import Column
from sinks.clickhouse.tables import Table
from tests.unit.sinks.samples import LANDED, MESH, ORDERS


def test_the_committed_sql_is_what_is_created() -> None:
    """Run ``mesh build`` and look at what has changed."""
    assert [found.path.name for found in tables.stale(MESH)] == []


def test_a_changed_table_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its file's name; one that is missing, too. Writing them settles it."""
    copy = tmp_path / "ddl"
    shutil.copytree(tables.ROOT, copy)
    monkeypatch.setattr(tables, "ROOT", copy)
    (copy / "sales.orders.sql").write_text("-- edited by hand\n")
    (copy / "mesh.sql").unlink()
    found = list(tables.stale(MESH))
    assert sorted(one.path.name for one in found) == ["mesh.sql", "sales.orders.sql"]
    for one in found:
        one.write()
    assert list(tables.stale(MESH)) == []


def test_every_file_is_of_a_port() -> None:
    """None is left over."""
    known = {f"{port.view}.sql" for port in LANDED} | {"mesh.sql", "model.sql"}
    assert {path.name for path in tables.ROOT.iterdir()} == known


def test_the_landing_comes_after_what_it_feeds() -> None:
    """Else an insert between the two would succeed and reach nothing."""
    statements = Table(ORDERS).create()
    landing = next(n for n, text in enumerate(statements) if "ENGINE = Null" in text)
    feeds = [n for n, text in enumerate(statements) if "MATERIALIZED VIEW" in text]
    assert len(feeds) == 2
    assert max(feeds) < landing


@pytest.mark.parametrize("port", LANDED, ids=lambda port: port.table)
def test_nothing_lands_in_a_dictionary(port: Port) -> None:
    """The reader of Avro is slow at it; the table's own columns may have one."""
    landing = next(text for text in Table(port).create() if "ENGINE = Null" in text)
    assert "LowCardinality" not in landing


def test_a_computed_column_is_stored_or_worked_out_by_the_views() -> None:
    """As the contract says."""
    port = dataclasses.replace(
        ORDERS,
        computed=(
            Computed("twice", "Int64", "{seq} * 2", "Twice the revision", stored=True),
            Computed("thrice", "Int64", "{seq} * 3", "Thrice the revision", stored=False),
        ),
    )
    statements = Table(port).create()
    table = next(text for text in statements if f"{port.physical_table} (" in text)
    views = [text for text in statements if "REPLACE VIEW" in text]
    assert "`twice` Int64 MATERIALIZED `seq` * 2" in table
    assert "thrice" not in table
    assert all("t.`twice` AS `twice`, t.`seq` * 3 AS `thrice`" in view for view in views)


def test_a_port_without_a_table_has_none() -> None:
    """Asking for it is a mistake in the code."""
    port = next(port for port in MESH.ports.values() if not port.table)
    with pytest.raises(ValueError, match="has no table"):
        Table(port)


def test_a_new_column_reaches_table_and_landing_before_the_feed_asks_for_it() -> None:
    """So that a sink may go on meanwhile."""
    table = Table(ORDERS)
    statements = table.extend(Column("gift", "LowCardinality(String)", "Is one"))
    assert [text.split()[2] for text in statements] == [table.name, table.landing]
    assert "`gift` String" in statements[1]
    assert all("MODIFY QUERY SELECT" in feed.renew for feed in table.feeds())
