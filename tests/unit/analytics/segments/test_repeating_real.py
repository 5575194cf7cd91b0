"""A run is repeated from what was kept of it, whatever has become of the facts since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.segments import history
from analytics.segments.repeating import repeat
from analytics.segments.tables import ASSIGNED, RUNS
from mesh.kernel.errors import LearningError
from tests.unit.analytics.segments.shop import FEW, WEEK, Shop

pytestmark = pytest.mark.real


def test_a_digest_repeats_equal_after_facts_came_late(shop: Shop) -> None:
    """After orders of its week, a merge of customers, a cancellation: its features are had of no table."""
    shop.segment(WEEK)
    then = shop.segment(WEEK.later(1))
    before = shop.features(WEEK.later(1))
    for customer in (4, 5, 6):
        shop.order(customer, "2024-04-18")
    order = next(row for row in shop.trade["sales.orders_enriched"] if row["ordered_at"] < "2024-04-01")
    cancelled = {
        "fulfilment_id": "late",
        "order_id": order["order_id"],
        "account": order["account"],
        "seq": 1,
    }
    moment = {"updated_at": "2024-04-20 10:00:00", "occurred_at": "2024-04-20 10:00:00"}
    shop.land("sales.fulfilments", {**cancelled, **moment, "order_status": "Cancelled"})
    shop.client.command("TRUNCATE TABLE customer.crosswalk_v1")
    shop.land("customer.crosswalk", *({"account": f"a{n}", "golden_id": f"g{n % 8}"} for n in range(14)))
    assert shop.features(WEEK.later(1)).digest != before.digest
    kept = shop.rows()
    for digest in (then.run.digest, then.run.data_digest, then.run.digest[:12].upper()):
        found = repeat(shop.client, digest)
        assert found.run == then.run
        assert found.equal
        assert found.differing == 0
        assert found.learned == then.learned
        assert not found.other_libraries
    assert shop.rows() == kept
    late = shop.segment(WEEK.later(1))
    assert late.run.number == 2
    assert repeat(shop.client, late.run.digest).equal
    assert repeat(shop.client, then.run.digest).equal


def test_what_was_kept_otherwise_does_not_repeat_equal(shop: Shop) -> None:
    """Neither a customer in another segment, nor a feature of another last digit."""
    run = shop.segment(WEEK).run
    name = next(iter(shop.segments.values()))
    shop.client.command(
        f"ALTER TABLE {ASSIGNED}_v1 UPDATE segment = '{name}!' WHERE customer_id = 'g7' "
        "SETTINGS mutations_sync = 1"
    )
    found = repeat(shop.client, run.digest)
    assert (found.equal, found.differing, found.data_equal) == (False, 1, True)
    shop.client.command(
        f"ALTER TABLE {ASSIGNED}_v1 UPDATE features = arrayMap(x -> x + 1e-9, features) WHERE 1 "
        "SETTINGS mutations_sync = 1"
    )
    assert not repeat(shop.client, run.digest).data_equal


def test_a_digest_that_no_run_has_is_refused_with_those_that_there_are(shop: Shop) -> None:
    """The nearest one and the newest; one that several have with what would tell them apart."""
    with pytest.raises(LearningError, match=r"\[digest-unknown\] abc: no run .*; run a week first"):
        repeat(shop.client, "abc")
    first = shop.segment(WEEK).run
    second = shop.segment(WEEK.later(1)).run
    typed = f"{first.digest[:11]}{'0' if first.digest[11] != '0' else '1'}"
    with pytest.raises(LearningError) as error:
        repeat(shop.client, typed)
    assert f"did you mean {first.digest[:12]}? the newest runs are {second.digest[:12]}" in error.value.remedy
    with pytest.raises(LearningError, match=r"\[digest-unknown\]"):
        repeat(shop.client, "")


def test_tables_of_before_get_the_columns_and_their_runs_are_continued(shop: Shop) -> None:
    """A run that kept no features and knew no shares cannot be repeated, and says so in one line."""
    shop.parameters = replace(FEW, kinds=0)
    old = shop.segment(WEEK)
    shop.parameters = FEW
    for view in (RUNS, ASSIGNED):
        shop.client.command(f"ALTER TABLE {view}_v1 DROP COLUMN features")
        shop.client.command(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {view}_v1 FINAL")
    second = shop.segment(WEEK.later(1))
    assert second.learned.before == old.run.digest
    assert set(second.learned.names) > set(old.learned.names)
    assert {one.name for one in second.learned.segments} & {one.name for one in old.learned.segments}
    assert history.read(shop.client, old.run) == old.learned
    assert repeat(shop.client, second.run.digest).equal
    with pytest.raises(LearningError, match=r"\[run-not-repeatable\] 2024-W16, run 1: was kept by a version"):
        repeat(shop.client, old.run.digest)
