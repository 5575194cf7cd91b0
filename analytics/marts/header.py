"""What may stand above the SQL of a mart or of a ground, and nothing else."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
View = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Heading = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*( \([^()]+\))?$")]
"""A column, with its unit in parentheses: ``revenue (reporting currency)``."""

Order = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*( desc)?$")]


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Kept(_Header):
    """How the rows of a ground are kept in a table, so that marts read sums of them in place of the facts.

    Each row is of one fact, such as an order, and changes only when that fact lands again, or one that it
    names. In the queries ``{landed}`` stands for the rows of a view that are new, and ``{due <column>}`` for
    the condition that a column is an id of those that are worked out anew.
    """

    by: Name
    """The column with the id of the fact."""
    key: Annotated[list[Name], Field(min_length=1)]
    """What no two rows share, the id first."""
    due: Annotated[dict[View, Text], Field(min_length=1)]
    """By view, the column of a new record, or the query of a column, that tells which facts it changes."""
    beside: dict[Name, Text] = {}
    """Ids of what the facts name: a query by column, once those of the facts are known."""
    moves: Text
    """A query of the facts that come to be known with the day alone, between ``was`` and ``as_of``."""


class Sums(_Header):
    """What of the columns of a ground adds up: over any division of its facts, the parts are the whole."""

    facts: Name
    """The sum that counts facts: where it is 0 there is no row."""
    of: list[Name] = []
    """The other sums; every other column is a key."""
    by: Literal["account"] | None = None
    """The first key, by which they are sorted: a refresh by customer reads those of its customers alone."""


class Worked(_Header):
    """How the rows of a ground are worked out in a table, once a run, for all that reads it in that run.

    Where it has stretches, ``{part <by>}`` is the condition that a row is in the one that is worked out.
    """

    key: Annotated[list[Name], Field(min_length=1)]
    """The order of the table."""
    block: Annotated[int, Field(gt=0)] | None = None
    """Rows that a statement takes at a time, where each becomes many or long ones; None: as many as ever."""
    by: Name | None = None
    """The column by which the rows are worked out in stretches, so that each fits into memory."""
    starts: Text | None = None
    """A query of the values at which each stretch but the first begins; what it reads stands in tables."""

    @model_validator(mode="after")
    def _starts_by_a_column(self) -> Self:
        if (self.by is None) != (self.starts is None):
            raise ValueError("stretches take both by and starts")
        return self


class GroundHeader(_Header):
    """A ground: rows of the landed tables as of a day, as several marts read them."""

    meaning: Text
    reads: list[Name] = []
    """Other grounds."""
    views: list[View] = []
    """Views of the domains."""
    concerns: dict[View, Literal["account", "golden_id"]] = {}
    """The column by which a record of a view tells whose rows it changes; of any other view, everybody's."""
    clear: dict[View, list[Name]] = {}
    """Personal fields read in clear, for a value that discloses none of them."""
    moves: Text | None = None
    """A query of the accounts whose rows change with the day alone, between ``was`` and ``as_of``."""

    kept: Kept | None = None
    """How its rows are kept; None: they are read from the facts each time."""
    sums: Sums | None = None
    """How its rows add up, which are then kept as well; it reads one kept ground, and nothing else."""
    worked: Worked | None = None
    """How its rows are worked out once a run; None: in every statement that reads them."""

    @model_validator(mode="after")
    def _concerns_its_views(self) -> Self:
        strange = sorted(set(self.concerns) - set(self.views))
        if strange:
            raise ValueError(f"{strange[0]} is not one of its views")
        if self.worked and (self.kept or self.sums):
            raise ValueError("what is kept between runs is not worked out in each")
        return self


class MartHeader(_Header):
    """A mart: the answer to a business question, a row a key."""

    question: Text
    owner: Name
    """The domain that answers for it."""
    grain: Text
    """What a row is."""
    key: Annotated[list[Name], Field(min_length=1)]
    reads: Annotated[list[Name], Field(min_length=1)]
    """Grounds, or other marts."""
    order: list[Order] = []
    """What a reader sees first; by default the least key."""
    refresh: Literal["by customer", "from sums", "from marts", "whole"]
    """What is worked out: rows of whom something concerns, or all: of kept sums, of marts, or of facts."""
    every: Literal["day"] | None = None
    """How often a refresh of all marts works it out at the most; None: whenever something has changed.

    Only of a mart that is worked out whole: the others cost what has changed.
    """
    notes: Text | None = None
    """Formulas, and what the mart cannot say."""
    columns: Annotated[dict[Heading, Text], Field(min_length=1)]
    """Meaning by column, in their order."""

    @model_validator(mode="after")
    def _waits_where_it_is_worked_out_whole(self) -> Self:
        if self.every and self.refresh != "whole":
            raise ValueError(f"every: {self.every} is for marts that are worked out whole")
        return self
