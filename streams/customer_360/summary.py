"""The summaries of the accounts of one golden customer, added up as if one account had done it all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streams.customer_360.knowledge import version_bytes, version_of
from streams.customer_360.numbers import (
    ABSENT,
    long_bytes,
    long_of,
    moment_bytes,
    moment_of,
    money_bytes,
    money_of,
    text_of,
)
from streams.customer_360.picking import Picked

SHOWN = "customer_type..marketing_consent"
"""The fields of the mastered view that a row shows, one after another in both."""

_COUNTED = ("orders", "cancelled_orders", "online_orders", "orders_last_year", "lines", "units")
_SUMMED = ("gross", "discount", "net", "cost")
_ADDED = (*_COUNTED, *_SUMMED, "returned_units", "returned_amount", "transactions", "transaction_amount")
_TIMES = ("first_order_at", "last_order_at", "first_transaction_at", "last_transaction_at", "as_of")
_CUSTOMER = ("seq", "account", "valid_from", SHOWN)
FIELDS = (
    *(f"summary.{name}" for name in (*_ADDED, *_TIMES)),
    *(f"summary.customer.{name}" for name in _CUSTOMER),
    "version",
)
"""What is picked of a summary's record."""

_MONEY = {*_SUMMED, "returned_amount", "transaction_amount"}
_ADD: list[tuple[Callable[[bytes], int], Callable[[int], bytes]]] = [
    (money_of, money_bytes) if name in _MONEY else (long_of, long_bytes) for name in _ADDED
]
_NO_CUSTOMER = (None, None, None, None)


def combined(summaries: Sequence[Picked]) -> Picked:
    """The :data:`FIELDS` of all summaries together; their customer is the one that a row shows (rule 16)."""
    if len(summaries) == 1:
        return summaries[0]
    times = len(_ADD)
    return (
        *(
            write(sum(read(picked[place]) for picked in summaries))
            for place, (read, write) in enumerate(_ADD)
        ),
        *(
            _moment([picked[place] for picked in summaries], min if name.startswith("first_") else max)
            for place, name in enumerate(_TIMES, times)
        ),
        *max(
            (picked[-5:-1] for picked in summaries if picked[-2] is not None), key=_rank, default=_NO_CUSTOMER
        ),
        version_bytes(sum(version_of(picked[-1]) for picked in summaries)),
    )


def _moment(fields: list[bytes], choose: Callable[[list[int]], int]) -> bytes:
    moments = [moment for field in fields if (moment := moment_of(field)) is not None]
    return moment_bytes(choose(moments)) if moments else ABSENT


def _rank(customer: Picked) -> tuple[int, int, bytes]:
    seq, account, valid_from, _ = customer
    return long_of(valid_from), long_of(seq), text_of(account)
