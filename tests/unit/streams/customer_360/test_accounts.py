"""The fold by account: what is written, when, and what is parked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.version import CUSTOMER, ORDER_LINE, pack, unpack
from schemas.wire import SchemaUnknownError
from streams.customer_360 import topics
from tests.unit.streams.customer_360.conftest import Worker
from tests.unit.streams.customer_360.flow import CODECS, NOW, NoResolver, fetched
from tests.unit.streams.customer_360.world import START, customer, envelope, link

Fact = dict[str, Any]
DAY = timedelta(days=1)


def line(number: int = 1, order: str = "o1", account: str = "crm:1", **changes: Any) -> Fact:
    """A live row of orders-enriched."""
    zero = Decimal(0)
    return {
        "order_id": order,
        "account": account,
        "ordered_at": START,
        "channel": "Online",
        "currency": "EUR",
        "fx_rate": Decimal(1),
        **dict.fromkeys(("subtotal_amount", "tax_amount", "shipping_amount", "total_amount"), zero),
        "line_number": number,
        "product_id": "p1",
        "quantity": 2,
        "unit_price": Decimal(5),
        "gross_amount": Decimal(10),
        "discount_amount": Decimal(1),
        "net_amount": Decimal(9),
        "product_category": "Bikes",
        "returned_quantity": 0,
        "return_count": 0,
        "returned_amount": zero,
        "version": pack((1, 1, 0, 0), ORDER_LINE),
        "is_deleted": False,
        **changes,
    }


def payment(at: datetime = START, **changes: Any) -> Fact:
    """A payment."""
    return {
        **envelope("t", 0),
        "transaction_id": "t1",
        "order_id": "o1",
        "account": "crm:1",
        "transaction_at": at,
        "transaction_type": "Sale",
        "payment_method": "Card",
        "transaction_status": "completed",
        "amount": Decimal(9),
        "currency": "EUR",
        "fx_rate": Decimal(1),
        **changes,
    }


def facets(written: list[Fact]) -> list[tuple[str, str, int]]:
    """Which registers were written, in order."""
    return [(record["facet"], record["facet_id"], record["units"]) for record in written]


def version(*parts: int) -> bytes:
    """A version of orders-enriched."""
    structure, registers, clocks, seqs = parts
    return pack((structure, registers, clocks, seqs), ORDER_LINE)


def test_facets_are_written_before_the_summary_that_includes_them(worker: Worker) -> None:
    """Who reads a summary has read its facets."""
    written = worker.put(topics.LINE, line(1, location_id="l1", employee_id="e1"), line(2))
    assert sorted(facets(written[:-1])) == [
        ("category", "Bikes", 4),
        ("employee", "e1", 2),
        ("location", "l1", 2),
        ("product", "p1", 4),
    ]
    assert facets(written[-1:]) == [("summary", "", 4)]
    assert all(record["is_member"] for record in written)


def test_an_account_is_written_once_a_batch(worker: Worker) -> None:
    """A hundred lines of an order are one change of the account."""
    written = worker.put(topics.LINE, *(line(number) for number in range(1, 101)))
    assert facets(written) == [("product", "p1", 200), ("category", "Bikes", 200), ("summary", "", 200)]


def test_only_touched_facets_are_written_again(worker: Worker) -> None:
    """A line of one product says nothing about the others; a payment says nothing about any."""
    worker.put(topics.LINE, line(1), line(2, product_id="p2", product_category=None))
    written = worker.put(topics.LINE, line(3, product_id="p2", product_category=None))
    assert facets(written) == [("product", "p2", 4), ("summary", "", 6)]
    assert facets(worker.put(topics.PAYMENT, payment())) == [("summary", "", 6)]
    paid = line(3, product_id="p2", product_category=None, transaction_id="t1", version=version(1, 9, 0, 0))
    assert facets(worker.put(topics.LINE, paid)) == [("summary", "", 6)]


def test_a_repeated_line_writes_its_facets_again(worker: Worker) -> None:
    """A crash may have come between the changelog and the output."""
    first = worker.put(topics.LINE, line())
    assert worker.put(topics.LINE, line()) == first
    assert worker.successor(0).put(topics.LINE, line()) == first


def test_a_successor_writes_the_facets_before_it_counts_on_them(worker: Worker) -> None:
    """A crash may have come between the changelog and the output, and another topic may come first."""
    written = worker.put(topics.LINE, line())
    successor = worker.successor(0)
    assert facets(successor.put(topics.PAYMENT, payment())) == facets(written)
    assert len(successor.put(topics.PAYMENT, payment(transaction_id="t2"))) == 1  # they are known by now


def test_a_successor_that_sweeps_writes_the_facets_too(worker: Worker) -> None:
    """Its rows must not have the version of all that is known without the favourites that go with it."""
    worker.put(topics.PAYMENT, payment())
    written = worker.put(topics.LINE, line())
    successor = worker.successor(0)
    assert facets(successor.tell(START + 91 * DAY)) == facets(written)


def test_a_line_that_moves_empties_the_facet_that_it_leaves(worker: Worker) -> None:
    """Also when it is said again after a crash, and the facet's register knows that."""
    before = worker.put(topics.LINE, line())
    moved = line(product_id="p2", version=version(2, 1, 0, 0))
    after = worker.put(topics.LINE, moved)
    left = next(record for record in after if record["facet_id"] == "p1")
    assert (left["is_member"], left["units"], left["net"]) == (False, 0, 0)
    assert unpack(left["version"], CUSTOMER) > unpack(before[0]["version"], CUSTOMER)
    again = worker.successor(0).put(topics.LINE, moved)
    assert sorted(map(str, again)) == sorted(map(str, after))


