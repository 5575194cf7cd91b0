"""What is sold: orders with their lines, payments, fulfilments, returns, promotions, and orders enriched."""

from __future__ import annotations

from typing import ClassVar

from mesh.kernel.event import Event, Money, Personal, Rate, Record, Timestamp, ValidFrom, Version


class OrderLine(Record):
    """One line of an order, with a number that is stable through every amendment. Money in the order's
    currency."""

    domain: ClassVar[str] = "sales"

    line_number: int
    """Number of the line, stable through amendments; 1 or more."""
    product_id: str
    """The product."""
    quantity: int
    """Units ordered."""
    unit_price: Money
    """Price of one unit before discount."""
    gross_amount: Money
    """quantity x unit_price."""
    discount_amount: Money
    """Discount on the whole line."""
    net_amount: Money
    """gross_amount - discount_amount."""
    promotion_id: str | None = None
    """The promotion that gave the discount."""


class OrderPlaced(Event):
    """An order with all of its lines; an amended order is the same order with a higher seq and replaces
    them."""

    domain: ClassVar[str] = "sales"

    order_id: str
    """Identifier of the order, namespaced by its source."""
    account: str
    """The customer's account, <source system>:<id>, or guest:<order id>."""
    ordered_at: Timestamp
    """When the order was placed; occurred_at of an amendment is when it was amended."""
    channel: str
    """Channel, such as Online, In-Store or Reseller."""
    location_id: str | None = None
    """Location id of the store or platform that took the order."""
    territory_id: str | None = None
    """Location id of the sales territory."""
    employee_id: str | None = None
    """The salesperson."""
    currency: str
    """Currency of every amount of the order (ISO 4217)."""
    fx_rate: Rate
    """Reporting currency per unit of currency; 1 where they are the same."""
    promised_at: Timestamp | None = None
    """Promised delivery."""
    requested_shipping_method: str | None = None
    """Shipping method that the customer asked for."""
    promo_code: str | None = None
    """Promotion code that the customer entered."""
    purchase_order_number: str | None = None
    """The customer's own order number."""
    subtotal_amount: Money
    """Sum of the lines as the source states it."""
    tax_amount: Money
    """Tax."""
    shipping_amount: Money
    """Shipping."""
    total_amount: Money
    """What the customer owes: subtotal_amount + tax_amount + shipping_amount."""
    shipping_address: Personal | None = None
    """Where it is sent to."""
    billing_address: Personal | None = None
    """Where the bill is sent to."""
    lines: list[OrderLine]
    """The lines."""


class PaymentRecorded(Event):
    """A payment (transaction) of an order; its status changes by revisions."""

    domain: ClassVar[str] = "sales"

    transaction_id: str
    """Identifier of the payment, namespaced by its source."""
    order_id: str
    """The order that is paid."""
    account: str
    """The order's account."""
    transaction_at: Timestamp
    """When it was paid."""
    transaction_type: str
    """Sale or Refund."""
    payment_method: str
    """How it was paid."""
    transaction_status: str
    """pending, completed or refunded."""
    amount: Money
    """What was paid, in currency."""
    currency: str
    """Currency of the amount (ISO 4217)."""
    fx_rate: Rate
    """Reporting currency per unit of currency."""


class FulfilmentUpdated(Event):
    """The state of a shipment of an order; its status changes by revisions."""

    domain: ClassVar[str] = "sales"

    fulfilment_id: str
    """Identifier of the shipment, namespaced by its source."""
    order_id: str
    """The order that is fulfilled."""
    account: str
    """The order's account."""
    updated_at: Timestamp
    """When this status was reached."""
    order_status: str
    """Placed, Shipped, Delivered or Cancelled."""
    shipping_method: str | None = None
    """Carrier or service."""
    tracking_number: str | None = None
    """Tracking number of the carrier."""
    ships_from_id: str | None = None
    """Location id of the warehouse that it leaves."""
    shipped_at: Timestamp | None = None
    """When it left."""
    delivered_at: Timestamp | None = None
    """When it arrived."""


