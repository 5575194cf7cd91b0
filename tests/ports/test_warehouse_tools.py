"""Tools that people bring: SQLAlchemy, pandas and ibis work on the warehouse's address."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from urllib.parse import urlsplit

import pandas as pd
import pytest
import sqlalchemy as sa
from clickhouse_connect.driver.client import Client

pytestmark = pytest.mark.real


@pytest.fixture
def sales(client: Client) -> Client:
    """A client whose table ``sales`` has a thousand rows."""
    client.command(
        "CREATE TABLE sales (id UInt64, store Int32, total Decimal(18, 2)) ENGINE = MergeTree ORDER BY id"
    )
    client.command("INSERT INTO sales SELECT number, number % 5, 1.5 FROM numbers(1000)")
    return client


@pytest.fixture
def engine(sales: Client, warehouse_url: str) -> Iterator[sa.Engine]:
    """SQLAlchemy's engine on the test's database."""
    engine = sa.create_engine(f"clickhousedb://{urlsplit(warehouse_url).netloc}/{sales.database}")
    yield engine
    engine.dispose()


def test_sqlalchemy_reads_reflects_and_writes(engine: sa.Engine) -> None:
    """Text, reflection, expressions and inserts."""
    assert sa.inspect(engine).get_table_names() == ["sales"]
    table = sa.Table("sales", sa.MetaData(), autoload_with=engine)
    assert [column.name for column in table.columns] == ["id", "store", "total"]
    with engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO sales (id, store) VALUES (:id, :store)"),
            [{"id": 5001, "store": 9}, {"id": 5002, "store": 9}],
        )
        rows = connection.execute(sa.select(table.c.id).where(table.c.store == 9).order_by(table.c.id)).all()
        total = connection.execute(sa.text("SELECT count() FROM sales")).scalar()
    assert ([row[0] for row in rows], total) == ([5001, 5002], 1002)


def test_pandas_reads_sql(engine: sa.Engine) -> None:
    """A query becomes a frame."""
    with engine.connect() as connection:
        frame = pd.read_sql(
            sa.text("SELECT store, count() AS n FROM sales GROUP BY store ORDER BY store"), connection
        )
    assert frame["n"].tolist() == [200] * 5


def test_ibis_aggregates_joins_and_inserts(sales: Client, warehouse_url: str) -> None:
    """Expressions run in the warehouse; a frame of the caller's joins as an external table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ibis about its own dependencies
        import ibis

        url = urlsplit(warehouse_url)
        backend = ibis.clickhouse.connect(host=url.hostname, port=url.port, database=sales.database)
        table = backend.table("sales")
        by_store = table.group_by("store").agg(n=table.count()).order_by("store").execute()
        assert by_store["n"].tolist() == [200] * 5
        names = ibis.memtable({"store": [1, 2], "name": ["a", "b"]})
        joined = table.join(names, "store").group_by("name").agg(n=lambda t: t.count()).execute()
        assert sorted(joined["n"]) == [200, 200]
        ranked = table.mutate(rank=ibis.row_number().over(group_by="store", order_by="id"))
        assert ranked.filter(ranked["rank"] <= 1).count().execute() == 2 * 5  # ibis counts from 0
        made = backend.create_table("made", pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
        assert made.count().execute() == 2
