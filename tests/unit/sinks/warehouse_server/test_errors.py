"""Errors in a server's words."""

from __future__ import annotations

import pytest

from sinks.warehouse_server.errors import ClickHouseError, body_of, from_engine, http_status, without_prefix


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (60, 404),
        (62, 400),
        (497, 403),
        (516, 403),
        (194, 401),
        (159, 408),
        (48, 501),
        (241, 500),
        (1001, 500),
    ],
)
def test_statuses_are_a_servers(code: int, status: int) -> None:
    """By ``exceptionCodeToHTTPStatus``."""
    assert http_status(code) == status


def test_the_engines_wrapping_is_taken_off() -> None:
    """The client reads what a server would have sent."""
    error = from_engine(
        RuntimeError("Streaming insert finish failed: Code: 117. DB::Exception: x. (INCORRECT_DATA)")
    )
    assert (error.code, str(error)) == (117, "Code: 117. DB::Exception: x. (INCORRECT_DATA)")
    assert body_of(error, "26.9") == b"Code: 117. DB::Exception: x. (INCORRECT_DATA) (version 26.9)\n"


def test_other_errors_become_standard_exceptions() -> None:
    """A client always gets a code."""
    assert from_engine(ValueError("odd")).code == 1001


def test_positions_are_moved_back() -> None:
    """Only positions; the rest of the text stays."""
    error = ClickHouseError(62, "Syntax error: failed at position 41 (x) (line 1, col 41): x", "SYNTAX_ERROR")
    assert "position 1 (x) (line 1, col 1): x" in str(without_prefix(error, 40))
