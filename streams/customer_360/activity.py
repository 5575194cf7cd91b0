"""Records of account-activity, written as bytes: the registers of an account."""

from __future__ import annotations

from collections.abc import Iterable

from domains.customer.events import AccountActivity, ActivitySummary
from mesh.kernel.errors import StreamError
from mesh.kernel.event import Record
from streams.customer_360.account import Account
from streams.customer_360.clock import UNKNOWN, Windows
from streams.customer_360.facets import SUMMARY
from streams.customer_360.knowledge import CLOCK, REGISTER, version_bytes
from streams.customer_360.line import SHARES, TOTALS
from streams.customer_360.numbers import (
    ABSENT,
    PRESENT,
    long_bytes,
    moment_bytes,
    money_bytes,
    text_bytes,
)

_SUMMARY = SUMMARY + text_bytes(b"")
_LIVE, _GONE = b"\x01", b"\x00"
_RECORD = "golden_id account membership_seq is_member facet facet_id units net summary version"
_SUMMARY_RECORD = (
    "orders cancelled_orders online_orders orders_last_year lines units gross discount net cost "
    "returned_units returned_amount transactions transaction_amount first_order_at last_order_at "
    "first_transaction_at last_transaction_at as_of customer"
)


class ActivityWriter:
    """Writes the records of an account under one schema id."""

    def __init__(self, frame: bytes) -> None:
        _check(AccountActivity, _RECORD)
        _check(ActivitySummary, _SUMMARY_RECORD)
        self._frame = frame

    def facets(self, account: Account, keys: Iterable[bytes] | None) -> list[bytes]:
        """The facets' registers: those of ``keys``, or with None all that the account ever had."""
        head = self._head(account, account.golden_id)
        shares, unpack, join = account.facets, SHARES.unpack, b"".join
        return [
            join(
                (
                    head,
                    _LIVE if lines else _GONE,
                    key,
                    long_bytes(units),
                    money_bytes(net),
                    ABSENT,
                    version_bytes(version),
                )
            )
            for key in (shares if keys is None else keys)
            for units, net, lines, version in (unpack(shares[key]),)
        ]

    def summary(self, account: Account, windows: Windows) -> bytes:
        """The account's summary at a clock."""
        units, net, gross, cost, returned_units, returned_amount, *counts = TOTALS.unpack(account.total)
        lines, orders, cancelled, online, transactions, amount, version = counts
        version += account.left_windows(windows) * REGISTER
        chosen = account.customer(windows.now)
        customer = ABSENT
        if chosen is not None:
            shown, clock = chosen
            customer = PRESENT + shown.body
            version += clock * CLOCK + shown.seq + 1
        raw_units, raw_net = long_bytes(units), money_bytes(net)
        return b"".join(
            (
                self._head(account, account.golden_id),
                _LIVE,
                _SUMMARY,
                raw_units,
                raw_net,
                PRESENT,
                long_bytes(orders),
                long_bytes(cancelled),
                long_bytes(online),
                long_bytes(orders - account.order_times.before(windows.year)),
                long_bytes(lines),
                raw_units,
                money_bytes(gross),
                money_bytes(gross - net),
                raw_net,
                money_bytes(cost),
                long_bytes(returned_units),
                money_bytes(returned_amount),
                long_bytes(transactions),
                money_bytes(amount),
                moment_bytes(account.order_times.first()),
                moment_bytes(account.order_times.last()),
                moment_bytes(account.payment_times.first()),
                moment_bytes(account.payment_times.last()),
                moment_bytes(None if windows.now == UNKNOWN else windows.now),
                customer,
                version_bytes(version),
            )
        )

    def departure(self, account: Account, golden_id: bytes) -> bytes:
        """The record that takes the account away from a golden id that it no longer belongs to."""
        head = self._head(account, golden_id)
        return b"".join((head, _GONE, _SUMMARY, long_bytes(0), money_bytes(0), ABSENT, version_bytes(0)))

    def _head(self, account: Account, golden_id: bytes) -> bytes:
        return b"".join(
            (self._frame, text_bytes(golden_id), text_bytes(account.name), long_bytes(account.membership))
        )


def _check(record: type[Record], fields: str) -> None:
    """Raise :class:`StreamError` unless the record's fields are those written here, in this order."""
    if list(record.model_fields) != fields.split():
        raise StreamError(
            "layout-broken",
            f"its fields must be {fields}",
            place=record.__name__,
            remedy="keep events.py, or teach the writer",
        )
