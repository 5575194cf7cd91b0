"""What a partition owes: rows of touched orders, changelog entries, the clock."""

from __future__ import annotations


class Owed:
    """Orders whose rows must be written again, each with the Kafka timestamp of what touched it last."""

    def __init__(self) -> None:
        self._whole: dict[bytes, int] = {}
        self._lines: dict[bytes, tuple[int, set[bytes]]] = {}
        self._queue: list[tuple[bytes, int, set[bytes] | None]] = []

    def order(self, order_id: bytes, timestamp: int) -> None:
        """All rows of an order."""
        self._whole[order_id] = timestamp

    def line(self, order_id: bytes, number: bytes, timestamp: int) -> None:
        """The row of one line, by its raw number."""
        _, numbers = self._lines.get(order_id, (0, set()))
        numbers.add(number)
        self._lines[order_id] = timestamp, numbers

    def next(self) -> tuple[bytes, int, set[bytes] | None] | None:
        """An order, its timestamp and the lines of it that are owed (None: all); None: nothing is owed."""
        if not self._queue:
            self._queue.extend((order_id, timestamp, None) for order_id, timestamp in self._whole.items())
            self._queue.extend(
                (order_id, timestamp, numbers)
                for order_id, (timestamp, numbers) in self._lines.items()
                if order_id not in self._whole
            )
            self._queue.reverse()  # taken from its end, so in the order of touching
            self._whole, self._lines = {}, {}
        return self._queue.pop() if self._queue else None

    def __bool__(self) -> bool:
        return bool(self._queue or self._whole or self._lines)

    def clear(self) -> None:
        """Owe nothing."""
        self.__init__()  # type: ignore[misc]
