"""A retailer as it stands before its trade begins: everything that orders point to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from mesh.simulate.campaigns import Campaigns, campaigns
from mesh.simulate.chance import Floats
from mesh.simulate.clock import DAY
from mesh.simulate.description import Description
from mesh.simulate.goods import Goods, goods
from mesh.simulate.offers import Offers, offers
from mesh.simulate.people import GENDERS, People, people
from mesh.simulate.places import Places, places
from mesh.simulate.staff import Staff, staff

OTHER_GENDER = 0.12
"""How often goods made for another gender are chosen, beside those of one's own."""
NOTICE = 7 * DAY
"""How far beyond its end the campaigns of a trade are known: live trade may go on for some time."""
MIDDLING_ORDER = 105.0
"""US dollars; only the targets of the staff rest on it."""


@dataclass(frozen=True)
class World:
    """Who and what there is. A pure function of description, seed, number of customers and two moments."""

    about: Description
    seed: int
    goods: Goods
    places: Places
    offers: Offers
    staff: Staff
    people: People
    campaigns: Campaigns

    @cached_property
    def appeal(self) -> Floats:
        """Cumulated weights of models (last axis) by kind of customer, gender and month."""
        models = self.about.models
        likes = np.array(
            [
                [kind.likes.get(model.subcategory, 0.1) for model in models]
                for kind in self.about.segments.values()
            ]
        )
        swing = np.array([self.about.subcategories[model.subcategory].months for model in models]).T
        fits = np.array(
            [
                [1.0 if model.gender in ("Unisex", gender.title()) else OTHER_GENDER for model in models]
                for gender in GENDERS
            ]
        )
        weights = likes[:, None, None, :] * fits[None, :, None, :] * swing[None, None, :, :]
        found: Floats = np.cumsum(weights, axis=3)
        return found

    @cached_property
    def beside(self) -> Floats:
        """Cumulated weights of models (columns) that go with each subcategory (rows)."""
        kinds = self.about.subcategories
        found: Floats = np.cumsum(
            [[kind.goes_with == model.subcategory for model in self.about.models] for kind in kinds.values()],
            axis=1,
            dtype=np.float64,
        )
        return found

    @cached_property
    def wanted(self) -> Floats:
        """About how many units of each product a customer buys in a day."""
        kinds = list(self.about.segments.values())
        shares = np.array([kind.share * kind.orders * kind.lines for kind in kinds])
        each = np.diff(self.appeal, axis=3, prepend=0.0).mean(axis=(1, 2))
        by_model = (shares[:, None] * each / each.sum(axis=1, keepdims=True)).sum(axis=0) / shares.sum()
        sizes = np.array(list(self.about.sizes.values())) / sum(self.about.sizes.values())
        colours = np.array(list(self.about.colours.values())) / sum(self.about.colours.values())
        found: Floats = (
            np.einsum("m,s,c->msc", by_model, sizes, colours).ravel() * orders_a_day(self.about) * 2
        )
        return found

    def dimensions(self) -> dict[str, pl.DataFrame]:
        """The events that describe the world, by name."""
        return {
            "ProductDescribed": self.goods.described,
            "LocationDescribed": self.places.described,
            "EmployeeDescribed": self.staff.described,
            "PromotionAnnounced": self.offers.announced,
            "SalesTargetSet": self.staff.targets,
            "CustomerRecorded": self.people.recorded,
            "CampaignStarted": self.campaigns.started,
            "ContactMade": self.campaigns.contacts,
        }


def build(about: Description, seed: int, customers: int, since: int, until: int, horizon: int) -> World:
    """The world of a trade between two moments (microseconds since 1970-01-01 UTC).

    ``customers`` is how many have registered at its end; they go on registering up to ``horizon``.
    """
    where, given = places(about), offers(about, horizon)
    buyers = people(about, where, seed, customers, horizon)
    sales = customers * orders_a_day(about) * 30 * MIDDLING_ORDER * (1 - _online(about))
    return World(
        about, seed, goods(about, horizon), where, given,
        staff(about, where, seed, since, until, sales), buyers,
        campaigns(about, given, buyers, seed, since, until + NOTICE),
    )  # fmt: skip


def orders_a_day(about: Description) -> float:
    """About how many orders a customer places on a middling day, those who have left included."""
    kinds = about.segments.values()
    return sum(k.share * k.orders * min(1.0, k.stays / 4) for k in kinds) / sum(k.share for k in kinds) / 365


def _online(about: Description) -> float:
    kinds = about.segments.values()
    return sum(k.share * k.online for k in kinds) / sum(k.share for k in kinds)
