"""A world to try the fold in: events with short names, a log, and a runtime that crashes when told to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from schemas.codec import Codec, Codecs
from schemas.wire import SchemaUnknownError
from streams.engine.fold import Fetched, PartitionFold, Rejection
from streams.orders_enriched import kernel, topics
from streams.orders_enriched.app import application
from streams.orders_enriched.dimensions import Dimensions

PARTITION = 2
START = datetime(2024, 3, 1, tzinfo=UTC)
IDS = {topic: 100 + number for number, topic in enumerate(topics.RECORDS)}
NOW_MS = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)


def at(hours: float) -> datetime:
    """A moment some hours after the start of the world."""
    return START + timedelta(hours=hours)


def line(number: int = 1, product_id: str = "p1", quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """A line of an order."""
    return {
        "line_number": number,
        "product_id": product_id,
        "quantity": quantity,
        "unit_price": Decimal("10"),
        "gross_amount": Decimal("10") * quantity,
        "discount_amount": Decimal("0"),
        "net_amount": Decimal("10") * quantity,
        **fields,
    }


class NoSchemas:
    """A registry that knows nothing."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        """No schema has any id."""
        raise SchemaUnknownError(f"no schema has the id {schema_id}")


class World:
    """Makes events and runs folds over them."""

    START = START
    IDS = IDS
    NOW_MS = NOW_MS
    PARTITION = PARTITION
    at = staticmethod(at)
    line = staticmethod(line)

    def __init__(self) -> None:
        self.codecs = {topic: Codec(record, IDS[topic]) for topic, record in topics.RECORDS.items()}
        self.compiled = self.application()

    def application(self, schemas: Any = None) -> Any:
        """A fresh application."""
        return application(IDS, Codecs(schemas or NoSchemas()))

    def event(self, topic: str, seq: int = 1, occurred_at: datetime | None = None, **fields: Any) -> bytes:
        """The value of an event; fields that it needs and that are not given have defaults."""
        values = {
            "event_id": f"e-{seq}",
            "source": "test",
            "seq": seq,
            "occurred_at": occurred_at or at(0),
            "recorded_at": at(0),
            **DEFAULTS[topic],
            **fields,
        }
        return self.codecs[topic].encode(values)

    def key(self, topic: str, value: bytes) -> bytes:
        """The key that a publisher would give an event."""
        fields = self.codecs[topic].decode(value)
        if topic == topics.CUSTOMER:
            return f"{fields['account']}@{int(fields['valid_from'].timestamp())}#{fields['seq']}".encode()
        return str(fields.get("account", "")).encode()

    def record(self, topic: str, value: bytes, offset: int = 0, timestamp: int = NOW_MS) -> Fetched:
        """An event as the transport hands it over."""
        return offset, timestamp, self.key(topic, value), value, ()

    def row(self, value: bytes) -> dict[str, Any]:
        """The fields of a row."""
        return self.codecs[topics.ENRICHED].decode(value)

    def runtime(self, app: Any = None) -> Runtime:
        """A runtime with one partition."""
        return Runtime(self, app)


DEFAULTS: dict[str, dict[str, Any]] = {
    topics.ORDER: {
        "order_id": "o1",
        "account": "shop:1",
        "ordered_at": at(0),
        "channel": "Online",
        "currency": "USD",
        "fx_rate": Decimal("1"),
        "subtotal_amount": Decimal("10"),
        "tax_amount": Decimal("1"),
        "shipping_amount": Decimal("2.5"),
        "total_amount": Decimal("13.5"),
        "lines": [],
    },
    topics.PAYMENT: {
        "transaction_id": "t1",
        "order_id": "o1",
        "account": "shop:1",
        "transaction_at": at(1),
        "transaction_type": "Sale",
        "payment_method": "Card",
        "transaction_status": "completed",
        "amount": Decimal("13.5"),
        "currency": "USD",
        "fx_rate": Decimal("1"),
    },
    topics.FULFILMENT: {
        "fulfilment_id": "f1",
        "order_id": "o1",
        "account": "shop:1",
        "updated_at": at(2),
        "order_status": "Placed",
    },
    topics.RETURN: {
        "return_id": "r1",
        "order_id": "o1",
        "account": "shop:1",
        "line_number": 1,
        "quantity": 1,
        "amount": Decimal("10"),
        "currency": "USD",
        "fx_rate": Decimal("1"),
        "returned_at": at(3),
    },
    topics.CUSTOMER: {"account": "shop:1", "valid_from": at(0), "golden_id": "g1"},
    topics.PRODUCT: {"product_id": "p1", "valid_from": at(0), "sku": "s", "name": "Bike"},
    topics.LOCATION: {"location_id": "l1", "valid_from": at(0), "name": "Shop", "location_type": "Store"},
    topics.EMPLOYEE: {"employee_id": "e1", "valid_from": at(0), "first_name": "Ann", "last_name": "Lee"},
}


class Runtime:
    """What Kafka and the worker do, in memory: logs, a changelog, corrections, crashes before the ack."""

    def __init__(self, world: World, app: Any = None) -> None:
        self.world = world
        self._app = app or world.compiled
        self.logs: dict[str, list[Fetched]] = defaultdict(list)
        self.acked: dict[str, int] = defaultdict(int)
        self.read: dict[str, int] = defaultdict(int)
        self.corrected: dict[str, int] = defaultdict(int)
        self.changelog: dict[bytes, bytes] = {}
        self.rows: list[tuple[bytes, bytes, int]] = []
        self.clocks: list[tuple[bytes, bytes, int]] = []
        self.parked: set[tuple[str, int, str]] = set()
        self.start()

    def start(self, random: Random | None = None) -> None:
        """A new process: it reads what every worker needs, then its state, then corrects what it missed."""
        app = self._app
        self.shared = Dimensions(app.shared.readers, app.shared.roles)
        for topic in topics.BROADCAST:
            for record in self.logs[topic][: self.read[topic]]:
                self._put(topic, record)
        self.fold: PartitionFold = app.fold(PARTITION, self.shared)
        state = self.fold._state  # type: ignore[attr-defined]
        for kept in (state.entries, state.customers):
            kept.touched = 2  # so that a small world is compressed as a large one would be
        entries = list(self.changelog.items())
        (random or Random(0)).shuffle(entries)
        self.fold.recover(entries)
        assert self.fold.take(10) is None
        self.fold.correct(self.shared.changes_since(dict(self.corrected)))
        self.drain()
        self.corrected = self.read.copy()

    def publish(self, topic: str, value: bytes, timestamp: int = NOW_MS, key: bytes | None = None) -> None:
        """Append an event to its log."""
        offset = len(self.logs[topic])
        record = (offset, timestamp, self.world.key(topic, value) if key is None else key, value, ())
        self.logs[topic].append(record)

    def _put(self, topic: str, record: Fetched) -> Any:
        try:
            return self.shared.put(topic, record)
        except ValueError as refused:
            self.parked.add((topic, record[0], getattr(refused, "code", "")))
            return None

    def broadcast(self, count: int = 1000) -> None:
        """Read on in the broadcast topics and correct what that changes."""
        changes = []
        for topic in topics.BROADCAST:
            for record in self.logs[topic][self.read[topic] : self.read[topic] + count]:
                changes.append(self._put(topic, record))
                self.read[topic] += 1
        self.fold.correct([change for change in changes if change is not None])
        self.drain()
        self.corrected = self.read.copy()

    def deliver(self, topic: str, count: int = 1000) -> None:
        """Fold the next batch of a topic, write what it owes, acknowledge it."""
        batch = self.logs[topic][self.acked[topic] : self.acked[topic] + count]
        self._park(topic, list(self.fold.fold(topic, batch)))
        self.drain()
        self.acked[topic] += len(batch)

    def _park(self, topic: str, rejections: list[Rejection]) -> None:
        for refused in rejections:
            assert refused.reason
            self.parked.add((topic, refused.record[0], refused.code))

    def crash(self, topic: str, count: int, random: Random) -> None:
        """Fold a batch, write some of what it owes, die before the ack, start again."""
        batch = self.logs[topic][self.acked[topic] : self.acked[topic] + count]
        self._park(topic, list(self.fold.fold(topic, batch)))
        while (emission := self.fold.take(random.randrange(1, 5))) is not None:
            for key, value in emission.changelog:
                if random.random() < 0.5:
                    self.changelog[key] = value
            for output in emission.outputs:
                written = output.rows[: random.randrange(len(output.rows) + 1)]
                (self.rows if output.topic == topics.ENRICHED else self.clocks).extend(written)
        self.start(random)

    def miss(self, random: Random) -> None:
        """Die, and start again when the dimensions have changed."""
        for topic in topics.BROADCAST:
            self.read[topic] = random.randrange(self.read[topic], len(self.logs[topic]) + 1)
        self.start(random)

    def drain(self, limit: int = 3) -> None:
        """Write all that is owed."""
        while (emission := self.fold.take(limit)) is not None:
            assert emission.changelog or emission.outputs
            for key, value in emission.changelog:
                assert self.changelog.setdefault(key, value) == value
            for output in emission.outputs:
                if output.topic == topics.CLOCK:
                    assert output.partition == 0
                    self.clocks += output.rows
                else:
                    assert output.topic == topics.ENRICHED
                    assert output.partition == PARTITION
                    self.rows += output.rows

    def run(self) -> None:
        """Read every log to its end."""
        for topic in topics.INPUTS:
            self.deliver(topic)
        self.broadcast()

    def newest(self) -> dict[tuple[str, Any, int], dict[str, Any]]:
        """The rows as a table would keep them: per sort key the last of the highest version."""
        best: dict[tuple[str, Any, int], tuple[int, dict[str, Any]]] = {}
        for key, value, _ in self.rows:
            row = self.world.row(value)
            assert key == row["account"].encode()
            sort_key = row["order_id"], row["ordered_at"].date(), row["line_number"]
            version = int.from_bytes(row["version"], "little")
            if sort_key not in best or version >= best[sort_key][0]:
                best[sort_key] = version, row
        return {sort_key: row for sort_key, (_, row) in best.items()}


@pytest.fixture(scope="session")
def world() -> World:
    """The world; it keeps nothing between tests."""
    return World()


@pytest.fixture(autouse=True, scope="module", params=["kernel", "python"] if kernel.KERNEL else ["python"])
def loops(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test here holds for folds with the compiled kernel and without it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(kernel, "KERNEL", None)
        yield


@pytest.fixture
def runtime(world: Any) -> Any:
    """A runtime with an empty partition."""
    return world.runtime()
