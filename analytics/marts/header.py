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

    @model_validator(mode="after")
    def _concerns_its_views(self) -> Self:
        strange = sorted(set(self.concerns) - set(self.views))
        if strange:
            raise ValueError(f"{strange[0]} is not one of its views")
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
    refresh: Literal["by customer", "whole"]
    notes: Text | None = None
    """Formulas, and what the mart cannot say."""
    columns: Annotated[dict[Heading, Text], Field(min_length=1)]
    """Meaning by column, in their order."""
