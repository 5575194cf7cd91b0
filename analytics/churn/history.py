"""Predictions kept in the warehouse: each by its digest, so that the same one again is one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from analytics.churn.measure import Found
from analytics.churn.offers import Group
from analytics.churn.parameters import Parameters
from analytics.churn.predicting import Prediction

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DATABASE = "learned"
RUNS, TESTS = f"{DATABASE}.churn_runs", f"{DATABASE}.churn_tests"
OFFERS, RISKS = f"{DATABASE}.churn_offers", f"{DATABASE}.churn_risks"
SET_UP = (
    f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic",
    f"""
CREATE TABLE IF NOT EXISTS {RUNS}_v1 (
    digest String COMMENT 'SHA-256 of facts, day and parameters: one digest, one prediction',
    as_of Date32 COMMENT 'Last day of which anything is known',
    began_at DateTime64(6, 'UTC') COMMENT 'When it was made',
    share UInt8 COMMENT 'Percent of the customers whom marketing can contact',
    parameters String COMMENT 'All parameters, with versions of libraries, as JSON',
    trained UInt64 COMMENT 'Customers that the model was trained on, each once a day',
    customers UInt64 COMMENT 'Active customers',
    to_contact UInt64 COMMENT 'How many of them the share is',
    weights Map(String, Float64) COMMENT 'Weight by feature, in log odds a standard deviation',
    offer_campaigns UInt64 COMMENT 'Campaigns after the days of the tests',
    offer_difference Nullable(Float64) COMMENT 'Share who ordered, with an offer less without',
    offer_margin Nullable(Float64) COMMENT 'Half the width of its 95 percent interval'
) ENGINE = ReplacingMergeTree ORDER BY (as_of, digest)
""",
    f"""
CREATE TABLE IF NOT EXISTS {TESTS}_v1 (
    digest String COMMENT 'Run',
    cut_off Date32 COMMENT 'Day of the test: trained on what was known by then',
    horizon UInt16 COMMENT 'Days without an order by which a customer is lost',
    trained UInt64 COMMENT 'Customers trained on',
    customers UInt64 COMMENT 'Active customers',
    lost UInt64 COMMENT 'Of them, who placed no order in the horizon',
    contacted UInt64 COMMENT 'How many the share is',
    base_rate Float64 COMMENT 'Share lost of all: what contacting anybody finds',
    model_precision Float64 COMMENT 'Share lost of those whom the model ranks first',
    model_recall Float64 COMMENT 'Share of the lost among them',
    model_auc Nullable(Float64) COMMENT 'How often a lost one ranks before one who is not',
    rule_precision Float64 COMMENT 'The same of the 90-day rule: longest without an order first',
    rule_recall Float64 COMMENT 'The same',
    rule_auc Nullable(Float64) COMMENT 'The same',
    verdict LowCardinality(String) COMMENT 'better, no better or worse than the rule'
) ENGINE = ReplacingMergeTree ORDER BY (digest, cut_off)
""",
    f"""
CREATE TABLE IF NOT EXISTS {OFFERS}_v1 (
    digest String COMMENT 'Run',
    offered UInt8 COMMENT 'Whether these were contacted',
    customers UInt64 COMMENT 'Customers at risk, once a campaign',
    back UInt64 COMMENT 'Who ordered within the days of an offer',
    promoted UInt64 COMMENT 'Who used a promotion for it'
) ENGINE = ReplacingMergeTree ORDER BY (digest, offered)
""",
    f"""
CREATE TABLE IF NOT EXISTS {RISKS}_v1 (
    digest String COMMENT 'Run',
    as_of Date32 COMMENT 'Day of the prediction',
    rank UInt64 COMMENT 'By falling probability, from 1',
    customer_id String COMMENT 'Golden id',
    probability Float64 COMMENT 'Of placing no order within the horizon',
    days_since UInt32 COMMENT 'Days since the last order',
    rank_by_rule UInt64 COMMENT 'By falling days since the last order, from 1'
) ENGINE = ReplacingMergeTree ORDER BY (digest, customer_id)
""",
    *(
        f"CREATE OR REPLACE VIEW {table} AS SELECT * FROM {table}_v1 FINAL"
        for table in (RUNS, TESTS, OFFERS, RISKS)
    ),
)
"""Statements that make them; each may run again."""


def keep(client: Client, said: Prediction, parameters: Parameters, began_at: datetime) -> bool:
    """Write a prediction down; False where it was there. The run comes last, so what has one is whole."""
    for statement in SET_UP:
        client.command(statement)
    found = client.query(
        f"SELECT count() FROM {RUNS} WHERE digest = {{digest:String}}", parameters={"digest": said.digest}
    )
    if found.result_rows[0][0]:
        return False
    _insert(client, RISKS, [_risk(said, place) for place in range(len(said.risks))])
    _insert(client, TESTS, tests(said, parameters))
    groups = enumerate((said.offers.others, said.offers.offered))
    _insert(
        client, OFFERS, [{"digest": said.digest, "offered": is_one, **_group(one)} for is_one, one in groups]
    )
    difference, margin = said.offers.difference or (None, None)
    run = {
        "digest": said.digest,
        "as_of": said.as_of,
        "began_at": began_at,
        "share": parameters.share,
        "parameters": parameters.text(),
        "trained": said.trained,
        "customers": len(said.risks),
        "to_contact": said.to_contact,
        "weights": said.weights,
        "offer_campaigns": said.offers.campaigns,
        "offer_difference": difference,
        "offer_margin": margin,
    }
    _insert(client, RUNS, [run])
    return True


def tests(said: Prediction, parameters: Parameters) -> list[dict[str, Any]]:
    """The tests of a prediction as rows."""
    return [
        {
            "digest": said.digest,
            "cut_off": one.seen.day,
            "horizon": parameters.horizon,
            "trained": one.trained,
            "customers": len(one.labels),
            "lost": int(one.labels.sum()),
            "contacted": one.model.contacted,
            "base_rate": one.base_rate,
            **_measured("model", one.model),
            **_measured("rule", one.rule),
            "verdict": one.verdict,
        }
        for one in said.tests
    ]


def _measured(who: str, found: Found) -> dict[str, float | None]:
    return {f"{who}_precision": found.precision, f"{who}_recall": found.recall, f"{who}_auc": found.auc}


def _group(group: Group) -> dict[str, int]:
    return {"customers": group.customers, "back": group.back, "promoted": group.promoted}


def _risk(said: Prediction, place: int) -> dict[str, Any]:
    return {"digest": said.digest, "as_of": said.as_of, **vars(said.risks[place])}


def _insert(client: Client, view: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        client.insert(f"{view}_v1", [list(row.values()) for row in rows], list(rows[0]))
