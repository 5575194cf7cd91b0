"""What a real and a made-up retailer's customers are worth: by the proxy where they rarely come back."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from mesh.kernel.warehouse import connect
from tests.e2e.retailers.retailer import Retailer

pytestmark = pytest.mark.real


@pytest.mark.parametrize("mesh", ["adventureworks"], indirect=True)
def test_a_retailer_whose_customers_rarely_come_back_has_the_proxy(mesh: Retailer) -> None:
    """And is told why; every customer who has bought has a row, the same run is kept once."""
    said = _worth(mesh)
    assert (said["method"], said["as_of"], said["is_new"]) == ("proxy", "2014-06-30", True)
    assert said["reason"] == "39 % of the customers have bought twice; the model needs 50 %"
    assert [(row["day"], row["method"]) for row in said["tests"]] == [
        (day, method) for day in ("2013-06-30", "2012-06-30") for method in ("model", "proxy")
    ]
    assert all(row["net"] == row["net_by_proxy"] for row in said["customers"])
    assert not _worth(mesh)["is_new"]
    with contextlib.closing(connect(mesh.settings)) as client:
        rows = client.query(
            "SELECT count(), sum(net), any(digest) FROM learned.worth UNION ALL "
            "SELECT customers, NULL, digest FROM learned.worth_runs"
        ).result_rows
    assert {(count, digest) for count, _, digest in rows} == {(19_119, said["digest"])}
    told = sum(row["net"] for row in said["customers"])
    assert next(total for _, total, _ in rows if total is not None) == pytest.approx(told)


@pytest.mark.parametrize("mesh", ["adventureworks"], indirect=True)
def test_the_proxy_is_what_the_mart_makes_of_the_last_year(mesh: Retailer) -> None:
    """Mean order × orders a year, here net of the lines: no line of this retailer has come back."""
    proxies = {
        row["customer_id"]: row["net_by_proxy"] for row in _worth(mesh, "--as-of", "2014-06-30")["customers"]
    }
    mart = mesh.mart("clv_proxy", "--as-of", "2014-06-30")
    expected = {
        row["golden_id"]: float(row["average_order_value"]) * row["orders_last_year"]
        for row in mart
        if row["average_order_value"] is not None
    }
    assert proxies.keys() == expected.keys()
    assert all(proxies[one] == pytest.approx(value, abs=0.05) for one, value in expected.items())


@pytest.mark.parametrize("mesh", ["strideright"], indirect=True)
def test_a_young_retailer_cannot_be_tested_and_has_the_proxy(mesh: Retailer) -> None:
    """400 days are no year and a year before it."""
    said = _worth(mesh)
    assert (said["method"], said["tests"]) == ("proxy", [])
    assert said["reason"] == "too little is known to test it on a day 365 days ago"
    assert all(0 <= row["active"] <= 1 and row["net_by_model"] >= 0 for row in said["customers"])


def _worth(mesh: Retailer, *words: str) -> dict[str, Any]:
    """What ``mesh worth`` prints."""
    done = mesh.run("worth", "--json", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
