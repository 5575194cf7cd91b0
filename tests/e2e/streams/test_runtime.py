"""The stream runtime on a real broker: rows, recovery, corrections, poison, gaps, outages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from mesh.platform import client
from streams.engine.failstop import EXIT_CODE
from tests.e2e.streams.cluster import World, eventually

pytestmark = pytest.mark.real


def load(world: World, records: int, keys: int = 50) -> None:
    """Publish elements, some of them twice, to both inputs."""
    for number in range(records):
        world.add(f"key{number % keys}", f"e{number % (records * 2 // 3)}", ("fact", "more")[number % 2])
    world.flush()


def test_rows_follow_from_all_inputs(world: World) -> None:
    """Two co-partitioned topics and a broadcast topic end in the right rows, and a graceful stop is clean."""
    world.create_topics()
    world.revise("1", 3)
    load(world, 20_000)
    world.start_ready()
    world.settle()
    assert world.rows() == world.truth()
    caused = {one.timestamp() for name in ("fact", "more") for one in world.read(world.topics[name])}
    assert {row.timestamp() for row in world.read(world.topics["row"])} <= caused
    assert world.stop() == 0
    assert "CRITICAL" not in world.log().read_text()
    world.start_ready()  # what was acknowledged was committed: nothing is repeated
    time.sleep(1)
    assert len(world.read(world.changelog)) == sum(map(len, world.sets.values())) + 2 * 4  # and the marks


def test_a_restarted_worker_knows_what_it_knew(world: World) -> None:
    """After a kill the state comes back from the changelog, records of 1 MB among small ones."""
    world.create_topics()
    load(world, 5_000)
    for number in range(20):
        world.add(f"key{number}", "large", padding=b"x" * (1 << 20))
    world.start_ready()
    world.settle()
    assert world.rows() == world.truth()
    world.kill()
    world.start_ready()
    assert world.recovered_truth() == world.truth()


def test_broadcast_changes_correct_rows(world: World) -> None:
    """While a worker runs, while it is down, and never twice."""
    world.create_topics()
    load(world, 1_000)
    world.start_ready()
    world.settle()
    world.revise("4", 1)
    world.flush()
    eventually(lambda: world.rows() == world.truth(), world.log())
    world.kill()
    world.revise("4", 3)
    world.revise("4", 2)
    world.revise("7", 9)
    world.flush()
    world.start_ready()
    eventually(lambda: world.rows() == world.truth(), world.log())
    world.kill()
    before = world.ends(world.topics["row"])
    world.start_ready()
    time.sleep(1)
    assert world.ends(world.topics["row"]) == before


def test_poison_is_parked_and_the_rest_goes_on(world: World) -> None:
    """Poison, tombstones, records without a key, and a broadcast record that cannot be read."""
    world.create_topics()
    world.start_ready()
    world.add("key1", "before")
    world.send("fact", b"key1", b"poison")
    world.send("fact", b"key2", None)
    world.send("more", None, b"element", 3)
    world.send("group", b"g", b"\xff", 0)
    world.send("group", b"g", None, 0)
    world.add("key1", "after")
    world.settle()
    eventually(lambda: len(world.read(world.dead("group"))) == 2, world.log())
    assert world.rows() == world.truth()
    parked = {(one.key(), one.value()): dict(one.headers()) for one in world.read(world.dead("fact"))}
    assert set(parked) == {(b"key1", b"poison"), (b"key2", None)}
    headers = parked[b"key1", b"poison"]
    assert headers.pop("mesh-first-seen").startswith(b"20")
    assert headers.pop("mesh-version")
    assert headers == {
        "mesh-topic": world.topics["fact"].encode(),
        "mesh-partition": b"1",
        "mesh-offset": b"1",
        "mesh-consumer": world.group.encode(),
        "mesh-code": b"undecodable",
        "mesh-reason": b"it is poison",
        "mesh-schema-id": b"",
        "mesh-attempts": b"1",
    }
    (keyless,) = world.read(world.dead("more"))
    assert dict(keyless.headers())["mesh-code"] == b"key-mismatch"
    world.kill()
    world.start_ready()  # a broadcast record is read again at each start, and parked once
    time.sleep(1)
    assert len(world.read(world.dead("group"))) == 2


def test_too_much_poison_stops_the_worker(world: World) -> None:
    """With a clear line and before the acknowledgement, so that the topic is not drained."""
    world.create_topics()
    for _ in range(30):
        world.send("fact", b"key1", b"poison")
    world.flush()
    process = world.start(1, "--limit", "20")
    assert process.wait(30) == EXIT_CODE
    assert "EngineError[dead-letter-limit]" in world.log().read_text()
    assert world.read(world.dead("fact")) == []
    assert sum(world.committed(world.topics["fact"]).values()) == 0


def test_gaps_are_no_records(world: World) -> None:
    """Offsets that compaction, transaction markers and aborted transactions leave out hold nothing up."""
    world.create_topics(
        fact={
            "cleanup.policy": "compact",
            "segment.ms": "500",
            "min.cleanable.dirty.ratio": "0.01",
            "max.compaction.lag.ms": "500",
        }
    )
    for number in range(200):
        world.add(f"key{number % 8}", "same")
        if number % 100 == 99:
            world.flush()
            time.sleep(0.6)  # the next record closes the segment
    world.add("key0", "same")
    world.flush()
    quicken_cleaner(world)
    eventually(lambda: len(world.read(world.topics["fact"])) < 150, None)
    publisher = Producer({"bootstrap.servers": world.kafka, "transactional.id": world.prefix})
    publisher.init_transactions()
    for outcome in ("abort", "commit", "abort"):
        publisher.begin_transaction()
        for key in range(8):
            publisher.produce(world.topics["more"], outcome.encode(), b"key%d" % key, key % 4)
            if outcome == "commit":
                world.sets[b"key%d" % key].add(outcome)
        publisher.flush()
        publisher.commit_transaction() if outcome == "commit" else publisher.abort_transaction()
    world.start_ready()
    world.settle("fact")
    eventually(lambda: world.rows() == world.truth(), world.log())
    world.add("key0", "later", "more")
    world.settle("fact")
    eventually(lambda: world.rows() == world.truth(), world.log())


def quicken_cleaner(world: World) -> None:
    """Have the broker's log cleaner look for work more often."""
    entry = ConfigEntry("log.cleaner.backoff.ms", "500", incremental_operation=AlterConfigOpType.SET)
    broker = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[entry])
    futures = world.admin.incremental_alter_configs([broker])
    for future in futures.values():
        future.result(30)


