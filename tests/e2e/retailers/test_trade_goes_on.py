"""What a corrected fact makes of marts and of a closed month.

It changes the facts that the other modules of this folder hold to the books, and so comes after them: pytest
takes modules by their names.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from analytics.marts.reading import read_library
from mesh.kernel.discovery import find_mesh
from tests.e2e.landed import Landed
from tests.e2e.marts_by_hand import BY_HAND
from tests.e2e.retailers.retailer import Retailer

pytestmark = pytest.mark.real
LIBRARY = read_library(find_mesh())


def test_one_customers_change_recomputes_one_and_adjusts_the_closed_month(
    mesh: Retailer, landed: Landed, tmp_path: Path
) -> None:
    """A corrected payment: a row of each mart by customer, one adjustment with its event."""
    months = BY_HAND["sales_by_period"](landed)
    payment = (
        landed.payments.filter(pl.col("golden_id").is_not_null()).sort("transaction_id").row(0, named=True)
    )
    month = payment["day"].replace(day=1)
    (closed,) = mesh.lines("close", f"{month:%Y-%m}")
    assert len(closed["at_close"]) == 7
    for measure, amount in closed["at_close"].items():
        by_hand = sum(row[measure] for key, row in months.items() if key[0] == month)
        assert Decimal(amount) == by_hand, measure
    assert mesh.mart("period_adjustments") == []
    assert f"{month:%Y-%m}: was closed at " in mesh.refuses("close", f"{month:%Y-%m}")

    event_id = correct(mesh, landed, payment["transaction_id"], tmp_path / "payment.json")
    mesh.settle()
    done = mesh.refresh()
    for name, mart in LIBRARY.marts.items():
        if mart.by_customer and done[name]["scope"] != "nothing":
            assert (done[name]["scope"], done[name]["customers"]) == ("customers", 1), name
            assert done[name]["recomputed"] == 1 or name == "purchase_history", name
    assert (done["customer_churn"]["written"], done["customer_churn"]["gone"]) == (1, 0)
    assert {name: one for name, one in mesh.refresh("--whole").items() if one["written"] or one["gone"]} == {}

    (adjusted,) = mesh.mart("period_adjustments")
    assert (adjusted["kind"], adjusted["id"], adjusted["change"]) == (
        "payment",
        payment["transaction_id"],
        "changed",
    )
    assert Decimal(adjusted["revenue"]) == 1
    assert Decimal(adjusted["net"]) == 0
    assert [cause.split()[:2] for cause in adjusted["causes"]] == [["PaymentRecorded", event_id]]
    for row in mesh.mart("closed_periods"):
        change = 1 if row["measure"] == "revenue" else 0
        assert row["at_close"] == closed["at_close"][row["measure"]]
        assert Decimal(row["adjustments"]) == change
        assert Decimal(row["now"]) == Decimal(row["at_close"]) + change


def correct(mesh: Retailer, landed: Landed, transaction: str, file: Path) -> str:
    """Publish that a payment of fx_rate 1 was one more; the id of the event."""
    (row,) = landed.client.query(
        "SELECT * FROM sales.transactions WHERE transaction_id = {id:String}", {"id": transaction}
    ).named_results()
    event = {name: value for name, value in row.items() if name[0] != "_" and value is not None}
    amount = Decimal(row["amount"]) + 1 / Decimal(row["fx_rate"])
    event |= {
        "event_id": f"{row['event_id']}:corrected",
        "seq": row["seq"] + 1,
        "amount": amount.quantize(Decimal("0.0001")),
    }
    texts = {
        name: f"{value:%Y-%m-%dT%H:%M:%S.%f}Z" if isinstance(value, datetime) else value
        for name, value in event.items()
    }
    file.write_text(json.dumps(texts, default=str))
    done = mesh.run("publish", "PaymentRecorded", str(file))
    assert done.returncode == 0, done.stderr
    return str(event["event_id"])
