"""Several whole numbers in one: a row of sums that is added and subtracted at once.

A sum over many facts is one integer, each quantity in a lane of its own, so that an account costs one Python
object instead of fifteen, and ``total += new - old`` is the whole of its arithmetic. Numbers may be negative:
a negative lane borrows from the next one, and unpacking gives the loan back.
"""

from __future__ import annotations


class Lanes:
    """Lanes of the given widths in bits, least significant first; above them ``rest``, as wide as need be.

    A number in a lane is less than half of its range, either way.
    """

    def __init__(self, **widths: int) -> None:
        self.names = (*widths, "rest")
        self.shift: dict[str, int] = {}
        self._lanes = []
        start = 0
        for name, width in widths.items():
            self.shift[name] = start
            self._lanes.append((width, (1 << width) - 1, 1 << (width - 1)))
            start += width
        self.shift["rest"] = start

    def pack(self, **numbers: int) -> int:
        """The numbers as one; lanes that are not named hold 0."""
        return sum(number << self.shift[name] for name, number in numbers.items())

    def unpack(self, packed: int) -> list[int]:
        """The numbers in the order of the lanes, then the rest."""
        numbers = []
        for width, mask, half in self._lanes:
            number = packed & mask
            packed >>= width
            if number >= half:
                number -= mask + 1
                packed += 1
            numbers.append(number)
        numbers.append(packed)
        return numbers
