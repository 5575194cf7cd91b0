"""Dead letters on the wire: the headers that every consumer writes, and what they say when they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]

# anyone may write a dead letter, so its headers may say anything
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_INT32, _INT64 = 1 << 31, 1 << 63
_EPOCH, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2299, 1, 1, tzinfo=UTC)
_OWN = frozenset(
    f"mesh-{name}"
    for name in (
        *("topic", "partition", "offset", "consumer", "file", "row", "code", "reason"),
        *("schema-id", "version", "first-seen", "attempts"),
    )
)
_FRAME = 5
"""Bytes before the body of a value: 0, and the schema id."""


class DeadLetter(NamedTuple):
    """A record that somebody could not use, with the reason and where it stood."""

    topic: str
    partition: int
    """-1 when it never was on a topic."""
    offset: int
    """The row of its file when it never was on a topic."""
    consumer: str
    file: str
    code: str
    reason: str
    schema_id: int | None
    code_version: str
    first_seen: datetime
    attempts: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    """The headers that the record had itself."""


def headers_of(
    *,
    topic: str,
    partition: int,
    offset: int,
    consumer: str,
    code: str,
    reason: str,
    value: bytes | None,
    seen: datetime,
    headers: Sequence[tuple[str, bytes | None]] = (),
) -> list[tuple[str, bytes]]:
    """The headers of the dead letter of a record that stood on a topic; its own ``headers`` go along."""
    said = {
        "mesh-topic": topic,
        "mesh-partition": str(partition),
        "mesh-offset": str(offset),
        "mesh-consumer": consumer,
        "mesh-code": code,
        "mesh-reason": " ".join(reason.split()),
        "mesh-schema-id": _schema_id(value),
        "mesh-version": code_version(),
        "mesh-first-seen": seen.isoformat(),
        "mesh-attempts": "1",
    }
    kept = [(name, content or b"") for name, content in headers if name not in _OWN]
    return [(name, text.encode()) for name, text in said.items()] + kept


def read_letter(
    key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]], timestamp: int
) -> DeadLetter:
    """What a record of a dead letter topic says, whatever its headers; ``timestamp`` is Kafka's, in ms."""
    said = {name: (raw or b"").decode(errors="replace") for name, raw in headers}
    writer = _number(said, "mesh-schema-id", -1)
    return DeadLetter(
        topic=said.get("mesh-topic", ""),
        partition=_number(said, "mesh-partition", -1),
        offset=_number(said, "mesh-offset", -1, _INT64),
        consumer=said.get("mesh-consumer", ""),
        file=said.get("mesh-file", ""),
        code=said.get("mesh-code", ""),
        reason=said.get("mesh-reason", ""),
        schema_id=writer if writer >= 0 else None,
        code_version=said.get("mesh-version", ""),
        first_seen=_moment(said.get("mesh-first-seen", ""), timestamp),
        attempts=_number(said, "mesh-attempts", 0),
        key=key,
        value=value,
        headers=tuple((name, content or b"") for name, content in headers if name not in _OWN),
    )


@cache
def code_version() -> str:
    """The version of this code."""
    try:
        return version("retail-data-mesh")
    except PackageNotFoundError:  # run from a checkout without being installed
        return "checkout"


def _schema_id(value: bytes | None) -> str:
    """The schema id of a value as text; empty where it has no frame."""
    framed = value is not None and len(value) >= _FRAME and value[0] == 0
    return str(int.from_bytes(value[1:_FRAME], "big")) if framed and value is not None else ""


def _number(said: Mapping[str, str], name: str, default: int, limit: int = _INT32) -> int:
    text = said.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) and -limit <= int(text) < limit else default


def _moment(text: str, timestamp: int) -> datetime:
    """The moment that a text stands for; that of the dead letter where it is none that a column can hold."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if _EPOCH <= moment < _END:
            return moment
    except (ValueError, OverflowError):
        pass
    return _EPOCH + timedelta(milliseconds=max(timestamp, 0))
