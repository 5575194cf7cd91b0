"""What the first stage parks, by its code."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.wire import SchemaUnknownError
from streams.customer_360 import topics
from tests.unit.streams.customer_360.conftest import Worker
from tests.unit.streams.customer_360.facts import line, payment
from tests.unit.streams.customer_360.flow import CODECS, NOW, NoResolver, fetched
from tests.unit.streams.customer_360.world import START, customer, link

DAY = timedelta(days=1)


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
