"""Every mart of a real and of a made-up retailer equals what Polars makes of the landed facts."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from analytics.marts.day import span
from analytics.marts.reading import read_library
from analytics.marts.relation import Mart
from mesh.kernel.discovery import find_mesh
from mesh.kernel.warehouse import connect
from mesh.reconcile.settle import settle
from tests.e2e.landed import Expected, Landed
from tests.e2e.marts_by_hand import BY_HAND
from tests.e2e.running_mesh import Mesh

pytestmark = pytest.mark.real
LIBRARY = read_library(find_mesh())
FAULTS = "--late 2 --duplicates 1 --shuffled 1 --bad 0.5"
HISTORY = ("simulate", "strideright", "--customers", "900", "--days", "400", *FAULTS.split())
TOLD_ELSEWHERE = {"closed_periods", "period_adjustments"}
"""What was closed and adjusted: the test of one customer's change holds it to the books."""


def plain(value: Any) -> Any:
    """A value as both sides can write it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime | date):
        return str(value)
    if isinstance(value, Decimal | int):
        return Decimal(value)
    return value


def is_same(found: Any, expected: Any) -> bool:
    """Equal to the last digit; what is measured in floating point to what is shown of it."""
    if isinstance(expected, float):
        return found is not None and abs(float(found) - expected) <= 0.0501
    one, other = plain(found), plain(expected)
    if isinstance(other, Decimal) and isinstance(one, str):
        one = Decimal(one)
    return bool(one == other)


def differences(mart: Mart, rows: Iterable[Mapping[str, Any]], expected: Expected) -> list[str]:
    """What differs between a mart's rows and the expected ones, a line each."""
    told = {column.name for column in mart.columns if column.unit}
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for row in rows:
        found[tuple(str(row[name]) for name in mart.header.key)] = row
    wanted = {tuple(map(str, key)): row for key, row in expected.items()}
    faults = [f"missing {key}" for key in wanted.keys() - found.keys()]
    faults += [f"unexpected {key}" for key in found.keys() - wanted.keys()]
    for key in wanted.keys() & found.keys():
        unproven = told - wanted[key].keys() - set(mart.header.key)
        faults += [f"{name} is worked out by nobody else" for name in unproven]
        faults += [
            f"{key} {name}: {found[key][name]!r}, not {value!r}"
            for name, value in wanted[key].items()
            if not is_same(found[key][name], value)
        ]
    return faults


class Retailer(Mesh):
    """A running mesh that carries one retailer's trade."""

    def __init__(self, home: Path, name: str) -> None:
        super().__init__(home)
        self.name = name

    def settle(self) -> None:
        """Wait until everything has landed."""
        settle(self.settings, 240, lambda _: None)

    def lines(self, *words: str) -> list[dict[str, Any]]:
        """What a command prints with ``--json``, a document a line."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def mart(self, name: str, *words: str) -> list[dict[str, Any]]:
        """The rows of a mart."""
        return self.lines("mart", name, *words)

    def refresh(self, *words: str) -> dict[str, dict[str, Any]]:
        """Refresh marts; what was done by mart."""
        return {one["mart"]: one for one in self.lines("marts", "refresh", *words)}

    def refuses(self, *words: str) -> str:
        """What a command that refuses says, in its one line."""
        done = self.run(*words)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr


@pytest.fixture(scope="module", params=["adventureworks", "strideright"])
def mesh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retailer]:
    """A mesh into which a retailer's whole trade has landed, its marts refreshed."""
    mesh = Retailer(tmp_path_factory.mktemp("marts") / "home", request.param)
    trade = {"adventureworks": ("ingest", "data/adventureworks/mapping.yaml"), "strideright": HISTORY}
    try:
        started = mesh.run("up", "--retailer", mesh.name, "--no-monitoring")
        assert started.returncode == 0, started.stdout + started.stderr
        published = mesh.run(*trade[mesh.name])
        assert published.returncode == 0, published.stdout + published.stderr
        mesh.settle()
        assert mesh.refresh().keys() == LIBRARY.marts.keys()
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


@pytest.fixture(scope="module")
def landed(mesh: Retailer) -> Iterator[Landed]:
    """What has landed, up to the clock."""
    with contextlib.closing(connect(mesh.settings)) as client:
        yield Landed(client, span(client, "UTC")[1])


