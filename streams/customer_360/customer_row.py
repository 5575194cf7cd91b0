"""Rows of customer-360, written as bytes from the summaries of the member accounts (rules 16 to 21, 25)."""

from __future__ import annotations

from struct import Struct

from domains.customer.events import Customer360, CustomerMastered
from mesh.kernel.errors import StreamError
from schemas.derive import avro_schema
from streams.customer_360.clock import CHURN_DAYS
from streams.customer_360.days import DAY, SLACK, BusinessDays
from streams.customer_360.facets import CATEGORY, EMPLOYEE, LOCATION, PRODUCT
from streams.customer_360.golden import Favourite, Golden
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
)
from streams.customer_360.picking import Pick
from streams.customer_360.segment import UNASSIGNED
from streams.customer_360.summary import SHOWN, combined

_ROW = (
    "golden_id accounts account {shown} first_order_at last_order_at first_transaction_at "
    "last_transaction_at orders cancelled_orders online_orders online_share orders_last_year lines units "
    "gross discount net cost margin returned_units returned_amount transactions transaction_amount "
    "average_transaction_amount favourite_category favourite_product_id favourite_location_id "
    "favourite_employee_id churn_status churned_at version is_deleted segment segment_week"
)
_FAVOURITES = (CATEGORY, PRODUCT, LOCATION, EMPLOYEE)
_DOUBLE = Struct("<d").pack
_CHURNED, _NOT_CHURNED, _NO_TRANSACTION = map(text_bytes, (b"Churned", b"Not Churned", b"No transaction"))


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
        counts = combined(summaries)
        orders, cancelled, online, last_year, lines, units, gross, discount, net, cost = counts[:10]
        returned_units, returned_amount, transactions, amount, *times, last_paid, as_of = counts[10:19]
        _, account, _, fields, version = counts[19:]
        favourites, segment = golden.favourites(), golden.segment
        known = golden.structure() * STRUCTURE + version_of(version)
        ordered, paid = long_of(orders), long_of(transactions)
        status, churned_at = self._churn(moment_of(last_paid), moment_of(as_of))
        return b"".join(
            (
                self._frame,
                text_bytes(golden_id),
                long_bytes(len(summaries)),
                ABSENT if account is None else PRESENT + account,
                self._unknown if fields is None else fields,
                *times,
                last_paid,
                orders,
                cancelled,
                online,
                PRESENT + _DOUBLE(long_of(online) / ordered) if ordered else ABSENT,
                last_year,
                lines,
                units,
                gross,
                discount,
                net,
                cost,
                money_bytes(money_of(net) - money_of(cost)),
                returned_units,
                returned_amount,
                transactions,
                amount,
                PRESENT + money_bytes(divided(money_of(amount), paid)) if paid else ABSENT,
                *[_shown(name, favourites[name]) for name in _FAVOURITES],
                status,
                moment_bytes(churned_at),
                version_bytes(known if segment is None else known + segment.version),
                b"\x00" if summaries else b"\x01",
                UNASSIGNED if segment is None else segment.shown,
            )
        )

    def _churn(self, last_paid: int | None, as_of: int | None) -> tuple[bytes, int | None]:
        """Churn status and the moment of crossing (rule 17), by the clock of the account that saw it last.

        An account is written again when one of its payments crosses the line, so the greatest clock of the
        accounts is late enough, and a clock of this stage's own would only let rows of one version differ.
        """
        if last_paid is None:
            return _NO_TRANSACTION, None
        if as_of is None or as_of - last_paid < CHURN_DAYS * DAY - SLACK:
            return _NOT_CHURNED, None  # the calendar is slow, and near the crossing is soon enough to ask it
        crossing = self._days.start(self._days.day(last_paid) + CHURN_DAYS + 1)
        if as_of < crossing:
            return _NOT_CHURNED, None
        return _CHURNED, crossing


def _shown(name: bytes, favourite: Favourite) -> bytes:
    return ABSENT if favourite is None else PRESENT + favourite[1][len(name) :]


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
