"""Forecasts kept in the warehouse: each by its digest, so that the same one again is one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import kept_runs
from analytics.forecast.forecasting import Forecast
from analytics.forecast.methods import METHODS
from analytics.forecast.months import later
from analytics.forecast.parameters import Parameters
from analytics.kept_runs import DATABASE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

RUNS, METHOD_ROWS = f"{DATABASE}.forecast_runs", f"{DATABASE}.forecast_methods"
TESTS, VALUES = f"{DATABASE}.forecast_tests", f"{DATABASE}.forecasts"
TABLES = {
    RUNS: """(
    digest String COMMENT 'SHA-256 of months and parameters: one digest, one forecast',
    base Date32 COMMENT 'First month that is forecast',
    began_at DateTime64(6, 'UTC') COMMENT 'When it was made',
    parameters String COMMENT 'All parameters, with versions of libraries, as JSON',
    months UInt32 COMMENT 'Months that it was learned from',
    method LowCardinality(String) COMMENT 'The method that is used: the least errors in the tests',
    verdict LowCardinality(String) COMMENT 'What was used was better, no better or worse than the baseline'
) ENGINE = ReplacingMergeTree ORDER BY (base, digest)""",
    METHOD_ROWS: """(
    digest String COMMENT 'Run',
    method LowCardinality(String) COMMENT 'Method, or used: whichever was the nearest by what was known then',
    forecasts UInt32 COMMENT 'Months forecast in the tests, each once a base',
    wape Float64 COMMENT 'Sum of the absolute errors by what was sold, percent',
    bias Float64 COMMENT 'Sum of the errors by what was sold, percent; positive where too much was forecast'
) ENGINE = ReplacingMergeTree ORDER BY (digest, method)""",
    TESTS: """(
    digest String COMMENT 'Run',
    base Date32 COMMENT 'First month that was not known',
    month Date32 COMMENT 'Month that was forecast',
    method LowCardinality(String) COMMENT 'Method',
    used UInt8 COMMENT 'Whether it was the nearest by what was known at the base',
    forecast Float64 COMMENT 'Net, reporting currency',
    actual Float64 COMMENT 'Net, reporting currency'
) ENGINE = ReplacingMergeTree ORDER BY (digest, base, month, method)""",
    VALUES: """(
    digest String COMMENT 'Run',
    month Date32 COMMENT 'Month that is forecast',
    method LowCardinality(String) COMMENT 'Method',
    used UInt8 COMMENT 'Whether it is the one that is used',
    forecast Nullable(Float64) COMMENT 'Net, reporting currency; null where the method cannot tell'
) ENGINE = ReplacingMergeTree ORDER BY (digest, month, method)""",
}
"""Columns, engine and order of each."""


def keep(client: Client, said: Forecast, parameters: Parameters, began_at: datetime) -> bool:
    """Write a forecast down; False where it was there. The run comes last, so what has one is whole."""
    run = {
        "base": said.base,
        "began_at": began_at,
        "parameters": parameters.text(),
        "months": said.known,
        "method": said.method,
        "verdict": said.verdict,
    }
    rows = {
        VALUES: values(said),
        TESTS: [vars(one) for one in said.tests],
        METHOD_ROWS: [vars(one) for one in said.quality],
        RUNS: [run],
    }
    return kept_runs.keep(client, TABLES, said.digest, rows)


def values(said: Forecast) -> list[dict[str, Any]]:
    """The forecasts as rows, by month and method."""
    ahead = len(said.values[said.method])
    return [
        {
            "month": later(said.base, place),
            "method": name,
            "used": name == said.method,
            "forecast": float(said.values[name][place]) if np.isfinite(said.values[name][place]) else None,
        }
        for place in range(ahead)
        for name in METHODS
    ]