class ReturnRecorded(Event):
    """Units of an order line that came back."""

    domain: ClassVar[str] = "sales"

    return_id: str
    """Identifier of the return, namespaced by its source."""
    order_id: str
    """The order."""
    account: str
    """The order's account."""
    line_number: int
    """The order line."""
    quantity: int
    """Units that came back; 0 when the return was withdrawn."""
    amount: Money
    """What was refunded, in currency."""
    currency: str
    """Currency of the amount (ISO 4217)."""
    fx_rate: Rate
    """Reporting currency per unit of currency."""
    returned_at: Timestamp
    """When it came back."""
    reason: str | None = None
    """Why."""


class PromotionAnnounced(Event):
    """A version of a promotion."""

    domain: ClassVar[str] = "sales"

    promotion_id: str
    """Identifier of the promotion, namespaced by its source."""
    valid_from: ValidFrom
    """From when this version holds, in whole seconds."""
    name: str
    """Name that people use."""
    promotion_type: str | None = None
    """Kind of promotion, such as Volume Discount."""
    audience: str | None = None
    """Whom it is for."""
    promo_code: str | None = None
    """Code that a customer enters."""
    discount_rate: Rate
    """Discount as a share of the price, 0 to 1."""
    starts_at: Timestamp
    """First moment of the promotion."""
    ends_at: Timestamp | None = None
    """Last moment of the promotion."""
    minimum_quantity: int | None = None
    """Units from which it holds."""
    maximum_quantity: int | None = None
    """Units up to which it holds."""


class ClockAdvanced(Record):
    """The event-time clock as one partition of sales facts has seen it; the clock is the greatest of all."""

    domain: ClassVar[str] = "sales"

    partition: int
    """Partition of the sales topics; the key of the record."""
    event_time: Timestamp
    """Greatest event time of orders, payments, fulfilments and returns seen in it."""


