"""Profiles on the real engine equal what Python finds in the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from analytics.profile.bins import CHANGED, MOVED
from analytics.profile.column import Kind
from analytics.profile.history import keep, last
from analytics.profile.profile import Profile
from analytics.profile.profiling import profile
from mesh.kernel.contract import FieldPromise, Port
from mesh.kernel.errors import WarehouseError
from mesh.kernel.quality import NotNull
from mesh.kernel.table_rules import Share
from tests.ports.embedded_server import EmbeddedServer
from tests.unit.analytics.quality.toys import Toy, fill, port, set_up, toy

pytestmark = pytest.mark.real
CANARY = "Ada Canary"
LIMIT = Decimal(10)
PORT: Port = replace(
    port(),
    promises={
        "maker": FieldPromise("personal", "initial", "toy_id"),
        "colour": FieldPromise(table_rules=(Share(NotNull("colour"), LIMIT),)),
    },
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with the table of the toys."""
    server = EmbeddedServer(tmp_path_factory.mktemp("profile") / "path")
    opened = clickhouse_connect.get_client(port=server.port)
    set_up(opened)
    yield opened
    opened.close()
    server.stop()


def toys(seed: int, count: int = 1000, colours: str = "rrrgb", most: int = 100) -> list[Toy]:
    """Some toys, a fifth of them without a colour."""
    chance = Random(seed)
    return [
        toy(
            number,
            toy_id=f"t{number:05}",
            colour=None if chance.random() < 0.2 else chance.choice(colours),
            wheels=chance.randrange(most),
            maker=CANARY,
            made_at=datetime(2024, 1, 1 + number % 20, tzinfo=UTC),
        )
        for number in range(count)
    ]


def profiled(client: Client, run: str = "") -> dict[str, Profile]:
    """The profiles by column, compared with the last; kept where the run has a name."""
    found = list(profile(client, PORT, last(client, PORT)))
    if run:
        keep(client, run, datetime.now(UTC), found)
    return {one.name: one for one in found}


def told(drift: float | None) -> float:
    """A drift that there must be."""
    assert drift is not None
    return drift


def test_counts_values_and_steps_are_exact(client: Client) -> None:
    """Of a text, a number, a time and a list; quantiles are within a thousandth of the rows."""
    made = toys(1)
    fill(client, made)
    found = profiled(client)
    colours = Counter(one.colour for one in made)
    text = found["colour"]
    assert (text.rows, text.missing, text.distinct) == (1000, colours.pop(None), 3)
    assert text.frequent == tuple(colours.most_common())
    assert (text.least, text.greatest, text.limit, text.lacks_too_much) == ("b", "r", LIMIT, True)

    wheels = sorted(one.wheels for one in made)
    number = found["wheels"]
    assert (number.least, number.greatest) == (str(wheels[0]), str(wheels[-1]))
    assert sum(times for _, times in number.histogram) == 1000
    for (start, times), (end, _) in zip(number.histogram, [*number.histogram[1:], (1e9, 0)], strict=True):
        assert times == sum(start <= one < end for one in wheels)
    assert abs(number.quantiles[2] - wheels[500]) <= 1
    assert found["made_at"].kind is Kind.TIME
    assert (found["made_at"].distinct, found["made_at"].least) == (20, "2024-01-01 00:00:00.000000")
    assert found["parts"].quantiles == (0.0,) * 5
    assert found["doors"].quantiles == ()
    assert found["is_new"].missing_share == 100


def test_no_profile_holds_a_persons_text(client: Client) -> None:
    """Counts alone, in what is told and in what is kept."""
    fill(client, toys(2))
    found = profiled(client, "canary")
    assert (found["maker"].kind, found["maker"].distinct, found["maker"].missing) == (Kind.PERSONAL, 1, 0)
    assert CANARY not in repr(found)
    kept = client.query("SELECT * FROM mesh.column_profiles_v1").result_rows
    assert kept
    assert CANARY not in repr(kept)


def test_drift_is_told_against_the_last_profile(client: Client) -> None:
    """None for the same trade, much for another one; a time never drifts."""
    client.command("TRUNCATE TABLE mesh.column_profiles_v1")
    fill(client, toys(3))
    first = profiled(client, "first")
    assert {one.drift for one in first.values()} == {None}
    fill(client, toys(4))
    same = profiled(client, "second")
    assert same["colour"].before is not None
    assert 0 <= told(same["colour"].drift) < MOVED
    assert 0 <= told(same["wheels"].drift) < MOVED
    fill(client, toys(5, colours="rgggggg", most=50))
    other = profiled(client, "third")
    assert told(other["colour"].drift) > CHANGED
    assert told(other["wheels"].drift) > CHANGED
    assert (other["made_at"].drift, other["maker"].drift) == (None, None)


def test_of_many_rows_some_are_drawn_always_the_same(client: Client) -> None:
    """What is counted is told of all of them; who is drawn does not change, and drift is that of all."""
    client.command("TRUNCATE TABLE mesh.column_profiles_v1")
    fill(client, toys(7, count=8000))
    found = {one.name: one for one in profile(client, PORT, {}, enough=1000)}
    assert {one.one_in for one in found.values()} == {8}
    colour = found["colour"]
    assert colour.rows % 8 == 0
    assert colour.rows == pytest.approx(8000, rel=0.1)
    assert colour.missing_share == pytest.approx(20, abs=4)
    assert sum(times for _, times in colour.frequent) == colour.rows - colour.missing
    assert sum(times for _, times in found["wheels"].histogram) == found["wheels"].rows
    assert found["wheels"].quantiles[2] == pytest.approx(50, abs=5)

    keep(client, "drawn", datetime.now(UTC), found.values())
    again = {one.name: one for one in profile(client, PORT, last(client, PORT), enough=1000)}
    assert {one.drift for one in again.values()} == {0.0, None}
    whole = profiled(client)
    assert (whole["colour"].rows, whole["colour"].one_in) == (8000, 1)
    assert told(whole["colour"].drift) < MOVED
    (few,) = {one.one_in for one in profile(client, PORT, {}, enough=4001)}
    assert few == 1


def test_of_those_drawn_the_newest_revision_counts(client: Client) -> None:
    """While the older ones are still in parts of their own."""
    table = PORT.physical_table
    client.command(f"SYSTEM STOP MERGES {table}")
    fill(client, toys(8, count=4000))
    client.command(f"INSERT INTO {table} SELECT * REPLACE (seq + 1 AS seq, 777 AS wheels) FROM {table}")
    assert client.query(f"SELECT count() FROM {table}").result_rows == [(8000,)]
    found = {one.name: one for one in profile(client, PORT, {}, enough=1000)}
    client.command(f"SYSTEM START MERGES {table}")
    assert found["wheels"].one_in == 8
    assert found["wheels"].rows == pytest.approx(4000, rel=0.15)
    assert (found["wheels"].least, found["wheels"].greatest) == ("777", "777")


def test_a_view_without_rows_is_profiled(client: Client) -> None:
    """And so is the first row after it."""
    client.command("TRUNCATE TABLE mesh.column_profiles_v1")
    fill(client, [])
    empty = profiled(client, "empty")
    assert {(one.rows, one.missing, one.distinct) for one in empty.values()} == {(0, 0, 0)}
    fill(client, toys(6, count=1))
    assert profiled(client)["wheels"].rows == 1


def test_a_table_that_is_missing_is_told_in_one_line(client: Client) -> None:
    """With its remedy."""
    with pytest.raises(WarehouseError, match=r"table-missing.*`mesh apply`"):
        list(profile(client, replace(PORT, table="bricks"), {}))
