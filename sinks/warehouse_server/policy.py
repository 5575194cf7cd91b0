"""What is refused, whoever asks: statements that make the path unopenable, or reach outside it.

The engine's grants (:mod:`.config`) refuse foreign table engines and table functions by themselves, in every
disguise. This module refuses the rest, that grants do not know, by reading the tokens of the statement: words
in comments and strings do not count, odd casing and quoted names do.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from sinks.warehouse_server.errors import access_denied
from sinks.warehouse_server.tokens import Kind, Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOREIGN_FUNCTIONS: Final = frozenset(
    (
        *("file", "filecluster", "filesystem", "executable", "python", "eval", "input_file"),
        *("url", "urlcluster", "s3", "s3cluster", "gcs", "oss", "cosn", "hdfs", "hdfscluster"),
        *("azureblobstorage", "azureblobstoragecluster", "remote", "remotesecure", "cluster"),
        *("clusterallreplicas", "mysql", "postgresql", "mongodb", "redis", "sqlite", "odbc", "jdbc"),
        *("bigquery", "ytsaurus", "arrowflight", "catboostevaluate"),
    )
)
"""Functions that read or write outside the path; table formats of lakes are matched by :data:`_LAKE`."""

_LAKE: Final = re.compile(r"(?:iceberg|deltalake|hudi|paimon)\w*", re.IGNORECASE)
_LAMBDA_TAKER: Final = re.compile(r"(?:array|map|apply)\w*", re.IGNORECASE)
_DATABASES: Final = frozenset(("system", "default", "information_schema"))
_DATABASE_ENGINES: Final = frozenset(("atomic", "memory"))
_FOREIGN_ENGINE: Final = re.compile(
    r"replicated\w*|kafka|rabbitmq|nats|s3queue|azurequeue|filelog|file|url|s3|gcs|oss|cosn|hdfs|azureblobstorage"
    r"|mysql|postgresql|materializedpostgresql|mongodb|redis|sqlite|odbc|jdbc|bigquery|ytsaurus|distributed"
    r"|remote|remotesecure|executable|executablepool|keepermap|embeddedrocksdb|loop|queryrunner|arrowstream"
    r"|arrowflight|filesystem|overlay|backup|datalakecatalog|ordinary|(?:iceberg|deltalake|hudi|paimon)\w*",
    re.IGNORECASE,
)
_SOURCES: Final = frozenset(("clickhouse", "null"))
_LOCAL_HOSTS: Final = frozenset(("localhost", "127.0.0.1"))
_UNSAFE_SYSTEM: Final = frozenset(
    ("SHUTDOWN", "KILL", "SUSPEND", "RELOAD CONFIG", "LISTEN", "STOP LISTEN", "START LISTEN", "RESTART DISK")
)


def check(tokens: Sequence[Token]) -> None:
    """Raise ``ACCESS_DENIED`` when the statement of these tokens may not run here."""
    if not tokens:
        return
    for rule in (_roles, _system, _databases, _engines, _attaching, _dictionaries, _files, _functions):
        reason = rule(tokens)
        if reason:
            raise access_denied(f"{reason} on this warehouse")


def _roles(tokens: Sequence[Token]) -> str | None:
    words = _words(tokens, 3)
    if words[:2] == ["SET", "ROLE"] or words == ["SET", "DEFAULT", "ROLE"]:
        return "SET ROLE is not allowed"
    if words[:2] == ["EXECUTE", "AS"]:
        return "EXECUTE AS is not allowed"
    return None


def _system(tokens: Sequence[Token]) -> str | None:
    words = _words(tokens, 3)
    if (
        words[:1] == ["SYSTEM"]
        and ({words[1]} if len(words) == 2 else {words[1], " ".join(words[1:])}) & _UNSAFE_SYSTEM
    ):
        return f"SYSTEM {words[1]} is not allowed"
    return None


def _databases(tokens: Sequence[Token]) -> str | None:
    """The engine itself lives in these databases: they can neither go nor change their name."""
    first = tokens[0].upper
    if first in ("DROP", "DETACH", "TRUNCATE") and "DATABASE" in _words(tokens, 3):
        for token in tokens[2:]:
            if token.name and token.name.lower() in _DATABASES:
                return f"{first} DATABASE {token.name} is not allowed"
    if first in (
        "DROP",
        "DETACH",
        "RENAME",
        "EXCHANGE",
        "TRUNCATE",
        "ALTER",
        "ATTACH",
        "CREATE",
        "DELETE",
        "UPDATE",
    ):
        database = _target_database(tokens)
        if database in ("system", "information_schema"):
            return f"{first} in database {database} is not allowed"
    if first == "RENAME" and "DATABASE" in _words(tokens, 2):
        for token in tokens[2:]:
            if token.name and token.name.lower() in _DATABASES:
                return f"RENAME DATABASE {token.name} is not allowed"
    return None


def _engines(tokens: Sequence[Token]) -> str | None:
    """``ENGINE [=] <name>`` of a table or database; a column called engine is none."""
    first = tokens[0].upper
    if first not in ("CREATE", "ATTACH", "REPLACE", "ALTER", "RESTORE"):
        return None
    database = "DATABASE" in _words(tokens, 2)
    for place, token in enumerate(tokens):
        if token.upper != "ENGINE":
            continue
        following = [item for item in tokens[place + 1 : place + 3] if item.value != "="]
        name = following[0].name if following else None
        if name and (_FOREIGN_ENGINE.fullmatch(name) or (database and name.lower() not in _DATABASE_ENGINES)):
            return f"ENGINE={name} is not allowed"
    return None


def _attaching(tokens: Sequence[Token]) -> str | None:
    """``ATTACH TABLE … FROM '<path>'`` and ``disk(…)`` name folders of their own choice."""
    for token, following in _pairs(tokens):
        if tokens[0].upper == "ATTACH" and token.upper == "FROM" and following.kind is Kind.STRING:
            return "ATTACH … FROM a path is not allowed"
        if token.name and token.name.lower() == "disk" and following.value == "(":
            return "disk(…) is not allowed"
    return None


def _dictionaries(tokens: Sequence[Token]) -> str | None:
    """A dictionary may only read this warehouse: a source of its own could run any command."""
    if "DICTIONARY" not in _words(tokens, 4):
        return None
    for place, token in enumerate(tokens):
        upper = token.upper
        following = tokens[place + 1 : place + 3]
        if upper == "SOURCE" and len(following) == 2 and following[0].value == "(":
            source = following[1].value
            if source.lower() not in _SOURCES:
                return f"SOURCE({source}) is not allowed"
        elif upper == "HOST" and following and following[0].value not in _LOCAL_HOSTS:
            return f"SOURCE of HOST {following[0].value} is not allowed"
        elif upper == "QUERY" and following and following[0].kind is Kind.STRING:
            check(tuple(tokenize(following[0].value.encode("utf-8", "surrogateescape"))))
        elif token.name and "ssd_cache" in token.name.lower():
            return "LAYOUT(SSD_CACHE) is not allowed"
    return None


def _files(tokens: Sequence[Token]) -> str | None:
    for token, following in _pairs(tokens):
        if following.upper in ("OUTFILE", "INFILE") and token.upper in ("INTO", "FROM"):
            return f"{token.upper} {following.upper} is not allowed"
    first = tokens[0].upper
    if first in ("BACKUP", "RESTORE", "SNAPSHOT", "COPY"):
        return f"{first} is not allowed"
    return None


def _functions(tokens: Sequence[Token]) -> str | None:
    """Calls of foreign functions, also by name alone where a function takes a function."""
    for place, token in enumerate(tokens):
        name = token.name
        if name is None:
            continue
        lower = name.lower()
        if lower not in FOREIGN_FUNCTIONS and not _LAKE.fullmatch(lower):
            continue
        called = place + 1 < len(tokens) and tokens[place + 1].value == "("
        if called and not _names_a_table(tokens, place):
            return f"Function {name} is not allowed"
        if lower == "file" and _passed_as_function(tokens, place):
            return f"Function {name} is not allowed"
    return None


def _names_a_table(tokens: Sequence[Token], place: int) -> bool:
    """``INSERT INTO url (a, b)`` and ``CREATE TABLE sales.url (…)`` name a table, not a function."""
    while place >= 2 and tokens[place - 1].value == ".":
        place -= 2
    before = [token.upper for token in tokens[:place]]
    if not before or "FUNCTION" in before[-2:]:
        return False
    if before[0] == "INSERT":
        return before in (["INSERT", "INTO"], ["INSERT", "INTO", "TABLE"], ["INSERT", "TABLE"])
    if before[0] in ("CREATE", "ATTACH"):
        return before[-1] in ("TABLE", "VIEW", "DICTIONARY", "EXISTS") and "AS" not in before
    return False


def _passed_as_function(tokens: Sequence[Token], place: int) -> bool:
    back = place - 1
    while back >= 0 and tokens[back].value == "(":
        back -= 1
    if back < 0:
        return False
    name = tokens[back].name
    return name is not None and (
        name.upper() == "APPLY" or (back < place - 1 and bool(_LAMBDA_TAKER.fullmatch(name)))
    )


def _target_database(tokens: Sequence[Token]) -> str | None:
    """The database in front of the first dotted name."""
    for place, token in enumerate(tokens[:-2]):
        if token.name and tokens[place + 1].value == ".":
            return token.name.lower()
        if token.value == "(":
            return None
    return None


def _words(tokens: Sequence[Token], count: int) -> list[str]:
    return [token.upper for token in tokens[:count]]


def _pairs(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    return pairwise(tokens)
