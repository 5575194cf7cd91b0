"""One HTTP request as a query: arguments, settings, parameters, session, external tables."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl
from uuid import uuid4

from sinks.warehouse_server.body import decompress, parts_of_form
from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.lanes import Lane, lane_of
from sinks.warehouse_server.statements import Statement, parse

_TRANSPORT: Final = frozenset(
    (
        *("query", "database", "default_format", "query_id", "quota_key", "role", "user", "password"),
        *("session_id", "session_timeout", "session_check", "close_session", "client_protocol_version"),
        *("compress", "decompress", "buffer_size", "wait_end_of_query", "stacktrace"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression"),
        *("http_zlib_compression_level", "cancel_http_readonly_queries_on_client_close"),
        *("http_write_exception_in_output_format", "add_http_cors_header"),
    )
)
"""Arguments that speak to the HTTP interface, not to the engine."""

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_UNSAFE_IN_TAG: Final = re.compile(r"[^\w-]")


@dataclass(frozen=True)
class ExternalTable:
    """A table that came with the request and lives as long as it."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True)
class Session:
    """The session that a request belongs to: ``timeout`` in seconds, ``must_exist`` for session_check."""

    key: tuple[str, str]
    timeout: float
    must_exist: bool
    close: bool


@dataclass(frozen=True)
class Query:
    """What one request asks of the engine."""

    query_id: str
    statement: Statement
    database: str
    default_format: str
    settings: dict[str, str]
    parameters: dict[str, str]
    external: tuple[ExternalTable, ...]
    session: Session | None
    read_only: bool
    stream: bool
    tag: str  # a comment in front of the statement, by which it can be found in the log and stopped

    @property
    def lane(self) -> Lane:
        """The lane in which it waits."""
        return lane_of(self.statement)


def build_query(
    method: str, query_string: bytes, headers: dict[str, str], body: bytes, *, body_limit: int
) -> Query:
    """Read a request whole; raise :class:`ClickHouseError` for whatever a server would refuse."""
    arguments = dict(parse_qsl(query_string.decode("utf-8", "replace"), keep_blank_values=True))
    user = authenticate(headers, arguments)
    body = decompress(body, headers.get("content-encoding", "").lower(), body_limit)
    files: dict[str, bytes] = {}
    if headers.get("content-type", "").startswith("multipart/form-data"):
        for name, value, is_file in parts_of_form(body, headers["content-type"]):
            if is_file:
                files[name] = value
            else:
                arguments[name] = value.decode("utf-8", "replace")
        body = b""
    for name in ("compress", "decompress"):
        if arguments.get(name, "0") not in ("0", "false", ""):
            raise ClickHouseError(48, f"{name}=1: use HTTP compression instead", "NOT_IMPLEMENTED")
    if arguments.get("role"):
        raise ClickHouseError(
            512, f"Role {arguments['role']} should be granted to set as current", "SET_NON_GRANTED_ROLE"
        )
    external = tuple(_external(name, data, arguments) for name, data in files.items())
    query_id = arguments.get("query_id") or str(uuid4())
    return Query(
        query_id=query_id,
        statement=parse(arguments.get("query", "").encode("utf-8", "surrogateescape"), body),
        database=arguments.get("database") or headers.get("x-clickhouse-database") or "",
        default_format=arguments.get("default_format")
        or headers.get("x-clickhouse-format")
        or "TabSeparated",
        settings=_settings(arguments, files),
        parameters={name[6:]: value for name, value in arguments.items() if name.startswith("param_")},
        external=external,
        session=_session(user, arguments),
        read_only=method in ("GET", "HEAD"),
        stream=arguments.get("wait_end_of_query", "0") in ("0", "false", ""),
        tag=f"/*query_id:{_UNSAFE_IN_TAG.sub('_', query_id)[:64]}:{uuid4().hex[:8]}*/ ",
    )


def authenticate(headers: dict[str, str], arguments: dict[str, str]) -> str:
    """The user's name; only ``default`` without a password exists."""
    user = headers.get("x-clickhouse-user") or arguments.get("user") or "default"
    password = headers.get("x-clickhouse-key") or arguments.get("password") or ""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user, password = "", "?"
    if user != "default" or password:
        raise ClickHouseError(
            516,
            f"{user}: Authentication failed: password is incorrect, or there is no user with such name.",
            "AUTHENTICATION_FAILED",
        )
    return user


def _settings(arguments: dict[str, str], files: dict[str, bytes]) -> dict[str, str]:
    describing = {f"{name}_{suffix}" for name in files for suffix in ("format", "structure", "types")}
    settings: dict[str, str] = {}
    for name, value in arguments.items():
        if name in _TRANSPORT or name in describing or name.startswith("param_"):
            continue
        if not _NAME.fullmatch(name):
            raise ClickHouseError(115, f"Unknown setting '{name}'", "UNKNOWN_SETTING")
        settings[name] = value
    return settings


def _session(user: str, arguments: dict[str, str]) -> Session | None:
    identity = arguments.get("session_id")
    if not identity:
        return None
    try:
        timeout = float(arguments.get("session_timeout", "60"))
    except ValueError:
        timeout = -1.0
    if not 0 <= timeout <= 3600:
        raise ClickHouseError(
            374, f"Invalid session timeout: '{arguments['session_timeout']}'", "INVALID_SESSION_TIMEOUT"
        )
    return Session(
        key=(user, identity),
        timeout=timeout,
        must_exist=arguments.get("session_check", "0") == "1",
        close=arguments.get("close_session", "0") == "1",
    )


def _external(name: str, data: bytes, arguments: dict[str, str]) -> ExternalTable:
    structure = arguments.get(f"{name}_structure")
    if structure is None:
        types = arguments.get(f"{name}_types")
        if types is None:
            raise ClickHouseError(
                36, f"Neither structure nor types of external table {name} given", "BAD_ARGUMENTS"
            )
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types.split(","), start=1))
    form = arguments.get(f"{name}_format", "TabSeparated")
    if not _NAME.fullmatch(form):
        raise ClickHouseError(73, f"Unknown format {form}", "UNKNOWN_FORMAT")
    return ExternalTable(name, structure, form, data)
