"""What lies in the distribution centres: a part is counted each day, every product every four weeks."""

from __future__ import annotations

import numpy as np
import polars as pl

from mesh.simulate.clock import Clock
from mesh.simulate.world import World

EVERY = 28
"""Days of trade between two counts of a product; as many are counted on each of them."""
OUT = 0.02
"""Share of products that are out of stock."""


def stock(world: World, clock: Clock, days: range, numbers: np.random.Generator) -> pl.DataFrame:
    """StockCounted, at midnight."""
    centres, products = len(world.places.centres), len(world.goods.ids)
    items = np.arange(centres * products)
    day, item = np.nonzero(items % EVERY == np.array(days)[:, None] % EVERY)
    count = len(item)
    centre, product = np.divmod(item, products)
    at = clock.moments((days.start + day).astype(np.float64))
    level = np.maximum(6, (world.wanted * len(world.people.accounts) * EVERY / centres).astype(np.int64))[
        product
    ]
    on_hand = np.where(
        numbers.random(count) < OUT, 0, (level * numbers.gamma(4.0, 0.5, count)).astype(np.int64)
    )
    where, what = world.places.centres.gather(centre), world.goods.ids.gather(product)
    return pl.DataFrame(
        {
            "count_id": where + "/" + what + "/" + pl.Series(at // 1_000_000).cast(pl.String),
            "seq": np.zeros(count, np.int64),
            "occurred_at": at,
            "product_id": what,
            "location_id": where,
            "counted_at": at,
            "on_hand": on_hand,
            "on_order": np.where(on_hand < level, 3 * level, 0),
            "reorder_level": level,
        }
    )
