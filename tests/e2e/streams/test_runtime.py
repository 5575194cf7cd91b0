"""The stream runtime on a real broker: rows, recovery, corrections, poison, gaps, outages."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from mesh.platform import client
from streams.engine.failstop import EXIT_CODE
from tests.e2e.streams.cluster import PARTITIONS, Stored, World, eventually, stored

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


def test_gaps_are_no_records(world: World, broker_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets without records hold nothing up, in facts and changelog, with the kernel and without.

    Compaction leaves gaps, and of a producer's last batch the header alone. Markers of transactions are no
    records either, nor is what was aborted.
    """
    config = {"cleanup.policy": "compact", "segment.ms": "500", "min.cleanable.dirty.ratio": "0.01"}
    world.create_topics(fact=config, changelog=config)
    quicken_cleaner(world)
    keys = [b"key%d" % number for number in range(8)]
    thinned = [world.topics["fact"], world.changelog]
    thin_out(world, thinned[0], dict.fromkeys(keys, b"same"))
    thin_out(world, thinned[1], {key + b"|known": b"" for key in keys})
    places = [(topic, partition) for topic in thinned for partition in range(PARTITIONS)]
    eventually(lambda: all(is_thinned(stored(broker_home, *place)) for place in places))
    publisher = Producer({"bootstrap.servers": world.kafka, "transactional.id": world.prefix})
    publisher.init_transactions()
    for outcome in ("abort", "commit", "abort"):
        publisher.begin_transaction()
        for key in keys:
            publisher.produce(world.topics["more"], outcome.encode(), key, key[-1] % PARTITIONS)
        publisher.flush()
        publisher.commit_transaction() if outcome == "commit" else publisher.abort_transaction()
    for key in keys:
        world.sets[key] = {"same", "known", "commit"}
    for worker, kernel in enumerate(("on", "off"), 1):
        monkeypatch.setenv("STREAMS_KERNEL", kernel)
        before = world.ends(world.topics["row"])
        world.start_ready(worker)
        world.settle("fact")
        eventually(partial(shows_truth, world, before), world.log(worker))
        for key in keys:
            world.add(key.decode(), f"later, {kernel}", "more")
        world.settle()
        assert world.rows(before) == world.truth()
        folded = Counter[tuple[str, int]]()
        for batch in world.folded(worker):
            folded[batch.topic, batch.partition] += batch.records
        there = [one for name in ("fact", "more") for one in world.read(world.topics[name])]
        assert folded == Counter((one.topic(), one.partition()) for one in there)
        assert world.stop(worker) == 0
        world.read_again()


def thin_out(world: World, topic: str, entries: dict[bytes, bytes]) -> None:
    """Publish entries so often that the broker's cleaner will leave out offsets and empty a batch.

    The header of the last batch of an idempotent producer stays, for the number in it, when all its records
    were published again; of other batches nothing stays. A new segment begins with a record that is later by
    ``segment.ms``; the last one is not cleaned.
    """
    plain = Producer({"bootstrap.servers": world.kafka})
    numbered = Producer({"bootstrap.servers": world.kafka, "enable.idempotence": True})
    now = int(time.time() * 1000)
    for producer, moment in ((plain, 3), (numbered, 3), (plain, 3), (plain, 2), (plain, 1)):
        for key, value in entries.items():
            place = key.partition(b"|")[0][-1] % PARTITIONS
            producer.produce(topic, value, key, place, timestamp=now - moment * 1000)
        producer.flush()


def shows_truth(world: World, after: dict[int, int]) -> bool:
    """Whether the rows written since are the truth."""
    return world.rows(after) == world.truth()


def is_thinned(batches: list[Stored]) -> bool:
    """Whether there is a batch without a record, and a gap between two batches."""
    return any(one.records == 0 for one in batches) and any(
        after.base > before.last + 1 for before, after in pairwise(batches)
    )


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
    """Held in a batch while a second worker joins: its rows and offsets stand before its partition moves.

    Several batches wait behind it, of which that worker may fold some. What it folds nobody folds again.
    """
    world.create_topics()
    for number in range(18_000):
        world.add(f"key{number % 3 * 4}", f"e{number}", ("fact", "fact", "more")[number % 3])
    world.flush()
    world.hold(1)
    world.start(1)
    eventually(lambda: world.folding(1), world.log())
    world.hold(2)
    world.start(2)
    eventually(world.rebalancing, world.log(2))
    world.release(1)
    eventually(lambda: world.recoveries(2) > 0 or world.folding(2), world.log(2))
    assert_done(world, 0)  # and the second worker, which is held, has folded nothing yet
    load(world, 400)
    world.release(2)
    world.settle()
    assert world.rows() == world.truth()
    assert 0 in world.owned(2)
    assert sorted([*world.owned(1), *world.owned(2)]) == [0, 1, 2, 3]
    assert world.stop(2) == 0
    assert world.recovered_truth() == world.truth()
    assert_folded_once(world, 1, 2)


def assert_done(world: World, partition: int) -> None:
    """What the first worker has folded of this partition is committed, and has its rows."""
    known = defaultdict[bytes, set[bytes]](set)
    for topic in (world.topics["fact"], world.topics["more"]):
        done = world.committed(topic)[partition]
        folded = [batch.last for batch in world.folded(1) if batch[:2] == (topic, partition)]
        assert done == max(folded, default=-1) + 1
        for one in world.read(topic):
            if one.partition() == partition and one.offset() < done:
                known[one.key()].add(one.value())
    assert known
    written = {key: row.elements for key, row in world.rows().items() if key in known}
    assert written == {key: len(values) for key, values in known.items()}


def assert_folded_once(world: World, *indexes: int) -> None:
    """Every record was folded by one of these workers, and none twice."""
    for name in ("fact", "more"):
        topic = world.topics[name]
        for partition, end in world.ends(topic).items():
            spans = [(b.first, b.last) for b in world.folded(*indexes) if b[:2] == (topic, partition)]
            starts = [0, *(last + 1 for _, last in spans)]
            assert [first for first, _ in spans] == starts[:-1], (name, partition, spans)
            assert starts[-1] == end
