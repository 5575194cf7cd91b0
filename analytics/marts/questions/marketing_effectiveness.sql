/*
question: What did each campaign change, compared with customers who were not contacted?
owner: customer
grain: a campaign
key: [campaign_id]
reads: [campaign, contact, customer, placed]
order: [first_day]
refresh: from sums
notes: >-
  The baseline is everybody who agreed to marketing, was registered before the campaign began, and was not contacted in it. Buyers
  placed an order that was not cancelled between the campaign's first and last day (of an open one: the day). uplift =
  conversion - baseline_conversion, in percentage points; extra_buyers = contacted x uplift / 100. It is an effect of the
  campaign only so far as who was contacted was drawn by lot.
  Worked out of kept sums of orders: whom a campaign is compared with changes with each customer, contact and campaign.
columns:
  campaign_id: Campaign
  name: Its name
  channel: How customers were contacted
  first_day: First day
  last_day: Last day; null while it has no end
  contacted (customers): Customers who were contacted
  bounced (customers): Whom nothing reached
  opened (customers): Who opened it, or clicked
  clicked (customers): Who clicked
  buyers (customers): Contacted customers who bought
  conversion (percent): Of the contacted; four decimals; null where nobody was contacted
  baseline (customers): Customers who might have been contacted, and were not
  baseline_buyers (customers): Those of them who bought
  baseline_conversion (percent): Of these; four decimals; null without any
  uplift (percentage points): As above; null where either conversion is
  extra_buyers (customers): As above; two decimals
  budget (reporting currency): What might be spent on it
  cost_each (reporting currency): Budget by extra buyers; two decimals; null where there are none
*/
WITH reached AS (
    SELECT
        campaign_id, golden_id,
        max(outcome = 'Bounced') AS bounced,
        max(outcome IN ('Opened', 'Clicked')) AS opened,
        max(outcome = 'Clicked') AS clicked
    FROM contact
    GROUP BY campaign_id, golden_id
),
crossed AS (
    SELECT
        c.campaign_id AS campaign_id, c.first_day AS first_day, c.last_day AS last_day,
        p.golden_id AS golden_id, p.marketing_consent AS consent, p.registered_on AS registered_on
    FROM campaign AS c CROSS JOIN customer AS p
),
people AS (
    SELECT
        x.campaign_id AS campaign_id, x.first_day AS first_day, x.last_day AS last_day, x.golden_id AS golden_id,
        r.golden_id IS NOT NULL AS is_contacted,
        ifNull(r.bounced, 0) AS bounced, ifNull(r.opened, 0) AS opened, ifNull(r.clicked, 0) AS clicked
    FROM crossed AS x
    LEFT JOIN reached AS r ON r.campaign_id = x.campaign_id AND r.golden_id = x.golden_id
    WHERE r.golden_id IS NOT NULL OR (x.consent AND x.registered_on < x.first_day)
),
buyers AS (
    SELECT DISTINCT p.campaign_id AS campaign_id, p.golden_id AS golden_id
    FROM people AS p INNER JOIN placed AS o ON o.golden_id = p.golden_id
    WHERE NOT o.is_cancelled AND o.day BETWEEN p.first_day AND ifNull(p.last_day, {as_of:Date32})
),
summed AS (
    SELECT
        p.campaign_id AS campaign_id,
        countIf(p.is_contacted) AS contacted,
        countIf(p.bounced) AS bounced,
        countIf(p.opened) AS opened,
        countIf(p.clicked) AS clicked,
        countIf(p.is_contacted AND b.golden_id IS NOT NULL) AS buyers,
        countIf(NOT p.is_contacted) AS baseline,
        countIf(NOT p.is_contacted AND b.golden_id IS NOT NULL) AS baseline_buyers
    FROM people AS p
    LEFT JOIN buyers AS b ON b.campaign_id = p.campaign_id AND b.golden_id = p.golden_id
    GROUP BY campaign_id
),
rated AS (
    SELECT
        *,
        toDecimal64(round(toDecimal256(buyers, 8) * 100 / nullIf(contacted, 0), 4), 4) AS conversion,
        toDecimal64(round(toDecimal256(baseline_buyers, 8) * 100 / nullIf(baseline, 0), 4), 4) AS baseline_conversion,
        conversion - baseline_conversion AS uplift,
        toDecimal64(round(toDecimal256(uplift, 8) * contacted / 100, 2), 2) AS extra_buyers
    FROM summed
)
SELECT
    c.campaign_id AS campaign_id, c.name AS name, c.channel AS channel, c.first_day AS first_day, c.last_day AS last_day,
    ifNull(r.contacted, 0) AS contacted, ifNull(r.bounced, 0) AS bounced, ifNull(r.opened, 0) AS opened,
    ifNull(r.clicked, 0) AS clicked, ifNull(r.buyers, 0) AS buyers,
    r.conversion AS conversion, ifNull(r.baseline, 0) AS baseline, ifNull(r.baseline_buyers, 0) AS baseline_buyers,
    r.baseline_conversion AS baseline_conversion, r.uplift AS uplift, r.extra_buyers AS extra_buyers,
    c.budget_amount AS budget,
    if(r.extra_buyers > 0, toDecimal64(round(toDecimal256(c.budget_amount, 8) / toDecimal256(r.extra_buyers, 8), 2), 2), NULL) AS cost_each
FROM campaign AS c
LEFT JOIN rated AS r ON r.campaign_id = c.campaign_id
