"""What a request asks for: the kind of statement, its FORMAT, and where the data of an INSERT begin.

A request's text is its ``query`` argument followed by its body. Only an INSERT with data splits it: the part
up to the FORMAT name is SQL, the rest is data and never read as SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.tokens import Kind, Token, tokenize

_ROWS: Final = frozenset(
    (
        "SELECT",
        "WITH",
        "FROM",
        "(",
        "SHOW",
        "DESCRIBE",
        "DESC",
        "EXISTS",
        "EXPLAIN",
        "CHECK",
        "KILL",
        "BACKUP",
        "RESTORE",
    )
)
_QUERIES: Final = frozenset(("SELECT", "WITH", "FROM", "("))
_STATEFUL: Final = frozenset(("SET", "USE"))
_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")


class Lane(Enum):
    """Who waits for whom: each lane has its own limit."""

    WRITER = "writer"
    READER = "reader"
    MONITOR = "monitor"


@dataclass(frozen=True)
class Statement:
    """One statement: ``sql`` without its FORMAT clause, and for an INSERT with data also the data."""

    first: str  # first keyword, in capitals; "(" for a parenthesised SELECT
    sql: str
    format: str | None
    data: tuple[memoryview, ...] | None
    tokens: tuple[Token, ...] = field(repr=False)

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
        if self.first in _STATEFUL:
            return True
        words = [token.upper for token in self.tokens[:4]]
        return self.first == "CREATE" and "TEMPORARY" in words

    @property
    def _inserts(self) -> bool:
        return self.first == "WITH" and any(token.upper == "INSERT" for token in self.tokens)

    @property
    def lane(self) -> Lane:
        """Writers change something; monitors only look at the server itself; all others read."""
        if self.first in ("SHOW", "DESCRIBE", "DESC", "EXISTS", "KILL", "USE", "SET"):
            return Lane.MONITOR
        if not self.is_query and self.first not in ("EXPLAIN", "CHECK"):
            return Lane.WRITER
        return Lane.MONITOR if self._reads_only_system() else Lane.READER

    def _reads_only_system(self) -> bool:
        for place, token in enumerate(self.tokens):
            if token.upper in ("FROM", "JOIN"):
                following = self.tokens[place + 1 : place + 3]
                if [item.value for item in following] != ["system", "."] and not _opens(following):
                    return False
            elif token.value == "," and token.kind is Kind.SYMBOL and _in_from(self.tokens[:place]):
                return False
        return True


def parse(query: bytes, body: memoryview) -> Statement:
    """Split a request's text; raise :class:`ClickHouseError` for an empty one or more than one statement."""
    text = query + b"\n" + body if query and len(body) and not _takes_data(query) else query or bytes(body)
    from_query = bool(query) and (text is query)
    tokens: list[Token] = []
    depth = 0
    selects = False
    for token in tokenize(text):
        previous = tokens[-1] if tokens else None
        tokens.append(token)
        if token.kind is Kind.SYMBOL:
            depth += (token.value in _OPEN) - (token.value in _CLOSE)
        if depth or tokens[0].upper != "INSERT":
            continue
        if token.upper in ("SELECT", "WITH"):
            selects = True
        elif previous is not None and previous.upper == "FORMAT" and token.name and not selects:
            data = _data(text, token.end, body if from_query else None)
            return _insert(text, tokens[:-2], previous.start, token.value, data)
    if not tokens:
        raise ClickHouseError(
            62, "Syntax error: failed at position 1 (end of query): . Empty query", "SYNTAX_ERROR"
        )
    if from_query and tokens[0].upper == "INSERT" and len(body):
        return _bare_insert(text, tokens, body)
    return _plain(text, tokens)


def _takes_data(query: bytes) -> bool:
    """Whether the body of a request with this ``query`` argument is the data of an INSERT."""
    tokens = list(tokenize(query))
    return (
        bool(tokens)
        and tokens[0].upper == "INSERT"
        and not any(token.upper in ("SELECT", "WITH") for token in tokens[1:])
    )


