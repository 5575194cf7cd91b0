"""What may stand in a domain's ``semantics.yaml``, and nothing else."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Kind = Literal["text", "number", "date", "moment", "flag"]
"""What the values of a dimension are."""


class Statement(BaseModel):
    """A part of the file: every key is known, every value of its type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Defined(Statement):
    """What every dimension and measure states; the file, entity and event fill in what is left out."""

    name: Name
    description: Text | None = None
    unit: Text | None = None
    """Of numbers; every measure has one."""
    owner: Text | None = None
    """E-mail address; by default the owner of the domain's product."""
    certified: bool | None = None
    """Whether the owner stands for it; by default the entity's flag."""


class DimensionStatement(Defined):
    """Something to group and filter by: a column as it is, or an expression with its type."""

    column: Name | None = None
    """The column; by default the one of the dimension's name."""
    expression: Text | None = None
    type: Kind | None = None
    """Of an expression; a column's type is its field's."""
    also: list[Name] = []
    """Other names that a question may use."""
    unqualified: bool = False
    """Whether the bare name means this one, where other entities have a dimension of that name."""
    clear: bool = False
    """Whether it is worked out from personal texts in clear: it discloses none of them."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.expression is None and self.type is not None:
            raise ValueError("type is for an expression; a column has its field's")
        if self.expression is not None and (self.column or not self.type or not self.description):
            raise ValueError("an expression needs type and description, and no column")
        return self


class Ratio(Statement):
    """A measure divided by another one."""

    of: Name
    per: Name


class Split(Statement):
    """What is summed instead, where a question goes to the parts of a whole."""

    entity: Name
    sum: Text


class MeasureStatement(Defined):
    """A number over the rows of its entity: exactly one of count, sum, average, share and ratio."""

    count: Literal[True] | None = None
    sum: Text | None = None
    average: Text | None = None
    share: Text | None = None
    """A condition: the rows that meet it, in percent of all."""
    ratio: Ratio | None = None
    where: Text | None = None
    """Rows that it is about; by default all."""
    split: Split | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        forms = [
            form for form in ("count", "sum", "average", "share", "ratio") if getattr(self, form) is not None
        ]
        if len(forms) != 1:
            raise ValueError("exactly one of count, sum, average, share and ratio")
        if self.description is None or self.unit is None:
            raise ValueError("a measure needs description and unit")
        if self.split and self.sum is None:
            raise ValueError("only a sum is split")
        if self.ratio and self.where:
            raise ValueError("a ratio is of measures, which have conditions of their own")
        return self


class RelationshipStatement(Statement):
    """Many rows of this entity to one of another, whose key the columns ``by`` hold, in the key's order."""

    to: Name
    by: Name | list[Name]
    as_: Annotated[Name | None, Field(alias="as")] = None
    """The other entity in another role: its dimensions are then asked for as ``<role>.<dimension>`` only."""


class EntityStatement(Statement):
    """Rows of a view: what is counted, grouped and related."""

    name: Name
    description: Text
    from_: Annotated[Name, Field(alias="from")]
    """A view of the domain."""
    key: Annotated[list[Name], Field(min_length=1)]
    newest_by: list[Name] = []
    """Where a key has several rows: the greatest by these columns counts."""
    time: Name | None = None
    """The moment from which a row is known; an as-of leaves out what is later."""
    where: Text | None = None
    certified: bool
    relationships: list[RelationshipStatement] = []
    dimensions: list[DimensionStatement] = []
    measures: list[MeasureStatement] = []


class Lines(Statement):
    """The parts of a whole: the elements of a list column, with what they weigh."""

    from_: Annotated[Name, Field(alias="from")]
    by: Name
    elements: Name
    number: Name
    weight: Name
    keep: list[Name] = []


class ShareStatement(Statement):
    """Amounts of an entity's rows, divided among the lines of each."""

    name: Name
    description: Text
    of: Name
    amounts: Annotated[dict[Name, Text], Field(min_length=1)]
    lines: Lines
    relationships: list[RelationshipStatement] = []


class SavedQuestion(Statement):
    """Measures by dimensions, kept as a view of the warehouse."""

    name: Name
    description: Text
    measures: Annotated[list[Name], Field(min_length=1)]
    by: list[Text] = []


class KeptStatement(SavedQuestion):
    """Sums and counts by dimensions that are kept as a table, and brought up to date piece by piece."""

    pieces_of: Name
    """The entity whose keys are divided into pieces; whatever is measured belongs to one of its rows."""


class SemanticsStatement(Statement):
    """A whole file."""

    clock: list[Name] = []
    """Views of the domain's facts whose greatest event time is the clock."""
    entities: list[EntityStatement] = []
    shares: list[ShareStatement] = []
    views: list[SavedQuestion] = []
    kept: list[KeptStatement] = []
