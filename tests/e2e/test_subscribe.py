"""Subscribers on a running mesh: killed and rebalanced, they end with the rows of the warehouse.

The tests of this module run in their order on one mesh and add to its facts.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from mesh.catalogue import usage
from mesh.kernel.discovery import find_mesh
from mesh.kernel.warehouse import connect
from mesh.publish import Publisher
from mesh.subscribe import subscribe
from schemas.wire import partition
from tests.e2e.follower import plain
from tests.e2e.running_mesh import Mesh
from tests.e2e.world import facts

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
LINES = "sales.public.orders-enriched.v1"
CUSTOMERS = "customer.public.customer-360.v1"
ORDERS = "sales.public.order-placed.v1"
VIEWS = {LINES: "sales.orders_enriched", CUSTOMERS: "customer.customer_360"}
Table = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A running mesh, ended afterwards whatever happened."""
    mesh = Mesh(tmp_path_factory.mktemp("mesh") / "home")
    try:
        started = mesh.run("up", "--no-monitoring")
        assert started.returncode == 0, started.stdout + started.stderr
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """No consumer outlives its test."""
    yield
    while STARTED:
        kill(STARTED.pop())


def follow(mesh: Mesh, topic: str, group: str, journal: Path, *once: str) -> subprocess.Popen[str]:
    """Start a consumer."""
    command = [sys.executable, "-m", "tests.e2e.follower", topic, group, str(journal), *once]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "MESH_HOME": str(mesh.home)}, text=True)
    STARTED.append(process)
    return process


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9."""
    process.send_signal(signal.SIGKILL)
    process.wait(30)


def settle(mesh: Mesh) -> None:
    """Wait until streams and sink have taken in everything; the rows are the oracle's."""
    done = mesh.run("reconcile", "--json", "--timeout", "300", timeout=600)
    assert done.returncode in (0, 1), done.stderr
    wrong = [
        t for t in json.loads(done.stdout)["tables"] if t["missing"] or t["unexpected"] or t["different"]
    ]
    assert not wrong


def told(journal: Path) -> list[dict[str, Any]]:
    """What a consumer wrote down; a line that a kill cut off was never finished."""
    lines = journal.read_text(encoding="utf-8").split("\n") if journal.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def table(changes: list[dict[str, Any]]) -> Table:
    """The table that changes make, in their order."""
    rows: Table = {}
    for change in changes:
        if change["kind"] == "delete":
            rows.pop(tuple(change["key"]), None)
        else:
            rows[tuple(change["key"])] = change["values"]
    return rows


def landed(mesh: Mesh, topic: str) -> Table:
    """The rows of the view with every field of the event, as it shows them to everyone."""
    port = find_mesh(mesh.settings).port(topic)
    names = list(port.record.model_fields)
    columns = ", ".join(names)
    rows = connect(mesh.settings).query(f"SELECT {columns} FROM {VIEWS[topic]}").result_rows
    found = [dict(zip(names, map(plain, row), strict=True)) for row in rows]
    return {tuple(row[name] for name in port.table_key): row for row in found}


def test_consumers_that_are_killed_end_with_the_rows_of_the_warehouse(mesh: Mesh, tmp_path: Path) -> None:
    """Every column of both joined tables; after a kill at most the unfinished change comes again."""
    journals = {topic: tmp_path / f"{topic}.jsonl" for topic in VIEWS}
    chance, kills = random.Random(3), 0
    with Publisher(mesh.settings) as publisher:
        running = {topic: follow(mesh, topic, tmp_path.name, journals[topic]) for topic in VIEWS}
        for number, fact in enumerate(facts(seed=21, orders=90)):
            publisher.publish(*fact)
            if number % 90 == 89:
                publisher.flush()
                time.sleep(1)
                topic = chance.choice(list(VIEWS))
                kill(running[topic])
                running[topic] = follow(mesh, topic, tmp_path.name, journals[topic])
                kills += 1
    settle(mesh)
    for process in running.values():
        kill(process)
    for topic, journal in journals.items():
        assert follow(mesh, topic, tmp_path.name, journal, "once").wait(240) == 0
        changes = told(journal)
        assert table(changes) == landed(mesh, topic)
        again = Counter(tuple(change["place"]) for change in changes)
        assert sum(times - 1 for times in again.values()) <= kills + 1
    assert kills > 3


def test_two_processes_share_the_work_and_take_over(mesh: Mesh, tmp_path: Path) -> None:
    """A second one joins, the first is killed: together they were told the table."""
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    group = tmp_path.name
    first = follow(mesh, LINES, group, one)
    while len(told(one)) < 100:
        time.sleep(0.2)
        assert first.poll() is None
    second = follow(mesh, LINES, group, two)
    with Publisher(mesh.settings) as publisher:
        for number, fact in enumerate(facts(seed=22, orders=40)):
            publisher.publish(*fact)
            if number == 150:
                publisher.flush()
                time.sleep(8)  # the broker has dealt the partitions anew
                kill(first)
    settle(mesh)
    kill(second)
    assert follow(mesh, LINES, group, two, "once").wait(240) == 0
    assert told(two)
    changes = sorted(told(one) + told(two), key=lambda change: (change["version"], change["place"][1]))
    assert table(changes) == landed(mesh, LINES)


