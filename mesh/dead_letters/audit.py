"""The audit of redrives: who has redriven or given up which record, when, and where it went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.dead_letters.parked import Place, State
from mesh.dead_letters.plan import Action, Step
from mesh.kernel.errors import DeadLetterError, no_answer

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLE = "mesh.redrives_v1"
COLUMNS = (
    *("id", "redriven_at", "who", "topic", "partition", "offset", "code", "outcome", "edited"),
    *("digest", "new_partition", "new_offset"),
)
_OUTCOMES = {"published": State.DONE, "discarded": State.DISCARDED}


def outcomes(client: Client) -> dict[Place, State]:
    """What redrives have done with each record that they have taken."""
    with answered():
        rows = client.query(
            "SELECT topic, partition, offset, argMax(outcome, redriven_at) FROM mesh.redrives_v1 GROUP BY ALL"
        ).result_rows
    return {
        Place(topic, partition, offset): _OUTCOMES.get(outcome, State.DONE)
        for topic, partition, offset, outcome in rows
    }


def keep(
    client: Client, redrive: str, who: str, moment: datetime, done: Iterable[tuple[Step, int, int]]
) -> None:
    """Write down the steps that were taken, each with partition and offset of what was published (or -1)."""
    rows = [
        (
            redrive,
            moment,
            who,
            step.place.topic,
            step.place.partition,
            step.place.offset,
            step.cause,
            "discarded" if step.action is Action.DISCARD else "published",
            list(step.edited or ()),
            "" if step.value is None else sha256(step.value).hexdigest(),
            partition,
            offset,
        )
        for step, partition, offset in done
    ]
    if rows:
        with answered():
            client.insert(TABLE, rows, column_names=list(COLUMNS))


@contextmanager
def answered() -> Iterator[None]:
    """Say in one line that the warehouse has refused something, or is away."""
    try:
        yield
    except ClickHouseError as error:
        raise DeadLetterError(
            "warehouse-refused",
            no_answer(error),
            place="warehouse",
            remedy="see `mesh status` and `mesh logs warehouse`; `mesh apply` makes its tables",
        ) from None
