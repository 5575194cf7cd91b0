"""A file of events: JSON lines, one object over several lines or several of them, or a list of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from mesh.kernel.errors import PublishError
from mesh.kernel.event import Event
from mesh.publish.json_lines import read_event

_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


@dataclass(frozen=True)
class Stated:
    """An event as a file states it."""

    values: dict[str, Any]
    """Its fields, with the Python types of the event's class."""
    text: str
    place: str
    line: int

    def where(self, path: str) -> str:
        """``<file>:<line>`` of a field, by its dotted path; of the event where the field is not in it."""
        return _where(self.text, self.place, self.line, path)


def read_file(record: type[Event], text: str, place: str) -> list[Stated]:
    """Every event of a file; raises :class:`PublishError` with the line of the first fault."""
    events = []
    for line, event in _events(text, place):
        values = read_event(record, event, partial(_where, event, place, line))
        events.append(Stated(values, event, place, line))
    return events


def _events(text: str, place: str) -> Iterator[tuple[int, str]]:
    """The text of each event with the number of its first line."""
    lines = text.split("\n")  # other separators of lines may stand in a text
    first = next((line for line in lines if line.strip()), "")
    if _is_object(first):
        yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    else:
        yield from _values(text, place)


def _values(text: str, place: str) -> Iterator[tuple[int, str]]:
    """The values that follow each other in a text, or that stand in its one list."""
    decoder = json.JSONDecoder()
    at = _end(_SPACE, text, 0)
    listed = text.startswith("[", at)
    if listed:
        at = _end(_SPACE, text, at + 1)
    while at < len(text) and not (listed and text[at] == "]"):
        try:
            _, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _broken(text, error.pos, place, error.msg) from None
        yield _line(text, at), text[at:end]
        at = _end(_SPACE, text, end)
        if listed and not text.startswith("]", at):
            if not text.startswith(",", at):
                raise _broken(text, at, place, "Expecting ',' or ']'")
            at = _end(_BETWEEN, text, at)
    if (listed and _end(_SPACE, text, at + 1) < len(text)) or (listed and at >= len(text)):
        raise _broken(text, at, place, "the list does not end where the file does")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except json.JSONDecodeError:
        return False


def _where(text: str, place: str, line: int, path: str) -> str:
    at = 0
    for name in filter(None, path.split(".")):
        found = re.compile(rf"{re.escape(json.dumps(name))}[ \t\r\n]*:").search(text, at)
        if found is None:
            break
        at = found.start()
    return f"{place}:{line + text.count(chr(10), 0, at)}"


def _broken(text: str, at: int, place: str, what: str) -> PublishError:
    return PublishError("json-broken", f"is not JSON ({what})", place=f"{place}:{_line(text, at)}")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()