def test_an_outdated_line_changes_no_sum(worker: Worker) -> None:
    """But its facets are written, since they may have been lost, and remembered."""
    worker.put(topics.LINE, line(version=version(2, 1, 0, 0)))
    written = worker.put(topics.LINE, line(product_id="p9", quantity=70))
    assert sorted(facets(written)) == [
        ("category", "Bikes", 2),
        ("product", "p1", 2),
        ("product", "p9", 0),
        ("summary", "", 2),
    ]
    assert sorted(facets(worker.successor(0).put(topics.LINE, line(version=version(2, 1, 0, 0))))) == sorted(
        facets(written)
    )


def test_of_equal_versions_the_last_row_holds(worker: Worker) -> None:
    """As in a table that keeps the last of the highest."""
    worker.put(topics.LINE, line())
    assert worker.put(topics.LINE, line(quantity=7))[-1]["units"] == 7
    assert worker.put(topics.LINE, line())[-1]["units"] == 2


def test_a_row_that_clears_a_sort_key_is_nothing(worker: Worker) -> None:
    """Its registers part is 0; it does not even make an account known."""
    assert worker.put(topics.LINE, line(is_deleted=True, version=version(7, 0, 0, 0))) == []
    worker.put(topics.LINE, line())
    assert worker.put(topics.LINE, line(is_deleted=True, version=version(7, 0, 0, 0))) == []


def test_an_order_is_described_by_its_first_live_line(worker: Worker) -> None:
    """When that line goes, by the next one."""
    first = line(1, order_status="Cancelled", ordered_at=START + DAY)
    summary = worker.put(topics.LINE, line(3, channel="In-Store"), first)[-1]["summary"]
    assert (summary["orders"], summary["cancelled_orders"], summary["online_orders"]) == (1, 1, 1)
    assert summary["first_order_at"] == summary["last_order_at"] == START + DAY
    gone = {**first, "is_deleted": True, "version": version(2, 1, 0, 0)}
    summary = worker.put(topics.LINE, gone)[-1]["summary"]
    assert (summary["orders"], summary["cancelled_orders"], summary["online_orders"]) == (1, 0, 0)
    assert summary["first_order_at"] == START
    gone = {**line(3), "is_deleted": True, "version": version(2, 1, 0, 0)}
    summary = worker.put(topics.LINE, gone)[-1]["summary"]
    assert (summary["orders"], summary["lines"], summary["first_order_at"]) == (0, 0, None)


