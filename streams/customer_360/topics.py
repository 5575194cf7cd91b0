"""The topics of customer-360: what its two stages read and write, and the record class of each."""

from __future__ import annotations

from domains.customer.events import (
    AccountActivity,
    AccountLinked,
    Customer360,
    CustomerMastered,
    SegmentAssigned,
)
from domains.sales.events import ClockAdvanced, OrderLineEnriched, PaymentRecorded
from mesh.kernel.event import Record

CUSTOMER = "customer.public.customer.v1"
CROSSWALK = "customer.public.crosswalk.v1"
LINE = "sales.public.orders-enriched.v1"
PAYMENT = "sales.public.payment-recorded.v1"
CLOCK = "sales.private.clock.v1"
ACTIVITY = "customer.private.account-activity.v1"
SEGMENT = "customer.public.segment-assigned.v1"
CUSTOMER_360 = "customer.public.customer-360.v1"

RECORDS: dict[str, type[Record]] = {
    CUSTOMER: CustomerMastered,
    CROSSWALK: AccountLinked,
    LINE: OrderLineEnriched,
    PAYMENT: PaymentRecorded,
    CLOCK: ClockAdvanced,
    ACTIVITY: AccountActivity,
    SEGMENT: SegmentAssigned,
    CUSTOMER_360: Customer360,
}
