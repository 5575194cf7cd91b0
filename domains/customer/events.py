"""Who buys: source records, mastered accounts, crosswalk, campaigns, contacts, web sessions, customer 360."""

from __future__ import annotations

from typing import ClassVar

from mesh.kernel.event import Day, Event, Money, Personal, Record, Timestamp, ValidFrom, Version


class CustomerRecorded(Event):
    """A version of a customer as one source system knows it."""

    domain: ClassVar[str] = "customer"

    account: str
    """The customer's account, <source system>:<id>; the data subject of the personal fields."""
    valid_from: ValidFrom
    """From when this version holds, in whole seconds."""
    customer_type: str | None = None
    """Person or Organisation."""
    company_name: str | None = None
    """Name of the organisation."""
    first_name: Personal | None = None
    """Given name."""
    last_name: Personal | None = None
    """Family name."""
    email: Personal | None = None
    """E-mail address."""
    phone: Personal | None = None
    """Telephone number."""
    street: Personal | None = None
    """Street address for mail."""
    birth_date: Personal | None = None
    """Date of birth as YYYY-MM-DD."""
    city: str | None = None
    """City."""
    state: str | None = None
    """State or province."""
    country: str | None = None
    """Country, by name."""
    postal_code: str | None = None
    """Postal code."""
    gender: str | None = None
    """Gender as the customer stated it."""
    education_level: str | None = None
    """Highest level of education."""
    marital_status: str | None = None
    """Marital status."""
    number_of_children: int | None = None
    """Number of children."""
    occupation: str | None = None
    """Occupation."""
    income_band: str | None = None
    """Yearly income as a range, where that is all that is known."""
    annual_income: Money | None = None
    """Yearly income in the reporting currency."""
    hobbies: str | None = None
    """Hobbies, separated by commas."""
    degree_of_loyalty: str | None = None
    """Tier of the loyalty programme."""
    social_class: str | None = None
    """Social class."""
    registered_on: Day | None = None
    """Day of registration."""
    home_location_id: str | None = None
    """Location id of the store that looks after the customer."""
    marketing_consent: bool | None = None
    """Whether the customer agreed to marketing mail."""


class CustomerMastered(CustomerRecorded):
    """The mastered view of an account: the surviving values, and the golden id that it belongs to."""

    golden_id: str
    """Identifier of the person or organisation behind the account."""


class AccountLinked(Event):
    """The crosswalk: which golden id an account belongs to. Its seq is the membership register."""

    domain: ClassVar[str] = "customer"

    account: str
    """The account, <source system>:<id>."""
    golden_id: str
    """The golden id that it belongs to from this revision on."""


class CampaignStarted(Event):
    """A campaign: customers are contacted, with or without a promotion to offer."""

    domain: ClassVar[str] = "customer"

    campaign_id: str
    """Identifier of the campaign, namespaced by its source."""
    name: str
    """Name that people use."""
    channel: str
    """How customers are contacted: E-Mail, SMS or Letter."""
    audience: str | None = None
    """Whom it is for."""
    promotion_id: str | None = None
    """The promotion that it offers."""
    starts_at: Timestamp
    """First moment of the campaign."""
    ends_at: Timestamp | None = None
    """Last moment of the campaign."""
    budget_amount: Money | None = None
    """What may be spent on it, in the reporting currency."""


class ContactMade(Event):
    """A customer was contacted in a campaign; what came of it changes by revisions."""

    domain: ClassVar[str] = "customer"

    contact_id: str
    """Identifier of the contact, namespaced by its source."""
    campaign_id: str
    """The campaign."""
    account: str
    """The customer's account."""
    contacted_at: Timestamp
    """When the customer was contacted."""
    outcome: str
    """What came of it: Sent, Bounced, Opened or Clicked."""
    promo_code: str | None = None
    """Promotion code that was offered."""


