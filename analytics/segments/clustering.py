"""Groups of customers who buy alike: k-means on scaled features and on roots of shares, their number by the
silhouette.

The same features and parameters give the same groups: customers come by rising id, chance from a seed, and
sums in one order, since one thread adds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.segments.features import Features
from analytics.segments.mix import Numbers
from analytics.segments.parameters import Parameters

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Clustering:
    """Who belongs together."""

    labels: Labels
    """The cluster of each customer, from 0; clusters are ordered by their centres."""
    centres: Numbers
    """By cluster and feature, in prepared features (see :meth:`Features.prepared`)."""
    mean: Numbers
    """Of the prepared features, of everybody."""
    scale: Numbers
    """What counts as one step of each: a standard deviation, or 1 where everybody is the same; of the roots
    of shares what their weight makes it, so that they keep their Hellinger distances."""
    spread: Numbers
    """Standard deviations of all of them; 1 where everybody is the same."""
    silhouettes: dict[int, float]
    """The mean silhouette of the sample, by number of clusters that was tried."""

    @property
    def silhouette(self) -> float:
        """That of the number that was chosen."""
        return self.silhouettes[len(self.centres)]


def cluster(features: Features, parameters: Parameters, before: int | None = None) -> Clustering:
    """Group customers; ``before`` is last week's number of clusters, which stays unless another is better.

    The sample must hold more kinds of customers than the fewest clusters.
    """
    from threadpoolctl import threadpool_limits

    prepared = features.prepared(parameters.smoothing)
    with threadpool_limits(limits=1):
        silhouettes = _silhouettes(sampled(prepared, parameters), features.shares, parameters)
        mean, scale, spread = _scales(prepared, features.shares, parameters.mix_weight)
        number = choose(silhouettes, before, parameters.stay)
        means = _means(number, parameters).fit((prepared - mean) / scale)
    centres = means.cluster_centers_ * scale + mean
    order = np.lexsort(centres.T[::-1])
    place = np.argsort(order)
    return Clustering(place[means.labels_].astype(np.int64), centres[order], mean, scale, spread, silhouettes)


def choose(silhouettes: dict[int, float], before: int | None, stay: float) -> int:
    """The number with the highest silhouette, the lower one of equals; last week's unless that is better."""
    best = max(silhouettes, key=lambda number: (silhouettes[number], -number))
    if before in silhouettes and silhouettes[best] - silhouettes[before] <= stay:
        return before
    return best


def sampled(prepared: Numbers, parameters: Parameters) -> Numbers:
    """The customers by whom the number is chosen, drawn by the seed and in their order."""
    if len(prepared) <= parameters.sample:
        return prepared
    chance = np.random.default_rng(parameters.seed)
    return prepared[np.sort(chance.choice(len(prepared), parameters.sample, replace=False))]


def _silhouettes(sample: Numbers, shares: NDArray[np.bool_], parameters: Parameters) -> dict[int, float]:
    from sklearn.metrics import silhouette_score

    found: dict[int, float] = {}
    different = len(np.unique(sample, axis=0))
    mean, scale, _ = _scales(sample, shares, parameters.mix_weight)
    scaled = (sample - mean) / scale
    for number in range(parameters.fewest, min(parameters.most, different - 1) + 1):
        labels = _means(number, parameters).fit(scaled).labels_
        found[number] = float(silhouette_score(scaled, labels))
    return found


def _scales(prepared: Numbers, shares: NDArray[np.bool_], weight: float) -> tuple[Numbers, Numbers, Numbers]:
    """Means, steps and standard deviations of the columns."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(prepared)
    return scaler.mean_, np.where(shares, 1 / weight, scaler.scale_), scaler.scale_


def _means(clusters: int, parameters: Parameters) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(clusters, n_init=parameters.starts, random_state=parameters.seed, algorithm="lloyd")
