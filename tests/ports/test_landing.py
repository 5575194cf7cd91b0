"""What lands: one suite on the memory warehouse and the real one, then the tables of every port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pytest
from confluent_kafka import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.kernel.contract import Port
from mesh.kernel.event import PersonalMark
from mesh.kernel.settings import load_settings
from mesh.kernel.warehouse import connect as connect_to
from schemas.codec import Codec
from schemas.version import ORDER_LINE, pack
from sinks.clickhouse import migrate
from sinks.clickhouse.tables import Table
from sinks.clickhouse.writer import Writer
from sinks.container import Container
from sinks.dead_letters import Refused
from sinks.intake import Intake
from sinks.landing import EventLane
from sinks.memory import MemoryWarehouse
from sinks.port import RowsRefusedError, Warehouse
from sinks.record import Record
from tests.ports.embedded_server import EmbeddedServer
from tests.unit.schemas.records import instances
from tests.unit.sinks.samples import LANDED, MESH, PRODUCTS, block, codec, codecs, read

pytestmark = pytest.mark.real
CANARY = "Zyxwvut"
ENRICHED = MESH.port("sales.public.orders-enriched.v1")


class Held(Protocol):
    """A warehouse, and the offsets of the product rows that it has taken."""

    port: Warehouse

    def offsets(self) -> list[int]: ...


class InMemory:
    """The fake."""

    def __init__(self) -> None:
        self.port = MemoryWarehouse()

    def offsets(self) -> list[int]:
        """Of all rows."""
        return sorted(row["_offset"] for row in self.port.tables.get(Table(PRODUCTS).landing, []))


class InClickHouse:
    """The real one, emptied."""

    def __init__(self, client: Any) -> None:
        self._client = client
        for port in LANDED:
            client.command(f"TRUNCATE TABLE {port.physical_table}")
        client.command("TRUNCATE TABLE mesh.raw_events_v1")
        self.port = Writer(client, lambda error: pytest.fail(str(error)))

    def offsets(self) -> list[int]:
        """Of all rows."""
        rows = self._client.query("SELECT offset FROM mesh.raw_events_v1 ORDER BY offset").result_rows
        return [offset for (offset,) in rows]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An embedded warehouse with the tables of every port."""
    server = EmbeddedServer(tmp_path_factory.mktemp("landing") / "path")
    config = load_settings(warehouse=server.url)
    made: list[str] = []
    migrate.apply(config, made.append)
    assert [line for line in made if " mesh" not in line] == [
        f"table {port.physical_table} created" for port in LANDED
    ]
    again: list[str] = []
    migrate.apply(config, again.append)
    assert again == []  # twice changes nothing
    opened = connect_to(config)
    yield opened
    opened.close()
    server.stop()


@pytest.fixture(params=[InMemory, InClickHouse])
def held(request: pytest.FixtureRequest) -> Held:
    """Each of the two."""
    if request.param is InMemory:
        return InMemory()
    return InClickHouse(request.getfixturevalue("client"))


def product_rows(offsets: Sequence[int]) -> bytes:
    """A container of different products."""
    mine = codec(PRODUCTS)
    records = [read(PRODUCTS, offset=offset, product_id=f"p{offset}") for offset in offsets]
    return Container(mine.schema).build([(0, records)])


def insert(held: Held, container: bytes, token: str) -> None:
    """Insert into the landing of products."""
    table = Table(PRODUCTS)
    held.port.insert_avro(table.landing, table.landed, container, token)


def test_a_block_is_taken_once(held: Held, request: pytest.FixtureRequest) -> None:
    """However often it is sent with its token."""
    name = request.node.name
    for _ in range(3):
        insert(held, product_rows([1, 2, 3]), f"{name}:1-3")
    insert(held, product_rows([4]), f"{name}:4-4")
    assert held.offsets() == [1, 2, 3, 4]