def _data(text: bytes, start: int, body: memoryview | None) -> tuple[memoryview, ...]:
    """The data after the FORMAT name: one line end belongs to the statement, all that follows to the data."""
    view = memoryview(text)
    while start < len(text) and text[start : start + 1] in b" \t\r":
        start += 1
    if text[start : start + 1] == b";":
        start += 1
    if text[start : start + 1] == b"\n":
        start += 1
    parts = [view[start:]] if start < len(text) else []
    if body is not None and len(body):
        parts.append(body)
    return tuple(parts)


def _insert(text: bytes, tokens: list[Token], end: int, form: str, data: tuple[memoryview, ...]) -> Statement:
    if form.upper() == "VALUES":
        tokens = [*tokens, *_data_tokens(data)]
    return Statement("INSERT", _text(text[:end]), form, data, tuple(tokens))


def _bare_insert(text: bytes, tokens: list[Token], body: memoryview) -> Statement:
    """``INSERT INTO t [VALUES]`` in the query argument, the rows in the body: the format is Values."""
    end = len(text)
    while tokens and tokens[-1].value == ";":
        end = tokens.pop().start
    if tokens[-1].upper == "VALUES":
        end = tokens.pop().start
    elif any(token.upper == "VALUES" for token in tokens):
        return _plain(text + b"\n" + body, [*tokens, *_data_tokens((body,))])
    return _insert(text, tokens, end, "Values", (body,))


def _plain(text: bytes, tokens: list[Token]) -> Statement:
    end = len(text)
    while tokens and tokens[-1].value == ";" and tokens[-1].kind is Kind.SYMBOL:
        end = tokens.pop().start
    if not tokens:
        raise ClickHouseError(
            62, "Syntax error: failed at position 1 (end of query): ;. Empty query", "SYNTAX_ERROR"
        )
    first = tokens[0].upper or tokens[0].value
    if first != "INSERT":
        _refuse_several(tokens)
    text = text[:end]
    place = _format_clause(tokens)
    if place is None:
        return Statement(first, _text(text), None, None, tuple(tokens))
    word, name = tokens[place], tokens[place + 1]
    sql = text[: word.start] + text[name.end :]
    return Statement(first, _text(sql), name.value, None, tuple(tokens[:place] + tokens[place + 2 :]))


def _format_clause(tokens: list[Token]) -> int | None:
    """Where ``FORMAT <name>`` stands: at the end, or before SETTINGS; a column called format is not one."""
    for place in range(len(tokens) - 2, 0, -1):
        if tokens[place].upper == "FORMAT" and tokens[place + 1].kind is Kind.WORD:
            after = tokens[place + 2].upper if place + 2 < len(tokens) else "SETTINGS"
            return place if after in ("SETTINGS", "PARALLEL") else None
    return None


def _refuse_several(tokens: list[Token]) -> None:
    for place, token in enumerate(tokens):
        if token.kind is Kind.SYMBOL and token.value == ";":
            raise ClickHouseError(
                62,
                f"Syntax error (Multi-statements are not allowed): failed at position {token.start + 1} "
                f"(end of query): ; {tokens[place + 1].value}. .",
                "SYNTAX_ERROR",
            )


def _data_tokens(data: tuple[memoryview, ...]) -> list[Token]:
    """VALUES may hold expressions, so the policy has to see them."""
    return [token for part in data for token in tokenize(bytes(part))]


def _opens(tokens: tuple[Token, ...]) -> bool:
    return bool(tokens) and tokens[0].value == "(" and tokens[0].kind is Kind.SYMBOL


def _in_from(tokens: tuple[Token, ...]) -> bool:
    """Whether a comma after these tokens lists another table."""
    depth = 0
    for token in reversed(tokens):
        if token.kind is Kind.SYMBOL:
            depth += (token.value in _CLOSE) - (token.value in _OPEN)
            if depth < 0:
                return False
        elif depth == 0 and token.upper in ("FROM", "JOIN"):
            return True
        elif depth == 0 and token.upper in ("SELECT", "WHERE", "BY", "WITH", "SETTINGS"):
            return False
    return False


def _text(sql: bytes) -> str:
    try:
        return sql.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ClickHouseError(
            62, f"Syntax error: the query is not UTF-8 at byte {error.start}", "SYNTAX_ERROR"
        ) from None
