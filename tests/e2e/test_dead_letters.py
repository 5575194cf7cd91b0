"""Faults among good facts, and a redrive: the tables are those of a run without faults.

The same facts are published twice on one mesh under two names of their source: ``clean`` without a fault,
``fault`` with faults of every kind. In the end each row of the one must be the other's, but for the name.
The tests of this module run in their order on one mesh.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from domains.sales.events import FulfilmentUpdated, OrderPlaced, PaymentRecorded, ReturnRecorded
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.event import Event
from mesh.kernel.warehouse import connect
from mesh.publish import Publisher
from mesh.publish.envelope import stamp
from mesh.reconcile.log import Log
from schemas.codec import Codec
from schemas.registry import Registry, schema_ids
from schemas.wire import header, partition
from tests.e2e.test_mesh import Mesh, kill
from tests.e2e.world import Fact, facts

pytestmark = pytest.mark.real
SEED = 31
FAULTS = {
    OrderPlaced: ("undecodable", "schema-unknown"),
    PaymentRecorded: ("undecodable", "key-mismatch", "schema-unknown", "event-time-ahead"),
    FulfilmentUpdated: ("key-mismatch", "event-time-ahead"),
    ReturnRecorded: ("undecodable",),
}
LINEAGE = ("_partition", "_offset", "_published_at", "_landed_at")


def named(value: Any, name: str) -> Any:
    """A value of the world with its source's name changed."""
    if isinstance(value, str):
        return value.replace(f"world-{SEED}", name)
    if isinstance(value, dict):
        return {key: named(inner, name) for key, inner in value.items()}
    return [named(inner, name) for inner in value] if isinstance(value, list) else value


