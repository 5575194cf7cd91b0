"""The rows of an order's lines: the innermost loop of orders-enriched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from streams.engine.avro.recognise import Items
from streams.engine.fold import OutputRow
from streams.engine.kernel import KERNEL
from streams.orders_enriched.asof import Entry
from streams.orders_enriched.dimensions import Members
from streams.orders_enriched.returns import Returns
from streams.orders_enriched.version import version


def python_splice_lines(
    rows: list[OutputRow],
    key: bytes,
    timestamp: int,
    head: bytes,
    items: Items,
    members: Members,
    absent: Entry,
    moment: int,
    rest: bytes,
    tails: Mapping[bytes, Returns],
    no_tail: Returns,
    structure: int,
    registers: int,
    clocks: int,
    seqs: int,
    end: bytes,
    only: Collection[bytes] | None,
) -> None:
    """Append a row for each item: head, item, what its member was at ``moment``, rest, tail, version, end.

    ``items`` are bytes, number and member of each; ``only`` the numbers that are wanted, None for all.
    ``absent`` stands for an unknown member, ``no_tail`` for a number that ``tails`` has not. The last four
    numbers are what the row knows besides; see :func:`streams.orders_enriched.version.version`.
    """
    for item, number, member in items:
        if only is not None and number not in only:
            continue
        versions = members.get(member)
        fragment, clock, seq = absent if versions is None else versions.choice(moment)
        tail, more = tails.get(number, no_tail)
        stamp = version(structure, registers + more, clocks + clock, seqs + seq)
        rows.append((key, b"".join((head, item, fragment, rest, tail, stamp, end)), timestamp))


def _by_kernel(rows: list[OutputRow], *parts: Any) -> None:
    """:func:`python_splice_lines` by the compiled kernel; what exceeds its 64 bits is left to Python."""
    assert KERNEL is not None
    known = len(rows)
    try:
        KERNEL.splice_items(rows, *parts)
    except OverflowError:
        del rows[known:]
        python_splice_lines(rows, *parts)


splice_lines: Callable[..., None] = python_splice_lines if KERNEL is None else _by_kernel