def test_a_withdrawn_return_is_taken_back(worker: Worker) -> None:
    """Sums are derived from the newest row."""
    back = line(returned_quantity=1, returned_amount=Decimal("4.5"), version=version(1, 2, 0, 0))
    summary = worker.put(topics.LINE, back)[-1]["summary"]
    assert (summary["returned_units"], summary["returned_amount"]) == (1, Decimal("4.5"))
    summary = worker.put(topics.LINE, line(version=version(1, 4, 0, 0)))[-1]["summary"]
    assert (summary["returned_units"], summary["returned_amount"]) == (0, 0)


def test_guests_take_no_part(worker: Worker) -> None:
    """Their lines and payments are read and make no account."""
    assert worker.put(topics.LINE, line(account="guest:o1")) == []
    assert worker.put(topics.PAYMENT, payment(account="guest:o1")) == []
    assert worker.put(topics.CROSSWALK, link("guest:o1", 0, "g")) == []


def test_rows_carry_the_timestamp_of_their_cause(worker: Worker) -> None:
    """So latency can be told; for a window that ends it is that of the clock's record."""
    worker.put(topics.PAYMENT, payment(), payment(transaction_id="t2"))
    assert [record[1] for record in worker.written] == [NOW + 1]
    worker.tell(START + 91 * DAY)
    assert worker.written[-1][1] == worker.clock[-1][1]


def test_a_link_moves_everything_to_the_new_golden_id(worker: Worker) -> None:
    """The old one gets a departure, the new one all facets and then the summary."""
    worker.put(topics.LINE, line(), line(2, product_id="p2", product_category=None))
    written = worker.put(topics.CROSSWALK, link("crm:1", 4, "g1"))
    assert [(record["golden_id"], record["facet"]) for record in written] == [
        ("g1", "product"),
        ("g1", "category"),
        ("g1", "product"),
        ("g1", "summary"),
        ("crm:1", "summary"),
    ]
    assert {record["membership_seq"] for record in written} == {5}
    assert [record["is_member"] for record in written] == [True] * 4 + [False]
    assert [record[2] for record in worker.written[-2:]] == [b"g1", b"crm:1"]


def test_every_golden_id_that_was_left_hears_of_a_new_link(worker: Worker) -> None:
    """Its version counts the register of accounts that have gone."""
    for seq, golden_id in enumerate(("g1", "g2", "g1")):
        written = worker.put(topics.CROSSWALK, link("crm:1", seq, golden_id))
    gone = {record["golden_id"]: record["membership_seq"] for record in written if not record["is_member"]}
    assert gone == {"crm:1": 3, "g2": 3}


@pytest.mark.parametrize(
    ("timezone", "paid", "crossing"),
    [
        ("UTC", datetime(2024, 1, 1, 23, 59, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)),
        # Paid on 2 January in Berlin; the 91st day after begins there at 22:00 UTC, in summer time.
        ("Europe/Berlin", datetime(2024, 1, 1, 23, tzinfo=UTC), datetime(2024, 4, 1, 22, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2024, 1, 1, 22, 59, tzinfo=UTC), datetime(2024, 3, 31, 22, tzinfo=UTC)),
        # Midnight of 6 October 2024 does not exist in Asuncion: the day begins at 01:00.
        ("America/Asuncion", datetime(2024, 7, 7, 12, tzinfo=UTC), datetime(2024, 10, 6, 4, tzinfo=UTC)),
    ],
)
def test_a_payment_leaves_its_window_at_the_first_moment_of_the_91st_day(
    timezone: str, paid: datetime, crossing: datetime
) -> None:
    """Not a microsecond before, only once, and only accounts that it concerns are written."""
    worker = Worker(timezone)
    worker.put(topics.PAYMENT, payment(paid), payment(paid + 30 * DAY, account="crm:2", transaction_id="t2"))
    worker.put(topics.CUSTOMER, customer("crm:3", START, 0, "x"))
    worker.tell(START + timedelta(seconds=1))
    before = worker.tell(crossing - timedelta(microseconds=1))
    after = worker.tell(crossing)
    assert before == []
    assert [(record["account"], record["summary"]["as_of"]) for record in after] == [("crm:1", crossing)]
    assert worker.tell(crossing + DAY) == []


