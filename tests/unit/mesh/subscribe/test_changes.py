"""The newest knowledge of each entity: whatever repeats, crashes and rebalances come between."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.kernel.dead_letter import DeadLetter
from mesh.kernel.errors import SubscribeError
from mesh.subscribe.changes import Change, Changes
from tests.unit.mesh.subscribe.broker import (
    LINES,
    PAYMENTS,
    Broker,
    FakeFeed,
    crash,
    example,
    files,
    intake_of,
    port_of,
    version,
)

LINE, PAYMENT = example(LINES, "paid"), example(PAYMENTS, "completed")
PARTITIONS = {0, 1, 2}
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
Table = dict[tuple[Any, ...], tuple[int, Any]]


def line(
    key: int, structure: int, registers: int, *, deleted: bool = False, content: int = 0
) -> dict[str, Any]:
    """A record of line ``key``."""
    told = {"version": version(structure, registers), "is_deleted": deleted, "quantity": content}
    return {**LINE, "line_number": key, **told}


def changes(broker: Broker, state: Path | None = None, letters: Any = None, **options: Any) -> Changes:
    """A subscription to such a broker that ends where the topic ends."""
    feed = partial(FakeFeed, broker, **options)
    options = {"state": state, "shared": options.get("group", True), "follow": False, "letters": letters}
    return Changes(port_of(broker.topic), intake_of(broker.topic), feed, **options)


def feed_of(subscription: Changes) -> FakeFeed:
    """The feed of a subscription."""
    feed = subscription._feed
    assert isinstance(feed, FakeFeed)
    return feed


def apply(table: Table, change: Change) -> None:
    """What a consumer does with a change."""
    if change.kind == "delete":
        table.pop(change.key, None)
    else:
        table[change.key] = change.version, change.values


def expected(broker: Broker) -> Table:
    """The table, from the set of records alone: the greatest version of each line, of equal ones the last."""
    best: dict[tuple[Any, ...], tuple[int, int, Any]] = {}
    decode = intake_of(broker.topic).decode
    for log in broker.partitions.values():
        for message in log:
            values = decode(message.value())
            number = int.from_bytes(values["version"], "little")
            if number >> 128 & (2**64 - 1):
                key = values["order_id"], values["line_number"]
                best[key] = max(
                    best.get(key, (-1, -1, {})), (number, message.offset(), values), key=lambda b: b[:2]
                )
    return {key: (number, values) for key, (number, _, values) in best.items() if not values["is_deleted"]}


def test_corrections_and_deletions_are_folded() -> None:
    """The last row of each line, and nothing of what is outdated or repeated."""
    broker = Broker(LINES)
    for values in (line(1, 0, 1), line(1, 0, 3), line(1, 0, 2), line(1, 0, 3), line(2, 0, 1)):
        broker.publish(0, values)
    broker.publish(0, line(2, 1, 1, deleted=True))
    broker.publish(0, line(2, 5, 0, deleted=True))
    with changes(broker) as told:
        seen = [(change.key[1], change.kind, change.version >> 128) for change in told]
    assert seen == [(1, "upsert", 1), (1, "upsert", 3), (2, "upsert", 1), (2, "delete", (1 << 64) + 1)]


def test_a_restart_tells_nothing_twice(tmp_path: Path) -> None:
    """Not even a repeat that comes after it."""
    broker = Broker(LINES)
    for key in range(5):
        broker.publish(key % 2, line(key, 0, 1))
    with changes(broker, tmp_path) as told:
        assert len(list(told)) == 5
    for key in range(5):
        broker.publish(key % 2, line(key, 0, 1))
    broker.publish(0, line(0, 0, 2))
    with changes(broker, tmp_path) as told:
        assert [change.key[1] for change in told] == [0]
    assert files(tmp_path) == [f"{LINES}/0.sqlite", f"{LINES}/1.sqlite"]


def test_after_a_kill_only_the_unfinished_change_comes_again(tmp_path: Path) -> None:
    """The broker knows nothing yet; the state does."""
    broker = Broker(LINES)
    for key in range(5):
        broker.publish(0, line(key, 0, 1))
    told = changes(broker, tmp_path)
    assert [next(told).key[1] for _ in range(3)] == [0, 1, 2]
    crash(told)
    assert broker.committed == {}
    with changes(broker, tmp_path) as told:
        assert [change.key[1] for change in told] == [2, 3, 4]


def test_a_block_that_fails_leaves_its_change_unfinished(tmp_path: Path) -> None:
    """One that ends well does not, even by a break."""
    broker = Broker(LINES)
    for key in range(3):
        broker.publish(0, line(key, 0, 1))
    with pytest.raises(LookupError), changes(broker, tmp_path) as told:
        next(told)["no such field"]
    with changes(broker, tmp_path) as told:
        for change in told:
            assert change.key[1] == 0
            break
    with changes(broker, tmp_path) as told:
        assert [change.key[1] for change in told] == [1, 2]


def test_an_error_ends_the_iteration_and_steps_over_nothing(tmp_path: Path) -> None:
    """Such as a registry that is away when a schema is needed."""
    broker = Broker(LINES)
    for key in range(3):
        broker.publish(0, line(key, 0, 1))
    broken = broker.partitions[0][1]
    value = broken.value()
    broken.set_value(b"\0\0\0\0\x09" + (value or b"")[5:])
    told = changes(broker, tmp_path)
    assert next(told).key[1] == 0
    with pytest.raises(AssertionError, match="schema 9 was asked for"):
        next(told)
    assert list(told) == []
    broken.set_value(value)
    with changes(broker, tmp_path) as told:
        assert [change.key[1] for change in told] == [1, 2]


def test_another_machine_goes_on_where_the_group_is(tmp_path: Path) -> None:
    """What the first one was told is folded in silence, and its place never goes back."""
    broker = Broker(LINES)
    for key in range(4):
        broker.publish(0, line(key, 0, 5))
    with changes(broker, tmp_path / "one") as told:
        list(told)
    assert broker.committed == {0: 4}
    halfway = changes(broker, tmp_path / "two")
    assert halfway._take(0) is None
    halfway.close()
    assert broker.committed == {0: 4}
    broker.publish(0, line(0, 0, 4))
    broker.publish(0, line(1, 0, 6))
    with changes(broker, tmp_path / "two") as told:
        assert [change.key[1] for change in told] == [1]
    with changes(broker, tmp_path / "three") as told:
        assert list(told) == []
    assert broker.committed == {0: 6}


def test_without_a_group_the_state_alone_remembers(tmp_path: Path) -> None:
    """One process has the whole table; a second one is refused."""
    broker = Broker(LINES)
    broker.publish(0, line(1, 0, 1))
    with changes(broker, tmp_path, group=False) as told:
        assert len(list(told)) == 1
        with pytest.raises(SubscribeError, match="state-taken"):
            changes(broker, tmp_path, group=False)
    with changes(broker, tmp_path, group=False) as told:
        assert list(told) == []
        assert [row.key[1] for row in told.snapshot()] == [1]
    with changes(broker, group=False) as told:
        assert len(list(told)) == 1


def test_a_partition_whose_state_a_zombie_holds_is_computed_again(tmp_path: Path) -> None:
    """The broker has dealt it to us, so it is ours."""
    broker = Broker(LINES)
    broker.publish(0, line(1, 0, 1))
    zombie = changes(broker, tmp_path)
    with changes(broker, tmp_path) as told:
        assert len(list(told)) == 1
    zombie.close()


def test_a_batch_is_finished_as_a_whole(tmp_path: Path) -> None:
    """And comes again as a whole."""
    broker = Broker(LINES)
    for key in range(5):
        broker.publish(0, line(key, 0, 1))
    told = changes(broker, tmp_path)
    batches = told.batches(2)
    assert [[change.key[1] for change in next(batches)] for _ in range(2)] == [[0, 1], [2, 3]]
    crash(told)
    with changes(broker, tmp_path) as told:
        assert [len(batch) for batch in told.batches(2)] == [2, 1]


def test_a_rebalance_takes_a_half_collected_batch_away(tmp_path: Path) -> None:
    """What was collected of partitions that are no longer ours is not handed out, and not committed."""
    broker = Broker(LINES)
    for key in range(4):
        broker.publish(key % 2, line(key, 0, 1))
    with changes(broker, tmp_path) as told:
        feed = feed_of(told)
        collected = told._take(0)
        assert collected is not None
        told._open.append(collected)
        feed.rebalance = {1}
        batch = next(told.batches(10, 0.2))
        assert {change.partition for change in batch} == {1}
    assert set(broker.committed) == {1}


def test_the_snapshot_is_the_table_and_iterating_goes_on_from_it(tmp_path: Path) -> None:
    """Rows of earlier runs are in it too; what is gone is not."""
    broker = Broker(LINES)
    for values in (line(1, 0, 1), line(2, 0, 1), line(2, 1, 1, deleted=True), line(3, 0, 1)):
        broker.publish(0, values)
    with changes(broker, tmp_path) as told:
        assert sorted(row.key[1] for row in told.snapshot()) == [1, 3]
        assert list(told) == []
    broker.publish(0, line(3, 0, 2))
    with changes(broker, tmp_path) as told:
        rows = list(told.snapshot())
        broker.publish(0, line(1, 1, 1, deleted=True))
        feed_of(told).mark()
        assert {(row.key[1], row.kind) for row in rows} == {(1, "upsert"), (3, "upsert")}
        assert [(change.key[1], change.kind) for change in told] == [(1, "delete")]


def test_facts_with_equal_seq_are_told_once() -> None:
    """The first of them."""
    broker = Broker(PAYMENTS)
    for amount in (Decimal(5), Decimal(6)):
        broker.publish(0, {**PAYMENT, "amount": amount})
    with changes(broker) as told:
        assert [change["amount"] for change in told] == [Decimal(5)]


def test_what_cannot_be_used_is_skipped_and_counted() -> None:
    """Between good records."""
    broker = Broker(LINES)
    broker.append(0, b"shop:29825", b"poison")
    broker.publish(0, line(1, 0, 1))
    broker.publish(0, line(2, 0, 1), key=b"another:account")
    with changes(broker) as told:
        assert [change.key[1] for change in told] == [1]
        assert [rejected.code for rejected in told.rejected] == ["undecodable", "key-mismatch"]
    assert broker.committed == {0: 3}


def test_records_wait_behind_an_invalid_one_until_they_are_redriven(tmp_path: Path) -> None:
    """As in the tables, whatever restarts come between; what others have parked waits as well."""
    broker = Broker(PAYMENTS)
    account = PAYMENT["account"].encode()

    def publish(seq: int, *, redriven: bool = False) -> None:
        headers = [("mesh-redrive", b"r1")] if redriven else []
        broker.publish(0, {**PAYMENT, "seq": seq}, headers=headers)

    def seen() -> list[int]:
        with changes(broker, tmp_path, letters=lambda: []) as told:
            return [change.version for change in told]

    publish(1)
    broker.append(0, account, b"poison")
    publish(2)
    assert seen() == [1]
    publish(3)
    assert seen() == []
    publish(2, redriven=True)
    assert seen() == [2]
    publish(3, redriven=True)
    broker.append(0, account, None, headers=[("mesh-redrive", b"r1"), ("mesh-release", b"3")])
    publish(4)
    assert seen() == [3, 4]
    parked = DeadLetter(
        PAYMENTS, 0, 7, "mesh.sink", "", "schema-unknown", "unknown", 9, "1", NOON, 1, account, b"", ()
    )
    publish(5)
    with changes(broker, None, letters=lambda: [parked], group=False) as told:
        assert [change.version for change in told] == [1, 2, 3]
        assert [r.code for r in told.rejected] == [
            "undecodable", "waiting-behind", "waiting-behind", "schema-unknown", "waiting-behind"
        ]  # fmt: skip


RECORDS = st.lists(
    st.tuples(
        st.integers(0, 5),  # line, and by it the partition
        st.integers(0, 2),  # structure
        st.integers(0, 3),  # registers; 0 clears a day
        st.booleans(),
        st.integers(0, 1),
    ),
    max_size=40,
)
STEPS = st.lists(st.sampled_from(["take", "batch", "kill", "stop", "swap", "forget", "clone"]), max_size=25)


@settings(max_examples=50)
@given(RECORDS, st.lists(st.integers(0, 100), max_size=30), STEPS, st.integers(0, 1 << 16), st.booleans())
def test_any_history_gives_the_table_of_the_set_of_records(
    records: list[tuple[int, int, int, bool, int]],
    repeats: list[int],
    steps: list[str],
    seed: int,
    one_machine: bool,
) -> None:
    """Repeats, partitions in any order, kills, stops, rebalances between two processes, states that are lost.

    Two processes of one group apply what they are told to one table. In the end it is the table of the set.
    """
    chance = random.Random(seed)
    broker = Broker(LINES, partitions={partition: [] for partition in PARTITIONS})
    stream = records + [records[number % len(records)] for number in repeats if records]
    for key, structure, registers, deleted, content in stream:
        broker.publish(key % 3, line(key, structure, registers, deleted=deleted, content=content))
    table: Table = {}
    with TemporaryDirectory() as folder:
        homes = [Path(folder) / ("shared" if one_machine else name) for name in ("left", "right")]
        shares = [{0, 1}, {2}]
        run: list[Changes] = [
            _start(broker, home, share, chance) for home, share in zip(homes, shares, strict=True)
        ]
        for step in steps:
            who = chance.randrange(2)
            if step == "take":
                for _, change in zip(range(chance.randrange(5)), run[who], strict=False):
                    apply(table, change)
            elif step == "batch":
                for change in next(run[who].batches(chance.randrange(1, 4), 0.02), []):
                    apply(table, change)
            elif step == "swap":
                shares = shares[::-1]
                for each in run:  # all give up what they have before anyone is dealt anything
                    each._finish()
                    each.revoked(lost=False)
                for each, share in zip(run, shares, strict=True):
                    feed_of(each).deal(share)
            else:
                if step == "kill":
                    crash(run[who])
                else:
                    run[who].close()
                if step == "forget":
                    for path in homes[who].rglob("*"):
                        if path.is_file() and path.stem.partition(".")[0] in map(str, shares[who]):
                            path.unlink()
                run[who] = _start(broker, homes[who], shares[who], chance)
        for each in run:
            for change in each:
                apply(table, change)
        snapshot: Table = {}
        for each in run:
            for change in each.snapshot():
                apply(snapshot, change)
            each.close()
    assert snapshot == table == expected(broker)


def _start(broker: Broker, home: Path, share: set[int], chance: random.Random) -> Changes:
    return changes(broker, home, owned=set(share), seed=chance.randrange(1000))
