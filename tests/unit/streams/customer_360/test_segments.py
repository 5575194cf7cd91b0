"""The segment in the row: the newest that was told, whenever it comes, and the golden id's own."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from streams.customer_360 import topics
from tests.unit.streams.customer_360.conftest import Worker
from tests.unit.streams.customer_360.flow import CODECS, fetched, parts
from tests.unit.streams.customer_360.test_accounts import line
from tests.unit.streams.customer_360.world import START, customer, link, segment

Fact = dict[str, Any]


def shown(row: Fact) -> tuple[str | None, str | None]:
    """The segment of a row, and its week."""
    return row["segment"], row["segment_week"]


def known(worker: Worker, account: str = "crm:1") -> Fact:
    """A customer without segment, and the row."""
    worker.put(topics.CUSTOMER, customer(account, START, 0, account))
    worker.put(topics.CROSSWALK, link(account, 0, account))
    worker.put(topics.LINE, line(1, f"{account}-o", account))
    return worker.rows()[account]


def test_the_newest_segment_is_shown_and_raises_the_version(worker: Worker) -> None:
    """By seq + 1 in the registers; all else of the row is as it was."""
    before = known(worker)
    assert shown(before) == (None, None)
    row = worker.assign(segment("crm:1", 4, "Recent regulars", "2024-W20"))["crm:1"]
    assert shown(row) == ("Recent regulars", "2024-W20")
    structure, registers, clocks, seqs = parts(before)
    assert parts(row) == (structure, registers + 5, clocks, seqs)
    changed = {name for name in row if row[name] != before[name]}
    assert changed == {"segment", "segment_week", "version"}
    later = worker.assign(segment("crm:1", 5, "Lost buyers", "2024-W21"))["crm:1"]
    assert shown(later) == ("Lost buyers", "2024-W21")
    assert parts(later) > parts(row)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_highest_revision_holds_in_any_order(worker: Worker, order: tuple[int, ...]) -> None:
    """And whatever comes twice."""
    known(worker)
    told = [segment("crm:1", seq, f"segment {seq}") for seq in range(3)]
    worker.assign(*(told[place] for place in order))
    row = worker.assign(told[0], told[1])["crm:1"]
    assert shown(row) == ("segment 2", "2024-W12")


def test_a_segment_makes_no_row_and_waits_for_the_first(worker: Worker) -> None:
    """Nobody is a customer by a segment alone."""
    assert worker.assign(segment("crm:1", 0, "Lost buyers")) == {}
    assert shown(known(worker)) == ("Lost buyers", "2024-W10")


def test_a_segment_stays_with_its_golden_id_in_a_merge(worker: Worker) -> None:
    """The merged row has its own; the row that lost its account keeps what was told of it, and is deleted."""
    for account in ("crm:1", "web:2"):
        known(worker, account)
        worker.assign(segment(account, 0, f"of {account}"))
    worker.put(topics.CROSSWALK, link("web:2", 1, "crm:1"))
    rows = worker.rows()
    assert (rows["crm:1"]["accounts"], rows["crm:1"]["segment"]) == (2, "of crm:1")
    assert (rows["web:2"]["is_deleted"], rows["web:2"]["segment"]) == (True, "of web:2")
    after = worker.assign(segment("web:2", 1, "of nobody"))["web:2"]
    assert (after["is_deleted"], after["segment"], after["accounts"]) == (True, "of nobody", 0)
    assert parts(after) > parts(rows["web:2"])


def test_a_repetition_is_written_again_and_kept_once(worker: Worker) -> None:
    """A crash may have left the changelog written and the row not."""
    known(worker)
    told = segment("crm:1", 3, "Lost buyers")
    first = worker.assign(told)
    kept = len(worker.golden_changelog)
    assert worker.assign(told) == first
    assert len(worker.golden_changelog) == kept


def test_a_broken_assignment_is_parked_and_changes_nothing(worker: Worker) -> None:
    """Of another key, cut off, with a revision that does not add up, or another one of a known revision."""
    known(worker)
    worker.assign(segment("crm:1", 3, "Lost buyers"))
    offset, at, key, value, headers = fetched(topics.SEGMENT, 7, segment("crm:1", 4, "Recent regulars"))
    assert value is not None
    broken = [
        (offset, at, b"crm:2", value, headers),
        (offset, at, key, value[:-1], headers),
        (offset, at, key, CODECS[topics.SEGMENT].encode(segment("crm:1", 1 << 60, "high")), headers),
        (offset, at, key, CODECS[topics.SEGMENT].encode(segment("crm:1", 3, "Recent regulars")), headers),
    ]
    codes = [rejection.code for rejection in worker.second.fold(topics.SEGMENT, broken)]
    assert codes == ["key-mismatch", "undecodable", "undecodable", "revision-conflict"]
    assert worker.second.take(10) is None
    worker.put(topics.LINE, line(2, "crm:1-o", "crm:1"))
    assert shown(worker.rows()["crm:1"]) == ("Lost buyers", "2024-W13")


def test_a_successor_knows_every_segment(worker: Worker) -> None:
    """Also of whom no row was written, and whichever entry the changelog gives first."""
    known(worker)
    told = [segment("crm:1", 1, "Lost buyers"), segment("crm:1", 2, "Recent regulars")]
    row = worker.assign(*told, segment("web:2", 0, "early"))["crm:1"]
    other = Worker()
    other.second.recover(reversed(worker.golden_changelog))
    assert other.second.take(1) is None
    assert other.assign(told[0])["crm:1"] == row
    assert shown(known(other, "web:2")) == ("early", "2024-W10")
    conflict = fetched(topics.SEGMENT, 9, segment("crm:1", 1, "other"))
    assert [one.code for one in other.second.fold(topics.SEGMENT, [conflict])] == ["revision-conflict"]
