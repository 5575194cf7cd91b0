"""The topics of orders-enriched: what it reads, what it writes, and the record class of each."""

from __future__ import annotations

from typing import NamedTuple

from domains.customer.events import CustomerMastered
from domains.employee.events import EmployeeDescribed
from domains.location.events import LocationDescribed
from domains.product.events import ProductDescribed
from domains.sales.events import (
    ClockAdvanced,
    FulfilmentUpdated,
    OrderLineEnriched,
    OrderPlaced,
    PaymentRecorded,
    ReturnRecorded,
)
from mesh.kernel.event import Record
from streams.orders_enriched.order import Section

CUSTOMER = "customer.public.customer.v1"
ORDER = "sales.public.order-placed.v1"
PAYMENT = "sales.public.payment-recorded.v1"
FULFILMENT = "sales.public.fulfilment-updated.v1"
RETURN = "sales.public.return-recorded.v1"
PRODUCT = "product.public.product.v1"
LOCATION = "location.public.location.v1"
EMPLOYEE = "employee.public.employee.v1"
ENRICHED = "sales.public.orders-enriched.v1"
CLOCK = "sales.private.clock.v1"

INPUTS = (CUSTOMER, ORDER, PAYMENT, FULFILMENT, RETURN)
"""Co-partitioned by account."""
BROADCAST = (PRODUCT, LOCATION, EMPLOYEE)
"""Read whole by every worker."""
OUTPUTS = (ENRICHED, CLOCK)

RECORDS: dict[str, type[Record]] = {
    CUSTOMER: CustomerMastered,
    ORDER: OrderPlaced,
    PAYMENT: PaymentRecorded,
    FULFILMENT: FulfilmentUpdated,
    RETURN: ReturnRecorded,
    PRODUCT: ProductDescribed,
    LOCATION: LocationDescribed,
    EMPLOYEE: EmployeeDescribed,
    ENRICHED: OrderLineEnriched,
    CLOCK: ClockAdvanced,
}


class Part(NamedTuple):
    """A fact of an order of which a row shows the greatest by moment, then by id."""

    tag: bytes
    """What its keys in the changelog begin with."""
    section: Section
    prefix: str
    identity: str
    moment: str


PARTS = {
    PAYMENT: Part(b"P", Section.PAYMENTS, "transaction", "transaction_id", "transaction_at"),
    FULFILMENT: Part(b"F", Section.FULFILMENTS, "fulfilment", "fulfilment_id", "updated_at"),
}

ROLES = {
    "product": (PRODUCT, "product_id"),
    "location": (LOCATION, "location_id"),
    "territory": (LOCATION, "location_id"),
    "employee": (EMPLOYEE, "employee_id"),
}
"""The blocks that show broadcast dimensions: prefix -> topic, and the field with the member's id."""

BLOCKS = {prefix: topic for prefix, (topic, _) in ROLES.items()} | {
    "customer": CUSTOMER,
    **{part.prefix: topic for topic, part in PARTS.items()},
}
"""All blocks of a row in their order, and the topic of what each shows."""

BLOCK_KEYS = {prefix: f"{prefix}_valid_from" for prefix in (*ROLES, "customer")} | {
    part.prefix: part.identity for part in PARTS.values()
}
"""The field that each block begins with: part of the identity of what it shows."""

ORDER_IDS = ("account", "location_id", "territory_id", "employee_id")
"""The ids of an order that rows look up."""
ORDER_FIELDS = ("seq", "occurred_at", "order_id", "ordered_at", *ORDER_IDS)
"""The fields of an order that are read; the others are only passed on."""
