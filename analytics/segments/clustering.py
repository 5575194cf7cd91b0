"""Groups of customers who buy alike: k-means on scaled features, their number by the silhouette.

The same features and parameters give the same groups: customers come by rising id, chance from a seed, and
sums in one order, since one thread adds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.segments.features import Features, Numbers
from analytics.segments.parameters import Parameters

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Clustering:
    """Who belongs together."""

    labels: Labels
    """The cluster of each customer, from 0; clusters are ordered by their centres."""
    centres: Numbers
    """By cluster and feature, in prepared features (see :attr:`Features.prepared`)."""
    mean: Numbers
    """Of the prepared features, of everybody."""
    scale: Numbers
    """Their standard deviations; 1 where everybody is the same."""
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

    prepared = features.prepared
    with threadpool_limits(limits=1):
        silhouettes = _silhouettes(sampled(prepared, parameters), parameters)
        model = _pipeline(choose(silhouettes, before, parameters.stay), parameters).fit(prepared)
    scaler, means = model.named_steps["scale"], model.named_steps["cluster"]
    centres = means.cluster_centers_ * scaler.scale_ + scaler.mean_
    order = np.lexsort(centres.T[::-1])
    place = np.argsort(order)
    return Clustering(
        place[means.labels_].astype(np.int64), centres[order], scaler.mean_, scaler.scale_, silhouettes
    )


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


def _silhouettes(sample: Numbers, parameters: Parameters) -> dict[int, float]:
    from sklearn.metrics import silhouette_score

    found: dict[int, float] = {}
    different = len(np.unique(sample, axis=0))
    for number in range(parameters.fewest, min(parameters.most, different - 1) + 1):
        model = _pipeline(number, parameters).fit(sample)
        labels = model.named_steps["cluster"].labels_
        found[number] = float(silhouette_score(model.named_steps["scale"].transform(sample), labels))
    return found


def _pipeline(clusters: int, parameters: Parameters) -> Any:
    from sklearn.cluster import KMeans
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    means = KMeans(clusters, n_init=parameters.starts, random_state=parameters.seed, algorithm="lloyd")
    return Pipeline([("scale", StandardScaler()), ("cluster", means)])
