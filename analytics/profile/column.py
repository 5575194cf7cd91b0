"""The columns of a view, by what can be said about their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesh.kernel.contract import Port

_WRAPPER = re.compile(r"(?:LowCardinality|Nullable)\((.*)\)")
_NUMBER = re.compile(r"U?Int(?:8|16|32|64)|Float(?:32|64)|Decimal\(.*\)")


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    FLAG = "flag"
    LIST = "list"
    """A list, of which the length is told."""
    PERSONAL = "personal"
    """A person's text: no value of it is ever shown, kept or compared."""
    OPAQUE = "opaque"
    """A version or another thing of whose values nobody asks."""

    @property
    def is_measured(self) -> bool:
        """Whether its values have an order and distances."""
        return self in (Kind.NUMBER, Kind.TIME, Kind.LIST)

    @property
    def is_told(self) -> bool:
        """Whether single values of it are told."""
        return self in (Kind.TEXT, Kind.NUMBER, Kind.TIME, Kind.FLAG)

    @property
    def drifts(self) -> bool:
        """Whether its distribution should stay; that of time moves on, and a person's is nobody's matter."""
        return self in (Kind.TEXT, Kind.NUMBER, Kind.FLAG, Kind.LIST)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view."""

    name: str
    kind: Kind
    type: str
    """Its ClickHouse type without Nullable and dictionary."""

    @property
    def sql(self) -> str:
        """The column itself."""
        return f"row.`{self.name}`"

    @property
    def as_text(self) -> str:
        """Its value as people see it."""
        return f"toString({self.sql})"

    @property
    def as_number(self) -> str:
        """Its value as a float: of a time seconds since 1970, of a list its length."""
        if self.kind is Kind.LIST:
            return f"toFloat64(length({self.sql}))"
        if self.type.startswith("DateTime64"):
            return f"toFloat64(toUnixTimestamp64Micro(toDateTime64({self.sql}, 6, 'UTC'))) / 1e6"
        if self.type.startswith("DateTime"):
            return f"toFloat64(toUnixTimestamp({self.sql}))"
        if self.type.startswith("Date"):
            return f"toFloat64(toInt32({self.sql})) * 86400"
        return f"toFloat64({self.sql})"


def columns(port: Port, described: Iterable[tuple[str, str]]) -> Iterator[Column]:
    """The columns of a port's view from their names and types; where a row came from is left out."""
    for name, kind in described:
        if name.startswith("_"):
            continue
        plain = _plain(kind)
        promise = port.promises.get(name)
        is_personal = promise is not None and promise.classification == "personal"
        yield Column(name, Kind.PERSONAL if is_personal else _kind(plain), plain)


def _plain(kind: str) -> str:
    while (found := _WRAPPER.fullmatch(kind)) is not None:
        kind = found[1]
    return kind


def _kind(plain: str) -> Kind:
    if plain == "Bool":
        return Kind.FLAG
    if plain == "String":
        return Kind.TEXT
    if plain.startswith("Date"):
        return Kind.TIME
    if plain.startswith("Array("):
        return Kind.LIST
    return Kind.NUMBER if _NUMBER.fullmatch(plain) else Kind.OPAQUE
