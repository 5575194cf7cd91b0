"""Marts on the real engine that are worked out once a day, by way of tables that a run makes for itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import clickhouse_connect
import pytest

from analytics.marts.asking import as_of, standing
from analytics.marts.day import span
from analytics.marts.refresh import Refresh
from analytics.marts.relation import Ground, Library, Mart
from tests.unit.analytics.marts.going import LIBRARY, NOW, ZONE, Trade
from tests.unit.analytics.semantic.world import MESH, empty_warehouse

pytestmark = pytest.mark.real
MARTS = [mart for mart in LIBRARY.marts.values() if mart.header.every]
RECOMMENDATIONS = LIBRARY.mart("recommendations")
QUALITY = LIBRARY.mart("recommendation_quality")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trade]:
    """A warehouse whose customers buy again in the last days. What a test does to it stays."""
    server = empty_warehouse(tmp_path_factory.mktemp("worked") / "path")
    try:
        yield Trade(clickhouse_connect.get_client(port=server.port), MARTS)
    finally:
        server.stop()


@pytest.fixture
def world(warehouse: Trade) -> Trade:
    """The warehouse, up to date."""
    warehouse.refresh(whole=True)
    return warehouse


def test_only_recommendations_wait() -> None:
    """The others cost what has changed, or are small."""
    assert [mart.name for mart in MARTS] == ["recommendation_quality", "recommendations"]


def in_stretches(customers: int) -> Library:
    """Ours, with what is offered worked out for so many customers at a time."""
    ground = LIBRARY.relations["suggestion"]
    assert isinstance(ground, Ground)
    worked = ground.header.worked
    assert worked is not None
    assert worked.starts is not None
    size = "intDiv(8000000, greatest(least(max(rank), 2048), 1))"
    assert size in worked.starts
    fewer = worked.model_copy(update={"starts": worked.starts.replace(size, f"max({customers})")})
    header = ground.header.model_copy(update={"worked": fewer})
    return Library({**LIBRARY.relations, "suggestion": replace(ground, header=header)})


@pytest.mark.parametrize("customers", [1, 3, 1000])
def test_tables_give_what_one_statement_over_the_facts_gives(warehouse: Trade, customers: int) -> None:
    """However many customers are worked out at a time."""
    chance = random.Random(customers)
    for line in chance.sample(range(len(warehouse.rows["sales.orders_enriched"])), 12):
        product = f"p{chance.randrange(12)}"
        status = chance.choice(("Cancelled", "Delivered", "Delivered"))
        warehouse.revise("sales.orders_enriched", line, product_id=product, order_status=status)
    warehouse.refresh(whole=True, library=in_stretches(customers))
    day = span(warehouse.client, ZONE)[1]
    for mart in MARTS:
        found = standing(warehouse.client, mart, None).rows
        assert found
        assert found == as_of(warehouse.client, LIBRARY, mart, day, ZONE, None).rows, mart.name


def test_a_run_leaves_no_tables_of_its_own(world: Trade) -> None:
    """And both marts read the same ones."""
    with closing(Refresh(world.client, LIBRARY, MESH, ZONE)) as run:
        run.run(QUALITY, NOW, whole=True)
        made = world.client.query("SHOW TABLES FROM marts LIKE 'worked_%'").result_rows
        assert {name for (name,) in made} >= {"worked_basket", "worked_alike", "worked_suggestion"}
        world.client.command("TRUNCATE TABLE marts.worked_suggestion")
        done = run.run(RECOMMENDATIONS, NOW, whole=True)
        assert done is not None
        assert done.recomputed == 0
    assert world.client.query("SHOW TABLES FROM marts LIKE 'worked_%'").result_rows == []


def test_they_stand_until_the_day_has_moved(world: Trade) -> None:
    """Whatever lands meanwhile; then they are worked out with all of it."""
    assert waiting(world) == set()
    before = standing(world.client, RECOMMENDATIONS, None).rows
    for line in range(6):
        world.revise("sales.orders_enriched", line, product_id=f"q{line}", order_status="Delivered")
    assert waiting(world) == {"recommendations", "recommendation_quality"}
    assert standing(world.client, RECOMMENDATIONS, None).rows == before
    moment = "2024-12-01 10:00:00"
    world.revise("sales.fulfilments", 0, updated_at=moment, occurred_at=moment)
    done = world.refresh()
    assert all(one is not None and one.scope == "whole" for one in done.values())
    assert standing(world.client, RECOMMENDATIONS, None).rows != before
    assert waiting(world) == set()
    world.require_as_worked_out_whole()


def waiting(world: Trade) -> set[str]:
    """The marts that a refresh of all leaves as they are though something has changed."""
    with closing(Refresh(world.client, LIBRARY, MESH, ZONE)) as run:
        assert [run.run(mart, NOW) for mart in MARTS] == [None, None]
        return run.waiting


def test_who_is_asked_for_by_name_or_defined_anew_does_not_wait(world: Trade) -> None:
    """Nor a refresh of everything, as the fixture has it."""
    world.revise("sales.orders_enriched", 3, product_id="asked", order_status="Delivered")
    with closing(Refresh(world.client, LIBRARY, MESH, ZONE)) as run:
        assert run.run(QUALITY, NOW) is None
        asked = run.run(RECOMMENDATIONS, NOW, asked=True)
        assert asked is not None
        assert asked.written
        assert run.waiting == {"recommendation_quality"}
    other: Mart = replace(QUALITY, sql=QUALITY.sql.replace("'most popular'", "'popular'"))
    library = Library({**LIBRARY.relations, QUALITY.name: other})
    with closing(Refresh(world.client, library, MESH, ZONE)) as run:
        done = run.run(other, NOW)
        assert done is not None
        assert done.written == 2
        assert run.waiting == set()
