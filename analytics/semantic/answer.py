"""Asks the warehouse a question and gives its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.semantic.query import Query, compile_question, end_of
from analytics.semantic.sources import CLOCK
from mesh.kernel.errors import MeasureError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.semantic.model import Model
    from analytics.semantic.question import Question


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of dimensions and measures, with the statement that gave them."""

    query: Query
    rows: Sequence[Sequence[Any]]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found: no group, or, where there are none, nothing but zeros and nulls."""
        return not any(any(row) for row in self.rows)


def answer(
    client: Client,
    model: Model,
    question: Question,
    timezone: str,
    tables: Mapping[str, str] | None = None,
) -> Answer:
    """The answer to a question; from ``tables`` of kept measures, by their names, so far as they have it.

    Raises :class:`MeasureError` when it is as of a day before any fact, or views of the model are missing.
    """
    query = compile_question(model, question, timezone, tables=tables)
    try:
        if question.as_of is not None:
            seconds = client.query(f"SELECT toUnixTimestamp(first) FROM {CLOCK}").result_rows[0][0]
            first = datetime.fromtimestamp(seconds, UTC)
            if end_of(question.as_of, timezone) < first:
                raise MeasureError(
                    "as-of-too-early",
                    f"nothing had happened yet; the first fact is of {first:%Y-%m-%d}",
                    place=f"--as-of {question.as_of}",
                    remedy="name that day or a later one",
                )
        rows = client.query(query.sql, parameters=query.parameters, settings={"readonly": 2}).result_rows
    except ClickHouseError as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            raise MeasureError(
                "model-missing",
                "the warehouse has not all views that the model reads",
                remedy="run `mesh apply`",
            ) from None
        raise
    return Answer(query, rows)