def test_a_block_is_taken_whole_or_not_at_all(held: Held, request: pytest.FixtureRequest) -> None:
    """A record that ends too soon spoils its block, and the same token is free for the good rows."""
    name = request.node.name
    whole = product_rows([1, 2])
    with pytest.raises(RowsRefusedError):
        insert(held, whole[:-40], name)
    assert held.offsets() == []
    insert(held, whole, name)
    assert held.offsets() == [1, 2]


def land(client: Any, port: Port, records: Sequence[Record]) -> list[Refused]:
    """Land records of a partition as the sink does; what it would park."""
    warehouse = Writer(client, lambda error: pytest.fail(str(error)))
    lane = EventLane(Table(port), Intake(port, 7, codecs()), warehouse)
    return lane.land(block(port, records))


@pytest.mark.parametrize("port", LANDED, ids=lambda port: port.table)
def test_every_right_record_lands(client: Any, port: Port) -> None:
    """Random ones of every port, nulls and extremes: none is refused, and each is in the ledger."""
    held = InClickHouse(client)
    mine = Codec.of_port(port, 7)

    @settings(max_examples=1, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(instances(port.record), min_size=20, max_size=60))
    def check(facts: list[Any]) -> None:
        records: list[Record] = []
        for offset, fact in enumerate(facts):
            fields = fact.model_dump()
            key = str(fields[port.partition_by]) if port.partition_by else "k"
            records.append((offset, 2**45, key.encode(), mine.encode(fact), Message()))
        assert land(client, port, records) == []
        assert held.offsets() == list(range(len(facts)))

    check()
    for view in (port.view, f"{port.view}_clear"):
        client.query(f"SELECT * FROM {view} LIMIT 5")


@pytest.mark.parametrize(
    "port",
    [p for p in LANDED if any(promise.mask for promise in p.promises.values())],
    ids=lambda port: port.table,
)
def test_no_default_view_shows_a_person(client: Any, port: Port) -> None:
    """A canary in every personal field, as words, address, number, alone and short."""
    InClickHouse(client)
    personal = [
        name
        for name, field in port.record.model_fields.items()
        if "PersonalMark" in repr(field) or any(isinstance(mark, PersonalMark) for mark in field.metadata)
    ]
    assert personal
    ids = {"account", *port.table_key} - {"valid_from", "line_number"}
    named = ids & port.record.model_fields.keys()
    texts = (f"{CANARY} {CANARY}", f"{CANARY}@example.com", CANARY, f"@{CANARY}@x.org", CANARY[:4] + "99")
    records = []
    for offset, text in enumerate(texts):
        keys = dict.fromkeys(named, f"id{offset}")
        records.append(read(port, offset=offset, timestamp=2**45, **dict.fromkeys(personal, text), **keys))
    assert land(client, port, records) == []

    def text_of(view: str) -> str:
        result = client.query(f"SELECT * FROM {view}")
        assert len(result.result_rows) == len(texts)
        return repr(result.result_rows)

    assert CANARY[1:4] not in text_of(port.view), "a person shows"
    assert CANARY in text_of(f"{port.view}_clear")
    everywhere = repr(client.query("SELECT * FROM mesh.raw_events").result_rows)
    assert CANARY[1:4] not in everywhere


def test_the_highest_revision_holds_and_of_one_the_lowest_offset(client: Any) -> None:
    """In any order of arrival."""
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)):
        InClickHouse(client)
        facts = [(10, 1, "old"), (11, 5, "right"), (12, 5, "conflict"), (13, 4, "late")]
        for n in order:
            offset, seq, name = facts[n]
            assert land(client, PRODUCTS, [read(PRODUCTS, offset=offset, seq=seq, name=name)]) == []
        assert client.query(f"SELECT name, seq FROM {PRODUCTS.view}").result_rows == [("right", 5)]


