"""Puts the mail on the broker: in order of its moments, no faster than asked for, refusals parked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

import polars as pl

from mesh.kernel.clock import now
from mesh.kernel.contract import Port
from mesh.kernel.metrics import RECORDS_PARKED
from mesh.publish.dead_letter import row_headers
from mesh.publish.outbox import Outbox
from mesh.simulate.post import MAIL, Declined

APPLICATION = "simulate"
SLICE = 2_000
"""Records that are handed over at once; within them those of one topic stay together."""
END = 2**62
"""A moment after all others."""
TICK = 0.1
"""Seconds between two looks at the clock."""


class Due(NamedTuple):
    """A refusal that waits for its moment; ``row`` is that of its dead letter."""

    leaves: int
    row: int
    refusal: Declined


class Carrier:
    """Holds mail until its moment.

    ``sent`` counts the records by the number of their topic; ``reached`` is the moment before which all have
    left.
    """

    def __init__(
        self, ports: Sequence[Port], outbox: Outbox | None, file: str, rate: int | None,
        progress: Callable[[int, int], None],
    ) -> None:  # fmt: skip
        self._ports = ports
        self._outbox = outbox
        self._file = file
        self._rate = rate
        self._progress = progress
        self._waiting = pl.DataFrame(schema=MAIL)
        self._refused: list[Due] = []
        self._rows = count(1)
        self._began = time.monotonic()
        self.sent = [0] * len(ports)
        self.reached = 0

    def take(self, records: pl.DataFrame, refusals: Sequence[tuple[int, Declined]] = ()) -> dict[int, int]:
        """Take mail, and refusals with their moments; gives the row of each refusal by its position."""
        self._waiting = pl.concat([self._waiting, records])
        fresh = [Due(leaves, next(self._rows), refusal) for leaves, refusal in refusals]
        self._refused += fresh
        return {due.refusal.position: due.row for due in fresh}

    def deliver(self, until: int | None) -> None:
        """Send what leaves before a moment; everything where there is none."""
        leaves = pl.lit(value=True) if until is None else pl.col("leaves") < until
        leaving = self._waiting.filter(leaves).sort("leaves", maintain_order=True)
        self._waiting = self._waiting.filter(~leaves)
        for start in range(0, leaving.height, SLICE):
            self._send(leaving.slice(start, SLICE))
        waiting = []
        for due in self._refused:
            if until is None or due.leaves < until:
                self._park(due)
            else:
                waiting.append(due)
        self._refused = waiting
        self.reached = END if until is None else until

    def flush(self) -> None:
        """Return when everything is on the broker."""
        if self._outbox is not None:
            self._outbox.flush()

    def _send(self, mail: pl.DataFrame) -> None:
        for (topic,), records in mail.group_by("topic", maintain_order=True):
            assert isinstance(topic, int)
            if self._outbox is not None:
                self._outbox.send_batch(
                    self._ports[topic].topic, records.select("partition", "key", "value").to_dicts()
                )
            self.sent[topic] += records.height
        total = sum(self.sent)
        self._progress(total, mail["leaves"][-1])
        if self._rate is not None:
            ahead = total / self._rate - (time.monotonic() - self._began)
            if ahead > 0:
                time.sleep(ahead)

    def _park(self, due: Due) -> None:
        if self._outbox is None:
            return
        refusal, port = due.refusal, due.refusal.port
        reason = f"{refusal.rule.field}: breaks the rule that {refusal.rule.text}"
        headers = row_headers(
            port.topic, file=self._file, row=due.row, consumer=APPLICATION, code=refusal.rule.code,
            reason=reason, seen=now(),
        )  # fmt: skip
        self._outbox.send(port.dead_letters, refusal.key.encode(), refusal.values, headers=headers)
        RECORDS_PARKED.labels(APPLICATION, port.topic, refusal.rule.code).inc()
