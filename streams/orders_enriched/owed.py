"""What a partition owes: rows of touched orders, changelog entries, the clock."""

from __future__ import annotations

from typing import NamedTuple


class Owing(NamedTuple):
    """The rows of one order that must be written again."""

    order_id: bytes
    timestamp: int
    """Kafka timestamp in ms of the record that touched it last."""
    lines: set[bytes] | None
    """Raw numbers of the lines that are owed; None: all of them."""


class Owed:
    """Orders whose rows must be written again, each with the Kafka timestamp of what touched it last."""

    def __init__(self) -> None:
        self.whole: dict[bytes, int] = {}
        """Orders of which all rows are owed, with the timestamp of what touched each last."""
        self._lines: dict[bytes, tuple[int, set[bytes]]] = {}
        self._queue: list[Owing] = []

    def order(self, order_id: bytes, timestamp: int) -> None:
        """All rows of an order."""
        self.whole[order_id] = timestamp

    def line(self, order_id: bytes, number: bytes, timestamp: int) -> None:
        """The row of one line, by its raw number."""
        _, numbers = self._lines.get(order_id, (0, set()))
        numbers.add(number)
        self._lines[order_id] = timestamp, numbers

    def next(self) -> Owing | None:
        """The next order, first touched first; None when nothing is owed."""
        if not self._queue:
            whole, lines = self.whole, self._lines
            self._queue = [Owing(order_id, timestamp, None) for order_id, timestamp in whole.items()]
            self._queue += [
                Owing(order_id, *some) for order_id, some in lines.items() if order_id not in whole
            ]
            self._queue.reverse()  # it is taken from its end
            self.whole, self._lines = {}, {}
        return self._queue.pop() if self._queue else None

    def __bool__(self) -> bool:
        return bool(self._queue or self.whole or self._lines)