def test_an_order_leaves_the_year_on_the_366th_day(worker: Worker) -> None:
    """It counts while its day is no more than 365 days before the clock's."""
    worker.put(topics.LINE, line())
    worker.tell(START + 365 * DAY + timedelta(hours=23))
    assert worker.put(topics.LINE, line())[-1]["summary"]["orders_last_year"] == 1
    written = worker.tell(START + 366 * DAY)
    assert facets(written) == [("summary", "", 2)]
    assert written[0]["summary"]["orders_last_year"] == 0


def test_a_customer_version_is_shown_from_its_moment_on(worker: Worker) -> None:
    """Before any has begun the earliest is shown."""
    later = [customer("crm:1", START + days * DAY, 0, str(days)) for days in (20, 10)]
    assert worker.put(topics.CUSTOMER, *later)[-1]["summary"]["customer"]["first_name"] == "10"
    assert worker.tell(START) == []
    assert worker.tell(START + 10 * DAY)[-1]["summary"]["customer"]["first_name"] == "10"
    assert worker.tell(START + 20 * DAY - timedelta(microseconds=1)) == []
    assert worker.tell(START + 20 * DAY)[-1]["summary"]["customer"]["first_name"] == "20"


def test_a_successor_sweeps_what_its_predecessor_had_not_written(worker: Worker) -> None:
    """From the last reading that was done with; idle accounts too, and no others."""
    worker.put(topics.PAYMENT, payment(), payment(START + 5 * DAY, account="crm:2", transaction_id="t2"))
    worker.tell(START + 91 * DAY)
    worker.tell(START + 96 * DAY)
    assert [record["account"] for record in worker.successor(corrected=2).take()] == []
    assert [record["account"] for record in worker.successor(corrected=1).take()] == ["crm:2"]
    assert [record["account"] for record in worker.successor(corrected=0).take()] == ["crm:1", "crm:2"]


def test_a_partition_that_comes_back_is_swept_from_its_mark(worker: Worker) -> None:
    """Its last owner may have known an earlier clock than this worker."""
    worker.put(topics.PAYMENT, payment(), payment(START + 99 * DAY, account="crm:2", transaction_id="t2"))
    worker.tell(START)
    worker.tell(START + 95 * DAY)
    worker.tell(START + 96 * DAY)
    worker.fold.correct(worker.accounts.shared.changes_since({topics.CLOCK: 1}))
    assert [record["account"] for record in worker.take()] == ["crm:1"]
    assert worker.tell(START + 189 * DAY) == []
    assert [record["account"] for record in worker.tell(START + 190 * DAY)] == ["crm:2"]


def test_a_successor_goes_on_sweeping(worker: Worker) -> None:
    """Boundaries ahead are found again in the recovered state."""
    worker.put(topics.PAYMENT, payment())
    worker.tell(START)
    successor = worker.successor(corrected=1)
    assert successor.tell(START + 90 * DAY) == []
    assert [record["account"] for record in successor.tell(START + 91 * DAY)] == ["crm:1"]


def test_the_thousandth_order_costs_what_the_second_did(worker: Worker) -> None:
    """Rows and changelog of one more order do not grow with the account."""
    sizes = []
    for number in range(1000):
        before = len(worker.changelog)
        order = f"o{number:04}"
        written = worker.put(topics.LINE, line(order=order, ordered_at=START + number * DAY / 100))
        entries = worker.changelog[before:]
        sizes.append((len(written), sum(len(key) + len(value) for key, value in entries)))
    assert sizes[-1] == sizes[1]