class Bench:
    """A running mesh, the facts, and the faults that were made."""

    def __init__(self, home: Path) -> None:
        self.mesh = Mesh(home)
        self.world = facts(seed=SEED, orders=120)
        self.broken: dict[int, str] = {}
        """Number of a fact -> its fault."""
        self.extra: list[Fact] = []

    def choose(self) -> None:
        """One fact for each fault, each of a key of its own, with later facts of that key on its topic."""
        taken: set[str] = set()
        for event, faults in FAULTS.items():
            mine = [n for n, (kind, _) in enumerate(self.world) if kind is event]
            for fault in faults:
                for n in mine:
                    account = self.world[n][1]["account"]
                    later = [m for m in mine if m > n and self.world[m][1]["account"] == account]
                    if account not in taken and (later or event is ReturnRecorded):
                        taken.add(account)
                        self.broken[n] = fault
                        break

    @property
    def codecs(self) -> dict[type[Event], tuple[Port, Codec]]:
        """Port and codec of each event of an order."""
        ids, ports = schema_ids(self.mesh.settings), find_mesh(self.mesh.settings).ports.values()
        return {p.record: (p, Codec.of_port(p, ids[p.topic])) for p in ports if p.record in FAULTS}  # type: ignore[misc]

    def run(self, *arguments: str, code: int = 0) -> str:
        """``mesh dead …``, which must end with this code; what it printed."""
        done = self.mesh.run("dead", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout or done.stderr

    def open(self) -> list[dict[str, Any]]:
        """What is parked and not redriven."""
        found: list[dict[str, Any]] = json.loads(self.run("list", "--json", "--limit", "9999"))["records"]
        return found

    def proof(self) -> dict[str, Any]:
        """What the reconciliation finds, which must be equal tables and no record unaccounted for."""
        found = self.mesh.reconcile()
        wrong = [t for t in found["tables"] if t["missing"] or t["unexpected"] or t["different"]]
        assert wrong == [], json.dumps(found["findings"])[:4000]
        assert [p for p in found["partitions"] if p["produced"] != p["landed"] + p["parked"]] == []
        return found

    def ends(self) -> dict[str, int]:
        """How many records each source topic has."""
        with Log(self.mesh.settings) as log:
            return {
                port.topic: sum(span.end for span in log.spans(port.topic).values())
                for port, _ in self.codecs.values()
            }

    def rows(self, name: str) -> dict[str, list[str]]:
        """The rows of every table that are this source's, without its name and without where they landed."""
        client, found = connect(self.mesh.settings), {}
        for port in find_mesh(self.mesh.settings).ports.values():
            if port.view is None:
                continue
            result = client.query(
                f"SELECT * EXCEPT ({', '.join(LINEAGE)}) FROM {port.view}_clear "
                f"WHERE position(toString({port.table_key[0]}), '{name}:') > 0"
            )
            found[port.view] = sorted(repr(row).replace(name, "*") for row in result.result_rows)
        return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A running mesh, ended afterwards whatever happened."""
    bench = Bench(tmp_path_factory.mktemp("dead") / "home")
    bench.choose()
    try:
        started = bench.mesh.run("up", "--retailer", "adventureworks", "--no-monitoring")
        assert started.returncode == 0, started.stdout + started.stderr
        yield bench
    finally:
        print(bench.mesh.run("down", "--purge").stdout)


class Fouler:
    """Publishes facts as a publisher would that makes mistakes."""

    def __init__(self, bench: Bench) -> None:
        self._codecs = bench.codecs
        self._producer = Producer(
            {"bootstrap.servers": bench.mesh.settings.kafka, "enable.idempotence": True}
        )
        newest = max(schema_ids(bench.mesh.settings).values())
        self.unknown = {OrderPlaced: newest + 1, PaymentRecorded: newest + 2}
        """The ids that the registry will give to the next schemas."""

    def publish(self, event: type[Event], values: dict[str, Any], fault: str) -> None:
        """Publish a fact with a fault."""
        port, codec = self._codecs[event]
        key = values["account"]
        if fault == "event-time-ahead":
            values = {**values, "occurred_at": values["occurred_at"] + timedelta(days=365 * 90)}
        value = codec.encode(event.model_validate(stamp(port, values)))
        if fault == "undecodable":
            value = value[:-1]
        if fault == "key-mismatch":
            key = values["account"] + "x"
        if fault == "schema-unknown":  # a field more, which is null here
            value = header(self.unknown[event]) + value[5:] + b"\x00"
        self._producer.produce(port.topic, value, key.encode(), partition(key.encode(), port.partitions))
        assert self._producer.flush(30) == 0


def json_of(port: Port, values: dict[str, Any]) -> str:
    """A fact as a person would write it for ``--edit``."""
    event = port.record.model_validate(stamp(port, values))
    return event.model_dump_json()


def test_what_follows_a_fault_waits_and_everything_is_accounted_for(bench: Bench) -> None:
    """The sink and a worker are killed meanwhile; tables equal the oracle's, without what waits."""
    fouler = Fouler(bench)
    with Publisher(bench.mesh.settings) as publisher:
        for event, values in bench.world:
            publisher.publish(event, named(values, "clean"))
        for n, (event, values) in enumerate(bench.world):
            if n in bench.broken:
                publisher.flush()  # so that what comes later stands later
                fouler.publish(event, named(values, "fault"), bench.broken[n])
                time.sleep(0.3)
            else:
                publisher.publish(event, named(values, "fault"))
            if n == len(bench.world) // 3:
                kill(bench.mesh, "sink-1")
            if n == len(bench.world) // 2:
                kill(bench.mesh, "orders-enriched-1")
    found = bench.proof()
    assert sum(one["parked"] for one in found["partitions"]) == _parked_by_sink(bench)
    codes = [record["code"] for record in bench.open()]
    assert sorted(set(codes) - {"waiting-behind"}) == sorted(set(bench.broken.values()))
    assert len([code for code in codes if code != "waiting-behind"]) == len(bench.broken)
    assert codes.count("waiting-behind") >= len(bench.broken) - 3
    assert bench.rows("fault") != bench.rows("clean")


def _parked_by_sink(bench: Bench) -> int:
    """What the sink parks once it has read everything: the faults, and what waits behind them."""
    wanted = 0
    keys: set[tuple[type[Event], str]] = set()
    for n, (event, values) in enumerate(bench.world):
        key = event, values.get("account", "")
        if n in bench.broken:
            wanted += 1
            # another key holds when the key is wrong, and nothing else has that one
            keys |= set() if bench.broken[n] == "key-mismatch" else {key}
        elif key in keys:
            wanted += 1
    return wanted


def test_a_dry_run_publishes_nothing(bench: Bench) -> None:
    """And says why everything stays."""
    before = bench.ends()
    said = json.loads(bench.run("redrive", "--dry-run", "--json", code=1))
    assert said["moves"] == []
    assert {step["action"] for lot in said["stays"] for step in lot["records"]} >= {"stay"}
    assert bench.ends() == before


def test_bad_input_is_one_clear_line(bench: Bench) -> None:
    """With the nearest names."""
    ahead = ("--topic", "sales.public.payment-recorded.v1", "--code", "event-time-ahead")
    for arguments, code, near in (
        (["redrive", "--topic", "sales.public.payment-recorde.v1"], "topic-unknown", "payment-recorded"),
        (["redrive", "--key", "fault:nobody", "--yes"], "not-parked", "fault:"),
        (["redrive", "--code", "undecodabel"], "not-parked", "undecodable"),
        (["list", "--since", "yesterday"], "since-invalid", "15m"),
        (["show", "sales.public.payment-recorded.v1", "17"], "place-invalid", "@"),
        (["show", "sales.public.payment-recorded.v1", "0@999999"], "not-parked", "@"),
        (["redrive", *ahead, "--set", "amont=1"], "field-unknown", "amount"),
        (["redrive", *ahead, "--set", "seq=x"], "edit-invalid", "integer"),
        (["redrive", *ahead, "--set", "account=nobody"], "value-format", "account"),
    ):
        done = bench.mesh.run("dead", *arguments)
        lines = done.stderr.strip().splitlines()
        assert (done.returncode, len(lines)) == (2, 1), done.stdout + done.stderr
        assert f"[{code}]" in lines[0]
        assert near in lines[0]


def test_a_redrive_gives_the_tables_of_a_run_without_faults(bench: Bench, tmp_path: Path) -> None:
    """Each kind of fault is mended in its own way, while facts of a held key keep coming."""
    with Registry(bench.mesh.settings.registry) as registry:
        for event, schema_id in Fouler(bench).unknown.items():
            port, codec = bench.codecs[event]
            more = {"name": "note", "type": ["null", "string"], "default": None}
            schema = {**codec.schema, "fields": [*codec.schema["fields"], more]}
            assert registry.register(port.subject, schema) == schema_id
    by_fault: dict[str, list[int]] = {}
    for n, fault in bench.broken.items():
        by_fault.setdefault(fault, []).append(n)

    held = next(n for n in by_fault["event-time-ahead"] if bench.world[n][0] is PaymentRecorded)
    stop = threading.Event()
    late = threading.Thread(target=_keep_paying, args=(bench, bench.world[held][1], stop))
    late.start()
    for n in by_fault["event-time-ahead"]:
        event, values = bench.world[n]
        moment = values["occurred_at"].isoformat()
        key, topic = named(values["account"], "fault"), bench.codecs[event][0].topic
        at = ("--topic", topic, "--key", key)
        bench.run("redrive", *at, "--set", f"occurred_at={moment}", "--set", f"recorded_at={moment}", "--yes")
    stop.set()
    late.join(60)
    bench.run("redrive", "--code", "key-mismatch", "--rekey", "--yes")
    kill(bench.mesh, "sink-1")
    for n in by_fault["undecodable"]:
        event, values = bench.world[n]
        port = bench.codecs[event][0]
        file = tmp_path / f"{n}.json"
        file.write_text(json_of(port, named(values, "fault")))
        key = named(values["account"], "fault")
        bench.run("redrive", "--topic", port.topic, "--key", key, "--edit", str(file), "--yes")
    bench.run("redrive", "--code", "schema-unknown", "--yes")
    deadline = time.monotonic() + 60
    while bench.open() and time.monotonic() < deadline:
        bench.mesh.run("dead", "redrive", "--yes")  # what came between the last release and the last payment
        time.sleep(1)
    assert bench.open() == []

    with Publisher(bench.mesh.settings) as publisher:
        for event, values in bench.extra:
            publisher.publish(event, named(values, "clean"))
    bench.proof()
    clean, fault = bench.rows("clean"), bench.rows("fault")
    assert {view: len(rows) for view, rows in fault.items()} == {
        view: len(rows) for view, rows in clean.items()
    }
    for view, rows in clean.items():
        assert fault[view] == rows, view
    assert len(clean["sales.transactions"]) > 60


def _keep_paying(bench: Bench, like: dict[str, Any], stop: threading.Event) -> None:
    """Publish payments of a key that is being redriven."""
    number = 0
    while not stop.wait(0.05):
        values = {
            **like,
            "transaction_id": f"{like['order_id']}/late-{number}",
            "amount": Decimal(number + 1),
        }
        bench.extra.append((PaymentRecorded, values))
        with Publisher(bench.mesh.settings) as publisher:
            publisher.publish(PaymentRecorded, named(values, "fault"))
        number += 1


def test_a_second_redrive_changes_nothing(bench: Bench) -> None:
    """It finds nothing to do; the audit tells what the first ones did."""
    before = bench.ends()
    assert "nothing to redrive" in bench.run("redrive", "--yes")
    assert "nothing to redrive" in bench.run("redrive", "--code", "undecodable", "--discard", "--yes")
    assert bench.ends() == before
    rows = connect(bench.mesh.settings).query(
        "SELECT countIf(code NOT IN ('', 'waiting-behind')), count(), uniqExact(outcome) FROM mesh.redrives"
    ).result_rows  # fmt: skip
    ((faults, all_, outcomes),) = rows
    assert (faults, outcomes) == (len(bench.broken), 1)
    assert all_ > faults


def test_a_record_that_is_no_fact_is_given_up(bench: Bench) -> None:
    """What waits behind it comes back; a new record of the key flows."""
    port, codec = bench.codecs[PaymentRecorded]
    event, values = next((e, v) for e, v in bench.world if e is PaymentRecorded)
    account = "fault:given-up"
    key = account.encode()
    good = codec.encode(
        event.model_validate(stamp(port, {**values, "account": account, "transaction_id": "g1"}))
    )
    producer = Producer({"bootstrap.servers": bench.mesh.settings.kafka})
    for value in (b"{}", good):
        producer.produce(port.topic, value, key, partition(key, port.partitions))
    assert producer.flush(30) == 0
    deadline = time.monotonic() + 60
    while len(bench.open()) < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
    bench.run("redrive", "--key", account, "--discard", "--yes")
    with Publisher(bench.mesh.settings) as publisher:
        publisher.publish(PaymentRecorded, {**values, "account": account, "transaction_id": "g2"})
    bench.proof()
    landed = connect(bench.mesh.settings).query(
        f"SELECT transaction_id FROM sales.transactions WHERE account = '{account}' ORDER BY 1"
    )
    assert landed.result_rows == [("g1",), ("g2",)]
    assert bench.open() == []
