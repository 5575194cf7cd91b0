"""Forecasts of a real and of a made-up retailer's sales stand beside the marts, and repeat."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest

from mesh.kernel.warehouse import connect
from tests.e2e.retailers.retailer import Retailer

pytestmark = pytest.mark.real


@pytest.mark.parametrize("mesh", ["adventureworks"], indirect=True)
def test_the_nearest_method_is_used_and_says_how_near(mesh: Retailer) -> None:
    """Smoothing, at the real retailer; the two methods of the mart say what the mart says."""
    said = _forecast(mesh)
    wape = {one["method"]: one["wape"] for one in said["quality"]}
    assert (said["method"], said["verdict"], said["months"]) == ("smoothing", "better", 37)
    assert wape["smoothing"] < wape["used"] < wape["with_growth"] < wape["seasonal_naive"]
    mart = {str(row["month"]): row for row in mesh.standing("sales_forecast") if row["is_forecast"]}
    told = [row for row in said["forecasts"] if row["method"] != "smoothing"]
    assert len(told) == 2 * len(mart)
    for row in told:
        assert Decimal(row["forecast"]) == pytest.approx(
            Decimal(mart[row["month"]][row["method"]]), abs=Decimal("0.001")
        )


@pytest.mark.parametrize("mesh", ["adventureworks"], indirect=True)
def test_the_same_forecast_is_kept_once(mesh: Retailer) -> None:
    """By its digest, whole; as of an earlier day it is another one."""
    said = _forecast(mesh)
    assert not _forecast(mesh)["is_new"]
    earlier = _forecast(mesh, "--as-of", "2014-01-15")
    assert (earlier["base"], earlier["months"]) == ("2014-01-01", 31)
    with contextlib.closing(connect(mesh.settings)) as client:
        rows = client.query(
            "SELECT base, method, digest FROM learned.forecast_runs ORDER BY base"
        ).result_rows
        counts = {
            table: dict(
                client.query(f"SELECT digest, count() FROM learned.{table} GROUP BY digest").result_rows
            )
            for table in ("forecast_tests", "forecasts", "forecast_methods")
        }
    told = [(one["base"], one["method"], one["digest"]) for one in (earlier, said)]
    assert [(str(base), method, digest) for base, method, digest in rows] == told
    assert counts == {
        "forecast_tests": {earlier["digest"]: 3 * 45, said["digest"]: 3 * 63},
        "forecasts": {earlier["digest"]: 9, said["digest"]: 9},
        "forecast_methods": {earlier["digest"]: 4, said["digest"]: 4},
    }


@pytest.mark.parametrize("mesh", ["strideright"], indirect=True)
def test_a_young_retailer_is_told_why_there_is_none(mesh: Retailer) -> None:
    """400 days are too few to test a forecast on."""
    assert "[too-little-history]" in mesh.refuses("forecast")


def _forecast(mesh: Retailer, *words: str) -> dict[str, Any]:
    """What ``mesh forecast`` prints."""
    done = mesh.run("forecast", "--json", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
