"""What is refused, whoever asks: statements that make the path unopenable, or reach outside it.

Two walls stand around the path. The engine's grants (:mod:`.config`) refuse foreign table engines and table
functions by themselves, in every disguise. This module refuses what grants do not know, and the foreign ones
once more. It reads tokens: words in comments and strings do not count, odd casing and quoted names do.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from sinks.warehouse_server.errors import access_denied
from sinks.warehouse_server.tokens import Kind, Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sinks.warehouse_server.statements import Statement

FOREIGN_FUNCTION: Final = re.compile(
    r"file|filecluster|filesystem|executable|python|eval|url|urlcluster|s3|s3cluster|gcs|oss|cosn|hdfs|hdfscluster"
    r"|azureblobstorage|azureblobstoragecluster|remote|remotesecure|cluster|clusterallreplicas|mysql|postgresql"
    r"|mongodb|redis|sqlite|odbc|jdbc|bigquery|ytsaurus|arrowflight|arrowstream|catboostevaluate"
    r"|(?:iceberg|deltalake|hudi|paimon)\w*",
    re.IGNORECASE,
)
"""Functions that read or write outside the path, or run programs."""

FOREIGN_ENGINE: Final = re.compile(
    r"replicated\w*|kafka|rabbitmq|nats|s3queue|azurequeue|filelog|file|url|s3|gcs|oss|cosn|hdfs|azureblobstorage"
    r"|mysql|postgresql|materializedpostgresql|mongodb|redis|sqlite|odbc|jdbc|bigquery|ytsaurus|distributed"
    r"|remote|remotesecure|executable|executablepool|keepermap|embeddedrocksdb|loop|queryrunner|arrowstream"
    r"|arrowflight|filesystem|overlay|backup|datalakecatalog|ordinary|(?:iceberg|deltalake|hudi|paimon)\w*",
    re.IGNORECASE,
)
"""Engines that keep data elsewhere, or leave metadata with which the path never opens again."""

_DATABASE_ENGINES: Final = frozenset(("atomic", "memory"))
_FIXED_DATABASES: Final = frozenset(("system", "information_schema", "default"))
_ENGINE_DATABASES: Final = frozenset(("system", "information_schema"))
_SOURCES: Final = frozenset(("clickhouse", "null"))
_LOCAL_HOSTS: Final = frozenset(("localhost", "127.0.0.1"))
_DEFINING: Final = frozenset(("CREATE", "ATTACH", "REPLACE", "ALTER", "RESTORE"))
_OUTSIDE: Final = frozenset(("BACKUP", "RESTORE", "SNAPSHOT", "COPY"))
_CHANGING: Final = frozenset(
    (
        "CREATE",
        "ATTACH",
        "ALTER",
        "DROP",
        "DETACH",
        "RENAME",
        "EXCHANGE",
        "TRUNCATE",
        "DELETE",
        "UPDATE",
        "UNDROP",
    )
)
_LAMBDA_TAKER: Final = re.compile(r"(?:array|map)\w*", re.IGNORECASE)
_SUSPECT: Final = re.compile(rb"\b(?:" + FOREIGN_FUNCTION.pattern.encode() + rb")\b|[`\"\xe2]", re.IGNORECASE)
_TAKES_STRUCTURE: Final = re.compile(r"format|values|sqlstandardvalues|generaterandom|input", re.IGNORECASE)


def check(statement: Statement, texts: Iterable[str] = ()) -> None:
    """Raise ``ACCESS_DENIED`` when ``statement`` may not run here.

    ``texts`` are values that come with it and that the engine may read as SQL (parameters, structures).
    """
    tokens = statement.tokens
    for rule in (_roles, _system, _databases, _engines, _folders, _dictionaries, _outside, _functions):
        _refuse(rule(tokens))
    _refuse(_hidden(tokens, texts))
    _refuse(_values(statement.expressions))


def _refuse(reason: str | None) -> None:
    if reason:
        raise access_denied(f"{reason} is not allowed on this warehouse.")


def _roles(tokens: Sequence[Token]) -> str | None:
    words = [token.upper for token in tokens[:3]]
    if words[:2] == ["SET", "ROLE"] or words == ["SET", "DEFAULT", "ROLE"]:
        return "SET ROLE"
    return "EXECUTE AS" if words[:1] == ["EXECUTE"] else None


def _system(tokens: Sequence[Token]) -> str | None:
    words = [token.upper for token in tokens[:2]]
    stopping = ("SHUTDOWN", "KILL", "SUSPEND")
    return " ".join(words) if words[:1] == ["SYSTEM"] and words[-1] in stopping else None


def _databases(tokens: Sequence[Token]) -> str | None:
    """The engine itself lives in ``system``; clients expect ``default``: neither can go or be changed."""
    first = tokens[0].upper
    if first not in _CHANGING:
        return None
    whole = "DATABASE" in [token.upper for token in tokens[1:3]]
    if whole and first not in ("CREATE", "ALTER"):
        for token in tokens[2:]:
            if token.name and token.name.lower() in _FIXED_DATABASES:
                return f"{first} DATABASE {token.name}"
    for token, following in pairwise(_targets(tokens)):
        if following.value == "." and token.name and token.name.lower() in _ENGINE_DATABASES:
            return f"{first} in database {token.name}"
    return None


def _targets(tokens: Sequence[Token]) -> Sequence[Token]:
    """The part of a statement that names what it changes: all of a RENAME, the head of a CREATE."""
    if tokens[0].upper not in ("CREATE", "ATTACH", "ALTER", "DELETE", "UPDATE"):
        return tokens
    for place, token in enumerate(tokens):
        if token.value == "(" or token.upper in ("AS", "TO", "SET", "WHERE", "ENGINE", "REFRESH"):
            return tokens[:place]
    return tokens


def _engines(tokens: Sequence[Token]) -> str | None:
    """``ENGINE [=] <name>`` of a table or database; a column called engine is none."""
    if tokens[0].upper not in _DEFINING:
        return None
    database = "DATABASE" in [token.upper for token in tokens[1:3]]
    for place, token in enumerate(tokens):
        if token.upper != "ENGINE":
            continue
        following = [item for item in tokens[place + 1 : place + 3] if item.value != "="]
        name = following[0].name if following else None
        if name and (FOREIGN_ENGINE.fullmatch(name) or (database and name.lower() not in _DATABASE_ENGINES)):
            return f"ENGINE={name}"
    return None


def _folders(tokens: Sequence[Token]) -> str | None:
    """``ATTACH TABLE … FROM '<path>'`` and ``disk(…)`` name folders of their own choice."""
    for token, following in pairwise(tokens):
        if tokens[0].upper == "ATTACH" and token.upper == "FROM" and following.kind is Kind.STRING:
            return "ATTACH … FROM a path"
        if token.name and token.name.lower() == "disk" and following.value == "(":
            return "disk(…)"
    return None


def _dictionaries(tokens: Sequence[Token]) -> str | None:
    """A dictionary may only read this warehouse: a source of its own could run any command."""
    if tokens[0].upper not in _DEFINING or "DICTIONARY" not in [token.upper for token in tokens[1:4]]:
        return None
    for place, token in enumerate(tokens):
        following = tokens[place + 1 : place + 3]
        if token.upper == "SOURCE" and len(following) == 2 and following[0].value == "(":
            if following[1].value.lower() not in _SOURCES:
                return f"SOURCE({following[1].value})"
        elif token.upper == "HOST" and following and following[0].value not in _LOCAL_HOSTS:
            return f"SOURCE of HOST {following[0].value}"
        elif token.name and "ssd_cache" in token.name.lower():
            return "LAYOUT(SSD_CACHE)"
    return None


def _outside(tokens: Sequence[Token]) -> str | None:
    for token, following in pairwise(tokens):
        if following.upper in ("OUTFILE", "INFILE") and token.upper in ("INTO", "FROM"):
            return f"{token.upper} {following.upper}"
    return tokens[0].upper if tokens[0].upper in _OUTSIDE else None


def _functions(tokens: Sequence[Token]) -> str | None:
    """Calls of foreign functions, also by name alone where a function takes a function."""
    for place, token in enumerate(tokens):
        name = token.name
        if name is None or not FOREIGN_FUNCTION.fullmatch(name):
            continue
        called = place + 1 < len(tokens) and tokens[place + 1].value == "("
        if called and not _names_a_table(tokens, place):
            return f"Function {name}"
        if name.lower() == "file" and _passed_as_function(tokens, place):
            return f"Function {name}"
    return None


def _names_a_table(tokens: Sequence[Token], place: int) -> bool:
    """``INSERT INTO url (a, b)`` and ``CREATE TABLE sales.url (…)`` name a table, not a function."""
    while place >= 2 and tokens[place - 1].value == ".":
        place -= 2
    before = [token.upper for token in tokens[:place]]
    if before[:1] == ["INSERT"]:
        return before in (["INSERT", "INTO"], ["INSERT", "INTO", "TABLE"])
    if before[:1] == ["CREATE"]:
        return before[-1] in ("TABLE", "VIEW", "DICTIONARY", "EXISTS") and "AS" not in before
    return False


def _passed_as_function(tokens: Sequence[Token], place: int) -> bool:
    """``arrayMap(file, …)`` and ``* APPLY file``: the engine takes a function's name for a function."""
    back = place - 1
    while back >= 0 and tokens[back].value == "(":
        back -= 1
    name = tokens[back].name if back >= 0 else None
    if name is None:
        return False
    return name.upper() == "APPLY" or (back < place - 1 and _LAMBDA_TAKER.fullmatch(name) is not None)


