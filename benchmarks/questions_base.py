"""A made-up trade of any size in the warehouse's own tables, for measurements of questions.

The warehouse makes the rows itself, as the sink would have left them: ten million order lines take minutes
instead of an hour. A row is a function of its number, so that growth adds orders and changes none. Orders get
their numbers in the order of time, have one to five lines (three on average), one payment and one shipment,
and a twelfth of them a return. Money that varies is whole; a tenth of the orders is in another currency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.questions_beside import BESIDE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LINES_EACH = 3
"""Lines of an order, on average."""
PRODUCTS, PLACES, EMPLOYEES, CATEGORIES, PROMOTIONS = 2_000, 500, 1_000, 20, 20
_ONLINE = 50  # of the places
_LINES_A_CUSTOMER = 33
_YEARS = 4 * 365 * 86_400  # seconds
_CHUNK = 200_000  # orders
_BEGAN = "toDateTime64('2022-11-20 00:00:00', 6, 'UTC')"

_ID = "concat('bench:', leftPad(toString(o), 9, '0'))"
_ACCOUNT = "concat('bench:c', toString(cityHash64(o, 1) % {customers}))"
_ORDERED = f"({_BEGAN} + toIntervalSecond(intDiv(o * {_YEARS}, {{orders}})))"
_PLACE = "(cityHash64(o, 4) % 500)"
_IS_ONLINE = f"({_PLACE} < {_ONLINE})"
_COUNT = "(1 + o % 5)"
_RATE = "toDecimal64(if(o % 10 = 0, '1.1', '1'), 8)"
_PRODUCT = "(cityHash64(o, i) % 2000)"
_PRICE = f"(10 + {_PRODUCT} % 200)"
_UNITS = "(1 + intDiv(cityHash64(o, i), 7) % 4)"
_GROSS = f"({_UNITS} * {_PRICE})"
_DISCOUNT = f"if(intDiv(cityHash64(o, i), 31) % 4 = 0, intDiv({_GROSS}, 10), 0)"
_NET = f"({_GROSS} - {_DISCOUNT})"
_SUM = f"arraySum(i -> {_NET}, range(1, 1 + {_COUNT}))"
_SHIPPING = "[0, 5, 12][1 + o % 3]"
_TAX = f"intDiv({_SUM} * 8, 100)"
_TOTAL = f"({_SUM} + {_TAX} + {_SHIPPING})"
_STATUS = (
    "multiIf(cityHash64(o, 2) % 100 < 85, 'Delivered', cityHash64(o, 2) % 100 < 96, 'Shipped', 'Cancelled')"
)
_CARRIER = "['UPS', 'FedEx', 'USPS'][1 + cityHash64(o, 3) % 3]"
_SHIPPED = f"if({_STATUS} = 'Cancelled', NULL, {_ORDERED} + toIntervalDay(1))"
_DELIVERED = f"if({_STATUS} = 'Delivered', {_ORDERED} + toIntervalDay(2 + cityHash64(o, 6) % 7), NULL)"
_METHOD = "['Credit Card', 'PayPal', 'COD', 'Debit Card', 'Apple Pay'][1 + cityHash64(o, 7) % 5]"
_HAS_RETURN = "o % 12 = 0 AND cityHash64(o, 2) % 100 < 85"

_ENVELOPE = {
    "source": "'bench'",
    "seq": "0",
    "recorded_at": "occurred_at",
    "_partition": "o % 4",
    "_offset": "o",
}
_DESCRIBED = {
    "event_id": "toString(o)",
    "source": "'bench'",
    "occurred_at": _BEGAN,
    "recorded_at": _BEGAN,
    "valid_from": _BEGAN,
    "_offset": "o",
}
_ORDER = {
    "order_id": _ID,
    "account": _ACCOUNT,
    "ordered_at": _ORDERED,
    "channel": f"if({_IS_ONLINE}, 'Online', 'In-Store')",
    "location_id": f"concat('l', toString({_PLACE}))",
    "territory_id": f"concat('t', toString({_PLACE} % 20))",
    "employee_id": f"if({_IS_ONLINE}, NULL, concat('e', toString(cityHash64(o, 5) % {EMPLOYEES})))",
    "currency": "if(o % 10 = 0, 'EUR', 'USD')",
    "fx_rate": _RATE,
    "promised_at": f"{_ORDERED} + toIntervalDay(6)",
    "requested_shipping_method": _CARRIER,
    "subtotal_amount": _SUM,
    "tax_amount": _TAX,
    "shipping_amount": _SHIPPING,
    "total_amount": _TOTAL,
    "shipping_address": "concat(toString(o), ' Long Street, Springfield')",
}
_LINE = {
    "line_number": "i",
    "product_id": f"concat('p', toString({_PRODUCT}))",
    "quantity": _UNITS,
    "unit_price": _PRICE,
    "gross_amount": _GROSS,
    "discount_amount": _DISCOUNT,
    "net_amount": _NET,
    "promotion_id": f"if({_DISCOUNT} > 0, concat('promo', toString({_PRODUCT} % {PROMOTIONS})), NULL)",
}
_LINES = (
    "CAST(arrayMap(i -> ("
    + ", ".join(
        f"toInt64({sql})" if name in ("line_number", "quantity") else sql for name, sql in _LINE.items()
    )
    + f"), range(1, 1 + {_COUNT})), 'Array(Tuple(line_number Int64, product_id String, quantity Int64, "
    "unit_price Decimal(18, 4), gross_amount Decimal(18, 4), discount_amount Decimal(18, 4), "
    "net_amount Decimal(18, 4), promotion_id Nullable(String)))')"
)
_FACTS: dict[str, dict[str, str]] = {
    "sales.orders_v1": {
        **_ENVELOPE,
        "event_id": f"concat('o', {_ID})",
        "occurred_at": _ORDERED,
        **_ORDER,
        "lines": _LINES,
    },
    "sales.transactions_v1": {
        **_ENVELOPE,
        "event_id": f"concat('t', {_ID})",
        "occurred_at": f"{_ORDERED} + toIntervalMinute(5)",
        "transaction_id": f"concat('pay:', {_ID})",
        "order_id": _ID,
        "account": _ACCOUNT,
        "transaction_at": f"{_ORDERED} + toIntervalMinute(5)",
        "transaction_type": "'Sale'",
        "payment_method": _METHOD,
        "transaction_status": "'completed'",
        "amount": _TOTAL,
        "currency": "if(o % 10 = 0, 'EUR', 'USD')",
        "fx_rate": _RATE,
    },
    "sales.fulfilments_v1": {
        **_ENVELOPE,
        "event_id": f"concat('f', {_ID})",
        "occurred_at": f"ifNull({_DELIVERED}, {_ORDERED} + toIntervalDay(1))",
        "fulfilment_id": f"concat('ship:', {_ID})",
        "order_id": _ID,
        "account": _ACCOUNT,
        "updated_at": f"ifNull({_DELIVERED}, {_ORDERED} + toIntervalDay(1))",
        "order_status": _STATUS,
        "shipping_method": _CARRIER,
        "ships_from_id": "'l0'",
        "shipped_at": _SHIPPED,
        "delivered_at": _DELIVERED,
    },
}
_RETURN = {
    **_ENVELOPE,
    "event_id": f"concat('r', {_ID})",
    "occurred_at": f"{_ORDERED} + toIntervalDay(12)",
    "return_id": f"concat('back:', {_ID})",
    "order_id": _ID,
    "account": _ACCOUNT,
    "line_number": "1",
    "quantity": "1",
    "amount": "10",
    "currency": "if(o % 10 = 0, 'EUR', 'USD')",
    "fx_rate": _RATE,
    "returned_at": f"{_ORDERED} + toIntervalDay(12)",
    "reason": "['Too small', 'Too large', 'Damaged'][1 + cityHash64(o, 8) % 3]",
}
_BACK = f"if(i = 1 AND {_HAS_RETURN}, 1, 0)"
_ENRICHED = {
    **_ORDER,
    **_LINE,
    "product_valid_from": _BEGAN,
    "product_sku": f"concat('sku', toString({_PRODUCT}))",
    "product_name": f"concat('Product ', toString({_PRODUCT}))",
    "product_category": f"concat('Category ', toString({_PRODUCT} % {CATEGORIES}))",
    "product_subcategory": f"concat('Subcategory ', toString({_PRODUCT} % 120))",
    "product_list_price": _PRICE,
    "product_unit_cost": f"intDiv({_PRICE} * 6, 10)",
    "location_valid_from": _BEGAN,
    "location_name": f"concat('Place ', toString({_PLACE}))",
    "location_type": f"if({_IS_ONLINE}, 'Online', 'Store')",
    "location_country": f"concat('Country ', toString({_PLACE} % 20))",
    "customer_valid_from": _BEGAN,
    "customer_golden_id": "concat('g', toString(cityHash64(o, 1) % {customers}))",
    "customer_country": "concat('Country ', toString(cityHash64(o, 1) % {customers} % 20))",
    "transaction_id": f"concat('pay:', {_ID})",
    "transaction_at": f"{_ORDERED} + toIntervalMinute(5)",
    "transaction_type": "'Sale'",
    "payment_method": _METHOD,
    "transaction_status": "'completed'",
    "transaction_amount": _TOTAL,
    "transaction_currency": "if(o % 10 = 0, 'EUR', 'USD')",
    "transaction_fx_rate": _RATE,
    "fulfilment_id": f"concat('ship:', {_ID})",
    "fulfilment_updated_at": f"ifNull({_DELIVERED}, {_ORDERED} + toIntervalDay(1))",
    "order_status": _STATUS,
    "shipping_method": _CARRIER,
    "shipped_at": _SHIPPED,
    "delivered_at": _DELIVERED,
    "returned_quantity": _BACK,
    "return_count": _BACK,
    "returned_amount": f"if({_BACK} = 1, toDecimal64(10, 4) * if(o % 10 = 0, toDecimal64('1.1', 4), 1), 0)",
    "version": "bitShiftLeft(toUInt256(1), 128)",
    "_partition": "o % 4",
    "_offset": "o * 5 + i",
}
_CUSTOMER = {
    **_DESCRIBED,
    "account": "concat('bench:c', toString(o))",
    "golden_id": "concat('g', toString(o))",
    "first_name": "concat('First', toString(o % 800))",
    "last_name": "concat('Last', toString(o % 5000))",
    "email": "concat('c', toString(o), '@example.com')",
    "birth_date": "toString(toDate('1950-01-01') + o * 7 % 20000)",
    "city": "concat('City ', toString(o % 1000))",
    "country": "concat('Country ', toString(o % 20))",
    "registered_on": f"toDate32({_BEGAN})",
    "home_location_id": f"concat('l', toString({_ONLINE} + o % 450))",
    "marketing_consent": "o % 2 = 0",
}
_CROSSWALK = {
    "account": "concat('bench:c', toString(o))",
    "golden_id": "concat('g', toString(o))",
    "_offset": "o",
}
_DIMENSIONS: dict[str, tuple[str, dict[str, str]]] = {
    "product.products_v1": (
        str(PRODUCTS),
        {
            **_DESCRIBED,
            "product_id": "concat('p', toString(o))",
            "sku": "concat('sku', toString(o))",
            "name": "concat('Product ', toString(o))",
            "category": f"concat('Category ', toString(o % {CATEGORIES}))",
            "subcategory": "concat('Subcategory ', toString(o % 120))",
            "model": "concat('Model ', toString(o % 300))",
            "list_price": "10 + o % 200",
            "unit_cost": "intDiv((10 + o % 200) * 6, 10)",
        },
    ),
    "location.locations_v1": (
        str(PLACES + 10),
        {
            **_DESCRIBED,
            "location_id": "concat('l', toString(o))",
            "name": "concat('Place ', toString(o))",
            "location_type": f"multiIf(o < {_ONLINE}, 'Online', o < {PLACES}, 'Store', 'Warehouse')",
            "channel_type": f"if(o < {_ONLINE}, 'Online', 'In-Store')",
            "country": "concat('Country ', toString(o % 20))",
            "latitude": "toDecimal64(25 + o % 240 / 10, 6)",
            "longitude": "toDecimal64(-120 + o % 500 / 10, 6)",
        },
    ),
    "employee.employees_v1": (
        str(EMPLOYEES),
        {
            **_DESCRIBED,
            "employee_id": "concat('e', toString(o))",
            "first_name": "'Eva'",
            "last_name": "concat('Last', toString(o))",
        },
    ),
}


@dataclass(frozen=True)
class Base:
    """A trade of so many order lines, about; ``grown`` has more orders of the same customers, later ones."""

    lines: int

    @property
    def orders(self) -> int:
        """Orders."""
        return max(self.lines // LINES_EACH, 1)

    @property
    def customers(self) -> int:
        """Customers, by the size before any growth."""
        return max(self.lines // _LINES_A_CUSTOMER, 1)

    def make(self, client: Client, told: Callable[[str], None]) -> None:
        """Fill empty tables."""
        for table, (count, columns) in _DIMENSIONS.items():
            self._insert(client, table, columns, f"SELECT number AS o FROM numbers({count})")
        for table, (rows, columns) in BESIDE.items():
            self._insert(client, table, columns, f"SELECT number AS o FROM numbers({rows})")
        everybody = f"SELECT number AS o FROM numbers({self.customers})"
        self._insert(client, "customer.customers_v1", _CUSTOMER, everybody)
        self._insert(client, "customer.crosswalk_v1", _CROSSWALK, everybody)
        self.trade(client, 0, self.orders, told)

    def grow(self, client: Client, share: float, told: Callable[[str], None]) -> None:
        """Add so many more orders, which are later than all others."""
        self.trade(client, self.orders, self.orders + int(self.orders * share), told)

    def trade(self, client: Client, first: int, end: int, told: Callable[[str], None]) -> None:
        """Add the orders of these numbers, with all that belongs to them."""
        for start in range(first, end, _CHUNK):
            count = min(_CHUNK, end - start)
            numbers = f"SELECT toInt64({start} + number) AS o FROM numbers({count})"
            for table, columns in _FACTS.items():
                self._insert(client, table, columns, numbers)
            self._insert(client, "sales.returns_v1", _RETURN, f"{numbers} WHERE {_HAS_RETURN}")
            each = f"SELECT o, toInt64(arrayJoin(range(1, 1 + {_COUNT}))) AS i FROM ({numbers})"
            for part in _quarters(each):
                self._insert(client, "sales.orders_enriched_v1", _ENRICHED, part)
            told(f"{(start + count) * LINES_EACH:,} lines")

    def _insert(self, client: Client, table: str, columns: dict[str, str], rows: str) -> None:
        selected = ", ".join(f"{sql} AS `{name}`" for name, sql in columns.items())
        for name, size in (("{customers}", self.customers), ("{orders}", self.orders)):
            selected, rows = selected.replace(name, str(size)), rows.replace(name, str(size))
        names = ", ".join(f"`{name}`" for name in columns)
        client.command(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM (SELECT {selected} FROM ({rows}))",
            settings={"max_insert_threads": 1, "prefer_column_name_to_alias": 1},
        )


def _quarters(rows: str) -> Iterator[str]:
    """The rows in parts, so that a block of a hundred columns fits the memory of one statement."""
    for part in range(4):
        yield f"SELECT o, i FROM ({rows}) WHERE o % 4 = {part}"
