"""Some days of trade: their orders and everything that follows from them, whenever it follows."""

from __future__ import annotations

import numpy as np
import polars as pl

from mesh.simulate.chance import chance
from mesh.simulate.clock import Clock
from mesh.simulate.orders import orders
from mesh.simulate.parcels import parcels
from mesh.simulate.payments import payments
from mesh.simulate.returns import returns
from mesh.simulate.stock import stock
from mesh.simulate.traffic import arrivals, sessions
from mesh.simulate.world import World

LINES = "lines"


def trade(world: World, clock: Clock, days: range, tag: str) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The events by name, and the lines of the orders."""
    placed = orders(world, clock, days, tag)
    numbers = chance(world.seed, f"after {tag}", days.start)
    sent = parcels(world, clock, placed, numbers)
    back = returns(world, clock, placed, sent.delivered, numbers)
    undone = np.minimum(sent.cancelled, back.undone)
    paid = payments(world.about, clock, placed, sent.delivered, undone, numbers)
    by = chance(world.seed, f"around {tag}", days.start)
    events = {
        "OrderPlaced": placed.placed,
        "PaymentRecorded": paid,
        "FulfilmentUpdated": sent.updated,
        "ReturnRecorded": back.recorded,
        "WebSessionEnded": sessions(world, clock, placed, f"{tag}.{days.start}", by),
        "ArrivalsCounted": arrivals(world, clock, placed, days, by),
        "StockCounted": stock(world, clock, days, by),
    }
    return events, placed.lines
