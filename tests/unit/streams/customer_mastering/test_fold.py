"""Customer mastering against the codec, which knows nothing of splices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from domains.customer.events import AccountLinked, CustomerMastered, CustomerRecorded
from mesh.kernel.errors import PlatformError
from schemas.codec import Codec, Codecs
from schemas.wire import SchemaUnknownError, header
from streams.customer_mastering.app import CROSSWALK, CUSTOMER, RECORDS, application
from streams.engine.fold import Fetched, OutputRow, PartitionFold, Rejection
from tests.unit.schemas.records import instances

IDS = {RECORDS: 7, CUSTOMER: 8, CROSSWALK: 9}
OTHER = 6
START = datetime(2024, 3, 1, tzinfo=UTC)
MOMENT = 1_700_000_000_000
RECORDED, MASTERED, LINKED = (
    Codec(CustomerRecorded, IDS[RECORDS]),
    Codec(CustomerMastered, IDS[CUSTOMER]),
    Codec(AccountLinked, IDS[CROSSWALK]),
)
ENVELOPE = ("source", "occurred_at", "recorded_at", "trace_id")


class Schemas:
    """A registry that knows one other writer, whose schema has its fields in another order."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        """That writer's schema."""
        if schema_id == 404:
            raise SchemaUnknownError("no such schema")
        if schema_id == 503:
            raise PlatformError("registry-unreachable", "no answer")
        fields = list(reversed(RECORDED.schema["fields"]))
        return {**RECORDED.schema, "fields": fields}


def new_fold() -> PartitionFold:
    """The fold of partition 2."""
    made = application(IDS, Codecs(Schemas()))
    return made.fold(2, made.shared)


def fetched(key: bytes, value: bytes) -> Fetched:
    """A record of the input topic."""
    return 5, MOMENT, key, value, ()


def mastered(*records: Fetched) -> tuple[list[OutputRow], list[OutputRow], list[Rejection]]:
    """Views, crosswalk facts and rejections of a batch."""
    fold = new_fold()
    rejections = list(fold.fold(RECORDS, records))
    emission = fold.take(100)
    assert fold.take(100) is None
    if emission is None:
        return [], [], rejections
    views, links = emission.outputs
    assert (views.topic, views.partition) == (CUSTOMER, 2)
    assert (links.topic, links.partition) == (CROSSWALK, 2)
    assert emission.changelog == []
    return views.rows, links.rows, rejections


def assert_mastered(record: dict[str, Any], view: OutputRow, link: OutputRow) -> None:
    """Rule 22: same values and envelope with the golden id; the crosswalk with seq 0."""
    account = record["account"]
    seconds = int(record["valid_from"].timestamp())
    assert view[0] == f"{account}@{seconds}#{record['seq']}".encode()
    assert view[2] == link[2] == MOMENT
    assert MASTERED.decode(view[1]) == {**record, "golden_id": account}
    assert link[0] == f"{account}#0".encode()
    found = LINKED.decode(link[1])
    assert found == {name: record[name] for name in ENVELOPE} | {
        "event_id": f"crosswalk:{account}#0",
        "seq": 0,
        "account": account,
        "golden_id": account,
    }


@settings(max_examples=200, deadline=None)
@given(instances(CustomerRecorded))
def test_every_record_is_mastered(record: CustomerRecorded) -> None:
    """Whatever it holds, as the codec would have written it."""
    fields = record.model_dump()
    (view,), (link,), rejections = mastered(fetched(record.account.encode(), RECORDED.encode(record)))
    assert rejections == []
    assert_mastered(fields, view, link)


@settings(max_examples=50, deadline=None)
@given(instances(CustomerRecorded))
def test_other_writers_are_understood(record: CustomerRecorded) -> None:
    """A record of another version of the schema becomes the same view."""
    body = b"".join(reversed([*_raw_fields(record)]))
    (view,), (link,), _ = mastered(fetched(record.account.encode(), header(OTHER) + body))
    assert_mastered(record.model_dump(), view, link)


def _raw_fields(record: CustomerRecorded) -> list[bytes]:
    from streams.engine.avro.walk import Walker

    return list(Walker(RECORDED.schema).slices(RECORDED.encode(record), 5).values())


@pytest.fixture
def record() -> CustomerRecorded:
    """A record."""
    return CustomerRecorded(
        event_id="e1",
        source="crm",
        seq=3,
        occurred_at=START,
        recorded_at=START,
        account="crm:1",
        valid_from=START,
        first_name="Ann",
    )


def test_what_is_wrong_is_rejected_and_the_rest_mastered(record: CustomerRecorded) -> None:
    """By its code, in the order of the records."""
    value = RECORDED.encode(record)
    views, links, rejections = mastered(
        fetched(b"crm:1", b"junk"),
        fetched(b"crm:1", value + b"\0"),
        fetched(b"crm:1", value[:-1]),
        fetched(b"crm:1", header(404) + value[5:]),
        fetched(b"crm:2", value),
        fetched(b"m:1", value),
        fetched(b"crm:1", value),
    )
    assert [one.code for one in rejections] == [
        "undecodable",
        "undecodable",
        "undecodable",
        "schema-unknown",
        "key-mismatch",
        "key-mismatch",
    ]
    assert len(views) == len(links) == 1
    assert "crm:" not in "".join(one.reason for one in rejections)


def test_a_registry_that_does_not_answer_is_no_reason_to_reject(record: CustomerRecorded) -> None:
    """The runtime gives the batch again, and nothing of the first attempt is left over."""
    fold = new_fold()
    good = fetched(b"crm:1", RECORDED.encode(record))
    with pytest.raises(PlatformError):
        list(fold.fold(RECORDS, [good, fetched(b"crm:1", header(503) + RECORDED.encode(record)[5:])]))
    assert list(fold.fold(RECORDS, [good])) == []
    emission = fold.take(100)
    assert emission is not None
    assert len(emission.outputs[0].rows) == 1


def test_batches_that_are_taken_together_all_have_their_rows(record: CustomerRecorded) -> None:
    """Nothing of an earlier batch is lost to a later one, nor to one that was interrupted."""
    fold = new_fold()
    good = fetched(b"crm:1", RECORDED.encode(record))
    assert list(fold.fold(RECORDS, [good])) == []
    with pytest.raises(PlatformError):
        list(fold.fold(RECORDS, [good, fetched(b"crm:1", header(503) + RECORDED.encode(record)[5:])]))
    assert list(fold.fold(RECORDS, [good])) == []
    emission = fold.take(100)
    assert emission is not None
    assert [len(output.rows) for output in emission.outputs] == [2, 2]
