"""ClickHouse's lexer, as far as splitting and judging a statement needs it.

It must see words exactly where the engine sees them: what it took for a comment or a string and the engine
did not would slip past the policy. So the engine's own peculiarities are here: typographic quotes, Unicode
spaces, heredocs, ``#!`` comments, backslashes in quoted names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from sinks.warehouse_server.errors import ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(Enum):
    """What a token is."""

    WORD = "word"  # a bare word: keyword or name
    QUOTED = "quoted"  # a name in `…`, "…" or “…”
    STRING = "string"  # a literal in '…', ‘…’ or $tag$…$tag$
    NUMBER = "number"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its meaning (without quotes and escapes), and where it stands."""

    kind: Kind
    value: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The keyword that this token may be; empty for anything but a bare word."""
        return self.value.upper() if self.kind is Kind.WORD else ""

    @property
    def name(self) -> str | None:
        """The identifier that this token may be, bare or quoted."""
        return self.value if self.kind in (Kind.WORD, Kind.QUOTED) else None


_SPACE = (
    rb"(?:[\x00 \t\n\r\f\v]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe1\xa0\x8e"
    rb"|\xe2\x80[\x80-\x8d\xa8\xa9\xaf]|\xe2\x81[\x9f\xa0]|\xe3\x80\x80|\xef\xbb\xbf)++"
)
_PATTERN: Final = re.compile(
    rb"(?P<skip>" + _SPACE + rb"|--[^\n]*+|\#[ !][^\n]*+|/\*.*?\*/)"
    rb"|(?P<string>'(?:[^'\\]++|\\.|'')*+')"
    rb"|(?P<curly>\xe2\x80\x98.*?\xe2\x80\x99)"
    rb"|(?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    rb'|(?P<quoted>`(?:[^`\\]++|\\.|``)*+`|"(?:[^"\\]++|\\.|"")*+")'
    rb"|(?P<curly_name>\xe2\x80\x9c.*?\xe2\x80\x9d)"
    rb"|(?P<word>[A-Za-z_][A-Za-z0-9_$]*+)"
    rb"|(?P<number>[0-9]\w*+)"
    rb"|(?P<open>['`\"]|/\*|\xe2\x80[\x98\x9c]|\$\w*\$)"
    rb"|(?P<symbol>.)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)|''|``|\"\"", re.DOTALL)
_CONTROL: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"0": b"\0", b"a": b"\a"}


def tokenize(text: bytes, start: int = 0) -> Iterator[Token]:
    """The tokens of ``text`` from byte ``start``, without space and comments.

    A quote or comment that never ends is a syntax error, as it is for the engine.
    """
    for match in _PATTERN.finditer(text, start):
        group = match.lastgroup
        raw = match.group()
        if group == "skip":
            continue
        if group == "word":
            yield Token(Kind.WORD, raw.decode("ascii"), match.start(), match.end())
        elif group == "string":
            yield Token(Kind.STRING, _unescape(raw[1:-1]), match.start(), match.end())
        elif group == "quoted":
            yield Token(Kind.QUOTED, _unescape(raw[1:-1]), match.start(), match.end())
        elif group == "curly":
            yield Token(Kind.STRING, _decode(raw[3:-3]), match.start(), match.end())
        elif group == "curly_name":
            yield Token(Kind.QUOTED, _decode(raw[3:-3]), match.start(), match.end())
        elif group == "heredoc":
            edge = len(match.group("tag")) + 2
            yield Token(Kind.STRING, _decode(raw[edge:-edge]), match.start(), match.end())
        elif group == "number":
            yield Token(Kind.NUMBER, raw.decode("latin-1"), match.start(), match.end())
        elif group == "open":
            raise ClickHouseError(
                62,
                f"Syntax error: failed at position {match.start() + 1}: quote is not closed",
                "SYNTAX_ERROR",
            )
        else:
            yield Token(Kind.SYMBOL, raw.decode("latin-1"), match.start(), match.end())


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _unescape(raw: bytes) -> str:
    if b"\\" not in raw and b"''" not in raw and b"``" not in raw and b'""' not in raw:
        return _decode(raw)

    def plain(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        if code is None:
            return match.group()[:1]
        if code[:1] == b"x" and len(code) == 3:
            return bytes([int(code[1:], 16)])
        return _CONTROL.get(code, code)

    return _decode(_ESCAPE.sub(plain, raw))