def test_another_part_may_be_away_for_a_while(world: World) -> None:
    """A fold that waits is given its batch again: nothing parked, nothing lost, no restart."""
    world.create_topics()
    outage = world.home / "outage"
    outage.touch()
    world.start_ready()
    load(world, 500)
    eventually(lambda: "waiting" in world.log().read_text(), world.log())
    assert world.rows() == {}
    outage.unlink()
    world.settle()
    assert world.rows() == world.truth()
    assert world.workers[1].poll() is None
    assert world.read(world.dead("fact")) == []


def test_the_broker_may_be_away_for_a_while(world: World, broker_home: Path) -> None:
    """Killed and started again in mid-flow: the same worker goes on, with nothing lost."""
    world.create_topics()
    world.start_ready(1, "--slow", "0.05")
    load(world, 2_000)
    eventually(lambda: bool(world.rows()), world.log())
    load(world, 4_000)
    client.stop_part("broker", broker_home)
    time.sleep(2)
    client.start_part("broker", broker_home)
    load(world, 1_000)
    world.settle()
    eventually(lambda: world.rows() == world.truth(), world.log())
    assert world.workers[1].poll() is None
    world.revise("3", 5)
    world.flush()
    eventually(lambda: world.rows() == world.truth(), world.log())


def test_a_rebalance_finishes_the_batch_in_flight(world: World) -> None:
    """A second worker joins while the first is in the middle of a slow batch: nothing is lost."""
    world.create_topics()
    for number in range(400):
        world.add(f"key{number % 40}", f"e{number}", ("fact", "more")[number % 2])
        if number % 10 == 9:
            world.flush()  # many small batches
    world.start_ready(1, "--slow", "0.3")
    world.start_ready(2, "--slow", "0.3")
    world.settle()
    assert world.rows() == world.truth()
    owned = [
        log.read_text().rsplit("partitions [", 1)[1].split("]")[0] for log in (world.log(1), world.log(2))
    ]
    assert sorted(", ".join(owned).split(", ")) == ["0", "1", "2", "3"]
    assert world.stop(2) == 0
    assert world.recovered_truth() == world.truth()
