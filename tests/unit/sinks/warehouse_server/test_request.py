"""Requests become queries, with a server's rules."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.request import Query, build_query


def query(
    arguments: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    body: bytes = b"SELECT 1",
    method: str = "POST",
) -> Query:
    """The query of a request."""
    text = urlencode(arguments or {}).encode()
    return build_query(method, text, headers or {}, body, body_limit=1 << 20)


def test_arguments_are_sorted_by_their_meaning() -> None:
    """Transport, settings and parameters."""
    got = query(
        {
            "database": "sales",
            "max_threads": "1",
            "param_a": "x",
            "session_id": "s",
            "query_id": "q",
            "buffer_size": "1",
        }
    )
    assert (got.database, got.settings, got.parameters) == ("sales", {"max_threads": "1"}, {"a": "x"})
    assert got.query_id == "q"
    assert got.session is not None
    assert (got.session.key, got.session.timeout) == (("default", "s"), 60)


def test_the_tag_is_a_comment_whatever_the_query_id() -> None:
    """A query id cannot end the comment and begin SQL."""
    tag = query({"query_id": "*/ DROP TABLE x --"}).tag
    assert tag.startswith("/*query_id:")
    assert tag.count("*/") == 1
    assert tag.endswith("*/ ")


def test_get_is_read_only() -> None:
    """A link only reads."""
    assert query({"query": "SELECT 1"}, body=b"", method="GET").read_only
    assert not query().read_only


@pytest.mark.parametrize(
    ("arguments", "headers", "code"),
    [
        ({"user": "nobody"}, {}, 516),
        ({"password": "x"}, {}, 516),
        ({}, {"authorization": "Basic " + base64.b64encode(b"default:x").decode()}, 516),
        ({}, {"authorization": "Basic ???"}, 516),
        ({}, {"x-clickhouse-user": "x"}, 516),
        ({"compress": "1"}, {}, 48),
        ({"role": "admin"}, {}, 512),
        ({"a b": "1"}, {}, 115),
        ({"session_id": "s", "session_timeout": "x"}, {}, 374),
        ({"session_id": "s", "session_timeout": "nan"}, {}, 374),
        ({"session_id": "s", "session_timeout": "9999"}, {}, 374),
    ],
)
def test_what_a_server_refuses(arguments: dict[str, str], headers: dict[str, str], code: int) -> None:
    """Users, roles, block compression, odd settings and session timeouts."""
    with pytest.raises(ClickHouseError) as caught:
        query(arguments, headers)
    assert caught.value.code == code


def test_basic_authentication_of_the_default_user() -> None:
    """With an empty password it is let in."""
    query(headers={"authorization": "Basic " + base64.b64encode(b"default:").decode()})
