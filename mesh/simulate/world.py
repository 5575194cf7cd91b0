"""A retailer as it stands before its trade begins: everything that orders point to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from mesh.simulate.chance import Floats
from mesh.simulate.description import Description
from mesh.simulate.goods import Goods, goods
from mesh.simulate.offers import Offers, offers
from mesh.simulate.people import GENDERS, People, people
from mesh.simulate.places import Places, places
from mesh.simulate.staff import Staff, staff

OTHER_GENDER = 0.12
"""How often goods made for another gender are chosen, beside those of one's own."""
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

    def dimensions(self) -> dict[str, pl.DataFrame]:
        """The events that describe the world, by name."""
        return {
            "ProductDescribed": self.goods.described,
            "LocationDescribed": self.places.described,
            "EmployeeDescribed": self.staff.described,
            "PromotionAnnounced": self.offers.announced,
            "SalesTargetSet": self.staff.targets,
            "CustomerRecorded": self.people.recorded,
        }


def build(about: Description, seed: int, customers: int, since: int, until: int, horizon: int) -> World:
    """The world of a trade between two moments (microseconds since 1970-01-01 UTC).

    ``customers`` is how many have registered at its end; they go on registering up to ``horizon``.
    """
    where = places(about)
    sales = customers * orders_a_day(about) * 30 * MIDDLING_ORDER * (1 - _online(about))
    return World(
        about, seed, goods(about, horizon), where, offers(about, horizon),
        staff(about, where, seed, since, until, sales), people(about, where, seed, customers, horizon),
    )  # fmt: skip


def orders_a_day(about: Description) -> float:
    """About how many orders a customer places on a middling day, those who have left included."""
    kinds = about.segments.values()
    return sum(k.share * k.orders * min(1.0, k.stays / 4) for k in kinds) / sum(k.share for k in kinds) / 365


def _online(about: Description) -> float:
    kinds = about.segments.values()
    return sum(k.share * k.online for k in kinds) / sum(k.share for k in kinds)
