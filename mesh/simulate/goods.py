"""What is sold: every model in every size and colour, with a price and a cost that rise each year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from mesh.simulate.chance import Floats, Numbers
from mesh.simulate.clock import EPOCH, micros
from mesh.simulate.description import Description

RISES_ON = (2, 1)
"""Month and day on which each year's prices begin."""
PRICE_RISE, COST_RISE = 1.025, 1.032


@dataclass(frozen=True)
class Goods:
    """Products by number: model by model, within it size by size, within it colour by colour."""

    ids: pl.Series
    sizes: int
    colours: int
    kinds: Numbers
    """The subcategory of each model."""
    starts: Numbers
    """When each year's prices begin, the first with the shop."""
    prices: Numbers
    """US cents by year and model."""
    described: pl.DataFrame
    """ProductDescribed."""

    def product(self, model: Numbers, size: Numbers, colour: Numbers) -> Numbers:
        """The number of a product."""
        return (model * self.sizes + size) * self.colours + colour

    def model(self, product: Numbers) -> Numbers:
        """The model of a product."""
        return product // (self.sizes * self.colours)

    def price(self, product: Numbers, times: Numbers) -> Numbers:
        """What a product costs at a time, in US cents."""
        year = np.maximum(np.searchsorted(self.starts, times, side="right") - 1, 0)
        return self.prices[year, self.model(product)]


def goods(about: Description, until: int) -> Goods:
    """The products, with every price that holds before a moment."""
    days = _starts(about.opened, until)
    models, sizes, colours = about.models, list(about.sizes), list(about.colours)
    kinds = list(about.subcategories)
    rises = np.arange(len(days))[:, None]
    prices = _cents(np.array([model.price for model in models]) * PRICE_RISE**rises)
    costs = _cents(np.array([model.price * model.cost for model in models]) * COST_RISE**rises)
    numbers = np.arange(len(models) * len(sizes) * len(colours))
    model, size, colour = np.unravel_index(numbers, (len(models), len(sizes), len(colours)))
    skus = [
        f"{_initials(models[m].name)}{m:02d}-{sizes[s]}-{colours[c][:3].upper()}"
        for m, s, c in zip(model, size, colour, strict=True)
    ]
    ids = pl.Series([f"{about.source}:{sku}" for sku in skus])

    def of_model(values: list[str]) -> pl.Series:
        return pl.Series(values).gather(model)

    launched = np.array([(one.launched - EPOCH).days for one in models])[model]
    versions = []
    for year, day in enumerate(days):
        holds_from = np.full(len(numbers), micros(day))
        versions.append(
            pl.DataFrame(
                {
                    "product_id": ids,
                    "valid_from": holds_from,
                    "occurred_at": holds_from,
                    "seq": np.zeros(len(numbers), np.int64),
                    "sku": pl.Series(skus),
                    "name": of_model([one.name for one in models])
                    + pl.Series([f" {colours[c]} {sizes[s]}" for s, c in zip(size, colour, strict=True)]),
                    "category": of_model([about.subcategories[one.subcategory].category for one in models]),
                    "subcategory": of_model([one.subcategory for one in models]),
                    "brand": pl.Series([about.brand]).new_from_index(0, len(numbers)),
                    "model": of_model([one.name for one in models]),
                    "size": pl.Series(sizes).gather(size),
                    "colour": pl.Series(colours).gather(colour),
                    "gender": of_model([one.gender for one in models]),
                    "designer": of_model([one.designer for one in models]),
                    "launched_on": launched.astype(np.int32),
                    "list_price": prices[year][model] * 100,
                    "unit_cost": costs[year][model] * 100,
                }
            ).filter(pl.Series(launched <= (day - EPOCH).days) | (year == len(days) - 1))
        )
    return Goods(
        ids,
        len(sizes),
        len(colours),
        np.array([kinds.index(one.subcategory) for one in models]),
        np.array([micros(day) for day in days]),
        prices,
        pl.concat(versions),
    )


def _starts(opened: date, until: int) -> list[date]:
    years = range(opened.year + 1, EPOCH.year + int(until / (365.2425 * 86_400e6)) + 1)
    return [opened, *(day for year in years if micros(day := date(year, *RISES_ON)) < until)]


def _cents(dollars: Floats) -> Numbers:
    return np.round(dollars * 100).astype(np.int64)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.replace("-", " ").split()).upper()
