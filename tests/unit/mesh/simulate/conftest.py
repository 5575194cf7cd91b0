"""A small StrideRight whose whole year of trade is made once."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pytest

from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.settings import load_settings
from mesh.simulate.clock import DAY, Clock
from mesh.simulate.description import Description, read_description
from mesh.simulate.trade import trade
from mesh.simulate.world import World, build

SINCE = 20_000 * DAY
DAYS = 365
CUSTOMERS = 4_000
FOLDER = root() / "data" / "strideright"


def world_of(about: Description, seed: int = 7, customers: int = CUSTOMERS) -> World:
    """The world of a year that begins at :data:`SINCE`."""
    until = SINCE + DAYS * DAY
    return build(about, seed, customers, SINCE, until, until)


@dataclass(frozen=True)
class Year:
    """A year of trade: events by name, with the lines of the orders."""

    world: World
    events: dict[str, pl.DataFrame]
    lines: pl.DataFrame


@pytest.fixture(scope="session")
def about() -> Description:
    """The retailer as it is described."""
    return read_description(FOLDER)


@pytest.fixture(scope="session")
def year(about: Description) -> Year:
    """All that follows from a year's orders."""
    world = world_of(about)
    events, lines = trade(world, Clock(SINCE), range(DAYS), "t")
    return Year(world, events, lines)


@pytest.fixture(scope="session")
def ports() -> dict[str, Port]:
    """The ports by event, with the retailer's overlay in force."""
    mesh = find_mesh(load_settings(retailer="strideright"))
    return {port.record.__name__: port for port in mesh.ports.values()}