class TestRejections:
    """What is invalid is parked with its code, and without effect."""

    @staticmethod
    def codes(worker: Worker, topic: str, *records: Any) -> list[str]:
        """The codes of what is rejected; nothing but valid records has an effect."""
        return [rejection.code for rejection in worker.offer(topic, *records)]

    def test_a_key_of_another_account(self, worker: Worker) -> None:
        """Key and account must agree, or the fact is in the wrong partition."""
        for topic, fact in (
            (topics.PAYMENT, payment()),
            (topics.LINE, line()),
            (topics.CROSSWALK, link("crm:1", 0, "g")),
        ):
            value = CODECS[topic].encode(fact)
            assert self.codes(worker, topic, (0, NOW, b"crm:2", value, ())) == ["key-mismatch"]
        assert worker.take() == []

    def test_a_payment_from_the_future(self, worker: Worker) -> None:
        """It may not occur more than a day after it is published."""
        value = CODECS[topics.PAYMENT].encode(payment(occurred_at=START + DAY))
        at = int(START.timestamp() * 1000)
        assert self.codes(worker, topics.PAYMENT, (0, at, b"crm:1", value, ())) == []
        assert self.codes(worker, topics.PAYMENT, (1, at - 1, b"crm:1", value, ())) == ["event-time-ahead"]

    @pytest.mark.parametrize("topic", [topics.LINE, topics.PAYMENT, topics.CUSTOMER, topics.CROSSWALK])
    def test_what_does_not_decode(self, worker: Worker, topic: str) -> None:
        """No frame, a body that is cut or too long: the rest of the batch goes on."""
        good = {
            topics.LINE: line(),
            topics.PAYMENT: payment(),
            topics.CUSTOMER: customer("crm:1", START, 0, "x"),
            topics.CROSSWALK: link("crm:1", 0, "crm:1"),
        }[topic]
        offset, at, key, value, headers = fetched(topic, 0, good)
        assert value is not None
        bad = [b"", b"{}", value[:-1], value + b"\x00", b"\x01" + value[1:]]
        records = [(offset, at, key, one, headers) for one in (*bad, value)]
        assert self.codes(worker, topic, *records) == ["undecodable"] * len(bad)
        assert len({record["account"] for record in worker.take()}) == 1

    @pytest.mark.parametrize("topic", [topics.PAYMENT, topics.CUSTOMER, topics.CROSSWALK])
    def test_two_contents_of_one_revision(self, worker: Worker, topic: str) -> None:
        """The first holds, also when a newer revision has come between; the envelope may differ."""
        one, other, newer = {
            topics.PAYMENT: (payment(), payment(amount=Decimal(8)), payment(seq=1)),
            topics.CUSTOMER: tuple(
                customer("crm:1", START, seq, name) for seq, name in ((0, "a"), (0, "b"), (1, "c"))
            ),
            topics.CROSSWALK: (link("crm:1", 0, "a"), link("crm:1", 0, "b"), link("crm:1", 1, "c")),
        }[topic]
        said = [one, {**one, "event_id": "another"}, other, newer, other, one]
        records = [fetched(topic, offset, fact) for offset, fact in enumerate(said)]
        rejections = worker.offer(topic, *records)
        assert [(one.code, one.record[0]) for one in rejections] == [
            ("revision-conflict", 2),
            ("revision-conflict", 4),
        ]

    def test_a_seq_out_of_bounds(self, worker: Worker) -> None:
        """A seq is a whole number below 2^60."""
        record = fetched(topics.PAYMENT, 0, payment(seq=2**60))
        assert self.codes(worker, topics.PAYMENT, record) == ["undecodable"]

    def test_a_moment_beyond_the_calendar(self, worker: Worker) -> None:
        """It could not be shown."""
        codec = CODECS[topics.LINE]
        value = codec.encode(line())
        start = value.index(b"\x0acrm:1") + 6
        far = value[:start] + b"\xfe" + b"\xff" * 8 + b"\x01" + value[value.index(b"\x0cOnline") :]
        assert self.codes(worker, topics.LINE, (0, NOW, b"crm:1", far, ())) == ["undecodable"]

    def test_an_unknown_schema(self, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
        """Values of other writers go through the resolver; it says which it does not know."""

        def resolve(_self: NoResolver, codec: Codec, value: bytes) -> bytes:
            raise SchemaUnknownError("schema id 9 is unknown")

        monkeypatch.setattr(NoResolver, "resolve", resolve)
        _, at, key, value, _ = fetched(topics.LINE, 0, line())
        assert value is not None
        other = b"\x00\x00\x00\x00\x09" + value[5:]
        assert self.codes(worker, topics.LINE, (0, at, key, other, ())) == ["schema-unknown"]
