"""Every mart of a real and of a made-up retailer equals what Polars makes of the landed facts."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from analytics.marts.reading import read_library
from analytics.marts.relation import Mart
from mesh.kernel.discovery import find_mesh
from mesh.kernel.warehouse import connect
from tests.e2e.landed import Expected, Landed
from tests.e2e.marts_by_hand import BY_HAND
from tests.e2e.retailers.retailer import Retailer

pytestmark = pytest.mark.real
LIBRARY = read_library(find_mesh())
NAMES_OF_PEOPLE = {"masked_name"}
TOLD_ELSEWHERE = {"closed_periods", "period_adjustments"}
"""What was closed and adjusted: the tests of what changes hold it to the books."""


def plain(value: Any) -> Any:
    """A value as both sides can write it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))  # both sides are in UTC
    if isinstance(value, date):
        return str(value)
    if isinstance(value, Decimal | int):
        return Decimal(value)
    return value


def is_same(found: Any, expected: Any) -> bool:
    """Equal to the last digit; what is measured in floating point to what is shown of it."""
    if isinstance(expected, frozenset):
        return found in expected
    if isinstance(expected, float):
        return found is not None and abs(float(found) - expected) <= 0.0501
    one, other = plain(found), plain(expected)
    if isinstance(other, Decimal) and isinstance(one, str):
        one = Decimal(one)
    return bool(one == other)


def differences(mart: Mart, rows: Iterable[Mapping[str, Any]], expected: Expected) -> list[str]:
    """What differs between a mart's rows and the expected ones, a line each."""
    told = {column.name for column in mart.columns} - NAMES_OF_PEOPLE
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


def test_every_mart_is_worked_out_a_second_time() -> None:
    """None is left out."""
    assert LIBRARY.marts.keys() == BY_HAND.keys() | TOLD_ELSEWHERE


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_a_mart_is_what_polars_makes_of_the_facts(mesh: Retailer, landed: Landed, name: str) -> None:
    """Every row, and everything in it but who somebody is, to the last digit."""
    faults = differences(LIBRARY.mart(name), mesh.standing(name), BY_HAND[name](landed))
    assert not faults, (len(faults), faults[:5])


def test_other_tools_find_the_marts_with_what_their_columns_mean(mesh: Retailer) -> None:
    """As views, whose tables carry the comments."""
    with contextlib.closing(connect(mesh.settings)) as client:
        for name, mart in LIBRARY.marts.items():
            found = client.query(f"DESCRIBE {mart.view}").result_rows
            assert [row[0] for row in found] == [column.name for column in mart.columns], name
            rows = client.query(f"SELECT count() FROM {mart.view}").result_rows[0][0]
            assert rows == len(mesh.standing(name))


def test_marts_of_an_earlier_day_are_those_of_that_day(mesh: Retailer, landed: Landed) -> None:
    """As if nothing had happened since, but what orders and contacts have become."""
    then = Landed(landed.client, landed.day - timedelta(150))
    for name, by_hand in BY_HAND.items():
        rows = mesh.mart(name, "--as-of", then.day.isoformat())
        faults = differences(LIBRARY.mart(name), rows, by_hand(then))
        assert not faults, (name, len(faults), faults[:5])


def test_a_customer_crosses_the_line_when_the_stream_says_so(mesh: Retailer, landed: Landed) -> None:
    """The moment that the mart works out is that of the stream, of everybody who has churned."""
    told = landed.client.query(
        "SELECT golden_id, toString(churned_at) FROM customer.customer_360 WHERE churned_at IS NOT NULL"
    )
    streamed = {golden: moment.removesuffix(".000000") for golden, moment in told.result_rows}
    churned = {row["golden_id"]: row for row in mesh.standing("customer_churn") if row["is_churned"]}
    assert streamed
    assert streamed == {golden: row["crosses_at"] for golden, row in churned.items()}


@pytest.mark.parametrize("mesh", ["adventureworks"], indirect=True)
def test_the_real_retailers_totals_are_its_own(mesh: Retailer) -> None:
    """Against what its files say, which no part of the mesh has touched."""
    totals = {"Churned": 14_467, "Not Churned": 4_652, "No transaction": 701}
    assert Counter(row["churn_status"] for row in mesh.standing("customer_churn")) == totals
    counts = {row["churn_status"]: row["customers"] for row in mesh.standing("churn_counts")}
    assert counts == totals
    before = Counter(row["churn_status"] for row in mesh.mart("customer_churn", "--as-of", "2014-06-30"))
    assert before["Churned"] == 14_008
    months = mesh.standing("sales_by_period")
    assert sum(Decimal(row["net"]) for row in months) == Decimal("109846381.4250")
    assert sum(Decimal(row["revenue"]) for row in months) == Decimal("123216786.1159")
    assert sum(row["units"] for row in months) == 274_914


def test_nothing_is_worked_out_where_nothing_has_changed(mesh: Retailer) -> None:
    """A refresh costs a look at how far the tables have landed."""
    assert {one["scope"] for one in mesh.refresh().values()} == {"nothing"}


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
