"""What stands beside the orders of a made-up trade: campaigns, contacts, visits, arrivals, stock, targets."""

from __future__ import annotations

_BEGAN = "toDateTime64('2022-11-20 00:00:00', 6, 'UTC')"
_CAMPAIGNS, _WEEKS, _MONTHS, _STORES, _EMPLOYEES, _PRODUCTS = 24, 208, 48, 450, 1_000, 2_000


def _stated(moment: str, **columns: str) -> dict[str, str]:
    """The columns of a fact of a moment."""
    envelope = {"event_id": "toString(o)", "source": "'bench'", "seq": "0", "_partition": "0", "_offset": "o"}
    return {**envelope, "occurred_at": moment, "recorded_at": moment, **columns}


def _since(unit: str, count: str) -> str:
    return f"({_BEGAN} + toInterval{unit}({count}))"


_CAMPAIGN = _since("Month", f"(o % {_CAMPAIGNS}) * 2")
_VISITED = _since("Minute", "cityHash64(o, 9) % 2102400")
_WEEK = _since("Week", f"o % {_WEEKS}")
_MONTH = _since("Month", f"o % {_MONTHS}")
_COUNTED = _since("Month", "36 + o % 12")
_ACCOUNT = "concat('bench:c', toString(cityHash64(o, 1) % {customers}))"
BESIDE: dict[str, tuple[str, dict[str, str]]] = {
    "sales.promotions_v1": (
        "20",
        _stated(
            _BEGAN,
            promotion_id="concat('promo', toString(o))",
            valid_from=_BEGAN,
            name="concat('Promotion ', toString(o))",
            discount_rate="0.1",
            starts_at=_since("Month", "o * 2"),
            ends_at=_since("Month", "o * 2 + 1"),
        ),
    ),
    "customer.campaigns_v1": (
        str(_CAMPAIGNS),
        _stated(
            _CAMPAIGN,
            campaign_id="concat('c', toString(o))",
            name="concat('Campaign ', toString(o))",
            channel="['Email', 'Post'][1 + o % 2]",
            starts_at=_CAMPAIGN,
            ends_at=_since("Month", "o * 2 + 1"),
            budget_amount="5000",
        ),
    ),
    "customer.contacts_v1": (
        "{customers}",
        _stated(
            _CAMPAIGN,
            contact_id="concat('k', toString(o))",
            campaign_id=f"concat('c', toString(o % {_CAMPAIGNS}))",
            account=_ACCOUNT,
            contacted_at=_CAMPAIGN,
            outcome="['Sent', 'Opened', 'Clicked', 'Bounced'][1 + o % 4]",
        ),
    ),
    "customer.web_sessions_v1": (
        "intDiv({orders}, 4)",
        _stated(
            _VISITED,
            session_id="concat('v', toString(o))",
            account=_ACCOUNT,
            location_id="concat('l', toString(o % 50))",
            started_at=_VISITED,
            ended_at=f"({_VISITED} + toIntervalMinute(9))",
            page_views="1 + o % 20",
        ),
    ),
    "location.arrivals_v1": (
        str(_STORES * _WEEKS),
        _stated(
            _WEEK,
            count_id="concat('n', toString(o))",
            location_id=f"concat('l', toString(50 + intDiv(o, {_WEEKS})))",
            counted_from=_WEEK,
            counted_to=f"({_WEEK} + toIntervalHour(9))",
            visitors="50 + o % 400",
        ),
    ),
    "product.stock_v1": (
        str(_PRODUCTS * 12),
        _stated(
            _COUNTED,
            count_id="concat('s', toString(o))",
            product_id="concat('p', toString(intDiv(o, 12)))",
            location_id="'l500'",
            counted_at=_COUNTED,
            on_hand="o % 500",
        ),
    ),
    "employee.sales_targets_v1": (
        str(_EMPLOYEES * _MONTHS),
        _stated(
            _MONTH,
            target_id="concat('t', toString(o))",
            employee_id=f"concat('e', toString(intDiv(o, {_MONTHS})))",
            period_from=f"toDate32(toStartOfMonth({_MONTH}))",
            period_to=f"toDate32(toStartOfMonth({_MONTH}) + toIntervalMonth(1))",
            target_amount="20000",
        ),
    ),
}
"""By table, how many rows, and the columns of the row ``o``; ``{customers}``, ``{orders}``: how many."""
