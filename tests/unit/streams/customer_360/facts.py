"""Single facts as the first stage reads them; what a test says nothing of is usual."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from schemas.version import ORDER_LINE, pack
from tests.unit.streams.customer_360.world import START, envelope

Fact = dict[str, Any]


def line(number: int = 1, order: str = "o1", account: str = "crm:1", **changes: Any) -> Fact:
    """A live row of orders-enriched."""
    zero = Decimal(0)
    return {
        "order_id": order,
        "account": account,
        "ordered_at": START,
        "channel": "Online",
        "currency": "EUR",
        "fx_rate": Decimal(1),
        **dict.fromkeys(("subtotal_amount", "tax_amount", "shipping_amount", "total_amount"), zero),
        "line_number": number,
        "product_id": "p1",
        "quantity": 2,
        "unit_price": Decimal(5),
        "gross_amount": Decimal(10),
        "discount_amount": Decimal(1),
        "net_amount": Decimal(9),
        "product_category": "Bikes",
        "returned_quantity": 0,
        "return_count": 0,
        "returned_amount": zero,
        "version": pack((1, 1, 0, 0), ORDER_LINE),
        "is_deleted": False,
        **changes,
    }


def payment(at: datetime = START, **changes: Any) -> Fact:
    """A payment."""
    return {
        **envelope("t", 0),
        "transaction_id": "t1",
        "order_id": "o1",
        "account": "crm:1",
        "transaction_at": at,
        "transaction_type": "Sale",
        "payment_method": "Card",
        "transaction_status": "completed",
        "amount": Decimal(9),
        "currency": "EUR",
        "fx_rate": Decimal(1),
        **changes,
    }
