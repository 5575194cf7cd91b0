"""What customers are worth, kept in the warehouse by the digest of the run: the same one again is one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import kept_runs
from analytics.kept_runs import DATABASE
from analytics.worth.parameters import Parameters
from analytics.worth.valuing import Told, Worth

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

RUNS, TESTS, VALUES = f"{DATABASE}.worth_runs", f"{DATABASE}.worth_tests", f"{DATABASE}.worth"
TABLES = {
    RUNS: """(
    digest String COMMENT 'SHA-256 of purchases, day and parameters: one digest, one run',
    as_of Date32 COMMENT 'Last day of which anything is known',
    began_at DateTime64(6, 'UTC') COMMENT 'When it was made',
    parameters String COMMENT 'All parameters, with versions of libraries, as JSON',
    customers UInt64 COMMENT 'Customers who have bought',
    repeating Float64 COMMENT 'Percent of them who bought on two days at least',
    method LowCardinality(String) COMMENT 'model or proxy: which of them is used',
    reason String COMMENT 'Why it is that one',
    fitted Map(String, Float64) COMMENT 'Of BG/NBD (r, alpha, a, b; days) and of gamma-gamma (p, q, v)'
) ENGINE = ReplacingMergeTree ORDER BY (as_of, digest)""",
    TESTS: """(
    digest String COMMENT 'Run',
    day Date32 COMMENT 'Day of the test: fitted to what was known by then',
    method LowCardinality(String) COMMENT 'model or proxy',
    customers UInt64 COMMENT 'Customers who had bought by then',
    bought UInt64 COMMENT 'Of them, who bought in the horizon',
    wape Float64 COMMENT 'Sum of the absolute errors by customer by what was spent, percent',
    bias Float64 COMMENT 'Sum of the errors by what was spent, percent; positive where too much was told',
    rank Float64 COMMENT 'Spearman correlation of what was told with what was spent',
    tenth Float64 COMMENT 'Share of what was spent by the tenth told to spend the most, percent'
) ENGINE = ReplacingMergeTree ORDER BY (digest, day, method)""",
    VALUES: """(
    digest String COMMENT 'Run',
    customer_id String COMMENT 'Golden id',
    net Float64 COMMENT 'Net in the horizon by the method that is used, reporting currency',
    net_by_model Nullable(Float64) COMMENT 'By BG/NBD and gamma-gamma; null where they tell nothing',
    net_by_proxy Float64 COMMENT 'Mean net of an order times orders of the last 365 days, over the horizon',
    days Float64 COMMENT 'Days on which the customer will buy in the horizon, by BG/NBD',
    active Float64 COMMENT 'Probability that the customer has not stopped buying, by BG/NBD'
) ENGINE = ReplacingMergeTree ORDER BY (digest, customer_id)""",
}
"""Columns, engine and order of each."""


def keep(client: Client, said: Worth, parameters: Parameters, began_at: datetime) -> bool:
    """Write a run down; False where it was there. The run comes last, so what has one is whole."""
    run = {
        "as_of": said.as_of,
        "began_at": began_at,
        "parameters": parameters.text(),
        "customers": len(said.customers.ids),
        "repeating": said.repeating,
        "method": said.method,
        "reason": said.reason,
        "fitted": {**asdict(said.counting), **asdict(said.spending)},
    }
    rows = {VALUES: values(said), TESTS: tests(said), RUNS: [run]}
    return kept_runs.keep(client, TABLES, said.digest, rows)


def values(said: Worth) -> list[dict[str, Any]]:
    """What is told of each customer as rows, by id."""
    columns = zip(said.customers.ids, said.used, said.model, said.proxy, said.days, said.active, strict=True)
    return [
        {
            "customer_id": customer,
            "net": float(net),
            "net_by_model": float(model) if np.isfinite(model) else None,
            "net_by_proxy": float(proxy),
            "days": float(days),
            "active": float(active),
        }
        for customer, net, model, proxy, days, active in columns
    ]


def tests(said: Worth) -> list[dict[str, Any]]:
    """The tests of a run as rows, one a day and method that tells anything."""
    return [
        {"day": one.day, "method": name, "customers": one.customers, "bought": one.bought, **asdict(how)}
        for one in said.tests
        for name, how in _ways(one.model, one.proxy)
    ]


def _ways(model: Told | None, proxy: Told) -> list[tuple[str, Told]]:
    return [("proxy", proxy)] if model is None else [("model", model), ("proxy", proxy)]
