"""What the monitor asks of the ledger, on the real warehouse: counts, gaps, and the newest event times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.kernel.broker import Place
from mesh.kernel.names import SINK
from mesh.kernel.settings import Settings, load_settings
from observability.monitor.book import Claim, Finding
from observability.monitor.landings import GAPS, Landings
from sinks import dead_letters
from sinks.clickhouse.tables import PLATFORM
from tests.unit.observability.monitor.test_book import stretches

pytestmark = pytest.mark.real
MOMENT = datetime(2014, 5, 6, 7, 8, 9, tzinfo=UTC)
Connect = Callable[[], Client]


@pytest.fixture(scope="module")
def access(warehouse_url: str) -> Settings:
    """How the monitor reaches the warehouse."""
    return load_settings(warehouse=warehouse_url)


@pytest.fixture
def client(connect: Connect) -> Client:
    """A client of a warehouse with the mesh's own tables."""
    client = connect()
    for statement in PLATFORM:
        client.command(statement)
    return client


def a_place() -> Place:
    """A partition that no other test has rows of."""
    return Place(f"sales.public.x{uuid4().hex[:10]}.v1", 3)


def land(client: Client, place: Place, offsets: list[int]) -> None:
    """Enter offsets in the ledger, each twice as after a crash."""
    rows = [
        (place.topic, place.partition, offset, "k", MOMENT, MOMENT, MOMENT)
        for offset in offsets
        for _ in "12"
    ]
    names = ["topic", "partition", "offset", "key", "event_time", "published_at", "landed_at"]
    if rows:
        client.insert("mesh.raw_events_v1", rows, column_names=names)


def park(client: Client, place: Place, offsets: list[int], consumer: str = SINK) -> None:
    """Enter offsets among the dead letters of a consumer."""
    blank = (consumer, "", "undecodable", "why", None, "1", MOMENT, 1, b"", b"", "dead", 0, 0)
    rows = [(place.topic, place.partition, offset, *blank) for offset in offsets]
    if rows:
        client.insert("mesh.dead_letters_v1", rows, column_names=dead_letters.COLUMNS)


OFFSETS = st.sets(st.integers(0, 24))


@given(OFFSETS, OFFSETS, st.integers(0, 12), st.integers(13, 25))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_neither_landed_nor_was_parked_is_a_gap(
    access: Settings, client: Client, landed: set[int], parked: set[int], start: int, end: int
) -> None:
    """To the offset, whatever lies before and behind the claim."""
    place = a_place()
    land(client, place, sorted(landed))
    park(client, place, sorted(parked))
    expected = tuple(stretches(offset for offset in range(start, end) if offset not in landed | parked))
    findings, times = Landings(access).look([Claim(place, start, end)])
    assert findings == [Finding(Claim(place, start, end), expected)]
    assert times == ({place.topic: MOMENT.timestamp()} if landed & set(range(start, end)) else {})


def test_claims_are_told_apart(access: Settings, client: Client) -> None:
    """Several partitions and topics in one statement."""
    whole, holed, empty = a_place(), a_place(), a_place()
    neighbour = Place(whole.topic, 1)
    land(client, whole, [0, 1, 2])
    land(client, neighbour, [7])
    land(client, holed, [0, 2])
    claims = [Claim(whole, 0, 3), Claim(holed, 0, 3), Claim(neighbour, 6, 8), Claim(empty, 0, 2)]
    findings, _ = Landings(access).look(claims)
    assert [finding.gaps for finding in findings] == [(), ((1, 2),), ((6, 7),), ((0, 2),)]


def test_what_another_consumer_parked_has_not_left_the_sink(access: Settings, client: Client) -> None:
    """A stream's dead letter says nothing of landing."""
    place = a_place()
    park(client, place, [0], consumer="mesh.orders-enriched")
    findings, _ = Landings(access).look([Claim(place, 0, 1)])
    assert findings[0].gaps == ((0, 1),)


def test_very_many_gaps_are_found_in_turns(access: Settings, client: Client) -> None:
    """A finding ends where not all gaps could be told; the rest is claimed again."""
    place = a_place()
    land(client, place, list(range(1, 2 * GAPS + 40, 2)))
    claim = Claim(place, 0, 2 * GAPS + 40)
    landings = Landings(access)
    (first,), _ = landings.look([claim])
    assert len(first.gaps) == GAPS
    assert first.claim == claim._replace(end=2 * GAPS - 1)
    (rest,), _ = landings.look([claim._replace(start=first.claim.end)])
    assert (len(rest.gaps), rest.claim.end) == (20, claim.end)
    assert landings.gaps(claim)[-1] == (2 * GAPS - 1, claim.end)
