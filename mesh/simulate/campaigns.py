"""Campaigns: some customers are told of a promotion, as many are not, so that its effect can be measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mesh.simulate.chance import Flags, Numbers, between, chance
from mesh.simulate.clock import DAY, SECOND
from mesh.simulate.description import Description
from mesh.simulate.offers import NONE, Offers
from mesh.simulate.people import People

CONTACTED = 0.5
"""Share of those who agreed to marketing who are contacted; the others are the control group."""
HEEDED, UNHEARD = 2.2, 0.5
"""How much of a promotion's lift shows in those who were contacted, and in those who were not."""
SEND_HOUR = 9
OUTCOMES = pl.Series(["Sent", "Bounced", "Opened", "Clicked"])
SENT, BOUNCED, OPENED, CLICKED = range(4)


@dataclass(frozen=True)
class Campaigns:
    """Campaigns by number, each for one promotion."""

    of_promotion: Numbers
    """The campaign of each promotion, :data:`NONE` where there is none."""
    contacted: Flags
    """Whether a campaign (row) has reached out to a customer (column)."""
    started: pl.DataFrame
    """CampaignStarted."""
    contacts: pl.DataFrame
    """ContactMade, a revision for what came of it."""


def campaigns(
    about: Description, offers: Offers, people: People, seed: int, since: int, until: int
) -> Campaigns:
    """A campaign for each promotion that begins between two moments."""
    chosen = np.flatnonzero((offers.begins >= since) & (offers.begins < until))
    of_promotion = np.full(len(offers.begins), NONE)
    of_promotion[chosen] = np.arange(len(chosen))
    ids = pl.Series("campaign_id", offers.ids.gather(chosen) + ":mail", dtype=pl.String)
    begins = offers.begins[chosen] + SEND_HOUR * 3600 * SECOND
    names = offers.announced["name"].gather(chosen) + " by mail"
    started = pl.DataFrame(
        {
            "campaign_id": ids,
            "seq": np.zeros(len(chosen), np.int64),
            "occurred_at": begins,
            "name": names,
            "channel": pl.Series(["E-Mail"] * len(chosen), dtype=pl.String),
            "audience": offers.announced["audience"].gather(chosen),
            "promotion_id": offers.ids.gather(chosen),
            "starts_at": begins,
            "ends_at": offers.ends[chosen],
            "budget_amount": np.full(len(chosen), 400 + len(people.accounts) // 20) * 10_000,
        }
    )
    contacted = np.zeros((len(chosen), len(people.accounts)), dtype=np.bool_)
    frames = [pl.DataFrame(schema=_SCHEMA)]
    for number, promotion in enumerate(chosen):
        promo = str(offers.codes[int(promotion)])
        numbers = chance(seed, f"contacts {promo}")
        wanted = people.consent & (numbers.random(len(people.accounts)) < CONTACTED)
        contacted[number] = wanted & (people.registered < begins[number])
        frames.append(
            _contacts(about, people, str(ids[number]), promo, contacted[number], int(begins[number]), numbers)
        )
    return Campaigns(of_promotion, contacted, started, pl.concat(frames))


_SCHEMA = {
    "contact_id": pl.String, "campaign_id": pl.String, "account": pl.String, "seq": pl.Int64,
    "occurred_at": pl.Int64, "contacted_at": pl.Int64, "outcome": pl.String, "promo_code": pl.String,
}  # fmt: skip


def _contacts(
    about: Description, people: People, campaign: str, promo: str, contacted: Flags, begins: int,
    numbers: np.random.Generator,
) -> pl.DataFrame:  # fmt: skip
    """Sent within an hour; opened and clicked within days, or bounced at once."""
    who = np.flatnonzero(contacted)
    count = len(who)
    sent = begins + np.round(numbers.random(count) * 3600).astype(np.int64) * SECOND
    heeds = np.array([kind.promo for kind in about.segments.values()])[people.segments[who]]
    opened = numbers.random(count) < 0.2 + 0.4 * heeds
    clicked = opened & (numbers.random(count) < 0.35)
    bounced = people.unreachable[who]
    outcome = np.select([bounced, clicked, opened], [BOUNCED, CLICKED, OPENED], SENT)
    came = sent + np.where(bounced, 5 * SECOND, (between(numbers, 0.01, 2.5, count) * DAY).astype(np.int64))
    first = pl.DataFrame(
        {
            "contact_id": campaign + ":" + people.accounts.gather(who).str.split(":").list.last(),
            "campaign_id": pl.Series([campaign]).new_from_index(0, count),
            "account": people.accounts.gather(who),
            "seq": np.zeros(count, np.int64),
            "occurred_at": sent,
            "contacted_at": sent,
            "outcome": OUTCOMES.gather(np.full(count, SENT)),
            "promo_code": pl.Series([promo]).new_from_index(0, count),
        },
        schema=_SCHEMA,
    )
    later = first.with_columns(
        seq=pl.lit(1, pl.Int64), occurred_at=came - came % 1000, outcome=OUTCOMES.gather(outcome)
    )
    return pl.concat([first, later.filter(pl.Series(outcome != SENT))])
