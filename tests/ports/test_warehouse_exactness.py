"""Exactly once, as a reader sees it: tokens, versions, views with FINAL, and many clients at a time."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import clickhouse_connect
import fastavro
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

pytestmark = pytest.mark.real

Connect = Callable[..., Client]
EXACT = {"async_insert": 0, "input_format_skip_unknown_fields": 0}
VERSIONED = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Versioned",
        "fields": [
            {"name": "k", "type": "string"},
            {"name": "v", "type": "long"},
            {"name": "version", "type": {"type": "fixed", "name": "u256", "size": 32}},
            {"name": "is_deleted", "type": "int"},
        ],
    }
)


def avro(rows: list[tuple[str, int, int, int]]) -> bytes:
    """An Avro container of (key, value, version, is_deleted); the version little-endian in 32 bytes."""
    body = io.BytesIO()
    records = [
        {"k": k, "v": v, "version": version.to_bytes(32, "little"), "is_deleted": gone}
        for k, v, version, gone in rows
    ]
    fastavro.writer(body, VERSIONED, records)
    return body.getvalue()


def token() -> dict[str, Any]:
    """The settings of an exact insert with a token of its own."""
    return {**EXACT, "insert_deduplication_token": f"topic:0:{uuid4().hex}"}


@pytest.fixture
def rows(client: Client) -> Client:
    """A client whose table ``rows`` keeps the highest version of a key, with its view ``current``."""
    client.command(
        "CREATE TABLE rows (k String, v Int64, version UInt256, is_deleted UInt8)"
        " ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY k"
        " SETTINGS non_replicated_deduplication_window = 10000"
    )
    client.command("CREATE VIEW current AS SELECT k, v FROM rows FINAL")
    return client


class TestVersions:
    """The newest version wins, whenever it arrives."""

    def test_wide_versions_compare_as_numbers(self, rows: Client) -> None:
        """32 bytes little-endian become UInt256: parts above 64 bits decide first."""
        high, low = (1 << 192) + 1, (1 << 192) - 1
        for row in (("a", 1, high, 0), ("a", 2, low, 0), ("b", 3, 5, 0), ("b", 4, 1 << 70, 0)):
            rows.raw_insert("rows", None, avro([row]), fmt="Avro", settings=token())
        assert rows.query("SELECT k, v FROM current ORDER BY k").result_rows == [("a", 1), ("b", 4)]
        assert rows.query("SELECT max(version) FROM rows WHERE k = 'a'").first_row == (high,)

    def test_deleted_rows_are_gone_and_can_come_back(self, rows: Client) -> None:
        """is_deleted hides a key in the view until a higher version shows it again."""
        rows.raw_insert("rows", None, avro([("a", 1, 1, 0), ("b", 1, 1, 0)]), fmt="Avro", settings=token())
        rows.raw_insert("rows", None, avro([("a", 1, 2, 1)]), fmt="Avro", settings=token())
        assert rows.query("SELECT k FROM current").result_rows == [("b",)]
        rows.raw_insert("rows", None, avro([("a", 9, 3, 0)]), fmt="Avro", settings=token())
        assert rows.query("SELECT k, v FROM current ORDER BY k").result_rows == [("a", 9), ("b", 1)]

    def test_an_older_version_that_comes_later_changes_nothing(self, rows: Client) -> None:
        """Order of arrival does not matter, before and after a merge."""
        for v, version in ((3, 3), (1, 1), (2, 2)):
            rows.raw_insert("rows", None, avro([("a", v, version, 0)]), fmt="Avro", settings=token())
        assert rows.command("SELECT v FROM current") == 3
        rows.command("OPTIMIZE TABLE rows FINAL")
        assert rows.command("SELECT v FROM rows") == 3


class TestTokens:
    """The same token lands once, however often it is sent."""

    def test_a_retry_lands_once(self, rows: Client) -> None:
        """Same token, same rows: one copy, in the table itself."""
        settings = token()
        for _ in range(3):
            rows.raw_insert("rows", None, avro([("a", 1, 1, 0)]), fmt="Avro", settings=settings)
        assert rows.command("SELECT count() FROM rows") == 1

    def test_the_token_names_the_rows(self, rows: Client) -> None:
        """Same token, other rows: dropped, so a token must name the exact range."""
        settings = token()
        rows.raw_insert("rows", None, avro([("a", 1, 1, 0)]), fmt="Avro", settings=settings)
        rows.raw_insert("rows", None, avro([("b", 1, 1, 0)]), fmt="Avro", settings=settings)
        assert rows.query("SELECT k FROM rows").result_rows == [("a",)]

    def test_equal_rows_with_other_tokens_both_land(self, rows: Client) -> None:
        """It is the token that counts, not the content."""
        for _ in range(2):
            rows.raw_insert("rows", None, avro([("a", 1, 1, 0)]), fmt="Avro", settings=token())
        assert rows.command("SELECT count() FROM rows") == 2

    def test_views_land_once_too(self, rows: Client) -> None:
        """A retry does not double what a materialized view derives, when its target has a window as well."""
        rows.command(
            "CREATE TABLE slim (k String, v Int64) ENGINE = MergeTree ORDER BY k"
            " SETTINGS non_replicated_deduplication_window = 10000"
        )
        rows.command("CREATE MATERIALIZED VIEW slimming TO slim AS SELECT k, v FROM rows")
        settings = {**token(), "deduplicate_blocks_in_dependent_materialized_views": 1}
        for _ in range(2):
            rows.raw_insert("rows", None, avro([("a", 1, 1, 0)]), fmt="Avro", settings=settings)
        assert (rows.command("SELECT count() FROM rows"), rows.command("SELECT count() FROM slim")) == (1, 1)

    def test_a_failed_insert_does_not_use_up_its_token(self, rows: Client) -> None:
        """After an error the same token still lands."""
        settings = token()
        good = avro([("a", 1, 1, 0)])
        with pytest.raises(DatabaseError):
            rows.raw_insert("rows", None, good[:-30], fmt="Avro", settings=settings)
        rows.raw_insert("rows", None, good, fmt="Avro", settings=settings)
        assert rows.command("SELECT count() FROM rows") == 1

    def test_a_failure_of_any_stage_is_reported(self, rows: Client) -> None:
        """Constraints, views and memory fail an insert as loudly as parsing does; nothing is acknowledged."""
        rows.command("ALTER TABLE rows ADD CONSTRAINT positive CHECK v > 0")
        with pytest.raises(DatabaseError) as caught:
            rows.raw_insert("rows", None, avro([("a", -1, 1, 0)]), fmt="Avro", settings=token())
        assert caught.value.code == 469
        rows.command(
            "CREATE MATERIALIZED VIEW failing ENGINE = MergeTree ORDER BY k"
            " AS SELECT k, throwIf(v = 13) AS t FROM rows"
        )
        with pytest.raises(DatabaseError) as caught:
            rows.raw_insert("rows", None, avro([("a", 13, 1, 0)]), fmt="Avro", settings=token())
        assert caught.value.code == 395
        many = avro([(f"{number:07d}" * 10, 1, 1, 0) for number in range(100_000)])
        with pytest.raises(DatabaseError) as caught:
            rows.raw_insert(
                "rows", None, many, fmt="Avro", settings={**token(), "max_memory_usage": 8_000_000}
            )
        assert caught.value.code == 241
        assert rows.command("SELECT count() FROM rows WHERE v = 1") == 0

    def test_large_inserts_are_one_block(self, rows: Client) -> None:
        """An insert over the usual block size is one part, so its token covers all of it."""
        body = avro([(f"{number:07d}", 1, 1, 0) for number in range(120_000)])
        settings = token()
        for _ in range(2):
            rows.raw_insert("rows", None, body, fmt="Avro", settings=settings)
        assert rows.command("SELECT count() FROM rows") == 120_000


def test_writers_and_readers_at_once(connect: Connect, rows: Client) -> None:
    """Two writers and four readers for some seconds: no error, and every acknowledged row is there."""
    stop = threading.Event()
    failures: list[str] = []
    written = [0, 0]

    def write(number: int) -> None:
        client = connect(database=rows.database)
        while not stop.is_set():
            body = avro([(f"{number}-{written[number]}-{row}", row, 1, 0) for row in range(500)])
            try:
                client.raw_insert("rows", None, body, fmt="Avro", settings=token())
                written[number] += 500
            except clickhouse_connect.driver.exceptions.Error as error:
                failures.append(str(error))

    def read() -> None:
        client = connect(database=rows.database)
        seen = 0
        while not stop.is_set():
            try:
                count = client.command("SELECT count() FROM current")
                if count < seen:
                    failures.append(f"{count} rows after {seen}")
                seen = count
            except clickhouse_connect.driver.exceptions.Error as error:
                failures.append(str(error))

    threads = [threading.Thread(target=write, args=(number,)) for number in (0, 1)]
    threads += [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    threading.Event().wait(4)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(written) > 0
    assert rows.command("SELECT count() FROM rows") == sum(written)
