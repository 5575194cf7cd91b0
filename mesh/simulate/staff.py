"""Who sells: a manager and three sellers a store, and what each is to sell in a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from mesh.simulate.chance import Numbers, between, chance
from mesh.simulate.clock import EPOCH, micros, moment
from mesh.simulate.description import Description
from mesh.simulate.places import Places

A_STORE = 4
"""Employees of a store; the first is its manager."""


@dataclass(frozen=True)
class Staff:
    """Employees by number: store by store, the manager first."""

    ids: pl.Series
    described: pl.DataFrame
    """EmployeeDescribed."""
    targets: pl.DataFrame
    """SalesTargetSet."""

    def seller(self, store: Numbers, among: Numbers) -> Numbers:
        """An employee of each store; ``among`` is below :data:`A_STORE`."""
        return store * A_STORE + among


def staff(about: Description, places: Places, seed: int, since: int, until: int, month_sales: float) -> Staff:
    """The employees, and a target for every month between two moments.

    ``month_sales`` is what all stores together sell in a middling month, in US dollars.
    """
    numbers = chance(seed, "staff")
    count = len(places.stores) * A_STORE
    store = np.repeat(np.arange(len(places.stores)), A_STORE)
    manager = np.arange(count) % A_STORE == 0
    female = numbers.random(count) < 0.5
    names = [about.people.FEMALE if is_female else about.people.MALE for is_female in female]
    first = [some[int(n * len(some))] for some, n in zip(names, numbers.random(count), strict=True)]
    family = [about.people.family[n] for n in numbers.integers(0, len(about.people.family), count)]
    ids = [f"{about.source}:e{n:03d}" for n in range(count)]
    opened = (about.opened - EPOCH).days
    hired = np.where(manager, opened, opened - numbers.integers(0, 700, count))
    born = opened - between(numbers, 20 * 365, 45 * 365, count).astype(np.int64)
    started = micros(about.opened)
    described = pl.DataFrame(
        {
            "employee_id": ids,
            "valid_from": np.full(count, started),
            "occurred_at": np.full(count, started),
            "seq": np.zeros(count, np.int64),
            "first_name": first,
            "last_name": family,
            "email": [f"{name.lower()}.{n:03d}@{about.source}.example" for n, name in enumerate(first)],
            "birth_date": [str(EPOCH + timedelta(days=int(day))) for day in born],
            "gender": np.where(female, "FEMALE", "MALE"),
            "job_title": np.where(manager, "Store Manager", "Sales Associate"),
            "department": ["Sales"] * count,
            "territory_id": places.territories.gather(places.city_countries[places.store_cities[store]]),
            "location_id": places.stores.gather(store),
            "manager_id": pl.Series(ids).gather(store * A_STORE),
            "hired_on": hired.astype(np.int32),
        }
    ).with_columns(manager_id=pl.when(pl.Series(~manager)).then("manager_id"))
    weights = between(numbers, 0.7, 1.3, count) * np.array(
        [about.cities[city].share for city in places.store_cities[store]]
    )
    return Staff(
        pl.Series(ids), described, _targets(about, ids, weights / weights.sum(), since, until, month_sales)
    )


def _targets(
    about: Description, ids: list[str], shares: np.ndarray[tuple[int], np.dtype[np.float64]],
    since: int, until: int, month_sales: float,
) -> pl.DataFrame:  # fmt: skip
    """A target a month and employee, set on its first day: its share of what the season lets expect."""
    months: list[date] = []
    first = moment(since).date().replace(day=1)
    while micros(first) < until:
        months.append(first)
        first = (first + timedelta(days=32)).replace(day=1)
    frames = []
    for begins in months:
        ends = (begins + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        wanted = month_sales * about.months[begins.month - 1] * 1.03
        frames.append(
            pl.DataFrame(
                {
                    "target_id": [f"{id_}:{begins:%Y-%m}" for id_ in ids],
                    "employee_id": ids,
                    "occurred_at": np.full(len(ids), micros(begins)),
                    "seq": np.zeros(len(ids), np.int64),
                    "period_from": np.full(len(ids), (begins - EPOCH).days, np.int32),
                    "period_to": np.full(len(ids), (ends - EPOCH).days, np.int32),
                    "target_amount": np.round(shares * wanted / 50).astype(np.int64) * 50 * 10_000,
                }
            )
        )
    return pl.concat(frames)