class WebSessionEnded(Event):
    """A visit to an online platform, once it is over."""

    domain: ClassVar[str] = "customer"

    session_id: str
    """Identifier of the session, namespaced by its source."""
    account: str
    """The customer's account, or guest:<id> of somebody who has not signed in."""
    location_id: str
    """Location id of the platform."""
    started_at: Timestamp
    """When it began."""
    ended_at: Timestamp
    """When it ended."""
    page_views: int
    """Pages that were looked at."""
    device: str | None = None
    """What was used: Phone, Desktop or Tablet."""
    referrer: str | None = None
    """What led there: Direct, Search, Social or Campaign."""
    order_id: str | None = None
    """The order that was placed in it."""


class SegmentAssigned(Event):
    """The segment that a customer is in from a week on, told when it is new or another one than before."""

    domain: ClassVar[str] = "customer"

    customer_id: str
    """Golden id of the customer."""
    segment: str
    """Name of the segment, which says how its customers buy."""
    previous_segment: str | None = None
    """The segment before; null for whom none was told."""
    week: str
    """The week whose end it holds from, in ISO 8601, as 2014-W26."""
    run: str
    """Digest of the run that found it: of its customers, parameters and the run before."""


class ActivitySummary(Record):
    """What one account did, in whole numbers that add up over accounts. Money in the reporting currency."""

    domain: ClassVar[str] = "customer"

    orders: int
    """Orders with at least one line."""
    cancelled_orders: int
    """Orders whose status is Cancelled."""
    online_orders: int
    """Orders whose channel is Online."""
    orders_last_year: int
    """Orders of the 365 days up to the clock's day."""
    lines: int
    """Order lines."""
    units: int
    """Units ordered."""
    gross: Money
    """Sum of gross amounts."""
    discount: Money
    """Sum of discounts."""
    net: Money
    """Sum of net amounts."""
    cost: Money
    """Sum of units times unit cost as of the order's time, where the cost is known."""
    returned_units: int
    """Units returned."""
    returned_amount: Money
    """Sum of amounts refunded for returns."""
    transactions: int
    """Payments, each counted once with its newest revision."""
    transaction_amount: Money
    """Sum of the payments' amounts."""
    first_order_at: Timestamp | None = None
    """Time of the first order."""
    last_order_at: Timestamp | None = None
    """Time of the last order."""
    first_transaction_at: Timestamp | None = None
    """Time of the first payment."""
    last_transaction_at: Timestamp | None = None
    """Time of the last payment."""
    as_of: Timestamp | None = None
    """The event-time clock by which windows and customer were chosen; null before any clock is known."""
    customer: CustomerMastered | None = None
    """The account's mastered view as of the clock; the earliest one before that."""


class AccountActivity(Record):
    """One register of an account's activity: its summary, or its share of one product, store or the like.

    Keyed by golden id. The registers of a change are written before the summary that includes them, so that
    a reader of the summary has read them all.
    """

    domain: ClassVar[str] = "customer"

    golden_id: str
    """The golden id that the account belongs to, or belonged to when is_member is false."""
    account: str
    """The account."""
    membership_seq: int
    """The membership register: the seq of the crosswalk's fact that put the account here or took it away."""
    is_member: bool
    """False when the account has left this golden id, or no longer has any line of this facet."""
    facet: str
    """summary, category, product, location or employee."""
    facet_id: str
    """The category, product id, location id or employee id; empty for the summary."""
    units: int
    """Units bought in this facet; all units for the summary."""
    net: Money
    """Net amount in this facet, in the reporting currency."""
    summary: ActivitySummary | None = None
    """The whole summary, when facet is summary."""
    version: Version
    """How much the account's registers know: parts registers, clocks and seqs; structure is zero."""


