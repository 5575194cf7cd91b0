"""What a request asks for: the kind of statement, its FORMAT, and where the data of an INSERT begin.

A request's text is its ``query`` argument followed by its body. Only an INSERT with data splits it: the part
up to the FORMAT name is SQL, the rest is data and never read as SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.tokens import Kind, Token, tokenize

SQL_LIMIT: Final = 4 << 20
"""Bytes of one statement without its data; the engine's own max_query_size is far below."""

_ROWS: Final = frozenset(
    ("SELECT", "WITH", "FROM", "(", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK", "KILL")
)
_QUERIES: Final = frozenset(("SELECT", "WITH", "FROM", "("))
_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")


@dataclass(frozen=True)
class Statement:
    """One statement: ``sql`` without its FORMAT clause, and for an INSERT its data.

    ``tokens`` are those of ``sql``; ``expressions`` are the data that the engine evaluates (VALUES).
    """

    first: str  # first keyword, in capitals; "(" for a parenthesised SELECT
    sql: str
    format: str | None
    data: tuple[memoryview, ...] | None
    tokens: tuple[Token, ...] = field(repr=False)
    expressions: bytes = field(default=b"", repr=False)

    @property
    def is_query(self) -> bool:
        """A SELECT in any of its spellings: may be streamed, described and killed."""
        return self.first in _QUERIES and not self._inserts

    @property
    def returns_rows(self) -> bool:
        """Whether the answer has columns, even when it has no rows."""
        return self.first in _ROWS and not self._inserts

    @property
    def keeps_state(self) -> bool:
        """Whether it changes the session: settings, database or temporary tables."""
        if self.first in ("SET", "USE"):
            return True
        return self.first == "CREATE" and "TEMPORARY" in [token.upper for token in self.tokens[1:4]]

    def reading(self, path: str) -> str:
        """This INSERT with its data in the file ``path`` rather than behind it."""
        text = self.sql.encode()
        place = len(text)
        depth = 0
        for token in tokenize(text):
            if token.kind is Kind.SYMBOL:
                depth += (token.value in _OPEN) - (token.value in _CLOSE)
            elif token.upper == "SETTINGS" and not depth:
                place = token.start
        head, settings = text[:place].decode(), text[place:].decode()
        # New lines, since either part may end in a comment.
        return f"{head}\nFROM INFILE '{path}' COMPRESSION 'none'\n{settings}\nFORMAT {self.format}"

    @property
    def _inserts(self) -> bool:
        """``WITH … INSERT INTO …``."""
        return self.first == "WITH" and any(token.upper == "INSERT" for token in self.tokens)


def parse(query: bytes, body: bytes) -> Statement:
    """Split a request's text; raise :class:`ClickHouseError` for none, too much, or several statements."""
    if not query:
        return _parse(body, b"")
    if body and not _takes_data(query):
        return _parse(query + b"\n" + body, b"")
    return _parse(query, body)


def _parse(text: bytes, body: bytes) -> Statement:
    """``body`` is the data of an INSERT that ``text`` begins, or nothing."""
    tokens: list[Token] = []
    depth = 0
    selects = False
    for token in tokenize(text):
        previous = tokens[-1] if tokens else None
        tokens.append(token)
        if token.start > SQL_LIMIT:
            raise _syntax_error(f"Max query size exceeded ({SQL_LIMIT} bytes)")
        if token.kind is Kind.SYMBOL:
            depth += (token.value in _OPEN) - (token.value in _CLOSE)
        if depth or tokens[0].upper != "INSERT":
            continue
        if token.upper in ("SELECT", "WITH"):
            selects = True
        elif token.upper == "VALUES" and not selects:
            return _insert_values(text, tokens, body)
        elif previous is not None and previous.upper == "FORMAT" and token.upper and not selects:
            data = _data(text, token.end, body)
            return _insert(text, tokens[:-2], previous.start, token.value, data)
    if not tokens:
        raise _syntax_error("failed at position 1 (end of query): . Empty query")
    if body:
        return _insert_values(text, tokens, body)
    return _plain(text, tokens)


def _takes_data(query: bytes) -> bool:
    """Whether the body of a request with this ``query`` argument is the data of an INSERT."""
    tokens = list(tokenize(query))
    if not tokens or tokens[0].upper != "INSERT":
        return False
    return not any(token.upper in ("SELECT", "WITH") for token in tokens[1:])


def _data(text: bytes, start: int, body: bytes) -> tuple[memoryview, ...]:
    """The data after the FORMAT name: one line end belongs to the statement, all that follows to the data."""
    while start < len(text) and text[start : start + 1] in b" \t\f":
        start += 1
    if text[start : start + 1] == b";":
        start += 1
    if text[start : start + 1] == b"\r":
        start += 1
    if text[start : start + 1] == b"\n":
        start += 1
    parts = (memoryview(text)[start:], memoryview(body))
    return tuple(part for part in parts if len(part))


def _insert(text: bytes, tokens: list[Token], end: int, form: str, data: tuple[memoryview, ...]) -> Statement:
    expressions = b"".join(data) if form.upper() == "VALUES" else b""
    return Statement("INSERT", _text(text[:end]), form, data, tuple(tokens), expressions)


def _insert_values(text: bytes, tokens: list[Token], body: bytes) -> Statement:
    """``INSERT INTO t [VALUES] …``: rows behind the word, in the body, or both; the format is Values."""
    end = len(text)
    while tokens and tokens[-1].value == ";" and tokens[-1].kind is Kind.SYMBOL:
        end = tokens.pop().start
    if tokens[-1].upper == "VALUES":
        word = tokens.pop()
        rest = text[word.end : end]
        if not body:
            # The engine takes VALUES inside the statement, with parameters; only the policy looks in.
            return Statement("INSERT", _text(text), None, None, tuple(tokens), rest)
        return _insert(text, tokens, word.start, "Values", (memoryview(rest), memoryview(body)))
    return _insert(text, tokens, end, "Values", (memoryview(body),))


def _plain(text: bytes, tokens: list[Token]) -> Statement:
    end = len(text)
    while tokens and tokens[-1].value == ";" and tokens[-1].kind is Kind.SYMBOL:
        end = tokens.pop().start
    if not tokens:
        raise _syntax_error("failed at position 1 (end of query): ;. Empty query")
    _refuse_several(tokens)
    first = tokens[0].upper or tokens[0].value
    text = text[:end]
    place = _format_clause(tokens)
    if place is None:
        return Statement(first, _text(text), None, None, tuple(tokens))
    word, name = tokens[place], tokens[place + 1]
    sql = text[: word.start] + text[name.end :]
    return Statement(first, _text(sql), name.value, None, (*tokens[:place], *tokens[place + 2 :]))


def _format_clause(tokens: list[Token]) -> int | None:
    """Where ``FORMAT <name>`` stands: at the end, or before SETTINGS; a column called format is not one."""
    for place in range(len(tokens) - 2, 0, -1):
        if tokens[place].upper == "FORMAT" and tokens[place + 1].kind is Kind.WORD:
            after = tokens[place + 2].upper if place + 2 < len(tokens) else "SETTINGS"
            return place if after == "SETTINGS" else None
    return None


def _refuse_several(tokens: list[Token]) -> None:
    for token in tokens:
        if token.kind is Kind.SYMBOL and token.value == ";":
            raise _syntax_error(
                f"(Multi-statements are not allowed): failed at position {token.start + 1} (end of query)"
            )


def _syntax_error(what: str) -> ClickHouseError:
    return ClickHouseError(62, f"Syntax error: {what}.", "SYNTAX_ERROR")


def _text(sql: bytes) -> str:
    try:
        return sql.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise _syntax_error(f"the query is not UTF-8 at byte {error.start}") from None
