"""Who comes by without or with buying: sessions on the platforms, and people through the doors of stores."""

from __future__ import annotations

import numpy as np
import polars as pl

from mesh.simulate.chance import between, draw
from mesh.simulate.clock import Clock
from mesh.simulate.orders import Orders
from mesh.simulate.payments import MINUTE
from mesh.simulate.world import World

BROWSING = 1.6
"""Sessions without an order, by order, in the days around it."""
AROUND = 9.0
ANONYMOUS = 0.15
"""Share of these in which nobody signs in."""
DEVICES = {"Phone": 58, "Desktop": 33, "Tablet": 9}
REFERRERS = {"Direct": 34, "Search": 38, "Social": 18, "Campaign": 10}
OPEN_FROM, OPEN_TO = 10 / 24, 20 / 24
"""Of a day."""
LOOKERS = 2.3
"""People who leave a store without buying, by one who buys."""


def sessions(
    world: World, clock: Clock, orders: Orders, name: str, numbers: np.random.Generator
) -> pl.DataFrame:
    """WebSessionEnded: one for each online order, and others of the same customers around their orders."""
    bought = np.flatnonzero(orders.online)
    browsing = np.repeat(np.arange(orders.count), numbers.poisson(BROWSING, orders.count))
    order = np.concatenate([bought, browsing])
    count = len(order)
    is_order = np.arange(count) < len(bought)
    length = between(numbers, np.where(is_order, 4.0, 1.0), 24, count) * MINUTE
    shift = np.where(
        is_order, between(numbers, 0.2, 3, count) * MINUTE, between(numbers, -AROUND, AROUND, count)
    )
    ended = orders.times[order] + clock.span(shift)
    started = ended - clock.span(length)
    customers = orders.customers[order]
    known = is_order | (world.people.registered[customers] < started)
    ids = pl.select(pl.format(f"{world.about.source}:{name}.s{{}}", pl.int_range(1, count + 1))).to_series()
    hidden = pl.Series(~is_order & (numbers.random(count) < ANONYMOUS))
    return (
        pl.DataFrame(
            {
                "session_id": ids,
                "account": orders.accounts.gather(order),
                "seq": np.zeros(count, np.int64),
                "occurred_at": ended,
                "location_id": world.places.platforms.gather(orders.countries[order]),
                "started_at": started,
                "ended_at": ended,
                "page_views": 1 + numbers.poisson(2 + length / MINUTE * 0.6),
                "device": pl.Series(list(DEVICES)).gather(draw(numbers, DEVICES.values(), count)),
                "referrer": pl.Series(list(REFERRERS)).gather(draw(numbers, REFERRERS.values(), count)),
                "order_id": orders.ids.gather(order),
            }
        )
        .with_columns(
            account=pl.when(hidden).then(pl.lit("guest:") + pl.col("session_id")).otherwise("account"),
            order_id=pl.when(pl.Series(is_order)).then("order_id"),
        )
        .filter(pl.Series(known))
    )


def arrivals(
    world: World, clock: Clock, orders: Orders, days: range, numbers: np.random.Generator
) -> pl.DataFrame:
    """ArrivalsCounted: a count a day and store; whoever bought something came in."""
    stores, count = len(world.places.stores), len(days)
    here = np.flatnonzero(~orders.online)
    day = (orders.times[here] - clock.origin) // clock.day - days.start
    buyers = np.bincount(orders.stores[here] * count + np.clip(day, 0, count - 1), minlength=stores * count)
    middling = buyers.reshape(stores, count).mean(axis=1)
    lookers = numbers.poisson(LOOKERS * (0.5 * np.repeat(middling, count) + 0.5 * buyers))
    store, number = np.divmod(np.arange(stores * count), count)
    opened = clock.moments(days.start + number + OPEN_FROM)
    closed = clock.moments(days.start + number + OPEN_TO)
    ids = world.places.stores.gather(store)
    return pl.DataFrame(
        {
            "count_id": ids + ":" + pl.Series(opened // 1_000_000).cast(pl.String),
            "seq": np.zeros(len(store), np.int64),
            "occurred_at": closed,
            "location_id": ids,
            "counted_from": opened,
            "counted_to": closed,
            "visitors": buyers + lookers,
        }
    )