def test_a_state_that_is_lost_is_computed_again(mesh: Mesh, tmp_path: Path) -> None:
    """In silence: the group was told everything before."""
    group, before, after = tmp_path.name, tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    assert follow(mesh, LINES, group, before, "once").wait(240) == 0
    assert table(told(before)) == landed(mesh, LINES)
    for path in (mesh.home / "subscriptions" / group).rglob("*.sqlite*"):
        path.unlink()
    assert follow(mesh, LINES, group, after, "once").wait(240) == 0
    assert told(after) == []
    with subscribe(LINES, latest=True, group=group, settings=mesh.settings) as changes:
        rows = {change.key: {n: plain(v) for n, v in change.values.items()} for change in changes.snapshot()}
    assert rows == landed(mesh, LINES)


def test_what_is_invalid_is_skipped_and_what_is_behind_it_waits(mesh: Mesh) -> None:
    """As in the table of the orders."""
    world = [fact for fact in facts(seed=23, orders=20) if fact[0].__name__ == "OrderPlaced"]
    account = world[0][1]["account"]
    producer = Producer({"bootstrap.servers": mesh.settings.kafka})
    producer.produce(ORDERS, b"poison", account.encode(), partition=partition(account.encode(), 4))
    producer.flush(30)
    with Publisher(mesh.settings) as publisher:
        for fact in world:
            publisher.publish(*fact)
    settle(mesh)
    with subscribe(ORDERS, latest=True, follow=False, settings=mesh.settings) as changes:
        rows = {change.key: change["seq"] for change in changes}
        codes = Counter(rejected.code for rejected in changes.rejected)
    assert codes["undecodable"] == 1
    assert codes["waiting-behind"] >= 1
    landed = connect(mesh.settings).query("SELECT order_id, seq FROM sales.orders").result_rows
    assert rows == {(order,): seq for order, seq in landed}
    group = f"all-{account}"
    with subscribe(ORDERS, group=group, follow=False, settings=mesh.settings) as records:
        every = list(records)
    produced = (
        connect(mesh.settings)
        .query(f"SELECT count() FROM mesh.raw_events WHERE topic = '{ORDERS}'")
        .result_rows[0][0]
    )
    assert len(every) == produced
    with subscribe(ORDERS, group=group, follow=False, settings=mesh.settings) as records:
        assert list(records) == []


def snippets(page: str) -> list[str]:
    """The Python of a page about subscribing."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for body in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S) if "subscribe(" in body]


@pytest.mark.parametrize(
    ("page", "number"),
    [("README.md", 0), *(("portal/docs/how-to/subscribe.md", number) for number in range(5))],
)
def test_the_pages_programs_run_as_they_stand(mesh: Mesh, tmp_path: Path, page: str, number: int) -> None:
    """Only that they end, and where the mesh is, is changed."""
    program = snippets(page)[number]
    assert len(snippets(page)) == {"README.md": 1, "portal/docs/how-to/subscribe.md": 5}[page]
    if "follow=False" not in program and "mesh.subscribe" in program:
        program = re.sub(r'(group="[^"]*")', r"\1, follow=False", program)
    program = program.replace("127.0.0.1:9092", mesh.settings.kafka)
    program = program.replace("http://127.0.0.1:8081/apis/ccompat/v7", mesh.settings.registry)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "MESH_HOME": str(mesh.home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    if "order lines" in program:
        count, net = (
            connect(mesh.settings).query("SELECT count(), sum(net) FROM sales.orders_enriched").result_rows[0]
        )
        assert done.stdout.startswith(f"{count} order lines")
        if "confluent_kafka" in program:
            assert done.stdout == f"{count} order lines, net {net}\n"


def test_every_example_query_runs(mesh: Mesh) -> None:
    """Of every port with a view."""
    client = connect(mesh.settings)
    for port in find_mesh(mesh.settings).ports.values():
        query = usage.query(port)
        assert query is None or client.query(query) is not None


def test_the_end_of_a_topic_can_be_looked_at(mesh: Mesh) -> None:
    """Records, rows, one key, dead letters."""
    newest = [json.loads(line) for line in mesh.run("tail", ORDERS, "-n", "5", "--json").stdout.splitlines()]
    assert len(newest) == 5
    key = newest[-1]["key"]
    found = mesh.run("tail", ORDERS, "--key", key, "--json").stdout.splitlines()
    assert {json.loads(line)["key"] for line in found} == {key}
    assert newest[-1] in map(json.loads, found)
    rows = mesh.run("tail", ORDERS, "--latest", "-n", "3").stdout.splitlines()
    assert len(rows) == 3
    dead = mesh.run("tail", "sales.dead.order-placed.v1").stdout
    assert "undecodable: the first byte is 112" in dead
    assert "waiting-behind: waits behind" in dead
    missing = mesh.run("tail", ORDERS, "--key", f"{key}0")
    assert missing.returncode == 2
    assert f"key-unknown] {key}0" in missing.stderr
    assert f"'{key}'" in missing.stderr


def test_looking_ends_quietly(mesh: Mesh) -> None:
    """On Ctrl-C, and when nobody reads any more."""
    watching = mesh.start("tail", ORDERS, "--follow", "-n", "1")
    assert watching.stdout is not None
    first = watching.stdout.readline()
    assert re.match(r"\d{4}-\d\d-\d\d ", first), first
    watching.send_signal(signal.SIGINT)
    rest, _ = watching.communicate(timeout=60)
    assert rest == ""
    full = mesh.start("tail", LINES, "--since", "1d")
    assert full.stdout is not None
    assert full.stdout.readline()
    full.stdout.close()
    assert full.wait(60) == 0