class OrderLineEnriched(Record):
    """One order line with its order, product, places, salesperson, customer, payment, shipment and returns.

    The fields of the order come first, as OrderPlaced has them between envelope and lines; then those of the
    line; then one block a dimension, each as of the order's time. Every field of a block is null while the
    dimension is unknown. Amounts are in the order's currency; multiply by fx_rate for the reporting currency.
    """

    domain: ClassVar[str] = "sales"

    order_id: str
    """Identifier of the order."""
    account: str
    """The customer's account."""
    ordered_at: Timestamp
    """When the order was placed."""
    channel: str
    """Channel."""
    location_id: str | None = None
    """The store or platform."""
    territory_id: str | None = None
    """The sales territory."""
    employee_id: str | None = None
    """The salesperson."""
    currency: str
    """Currency of every amount of the order."""
    fx_rate: Rate
    """Reporting currency per unit of currency."""
    promised_at: Timestamp | None = None
    """Promised delivery."""
    requested_shipping_method: str | None = None
    """Shipping method that the customer asked for."""
    promo_code: str | None = None
    """Promotion code that the customer entered."""
    purchase_order_number: str | None = None
    """The customer's own order number."""
    subtotal_amount: Money
    """The order's sum of lines; the same on each of its lines."""
    tax_amount: Money
    """The order's tax; the same on each of its lines."""
    shipping_amount: Money
    """The order's shipping; the same on each of its lines."""
    total_amount: Money
    """The order's total; the same on each of its lines."""
    shipping_address: Personal | None = None
    """Where the order is sent to."""
    billing_address: Personal | None = None
    """Where the bill is sent to."""

    line_number: int
    """Number of the line."""
    product_id: str
    """The product."""
    quantity: int
    """Units ordered."""
    unit_price: Money
    """Price of one unit before discount."""
    gross_amount: Money
    """quantity x unit_price."""
    discount_amount: Money
    """Discount on the whole line."""
    net_amount: Money
    """gross_amount - discount_amount."""
    promotion_id: str | None = None
    """The promotion that gave the discount."""

    product_valid_from: ValidFrom | None = None
    """Start of the product version that is shown."""
    product_sku: str | None = None
    """Stock keeping unit."""
    product_name: str | None = None
    """Name of the product."""
    product_category: str | None = None
    """Category."""
    product_subcategory: str | None = None
    """Subcategory."""
    product_brand: str | None = None
    """Brand."""
    product_model: str | None = None
    """Model."""
    product_size: str | None = None
    """Size."""
    product_colour: str | None = None
    """Colour."""
    product_gender: str | None = None
    """Whom it is made for."""
    product_list_price: Money | None = None
    """List price of one unit as of the order's time, reporting currency."""
    product_unit_cost: Money | None = None
    """Standard cost of one unit as of the order's time, reporting currency."""

    location_valid_from: ValidFrom | None = None
    """Start of the location version that is shown."""
    location_name: str | None = None
    """Name of the store or platform."""
    location_type: str | None = None
    """What it is."""
    location_city: str | None = None
    """City of the store."""
    location_state: str | None = None
    """State of the store."""
    location_country: str | None = None
    """Country of the store."""

    territory_valid_from: ValidFrom | None = None
    """Start of the territory version that is shown."""
    territory_name: str | None = None
    """Name of the territory."""
    territory_country: str | None = None
    """Country of the territory."""
    territory_region: str | None = None
    """Group of countries of the territory."""

    employee_valid_from: ValidFrom | None = None
    """Start of the employee version that is shown."""
    employee_first_name: Personal | None = None
    """Given name of the salesperson."""
    employee_last_name: Personal | None = None
    """Family name of the salesperson."""
    employee_job_title: str | None = None
    """Title of the salesperson."""
    employee_department: str | None = None
    """Department of the salesperson."""

    customer_valid_from: ValidFrom | None = None
    """Start of the customer version that is shown."""
    customer_golden_id: str | None = None
    """Golden id of the customer."""
    customer_type: str | None = None
    """Person or Organisation."""
    customer_company_name: str | None = None
    """Name of the organisation."""
    customer_first_name: Personal | None = None
    """Given name of the customer."""
    customer_last_name: Personal | None = None
    """Family name of the customer."""
    customer_email: Personal | None = None
    """E-mail address of the customer."""
    customer_phone: Personal | None = None
    """Telephone number of the customer."""
    customer_birth_date: Personal | None = None
    """Date of birth of the customer as YYYY-MM-DD."""
    customer_gender: str | None = None
    """Gender of the customer."""
    customer_city: str | None = None
    """City of the customer."""
    customer_state: str | None = None
    """State of the customer."""
    customer_country: str | None = None
    """Country of the customer."""
    customer_postal_code: str | None = None
    """Postal code of the customer."""

    transaction_id: str | None = None
    """The payment that is greatest by time, then id."""
    transaction_at: Timestamp | None = None
    """When it was paid."""
    transaction_type: str | None = None
    """Sale or Refund."""
    payment_method: str | None = None
    """How it was paid."""
    transaction_status: str | None = None
    """pending, completed or refunded."""
    transaction_amount: Money | None = None
    """What was paid, in transaction_currency."""
    transaction_currency: str | None = None
    """Currency of the payment."""
    transaction_fx_rate: Rate | None = None
    """Reporting currency per unit of transaction_currency."""

    fulfilment_id: str | None = None
    """The shipment that is greatest by time of its status, then id."""
    fulfilment_updated_at: Timestamp | None = None
    """When its status was reached."""
    order_status: str | None = None
    """Placed, Shipped, Delivered or Cancelled."""
    shipping_method: str | None = None
    """Carrier or service."""
    tracking_number: str | None = None
    """Tracking number."""
    shipped_at: Timestamp | None = None
    """When it left."""
    delivered_at: Timestamp | None = None
    """When it arrived."""

    returned_quantity: int
    """Units of the line that came back."""
    return_count: int
    """Returns of the line, withdrawn ones left out."""
    returned_amount: Money
    """What was refunded for the line, in the reporting currency."""
    last_returned_at: Timestamp | None = None
    """When units last came back; withdrawn returns left out."""

    version: Version
    """How much this row knows: structure, registers, clocks, seqs, 64 bits each."""
    is_deleted: bool
    """True when the order no longer has this line (or no longer has it on this day)."""