class Customer360(Record):
    """Everything about one golden customer in one row. Money in the reporting currency."""

    domain: ClassVar[str] = "customer"

    golden_id: str
    """Identifier of the person or organisation."""
    accounts: int
    """Accounts that belong to it."""
    account: str | None = None
    """The account whose mastered view is shown: the newest valid_from, then seq, then account."""
    customer_type: str | None = None
    """Person or Organisation."""
    company_name: str | None = None
    """Name of the organisation."""
    first_name: Personal | None = None
    """Given name."""
    last_name: Personal | None = None
    """Family name."""
    email: Personal | None = None
    """E-mail address."""
    phone: Personal | None = None
    """Telephone number."""
    street: Personal | None = None
    """Street address for mail."""
    birth_date: Personal | None = None
    """Date of birth as YYYY-MM-DD."""
    city: str | None = None
    """City."""
    state: str | None = None
    """State or province."""
    country: str | None = None
    """Country, by name."""
    postal_code: str | None = None
    """Postal code."""
    gender: str | None = None
    """Gender as the customer stated it."""
    education_level: str | None = None
    """Highest level of education."""
    marital_status: str | None = None
    """Marital status."""
    number_of_children: int | None = None
    """Number of children."""
    occupation: str | None = None
    """Occupation."""
    income_band: str | None = None
    """Yearly income as a range."""
    annual_income: Money | None = None
    """Yearly income."""
    hobbies: str | None = None
    """Hobbies, separated by commas."""
    degree_of_loyalty: str | None = None
    """Tier of the loyalty programme."""
    social_class: str | None = None
    """Social class."""
    registered_on: Day | None = None
    """Day of registration."""
    home_location_id: str | None = None
    """Location id of the store that looks after the customer."""
    marketing_consent: bool | None = None
    """Whether the customer agreed to marketing mail."""
    first_order_at: Timestamp | None = None
    """Time of the first order."""
    last_order_at: Timestamp | None = None
    """Time of the last order."""
    first_transaction_at: Timestamp | None = None
    """Time of the first payment."""
    last_transaction_at: Timestamp | None = None
    """Time of the last payment."""
    orders: int
    """Orders with at least one line."""
    cancelled_orders: int
    """Orders whose status is Cancelled."""
    online_orders: int
    """Orders whose channel is Online."""
    online_share: float | None = None
    """online_orders / orders; null without orders."""
    orders_last_year: int
    """Purchase frequency: orders of the 365 days up to the clock's day."""
    lines: int
    """Order lines."""
    units: int
    """Units ordered."""
    gross: Money
    """Sum of gross amounts."""
    discount: Money
    """Sum of discounts."""
    net: Money
    """Sum of net amounts."""
    cost: Money
    """Sum of units times unit cost as of the order's time."""
    margin: Money
    """net - cost."""
    returned_units: int
    """Units returned."""
    returned_amount: Money
    """Sum of amounts refunded for returns."""
    transactions: int
    """Payments."""
    transaction_amount: Money
    """Sum of the payments' amounts."""
    average_transaction_amount: Money | None = None
    """transaction_amount / transactions, rounded half up; null without transactions."""
    favourite_category: str | None = None
    """The category with most units; then most net; then the least name."""
    favourite_product_id: str | None = None
    """The product with most units; then most net; then the least id."""
    favourite_location_id: str | None = None
    """The location with most units; then most net; then the least id."""
    favourite_employee_id: str | None = None
    """The salesperson with most units; then most net; then the least id."""
    churn_status: str
    """Churned: last transaction's day < clock's day - 90 days; Not Churned; or No transaction."""
    churned_at: Timestamp | None = None
    """When the customer crossed the line: the first moment of the 91st day after the last transaction's
    day."""
    version: Version
    """How much this row knows: parts structure (40 bits), registers (88), clocks (56), seqs (72)."""
    is_deleted: bool
    """True when no account belongs to this golden id any more."""
    segment: str | None = None
    """The segment that was told of it last; null while none was."""
    segment_week: str | None = None
    """The week whose end the segment holds from, in ISO 8601, as 2014-W26."""
