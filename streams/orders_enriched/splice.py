"""Rows from what is known: slices of the order and pre-encoded fragments in a row (rules 5 to 10)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from streams.orders_enriched.dimensions import Members
from streams.orders_enriched.facts import text_of
from streams.orders_enriched.layout import Layout
from streams.orders_enriched.order import Entry, Revision, unpack_revision
from streams.orders_enriched.registers import as_of, greatest
from streams.orders_enriched.returns import NO_RETURNS, Returns, by_line
from streams.orders_enriched.version import early_clock, exact_clock, version

Row = tuple[bytes, bytes]
"""Key (the account) and framed value."""

_LIVE, _DELETED = b"\x00", b"\x01"


class Splice:
    """Builds the rows of orders, as of their time, from the dimensions and the customers of a partition."""

    def __init__(
        self, frame: bytes, layout: Layout, members: Mapping[str, Members], customers: dict[bytes, bytes]
    ) -> None:
        self._frame = frame
        self._members = members
        self._customers = customers
        self._null = {block.prefix: block.null for block in layout.blocks}
        self._unknown = b"".join(block.null for block in layout.blocks)

    def rows(
        self, entry: Entry, amended: Mapping[int, bytes] | None, only: set[bytes] | None
    ) -> Iterator[Row]:
        """An order's rows; ``amended`` are its lower revisions, ``only`` the raw numbers of lines wanted."""
        order = unpack_revision(entry.revision)
        returns = by_line(entry.returns) if entry.returns else {}
        payment, paid = greatest(entry.payments) if entry.payments else (self._null["transaction"], 0)
        fulfilment, fulfilled = (
            greatest(entry.fulfilments) if entry.fulfilments else (self._null["fulfilment"], 0)
        )
        registers = 1 + paid + fulfilled
        yield from self._live(order, payment + fulfilment, registers, returns, only)
        if amended:
            yield from self._dropped(order, amended, registers, returns, only)

    def _live(
        self,
        order: Revision,
        facts: bytes,
        registers: int,
        returns: Mapping[bytes, Returns],
        only: set[bytes] | None,
    ) -> Iterator[Row]:
        moment = order.ordered_at
        location, c1, s1 = self._member("location", order.location_id[1:], moment)
        territory, c2, s2 = self._member("territory", order.territory_id[1:], moment)
        employee, c3, s3 = self._member("employee", order.employee_id[1:], moment)
        customer, c4, s4 = self._customer(order.account, moment)
        clocks, seqs = c1 + c2 + c3 + c4, s1 + s2 + s3 + s4
        key = text_of(order.account)
        head = self._frame + order.head
        rest = b"".join((location, territory, employee, customer, facts))
        products, unknown = self._members["product"], (self._null["product"], 0, 0)
        for number, product_id, line in order.lines:
            if only is not None and number not in only:
                continue
            versions = products.get(product_id)
            if versions is None:
                product, clock, seq = unknown
            else:
                product, clock, seq = versions.entries[bisect_right(versions.starts, moment)]
            known = registers
            returned = NO_RETURNS
            if number in returns:
                returned, more = returns[number]
                known += more
            stamp = version(order.seq, known, clocks + clock, seqs + seq)
            yield key, b"".join((head, line, product, rest, returned, stamp, _LIVE))

    def _dropped(
        self,
        order: Revision,
        amended: Mapping[int, bytes],
        registers: int,
        returns: Mapping[bytes, Returns],
        only: set[bytes] | None,
    ) -> Iterator[Row]:
        """Tombstones for what lower revisions had and the highest has not (rule 10)."""
        present = {number for number, _, _ in order.lines}
        cleared = {(order.day, number) for number in present}
        for seq in sorted(amended, reverse=True):
            older = unpack_revision(amended[seq])
            key = text_of(older.account)
            for number, _, line in older.lines:
                if (older.day, number) in cleared or (only is not None and number not in only):
                    continue
                cleared.add((older.day, number))
                known = 0
                if number not in present:
                    known = registers + (returns[number].registers if number in returns else 0)
                stamp = version(order.seq, known, 0, 0)
                yield (
                    key,
                    b"".join((self._frame, older.head, line, self._unknown, NO_RETURNS, stamp, _DELETED)),
                )

    def _member(self, prefix: str, member: bytes, moment: int) -> tuple[bytes, int, int]:
        versions = self._members[prefix].get(member)
        if versions is None:
            return self._null[prefix], 0, 0
        return versions.entries[bisect_right(versions.starts, moment)]

    def _customer(self, account: bytes, moment: int) -> tuple[bytes, int, int]:
        versions = self._customers.get(account)
        if versions is None:
            return self._null["customer"], 0, 0
        (valid_from, seq, fragment), holds = as_of(versions, moment)
        return fragment, exact_clock(valid_from) if holds else early_clock(valid_from), seq + 1
