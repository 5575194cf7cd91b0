"""Promotions: those of the description, anew in each year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from mesh.simulate.chance import Flags, Floats, Numbers
from mesh.simulate.clock import EPOCH, micros
from mesh.simulate.description import Description, Promotion

NONE = -1
NOTICE = timedelta(days=14)
"""How long before its first day a promotion is announced."""


@dataclass(frozen=True)
class Offers:
    """Promotions by number, in order of their first moments; no two at the same time."""

    ids: pl.Series
    codes: pl.Series
    begins: Numbers
    ends: Numbers
    rates: Floats
    lifts: Floats
    covers: Flags
    """Whether a promotion (row) is for a subcategory (column)."""
    announced: pl.DataFrame
    """PromotionAnnounced."""

    def at(self, times: Numbers) -> Numbers:
        """The promotion of each moment, :data:`NONE` where there is none."""
        found = np.searchsorted(self.begins, times, side="right") - 1
        running = (found >= 0) & (times <= self.ends[found])
        return np.where(running, found, NONE)


def offers(about: Description, until: int) -> Offers:
    """The promotions from the shop's opening to a moment, and one year on."""
    last = EPOCH.year + int(until / (365.2425 * 86_400e6)) + 1
    kinds = list(about.subcategories)
    found: list[tuple[date, date, int, Promotion]] = []
    for year in range(about.opened.year, last + 1):
        for promotion in about.promotions:
            begins, ends = (date.fromisoformat(f"{year}-{day}") for day in (promotion.begins, promotion.ends))
            if begins >= about.opened:
                found.append((begins, ends, year, promotion))
    found.sort(key=lambda one: one[0])
    codes = [f"{promotion.code}{year % 100:02d}" for _, _, year, promotion in found]
    ids = [f"{about.source}:{code}" for code in codes]
    first = np.array([micros(one[0]) for one in found])
    final = np.array([micros(one[1] + timedelta(days=1)) - 1 for one in found])
    valid = np.array([micros(one[0] - NOTICE) for one in found])
    kept = [promotion for _, _, _, promotion in found]
    announced = pl.DataFrame(
        {
            "promotion_id": ids,
            "valid_from": valid,
            "occurred_at": valid,
            "seq": np.zeros(len(found), np.int64),
            "name": [f"{promotion.name} {year}" for _, _, year, promotion in found],
            "promotion_type": [promotion.type for promotion in kept],
            "audience": [promotion.audience for promotion in kept],
            "promo_code": codes,
            "discount_rate": [round(promotion.rate * 10**8) for promotion in kept],
            "starts_at": first,
            "ends_at": final,
        }
    )
    return Offers(
        pl.Series(ids),
        pl.Series(codes),
        first,
        final,
        np.array([promotion.rate for promotion in kept]),
        np.array([promotion.lift for promotion in kept]),
        np.array([[kind in promotion.covers for kind in kinds] for promotion in kept]),
        announced,
    )