def test_every_mart_is_worked_out_a_second_time() -> None:
    """None is left out."""
    assert LIBRARY.marts.keys() == BY_HAND.keys() | TOLD_ELSEWHERE


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_a_mart_is_what_polars_makes_of_the_facts(mesh: Retailer, landed: Landed, name: str) -> None:
    """Every row, and every number of it, to the last digit."""
    faults = differences(LIBRARY.mart(name), mesh.mart(name), BY_HAND[name](landed))
    assert not faults, (len(faults), faults[:5])


def test_marts_of_an_earlier_day_are_those_of_that_day(mesh: Retailer, landed: Landed) -> None:
    """As if nothing had happened since, but what orders and contacts have become."""
    then = Landed(landed.client, landed.day - timedelta(150))
    for name, by_hand in BY_HAND.items():
        rows = mesh.mart(name, "--as-of", then.day.isoformat())
        faults = differences(LIBRARY.mart(name), rows, by_hand(then))
        assert not faults, (name, len(faults), faults[:5])


@pytest.mark.parametrize("mesh", ["adventureworks"], indirect=True)
def test_the_real_retailers_totals_are_its_own(mesh: Retailer) -> None:
    """Against what its files say, which no part of the mesh has touched."""
    totals = {"Churned": 14_467, "Not Churned": 4_652, "No transaction": 701}
    assert Counter(row["churn_status"] for row in mesh.mart("customer_churn")) == totals
    before = Counter(row["churn_status"] for row in mesh.mart("customer_churn", "--as-of", "2014-06-30"))
    assert before["Churned"] == 14_008
    months = mesh.mart("sales_by_period")
    assert sum(Decimal(row["net"]) for row in months) == Decimal("109846381.4250")
    assert sum(Decimal(row["revenue"]) for row in months) == Decimal("123216786.1159")
    assert sum(row["units"] for row in months) == 274_914


def test_nothing_is_worked_out_where_nothing_has_changed(mesh: Retailer) -> None:
    """A refresh costs a look at how far the tables have landed."""
    assert {one["scope"] for one in mesh.refresh().values()} == {"nothing"}


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


def test_what_cannot_be_is_told_in_one_line(mesh: Retailer, landed: Landed) -> None:
    """Unknown marts, days before all, months that are not over or no months."""
    assert "did you mean 'customer_churn' or" in mesh.refuses("mart", "custmer_churn")
    assert "did you mean 'clv_proxy'?" in mesh.refuses("marts", "refresh", "clv_proxi")
    assert "nothing had happened yet" in mesh.refuses("mart", "customer_churn", "--as-of", "1999-12-31")
    assert "is no day" in mesh.refuses("mart", "customer_churn", "--as-of", "yesterday")
    assert "is not over" in mesh.refuses("close", f"{landed.day:%Y-%m}")
    assert "is not over" in mesh.refuses("close", "2999-01")
    assert "is before all facts" in mesh.refuses("close", "1999-01")
    assert "is no month" in mesh.refuses("close", "2014-13")


def test_a_mart_leaves_as_a_file_of_all_its_rows(mesh: Retailer, landed: Landed, tmp_path: Path) -> None:
    """With a heading, for whoever contacts them."""
    path = tmp_path / "churn.csv"
    assert mesh.run("mart", "customer_churn", "--csv", str(path)).returncode == 0
    frame = pl.read_csv(path)
    assert frame.height == len(landed.customers)
    assert frame.columns == [column.name for column in LIBRARY.mart("customer_churn").columns]
    told = mesh.refuses("mart", "customer_churn", "--csv", str(tmp_path / "no" / "churn.csv"))
    assert "cannot be written" in told


def test_other_tools_find_the_marts_with_what_their_columns_mean(mesh: Retailer) -> None:
    """As views, whose tables carry the comments."""
    with contextlib.closing(connect(mesh.settings)) as client:
        for name, mart in LIBRARY.marts.items():
            found = client.query(f"DESCRIBE {mart.view}").result_rows
            assert [row[0] for row in found] == [column.name for column in mart.columns], name
            rows = client.query(f"SELECT count() FROM {mart.view}").result_rows[0][0]
            assert rows == len(mesh.mart(name))