def _hidden(tokens: Sequence[Token], texts: Iterable[str]) -> str | None:
    """SQL in strings: queries of dictionaries, defaults in the structure of ``format(…)`` and others."""
    structured = any(
        token.name and _TAKES_STRUCTURE.fullmatch(token.name) and following.value == "("
        for token, following in pairwise(tokens)
    )
    if not structured and "DICTIONARY" not in [token.upper for token in tokens[:4]]:
        return None
    strings = [token.value for token in tokens if token.kind is Kind.STRING]
    for text in (*strings, *texts):
        reason = _functions(_tokens(text))
        if reason:
            return f"{reason} in a string"
    return None


def _values(expressions: bytes) -> str | None:
    """The rows of VALUES may call functions; they can be large, so most are cleared by one search."""
    if not _SUSPECT.search(expressions):
        return None
    taker: Token | None = None  # what stands before the parentheses that are open just now
    for token, following in pairwise(tokenize(expressions)):
        if token.name and FOREIGN_FUNCTION.fullmatch(token.name):
            passed = taker is not None and taker.name and _LAMBDA_TAKER.fullmatch(taker.name)
            if following.value == "(" or passed:
                return f"Function {token.name}"
        taker = token if following.value == "(" else taker if token.value == "(" else None
    return None


def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(tokenize(text.encode("utf-8", "surrogateescape")))
