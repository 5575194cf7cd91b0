"""Predictions kept in the warehouse: each by its digest, so that the same one again is one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from analytics import kept_runs
from analytics.churn.measure import Found
from analytics.churn.offers import Group
from analytics.churn.parameters import Parameters
from analytics.churn.predicting import Prediction
from analytics.kept_runs import DATABASE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

RUNS, TESTS = f"{DATABASE}.churn_runs", f"{DATABASE}.churn_tests"
OFFERS, RISKS = f"{DATABASE}.churn_offers", f"{DATABASE}.churn_risks"
TABLES = {
    RUNS: """(
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
) ENGINE = ReplacingMergeTree ORDER BY (as_of, digest)""",
    TESTS: """(
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
) ENGINE = ReplacingMergeTree ORDER BY (digest, cut_off)""",
    OFFERS: """(
    digest String COMMENT 'Run',
    offered UInt8 COMMENT 'Whether these were contacted',
    customers UInt64 COMMENT 'Customers at risk, once a campaign',
    back UInt64 COMMENT 'Who ordered within the days of an offer',
    promoted UInt64 COMMENT 'Who used a promotion for it'
) ENGINE = ReplacingMergeTree ORDER BY (digest, offered)""",
    RISKS: """(
    digest String COMMENT 'Run',
    as_of Date32 COMMENT 'Day of the prediction',
    rank UInt64 COMMENT 'By falling probability, from 1',
    customer_id String COMMENT 'Golden id',
    probability Float64 COMMENT 'Of placing no order within the horizon',
    days_since UInt32 COMMENT 'Days since the last order',
    rank_by_rule UInt64 COMMENT 'By falling days since the last order, from 1'
) ENGINE = ReplacingMergeTree ORDER BY (digest, customer_id)""",
}
"""Columns, engine and order of each."""


def keep(client: Client, said: Prediction, parameters: Parameters, began_at: datetime) -> bool:
    """Write a prediction down; False where it was there. The run comes last, so what has one is whole."""
    difference, margin = said.offers.difference or (None, None)
    run = {
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
    rows = {
        RISKS: [{"as_of": said.as_of, **vars(risk)} for risk in said.risks],
        TESTS: tests(said, parameters),
        OFFERS: [
            {"offered": is_one, **_group(one)}
            for is_one, one in enumerate((said.offers.others, said.offers.offered))
        ],
        RUNS: [run],
    }
    return kept_runs.keep(client, TABLES, said.digest, rows)


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
