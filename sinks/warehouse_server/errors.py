"""ClickHouse's errors: the text a server sends, its code, and the HTTP status of the code.

The statuses are those of a server (``src/Server/HTTP/exceptionCodeToHTTPStatus.cpp``).
"""

from __future__ import annotations

import re
from typing import Final

STD_EXCEPTION: Final = 1001

_STATUS: Final[dict[int, int]] = {
    194: 401,  # REQUIRED_PASSWORD
    **dict.fromkeys((192, 193, 497, 512, 516), 403),  # user, password, access, role
    **dict.fromkeys(
        # parsing, types, columns and syntax
        (6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 72, 117, 168, 169, 223, 232, 321, 376, 427, 440, 441),
        400,
    ),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336, 511), 404),  # unknown names
    **dict.fromkeys((48,), 501),  # NOT_IMPLEMENTED
    **dict.fromkeys((76, 209, 439), 503),  # CANNOT_OPEN_FILE, SOCKET_TIMEOUT, CANNOT_SCHEDULE_TASK
    159: 408,  # TIMEOUT_EXCEEDED
    381: 411,  # HTTP_LENGTH_REQUIRED
}

_CODE = re.compile(r"Code: (\d+)\. DB::")
_POSITION = re.compile(r"(failed at position |\(line 1, col )(\d+)")
_WRAPPER = re.compile(r"\A(?:Streaming insert \w+ failed: |Failed to create connection: )+")


class ClickHouseError(Exception):
    """An error as a server words it; ``status`` overrides the HTTP status of the code."""

    def __init__(self, code: int, message: str, name: str, *, status: int | None = None) -> None:
        self.code = code
        self.status = status if status is not None else http_status(code)
        super().__init__(f"Code: {code}. DB::Exception: {message} ({name})")


def access_denied(what: str) -> ClickHouseError:
    """The refusal of a statement that could harm the path or reach outside it."""
    return ClickHouseError(497, f"default: Not enough privileges. {what}", "ACCESS_DENIED")


def http_status(code: int) -> int:
    """The HTTP status that a server answers for an error ``code``."""
    return _STATUS.get(code, 500)


def from_engine(error: Exception) -> ClickHouseError:
    """The error behind an exception of the engine, in a server's words."""
    if isinstance(error, ClickHouseError):
        return error
    text = _WRAPPER.sub("", str(error)).strip()
    found = _CODE.search(text)
    if found is None:
        return ClickHouseError(STD_EXCEPTION, f"{type(error).__name__}: {text}", "STD_EXCEPTION")
    known = ClickHouseError.__new__(ClickHouseError)
    known.code = int(found.group(1))
    known.status = http_status(known.code)
    Exception.__init__(known, text[found.start() :])
    return known


def without_prefix(error: ClickHouseError, length: int) -> ClickHouseError:
    """The same error for the text without its first ``length`` bytes: positions as the client counts them."""

    def moved(match: re.Match[str]) -> str:
        return f"{match.group(1)}{int(match.group(2)) - length}"

    error.args = (_POSITION.sub(moved, str(error)),)
    return error


def body_of(error: ClickHouseError, version: str) -> bytes:
    """The response body: one line that ends with the engine's version, as a server's does."""
    text = str(error)
    if "(version " not in text[-64:]:
        text += f" (version {version})"
    return text.encode("utf-8", "surrogateescape") + b"\n"
