"""Conditions as people type them: ``country = 'US' and (transaction_year >= 2014 or not age_group is null)``.

They are read into a tree of comparisons; nothing of the text reaches the warehouse but as a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from mesh.kernel.errors import MeasureError

Value = str | int | Decimal | bool

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)"
    r"|(?P<sign><=|>=|<>|!=|=|<|>|\(|\)|,))"
)
_WORDS = {"and", "or", "not", "in", "between", "like", "is", "null", "true", "false"}
_COMPARES = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
EXAMPLE = "write it like: country = 'Germany' and transaction_year >= 2014"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A dimension compared with values: ``=``, ``<``, …, ``in``, ``between``, ``like`` or ``null``."""

    name: str
    sign: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions joined by ``and`` or ``or``; ``not`` has one."""

    word: str
    parts: tuple[Condition, ...]


Condition = Comparison | Joined


def parse(text: str) -> Condition:
    """The condition that a text states; raises :class:`MeasureError` ``where-broken``, saying where."""
    reader = _Reader(text)
    found = reader.any_of()
    if reader.kind != "end":
        raise reader.broken("'and', 'or' or the end is expected")
    return found


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison of a condition."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for part in condition.parts:
            yield from comparisons(part)


class _Reader:
    """Reads a text word by word; ``kind`` and ``word`` tell the one that comes next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self.kind = self.word = ""
        self.next()

    def next(self) -> str:
        """The word, and go on to the one after it."""
        word = self.word
        self._start = self._end
        match = _TOKEN.match(self._text, self._end)
        if match is None or match.lastgroup is None:
            rest = self._text[self._end :]
            self._start += len(rest) - len(rest.lstrip())
            self.kind, self.word = ("strange", rest.strip()[:1]) if rest.strip() else ("end", "")
            return word
        self._start, self._end = match.start(match.lastgroup), match.end()
        self.kind, self.word = match.lastgroup, match[match.lastgroup]
        if self.kind == "name" and self.word.lower() in _WORDS:
            self.kind = self.word = self.word.lower()
        return word

    def broken(self, expected: str) -> MeasureError:
        """The error that something else is expected here."""
        unended = self.kind == "strange" and self.word == "'"
        found = "a text without its closing quote" if unended else repr(self.word) if self.word else "the end"
        return MeasureError(
            "where-broken",
            f"{expected}, not {found}, at character {self._start + 1} of {self._text!r}",
            place="--where",
            remedy=EXAMPLE,
        )

    def need(self, kind: str, expected: str) -> str:
        """The next word, which must be of a kind."""
        if kind not in (self.kind, self.word):
            raise self.broken(f"{expected} is expected")
        return self.next()

    def any_of(self) -> Condition:
        """Conditions joined by ``or``."""
        return self._joined("or", self.all_of)

    def all_of(self) -> Condition:
        """Conditions joined by ``and``."""
        return self._joined("and", self.one)

    def _joined(self, word: str, read: Callable[[], Condition]) -> Condition:
        parts = [read()]
        while self.kind == word:
            self.next()
            parts.append(read())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def one(self) -> Condition:
        """A comparison, or a condition in parentheses or after ``not``."""
        if self.kind == "not":
            self.next()
            return Joined("not", (self.one(),))
        if self.word == "(" and self.kind == "sign":
            self.next()
            inside = self.any_of()
            self.need(")", "')'")
            return inside
        return self._comparison()

    def _comparison(self) -> Comparison:
        name = self.need("name", "a dimension")
        if self.kind == "is":
            self.next()
            negated = self._not()
            self.need("null", "'null'")
            return Comparison(name, "null", (), negated)
        negated = self._not()
        if self.kind == "in":
            self.next()
            self.need("(", "'('")
            values = [self._value()]
            while self.word == "," and self.kind == "sign":
                self.next()
                values.append(self._value())
            self.need(")", "',' or ')'")
            return Comparison(name, "in", tuple(values), negated)
        if self.kind == "between":
            self.next()
            low = self._value()
            self.need("and", "'and'")
            return Comparison(name, "between", (low, self._value()), negated)
        if self.kind == "like":
            self.next()
            return Comparison(name, "like", (self._value(),), negated)
        if negated or self.word not in _COMPARES or self.kind != "sign":
            raise self.broken("a comparison such as =, <, in, between, like or is null is expected")
        return Comparison(name, _COMPARES[self.next()], (self._value(),))

    def _not(self) -> bool:
        if self.kind != "not":
            return False
        self.next()
        return True

    def _value(self) -> Value:
        if self.kind == "text":
            return self.next()[1:-1].replace("''", "'")
        if self.kind in ("true", "false"):
            return self.next() == "true"
        if self.kind == "number":
            word = self.next()
            return Decimal(word) if "." in word else int(word)
        raise self.broken("a value such as 'US' or 2014 is expected")
