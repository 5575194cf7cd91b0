"""The lexer sees words exactly where ClickHouse does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.tokens import Kind, tokenize


def shown(sql: str) -> list[tuple[str, str]]:
    """Kind and value of every token."""
    return [(token.kind.value, token.value) for token in tokenize(sql.encode())]


@pytest.mark.parametrize(
    ("sql", "tokens"),
    [
        ("a -- b\nc", [("word", "a"), ("word", "c")]),
        ("a # b\nc", [("word", "a"), ("word", "c")]),
        ("a #! b\nc", [("word", "a"), ("word", "c")]),
        ("a /* b\n */c", [("word", "a"), ("word", "c")]),
        ("'a -- b' c", [("string", "a -- b"), ("word", "c")]),
        ("'it''s' 'it\\'s'", [("string", "it's"), ("string", "it's")]),
        ("'a\\x62\\n'", [("string", "ab\n")]),
        ('`a b` "c d"', [("quoted", "a b"), ("quoted", "c d")]),
        ("`f\\x69le`", [("quoted", "file")]),
        ('"a""b" `c``d`', [("quoted", 'a"b'), ("quoted", "c`d")]),
        ("$tag$a ' b$tag$ c", [("string", "a ' b"), ("word", "c")]),
        ("\u2018a b\u2019 \u201cc d\u201d", [("string", "a b"), ("quoted", "c d")]),
        ("a\u00a0\u3000\ufeffb", [("word", "a"), ("word", "b")]),
        (
            "a.b(1)",
            [
                ("word", "a"),
                ("symbol", "."),
                ("word", "b"),
                ("symbol", "("),
                ("number", "1"),
                ("symbol", ")"),
            ],
        ),
        ("x$1 1e5", [("word", "x$1"), ("number", "1e5")]),
        (
            "a $ b / * c",
            [("word", "a"), ("symbol", "$"), ("word", "b"), ("symbol", "/"), ("symbol", "*"), ("word", "c")],
        ),
    ],
)
def test_tokens_are_those_of_clickhouse(sql: str, tokens: list[tuple[str, str]]) -> None:
    """Comments, quotes, escapes, heredocs and spaces, each in all their spellings."""
    assert shown(sql) == tokens


@given(st.binary(max_size=200).filter(lambda text: not set(text) & set(b"'`\"/$\xe2")))
def test_nothing_is_lost(text: bytes) -> None:
    """Any bytes have tokens, in order, without overlap; what lies between is space or comment."""
    end = 0
    for token in tokenize(text):
        assert end <= token.start < token.end <= len(text)
        between = text[end : token.start]
        assert not between.strip(b" \t\n\r\f\v\x00") or between.lstrip()[:1] in b"-#/\xc2\xe1\xe2\xe3\xef\x00"
        end = token.end


@pytest.mark.parametrize(
    "openings",
    [
        *(b"'" + b"\\'" * 300_000, b'"' + b'\\"' * 300_000, b"`" + b"\\`" * 300_000, b"/* " * 300_000),
        *(
            b"\xe2\x80\x98" * 300_000,
            b"\xe2\x80\x9c" * 300_000,
            b"".join(b"$%d$" % n for n in range(100_000)),
        ),
    ],
    ids=["single", "double", "backtick", "comment", "curly", "curly-double", "heredoc"],
)
def test_quotes_that_never_end_are_refused_at_once(openings: bytes) -> None:
    """A megabyte of openings does not send the lexer from each of them to the end."""
    began = time.perf_counter()
    with pytest.raises(ClickHouseError) as caught:
        list(tokenize(b"SELECT " + openings))
    assert caught.value.code == 62
    assert time.perf_counter() - began < 2


def test_names_and_keywords() -> None:
    """Only a bare word is a keyword; bare and quoted words are names; strings are neither."""
    word, quoted, string = tokenize(b"select `select` 'select'")
    assert (word.upper, quoted.upper, string.upper) == ("SELECT", "", "")
    assert (word.name, quoted.name, string.name) == ("select", "select", None)
    assert quoted.kind is Kind.QUOTED
