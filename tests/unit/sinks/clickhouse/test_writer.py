"""Which faults are the rows', which the warehouse's, and how long it is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from tenacity import wait_none

from sinks.clickhouse import writer
from sinks.clickhouse.writer import Writer
from sinks.port import RowsRefusedError


def fault(code: int, text: str = "Cannot parse 'Jane Doe' (CANNOT_PARSE_TEXT)") -> DatabaseError:
    """What the client raises for an answer with this code."""
    error = DatabaseError(f"Received ClickHouse exception, code: {code}, server response: {text}")
    error.code = code
    return error


class Client:
    """A client whose inserts meet these faults, one after another, and then succeed."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.calls: list[tuple[str, Any]] = []

    def raw_insert(self, table: str, columns: Any, block: Any, fmt: str, settings: dict[str, Any]) -> None:
        """Take a block, or fail."""
        self.calls.append((table, settings))
        if self.faults:
            raise self.faults.pop(0)

    def insert(self, table: str, rows: Any, column_names: Any, settings: dict[str, Any]) -> None:
        """Take rows, or fail."""
        self.raw_insert(table, column_names, rows, "Native", settings)


INSERTS: list[Callable[[Writer], None]] = [
    lambda warehouse: warehouse.insert_avro("t", ["a"], b"", "token"),
    lambda warehouse: warehouse.insert_rows("t", ["a"], [[1]], "token"),
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for real."""
    monkeypatch.setattr(writer, "_WAIT", wait_none())


@pytest.mark.parametrize("insert", INSERTS)
def test_a_warehouse_that_is_away_is_waited_for(insert: Callable[[Writer], None]) -> None:
    """Whatever the fault is called, with the same token each time, and each wait is told."""
    faults = [fault(241), fault(60), fault(1000), OperationalError("timed out"), ConnectionResetError()]
    client, told = Client(*faults), []
    insert(Writer(client, told.append))
    assert len(client.calls) == 6
    assert told == faults
    assert {settings["insert_deduplication_token"] for _, settings in client.calls} == {"token"}
    assert all(settings["async_insert"] == 0 for _, settings in client.calls)


@pytest.mark.parametrize("insert", INSERTS)
@pytest.mark.parametrize("code", sorted(writer._REFUSED_DATA))
def test_rows_that_cannot_be_read_are_refused_at_once(insert: Callable[[Writer], None], code: int) -> None:
    """Trying again would never help."""
    client = Client(fault(code))
    with pytest.raises(RowsRefusedError):
        insert(Writer(client, pytest.fail))
    assert len(client.calls) == 1


def test_a_refusal_quotes_no_row() -> None:
    """It goes into a dead letter's reason, which everyone may read."""
    with pytest.raises(RowsRefusedError) as caught:
        INSERTS[0](Writer(Client(fault(6)), pytest.fail))
    assert str(caught.value) == "ClickHouse code 6, CANNOT_PARSE_TEXT"


def test_waiting_ends_when_the_process_is_asked_to_stop() -> None:
    """By what the callback raises."""

    class StoppedError(Exception):
        pass

    def stop(error: Exception) -> None:
        raise StoppedError from error

    client = Client(*[fault(241)] * 9)
    with pytest.raises(StoppedError):
        INSERTS[0](Writer(client, stop))
    assert len(client.calls) == 1


def test_a_mistake_in_the_code_is_not_waited_for() -> None:
    """Only faults of the warehouse and of the network are."""
    with pytest.raises(TypeError):
        INSERTS[0](Writer(Client(TypeError()), pytest.fail))
