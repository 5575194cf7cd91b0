"""Chance as an argument: a stream of random numbers for each purpose, from the seed alone."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def chance(seed: int, purpose: str, part: int = 0) -> np.random.Generator:
    """The numbers of one purpose, independent of what any other purpose draws."""
    return np.random.default_rng([seed, crc32(purpose.encode()), part])


def draw(numbers: np.random.Generator, weights: Iterable[float], count: int) -> Numbers:
    """``count`` positions among ``weights``, each as often as its weight says."""
    bounds = np.cumsum(np.fromiter(weights, dtype=np.float64))
    found: Numbers = np.searchsorted(bounds, numbers.random(count) * bounds[-1], side="right")
    return found


def draw_each(numbers: np.random.Generator, bounds: Floats) -> Numbers:
    """A position for each row of ``bounds``, its cumulated weights."""
    thrown = numbers.random(len(bounds)) * bounds[:, -1]
    found: Numbers = (bounds <= thrown[:, None]).sum(axis=1)
    return found


def between(
    numbers: np.random.Generator, least: Numbers | Floats | float, most: Numbers | Floats | float, count: int
) -> Floats:
    """``count`` numbers, evenly spread between two bounds or rows of bounds."""
    return least + numbers.random(count) * (np.asarray(most) - least)
