"""The fold by golden id: merging, leaving, favourites, churn."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from streams.customer_360 import topics
from tests.unit.streams.customer_360.conftest import Worker
from tests.unit.streams.customer_360.flow import parts
from tests.unit.streams.customer_360.test_accounts import DAY, line, payment, version
from tests.unit.streams.customer_360.world import START, customer, link

Fact = dict[str, Any]


def without_version(row: Fact) -> Fact:
    """A row, but for how much it knows."""
    return {name: value for name, value in row.items() if name != "version"}


def two_customers(worker: Worker) -> dict[str, Fact]:
    """Two customers with an account each, and their rows."""
    for account, product in (("crm:1", "p1"), ("web:2", "p2")):
        worker.put(topics.CUSTOMER, customer(account, START, 0, account))
        worker.put(topics.CROSSWALK, link(account, 0, account))
        worker.put(
            topics.LINE,
            *(line(number, f"{account}-o", account, product_id=product) for number in (1, 2)),
        )
        worker.put(topics.PAYMENT, payment(account=account, transaction_id=account))
    return worker.rows()


def test_a_merge_adds_up_and_empties_the_other_row(worker: Worker) -> None:
    """All of both accounts, under the one golden id."""
    two_customers(worker)
    worker.put(topics.CROSSWALK, link("web:2", 1, "crm:1"))
    rows = worker.rows()
    merged, left = rows["crm:1"], rows["web:2"]
    assert (merged["accounts"], merged["lines"], merged["units"], merged["orders"]) == (2, 4, 8, 2)
    assert (merged["transactions"], merged["transaction_amount"]) == (2, Decimal(18))
    assert (merged["account"], merged["first_name"]) == (
        "web:2",
        "web:2",
    )  # of equal versions the greater account
    assert left["is_deleted"]
    assert (left["accounts"], left["lines"], left["net"], left["account"]) == (0, 0, 0, None)
    assert left["churn_status"] == "No transaction"


def test_an_unmerge_leaves_rows_as_if_there_had_been_no_merge(worker: Worker) -> None:
    """Only the versions are higher; later facts go to the right row."""
    before = two_customers(worker)
    worker.put(topics.CROSSWALK, link("web:2", 1, "crm:1"))
    merged = worker.rows()
    worker.put(topics.CROSSWALK, link("web:2", 2, "web:2"))
    after = worker.rows()
    assert set(after) == set(before) == {"crm:1", "web:2"}
    for golden_id, row in after.items():
        assert without_version(row) == without_version(before[golden_id])
        assert parts(row) > parts(merged[golden_id]) > parts(before[golden_id])
    worker.put(topics.LINE, line(3, "web:2-o", "web:2", product_id="p1", quantity=9))
    assert worker.rows()["web:2"]["favourite_product_id"] == "p1"


def test_what_changed_while_away_is_known_on_return(worker: Worker) -> None:
    """Registers of the earlier membership say nothing any more."""
    two_customers(worker)
    worker.put(topics.CROSSWALK, link("web:2", 1, "crm:1"))
    moved = [
        line(
            number,
            "web:2-o",
            "web:2",
            product_id="p7",
            version=version(2, 1, 0, 0),
        )
        for number in (1, 2)
    ]
    worker.put(topics.LINE, *moved)
    worker.put(topics.CROSSWALK, link("web:2", 2, "web:2"))
    rows = worker.rows()
    assert rows["web:2"]["favourite_product_id"] == "p7"
    assert rows["crm:1"]["favourite_product_id"] == "p1"


def test_an_outdated_register_changes_nothing(worker: Worker) -> None:
    """A worker that was frozen writes what it knew after another one has gone on."""
    worker.put(topics.LINE, line(1))
    late = list(worker.written)
    worker.put(
        topics.LINE,
        line(1, product_id="p2", quantity=5, version=version(2, 5, 0, 0)),
    )
    known = worker.rows()["crm:1"]
    assert known["favourite_product_id"] == "p2"
    worker.written = late
    assert worker.rows()["crm:1"] == known


def test_favourites_have_most_units_then_most_net_then_the_least_id(worker: Worker) -> None:
    """By bytes: "p10" comes before "p9"; a product that loses its lead gives way."""
    worker.put(topics.LINE, line(1, product_id="p9"), line(2, product_id="p10"), line(3, product_id="p90"))
    assert worker.rows()["crm:1"]["favourite_product_id"] == "p10"
    worker.put(topics.LINE, line(4, product_id="p9", quantity=0, net_amount=Decimal("0.0001")))
    assert worker.rows()["crm:1"]["favourite_product_id"] == "p9"
    dead = line(4, product_id="p9", is_deleted=True, version=version(2, 5, 0, 0))
    worker.put(topics.LINE, dead)
    assert worker.rows()["crm:1"]["favourite_product_id"] == "p10"


def test_favourites_are_those_of_all_accounts_together(worker: Worker) -> None:
    """Second in each account may be first in the sum."""
    for account, own in (("crm:1", "p1"), ("web:2", "p2")):
        worker.put(
            topics.LINE,
            line(1, account, account, product_id=own, quantity=5),
            line(2, account, account, product_id="p3", quantity=4),
        )
        worker.put(topics.CROSSWALK, link(account, 0, "g"))
    assert worker.rows()["g"]["favourite_product_id"] == "p3"


def test_churn_is_crossed_on_the_91st_day(worker: Worker) -> None:
    """By the latest payment of all accounts; a new payment brings the customer back."""
    for account, days in (("crm:1", 0), ("web:2", 40)):
        worker.put(topics.CROSSWALK, link(account, 0, "g"))
        worker.put(topics.PAYMENT, payment(START + days * DAY, account=account, transaction_id=account))
    worker.tell(START + 91 * DAY)
    assert worker.rows()["g"]["churn_status"] == "Not Churned"
    worker.tell(START + 131 * DAY - timedelta(microseconds=1))
    assert worker.rows() == {}
    worker.tell(START + 131 * DAY)
    row = worker.rows()["g"]
    assert (row["churn_status"], row["churned_at"]) == ("Churned", START + 131 * DAY)
    worker.put(topics.PAYMENT, payment(START + 100 * DAY, transaction_id="t9"))
    row = worker.rows()["g"]
    assert (row["churn_status"], row["churned_at"]) == ("Not Churned", None)


def test_a_register_of_another_golden_id_is_parked(worker: Worker) -> None:
    """Key and golden id must agree."""
    worker.put(topics.LINE, line())
    offset, at, _, value, headers = worker.written[-1]
    (rejection,) = worker.second.fold(topics.ACTIVITY, [(offset, at, b"crm:2", value, headers)])
    assert rejection.code == "key-mismatch"
    assert value is not None
    (rejection,) = worker.second.fold(topics.ACTIVITY, [(offset, at, b"crm:1", value[:-1], headers)])
    assert rejection.code == "undecodable"


def test_recovery_owes_nothing_and_knows_everything(worker: Worker) -> None:
    """The state of the second fold is in its changelog, in any order."""
    worker.put(topics.LINE, line(1, product_id="p1"), line(2, product_id="p2", quantity=9))
    worker.put(topics.CROSSWALK, link("crm:1", 0, "g"))
    last = worker.written[-2:]  # the summary, and the departure from its own name
    assert list(worker.second.fold(topics.ACTIVITY, worker.written)) == []
    emission = worker.second.take(100)
    assert emission is not None
    expected = {key: value for key, value, _ in emission.outputs[0].rows}
    other = Worker()
    other.second.recover(reversed(emission.changelog))
    assert other.second.take(1) is None
    assert list(other.second.fold(topics.ACTIVITY, last)) == []
    emission = other.second.take(100)
    assert emission is not None
    assert {key: value for key, value, _ in emission.outputs[0].rows} == expected
