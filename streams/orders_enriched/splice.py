"""Rows from what is known: slices of the order and pre-encoded fragments in a row (rules 5 to 10)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from streams.engine.fold import OutputRow
from streams.facts import text_of
from streams.orders_enriched.dimensions import Members
from streams.orders_enriched.layout import Layout
from streams.orders_enriched.order import Entry, Revision, unpack_revision
from streams.orders_enriched.owed import Owing
from streams.orders_enriched.registers import as_of, greatest
from streams.orders_enriched.returns import NO_RETURNS, NONE_RETURNED, Returns, by_line
from streams.orders_enriched.state import State
from streams.orders_enriched.version import early_clock, exact_clock, version

LIVE, _DELETED = b"\x00", b"\x01"
_NO_LINES: dict[bytes, Returns] = {}


class Splice:
    """Builds the rows of orders, as of their time, from the dimensions and the customers of a partition."""

    def __init__(self, frame: bytes, layout: Layout, members: Mapping[str, Members], state: State) -> None:
        self._frame = frame
        self._members = members
        self._state = state
        self._null = {block.prefix: block.null for block in layout.blocks}
        self._unknown = b"".join(block.null for block in layout.blocks)

    def rows(
        self, owed: Owing, entry: Entry, amended: Mapping[int, bytes] | None, rows: list[OutputRow]
    ) -> None:
        """Append an order's rows, as many as are owed; ``amended`` are its lower revisions by ``seq``."""
        order = unpack_revision(entry.revision)
        lines = self._state.lines(order)
        returns = by_line(entry.returns) if entry.returns else _NO_LINES
        payment, paid = greatest(entry.payments) if entry.payments else (self._null["transaction"], 0)
        fulfilment, fulfilled = (
            greatest(entry.fulfilments) if entry.fulfilments else (self._null["fulfilment"], 0)
        )
        registers = 1 + paid + fulfilled
        moment = order.ordered_at
        location, c1, s1 = self._member("location", order.location_id[1:], moment)
        territory, c2, s2 = self._member("territory", order.territory_id[1:], moment)
        employee, c3, s3 = self._member("employee", order.employee_id[1:], moment)
        customer, c4, s4 = self._customer(order.account, moment)
        clocks, seqs = c1 + c2 + c3 + c4, s1 + s2 + s3 + s4
        key = text_of(order.account)
        head = self._frame + order.contents[: order.lines]
        rest = b"".join((location, territory, employee, customer, payment, fulfilment))
        products, unknown = self._members["product"], (self._null["product"], 0, 0)
        only, timestamp = owed.lines, owed.timestamp
        for line, number, product_id in lines:
            if only is not None and number not in only:
                continue
            versions = products.get(product_id)
            product, clock, seq = (
                unknown if versions is None else versions.entries[bisect_right(versions.starts, moment)]
            )
            returned, more = returns.get(number, NONE_RETURNED)
            stamp = version(order.seq, registers + more, clocks + clock, seqs + seq)
            rows.append((key, b"".join((head, line, product, rest, returned, stamp, LIVE)), timestamp))
        if amended:
            self._dropped(owed, order, {number for _, number, _ in lines}, amended, registers, returns, rows)

    def _dropped(
        self,
        owed: Owing,
        order: Revision,
        present: set[bytes],
        amended: Mapping[int, bytes],
        registers: int,
        returns: Mapping[bytes, Returns],
        rows: list[OutputRow],
    ) -> None:
        """Append tombstones for what lower revisions had and the highest has not (rule 10)."""
        done = {(order.day, number) for number in present}
        for seq in sorted(amended, reverse=True):
            older = unpack_revision(amended[seq])
            key = text_of(older.account)
            head = self._frame + older.contents[: older.lines]
            for line, number, _ in self._state.lines(older):
                if (older.day, number) in done or (owed.lines is not None and number not in owed.lines):
                    continue
                done.add((older.day, number))
                known = 0 if number in present else registers + returns.get(number, NONE_RETURNED).registers
                stamp = version(order.seq, known, 0, 0)
                value = b"".join((head, line, self._unknown, NO_RETURNS, stamp, _DELETED))
                rows.append((key, value, owed.timestamp))

    def _member(self, prefix: str, member: bytes, moment: int) -> tuple[bytes, int, int]:
        versions = self._members[prefix].get(member)
        if versions is None:
            return self._null[prefix], 0, 0
        return versions.entries[bisect_right(versions.starts, moment)]

    def _customer(self, account: bytes, moment: int) -> tuple[bytes, int, int]:
        versions = self._state.customers.get(account)
        if versions is None:
            return self._null["customer"], 0, 0
        (valid_from, seq, fragment), holds = as_of(versions, moment)
        return fragment, exact_clock(valid_from) if holds else early_clock(valid_from), seq + 1
