"""Customers of known kinds, from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from analytics.segments.features import NAMES, REST, SHARE, UNITS, Features
from analytics.segments.week import Week

WEEK = Week(date(2014, 6, 23))
KINDS = {
    "regular": (12.0, 9.0, 4_000.0, 2.0, 0.05, 0.9),
    "seldom": (60.0, 1.0, 90.0, 1.0, 0.0, 0.1),
    "gone": (700.0, 0.0, 300.0, 6.0, 0.0, 0.5),
    "returning": (25.0, 4.0, 700.0, 2.0, 0.6, 1.0),
}
"""Days, orders a year, net, units an order, share returned and share online of each kind."""


def crowd(week: Week = WEEK, each: int = 60, seed: int = 1, *, without: tuple[str, ...] = ()) -> Features:
    """So many customers of each kind, each somewhat different; ``c0`` is a regular, ``c1`` seldom, …"""
    chance = np.random.default_rng(seed)
    kinds = [values for name, values in KINDS.items() if name not in without]
    values = np.array([kinds[place % len(kinds)] for place in range(each * len(kinds))])
    values[:, :4] *= chance.uniform(0.85, 1.15, values[:, :4].shape)
    values[:, 1] = np.round(values[:, 1])
    return Features(week, tuple(f"c{place:04}" for place in range(len(values))), values)


def with_mix(customers: Features, mixes: Mapping[str, tuple[float, ...]], units: float = 20.0) -> Features:
    """The same customers, who buy mixes in turns: of each kind of goods its share in every mix.

    The name of the share of all other kinds stands for itself.
    """
    count = len(customers.values)
    columns = [np.full(count, units), *(np.resize(shares, count) for shares in mixes.values())]
    names = (name if name == REST else f"{SHARE}{name}" for name in mixes)
    values = np.column_stack([customers.values[:, : len(NAMES)], *columns])
    return Features(customers.week, customers.customers, values, (*NAMES, UNITS, *names))