def test_a_tombstone_hides_its_row_until_more_is_known(client: Any) -> None:
    """The highest version holds, deleted or not."""
    InClickHouse(client)

    def state(offset: int, version: tuple[int, int, int, int], *, deleted: bool) -> list[Any]:
        changes = {"account": "a", "version": pack(version, ORDER_LINE), "is_deleted": deleted}
        assert land(client, ENRICHED, [read(ENRICHED, offset=offset, **changes)]) == []
        return list(client.query(f"SELECT _offset FROM {ENRICHED.view}").result_rows)

    assert state(1, (1, 9, 9, 9), deleted=False) == [(1,)]
    assert state(2, (2, 0, 0, 0), deleted=True) == []
    assert state(3, (1, 9, 9, 10), deleted=False) == []
    assert state(4, (2, 0, 0, 1), deleted=False) == [(4,)]


def test_dictionaries_and_moments_survive_the_landing(client: Any) -> None:
    """Each field as it was sent, through the landing table into dictionaries and decimals."""
    InClickHouse(client)
    assert land(client, PRODUCTS, [read(PRODUCTS, offset=5, category="Bikes", brand=None)]) == []
    query = f"SELECT category, brand, _offset, _partition FROM {PRODUCTS.view}_clear"
    assert client.query(query).result_rows == [("Bikes", None, 5, 0)]


def test_a_new_field_reaches_the_table_without_a_new_start(client: Any) -> None:
    """A column that an older release did not have is added, everywhere on the way."""
    table = Table(PRODUCTS)
    dropped = table.columns[-1]
    older = f"SELECT * EXCEPT {dropped.name} FROM {table.landing}"
    client.command(f"ALTER TABLE {table.landing}_to_table MODIFY QUERY {older}")
    client.command(f"DROP VIEW {table.view}")
    client.command(f"DROP VIEW {table.view}_clear")
    client.command(f"ALTER TABLE {table.name} DROP COLUMN {dropped.name}")
    client.command(f"ALTER TABLE {table.landing} DROP COLUMN {dropped.name}")
    said: list[str] = []
    migrate.apply(load_settings(warehouse=client.url), said.append)
    assert said == [f"table {table.name} changed: column {dropped.name} added"]
    InClickHouse(client)
    assert land(client, PRODUCTS, [read(PRODUCTS, offset=8)]) == []
    assert client.query(f"SELECT {dropped.name}, _offset FROM {table.view}").result_rows == [(None, 8)]


def test_a_landing_of_an_older_release_gets_its_seal(client: Any) -> None:
    """And its feeds look at it from then on; meanwhile what an older sink inserts passes."""
    table = Table(PRODUCTS)
    for feed in table.feeds():
        client.command(f"ALTER TABLE {feed.name} MODIFY QUERY {feed.query.split(' WHERE ')[0]}")
    client.command(f"ALTER TABLE {table.landing} DROP COLUMN {table.seal.name}")
    said: list[str] = []
    migrate.apply(load_settings(warehouse=client.url), said.append)
    names = ", ".join(f"{feed.name} renewed" for feed in table.feeds())
    assert said == [f"table {table.name} changed: {names}"]
    held = InClickHouse(client)
    assert land(client, PRODUCTS, [read(PRODUCTS, offset=8)]) == []
    unsealed = [name for name in table.landed if name != table.seal.name]
    row = Container(table.schema).build([(0, [read(PRODUCTS, offset=9)])])
    Writer(client, lambda error: pytest.fail(str(error))).insert_avro(table.landing, unsealed, row, "older")
    assert held.offsets() == [8, 9]


def test_a_damaged_row_of_a_stream_is_found_by_its_seal(client: Any) -> None:
    """Wherever it is cut or goes on; the warehouse refuses its block, and the others land once."""
    held = InClickHouse(client)
    whole = read(ENRICHED, account="a")[3] or b""
    damaged = {1: whole[:60], 4: whole + b"\0", 5: whole + whole[5:], 8: whole[:-2]}
    rows = [read(ENRICHED, offset=n, account="a", value=damaged.get(n)) for n in range(10)]
    parked = land(client, ENRICHED, rows)
    assert [(one.record[0], one.refusal.code) for one in parked] == [(n, "undecodable") for n in damaged]
    assert held.offsets() == [n for n in range(10) if n not in damaged]
