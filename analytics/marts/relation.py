"""Marts and grounds as they were read from their files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from analytics.marts.header import GroundHeader, MartHeader
from mesh.kernel.errors import MartError, did_you_mean

DATABASE = "marts"
CUSTOMER = "golden_id"
"""The column of every mart that is refreshed by customer."""


@dataclass(frozen=True)
class Column:
    """A column of a mart."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Relation:
    """A file: its header, and a query over what it reads, each by its name."""

    name: str
    sql: str
    reads: tuple[str, ...]
    place: str


@dataclass(frozen=True)
class Ground(Relation):
    """Rows of landed tables as of a day."""

    header: GroundHeader


@dataclass(frozen=True)
class Mart(Relation):
    """The answer to a business question."""

    header: MartHeader
    columns: tuple[Column, ...]

    @property
    def view(self) -> str:
        """What people read."""
        return f"{DATABASE}.{self.name}"

    @property
    def from_marts(self) -> bool:
        """Whether it is worked out of the rows of marts, which are brought up to date before."""
        return self.header.refresh == "from marts"

    @property
    def from_sums(self) -> bool:
        """Whether it is worked out of kept sums, which a change in some facts brings up to date."""
        return self.header.refresh == "from sums"

    @property
    def by_customer(self) -> bool:
        """Whether a change in one customer's facts recomputes that customer's rows alone."""
        return self.header.refresh == "by customer"


@dataclass(frozen=True)
class Library:
    """Every mart and ground."""

    relations: Mapping[str, Relation]

    @property
    def marts(self) -> dict[str, Mart]:
        """The marts, each after those that it reads."""
        found = dict.fromkeys(one for name in self.relations for one in self.beneath(name))
        return {name: one for name in found if isinstance(one := self.relations[name], Mart)}

    def mart(self, name: str) -> Mart:
        """The mart of a name; raises :class:`MartError` with the nearest ones."""
        marts = self.marts
        if name not in marts:
            raise MartError("mart-unknown", "is not a mart", place=name, remedy=did_you_mean(name, marts))
        return marts[name]

    def beneath(self, name: str, standing: Collection[str] = ()) -> Iterator[str]:
        """All that a relation reads, directly or not, each after what it reads itself; last the relation.

        What ``standing`` names stands in a table, and so reads nothing.
        """
        seen: set[str] = set()

        def visit(one: str) -> Iterator[str]:
            if one not in seen:
                seen.add(one)
                for read in self.relations[one].reads if one not in standing else ():
                    yield from visit(read)
                yield one

        return visit(name)

    def grounds(self, mart: Relation) -> list[Ground]:
        """The grounds that a mart stands on."""
        found = (self.relations[name] for name in self.beneath(mart.name))
        return [one for one in found if isinstance(one, Ground)]

    def sums(self, kept: Ground) -> list[Ground]:
        """The grounds that add up what a kept one has."""
        found = (one for one in self.relations.values() if isinstance(one, Ground))
        return [one for one in found if one.header.sums and kept.name in one.reads]

    def views(self, mart: Relation) -> list[str]:
        """The views of the domains that a mart or ground is made of."""
        return list(dict.fromkeys(view for ground in self.grounds(mart) for view in ground.header.views))

    def digest(self, relation: Mart | Ground, timezone: str) -> str:
        """Twelve digits that differ as soon as anything that decides on a mart's or ground's rows does."""
        texts = [self.relations[name].sql for name in self.beneath(relation.name)]
        what = (
            f"{relation.header.key} {relation.columns}"
            if isinstance(relation, Mart)
            else f"{relation.header.kept} {relation.header.sums}"
        )
        described = f"{what} {timezone}"
        return sha256("\0".join([*texts, described]).encode()).hexdigest()[:12]
