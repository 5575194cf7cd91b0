"""Rows of customer-360, written as bytes from the summaries of the member accounts (rules 16 to 21)."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from domains.customer.events import Customer360, CustomerMastered
from mesh.kernel.errors import StreamError
from schemas.derive import avro_schema
from streams.customer_360.clock import CHURN_DAYS
from streams.customer_360.days import BusinessDays
from streams.customer_360.facets import CATEGORY, EMPLOYEE, LOCATION, PRODUCT
from streams.customer_360.golden import Golden
from streams.customer_360.knowledge import STRUCTURE, version_bytes, version_of
from streams.customer_360.numbers import (
    ABSENT,
    PRESENT,
    divided,
    long_bytes,
    long_of,
    moment_bytes,
    moment_of,
    money_bytes,
    money_of,
    text_bytes,
    text_of,
)
from streams.customer_360.picking import Pick, Picked

SHOWN = "customer_type..marketing_consent"
"""The fields of the mastered view that a row shows, one after another in both."""

_SUMS = (
    *("orders", "cancelled_orders", "online_orders", "orders_last_year", "lines", "units"),
    *("gross", "discount", "net", "cost"),
    *("returned_units", "returned_amount", "transactions", "transaction_amount"),
)
_TIMES = ("first_order_at", "last_order_at", "first_transaction_at", "last_transaction_at", "as_of")
_CUSTOMER = ("seq", "account", "valid_from", SHOWN)
FIELDS = (
    *(f"summary.{name}" for name in (*_SUMS, *_TIMES)),
    *(f"summary.customer.{name}" for name in _CUSTOMER),
    "version",
)
"""What is picked of a summary's record."""

_ROW = (
    "golden_id accounts account {shown} first_order_at last_order_at first_transaction_at "
    "last_transaction_at orders cancelled_orders online_orders online_share orders_last_year lines units "
    "gross discount net cost margin returned_units returned_amount transactions transaction_amount "
    "average_transaction_amount favourite_category favourite_product_id favourite_location_id "
    "favourite_employee_id churn_status churned_at version is_deleted"
)
_MONEY = {"gross", "discount", "net", "cost", "returned_amount", "transaction_amount"}
_READ = [money_of if name in _MONEY else long_of for name in _SUMS]
_DOUBLE = Struct("<d").pack
_CHURNED, _NOT_CHURNED, _NO_TRANSACTION = map(text_bytes, (b"Churned", b"Not Churned", b"No transaction"))


class Shown(NamedTuple):
    """The mastered view that a row shows; the greatest of several accounts' wins (rule 16)."""

    valid_from: int
    seq: int
    account: bytes
    fields: bytes


class RowWriter:
    """Writes the row of a golden id under one schema id."""

    def __init__(self, frame: bytes, pick: Pick, days: BusinessDays) -> None:
        self._frame = frame
        self._days = days
        self._pick = pick
        self._unknown = ABSENT * len(_shown_fields())

    def row(self, golden_id: bytes, golden: Golden) -> bytes:
        """The framed row."""
        summaries = [self._pick(member.summary) for member in golden.active()]
        version = golden.structure() * STRUCTURE + sum(version_of(picked[-1]) for picked in summaries)
        sums = [sum(read(picked[place]) for picked in summaries) for place, read in enumerate(_READ)]
        orders, cancelled, online, last_year, lines, units = sums[:6]
        gross, discount, net, cost, returned_units, returned_amount, transactions, amount = sums[6:]
        first_order, last_order, first_paid, last_paid, as_of = _times(summaries)
        status, churned_at = self._churn(last_paid, as_of)
        shown = max((_shown(picked) for picked in summaries if picked[-2] is not None), default=None)
        return b"".join(
            (
                self._frame,
                text_bytes(golden_id),
                long_bytes(len(summaries)),
                ABSENT if shown is None else PRESENT + text_bytes(shown.account),
                self._unknown if shown is None else shown.fields,
                moment_bytes(first_order),
                moment_bytes(last_order),
                moment_bytes(first_paid),
                moment_bytes(last_paid),
                long_bytes(orders),
                long_bytes(cancelled),
                long_bytes(online),
                PRESENT + _DOUBLE(online / orders) if orders else ABSENT,
                long_bytes(last_year),
                long_bytes(lines),
                long_bytes(units),
                money_bytes(gross),
                money_bytes(discount),
                money_bytes(net),
                money_bytes(cost),
                money_bytes(net - cost),
                long_bytes(returned_units),
                money_bytes(returned_amount),
                long_bytes(transactions),
                money_bytes(amount),
                PRESENT + money_bytes(divided(amount, transactions)) if transactions else ABSENT,
                *(_favourite(golden, name) for name in (CATEGORY, PRODUCT, LOCATION, EMPLOYEE)),
                status,
                moment_bytes(churned_at),
                version_bytes(version),
                b"\x00" if summaries else b"\x01",
            )
        )

    def _churn(self, last_paid: int | None, as_of: int | None) -> tuple[bytes, int | None]:
        """Churn status and the moment of crossing (rule 17), by the clock of the account that saw it last.

        An account is written again when one of its payments crosses the line, so the greatest clock of the
        accounts is late enough, and a clock of this stage's own would only let rows of one version differ.
        """
        if last_paid is None:
            return _NO_TRANSACTION, None
        crossing = self._days.start(self._days.day(last_paid) + CHURN_DAYS + 1)
        if as_of is None or as_of < crossing:
            return _NOT_CHURNED, None
        return _CHURNED, crossing


def _times(summaries: list[Picked]) -> tuple[int | None, ...]:
    start = len(_SUMS)
    found = []
    for place, least in enumerate((True, False, True, False, False), start):
        moments = [moment for picked in summaries if (moment := moment_of(picked[place])) is not None]
        found.append(None if not moments else min(moments) if least else max(moments))
    return tuple(found)


def _shown(picked: Picked) -> Shown:
    seq, account, valid_from, fields = picked[-5:-1]
    return Shown(long_of(valid_from), long_of(seq), text_of(account), fields)


def _favourite(golden: Golden, name: bytes) -> bytes:
    facet = golden.favourite(name)
    return ABSENT if facet is None else PRESENT + facet[len(name) :]


def _shown_fields() -> list[str]:
    """The shown fields. Raises :class:`StreamError` unless the row has them as the mastered view does."""
    first, last = SHOWN.split("..")
    fields = list(CustomerMastered.model_fields)
    shown = fields[fields.index(first) : fields.index(last) + 1]
    types = [
        {field["name"]: field["type"] for field in avro_schema(record)["fields"] if field["name"] in shown}
        for record in (CustomerMastered, Customer360)
    ]
    if list(Customer360.model_fields) != _ROW.format(shown=" ".join(shown)).split() or types[0] != types[1]:
        raise StreamError(
            "layout-broken",
            "its fields must be those that the writer knows, and show the mastered view as it is",
            place=Customer360.__name__,
            remedy="keep events.py, or teach the writer",
        )
    return shown
