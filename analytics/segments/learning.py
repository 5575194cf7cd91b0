"""The segments of one week, from how its customers bought and from last week's segments: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from analytics.profile.bins import Bins
from analytics.segments.clustering import Clustering, cluster, sampled
from analytics.segments.drift import bins, drifts
from analytics.segments.features import Features, in_both, medians
from analytics.segments.matching import match
from analytics.segments.mix import Numbers
from analytics.segments.naming import Profile, describe, name_all
from analytics.segments.parameters import Parameters
from analytics.segments.week import Week
from mesh.kernel.errors import LearningError


@dataclass(frozen=True)
class Segment:
    """Customers who buy alike."""

    name: str
    described: str
    """What its customers do this week; what a segment is named for may have been long ago."""
    continues: bool
    """Whether it is one of last week's."""
    customers: int
    medians: Mapping[str, float]
    """By feature, in its own unit."""
    centre: tuple[float, ...]
    """By feature, prepared (see :meth:`Features.prepared`)."""


@dataclass(frozen=True)
class Learned:
    """What was learned of a week."""

    week: Week
    digest: str
    """Of all that decides on the segments: customers, parameters and last week's run."""
    data_digest: str
    before: str
    """Digest of the run that segments were matched with; empty for the first."""
    names: tuple[str, ...]
    """Of the features."""
    silhouettes: Mapping[int, float]
    scale: tuple[float, ...]
    """What counts as one step of each prepared feature (see :attr:`Clustering.scale`)."""
    bins: Mapping[str, Bins]
    drift: Mapping[str, float]
    """Population stability index by feature; empty for the first run."""
    segments: tuple[Segment, ...]
    """By falling size."""
    assigned: Mapping[str, str]
    """The name of each customer's segment, by rising id."""

    @property
    def silhouette(self) -> float:
        """How well customers fit into their segments: 1 perfectly, 0 not at all."""
        return self.silhouettes[len(self.segments)]

    @property
    def assigned_digest(self) -> str:
        """SHA-256 of who is in which segment."""
        lines = "\n".join(f"{customer}\t{segment}" for customer, segment in self.assigned.items())
        return sha256(lines.encode()).hexdigest()


def digest(features: Features, parameters: Parameters, before: str) -> str:
    """SHA-256 of all that decides on the segments; ``before`` is the digest of last week's run, or empty."""
    return sha256("\0".join([features.digest, parameters.text(), before]).encode()).hexdigest()


def learn(features: Features, parameters: Parameters, before: Learned | None) -> Learned:
    """The segments of a week; raises :class:`LearningError` where :func:`require_enough` does."""
    require_enough(features, parameters)
    found = cluster(features, parameters, len(before.segments) if before else None)
    profiles = [_profile(features, found, place) for place in range(len(found.centres))]
    kept = _continued(features, found, before, parameters)
    first, second = np.quantile(features.values[:, features.names.index("monetary")], (1 / 3, 2 / 3))
    names = name_all(profiles, (first, second), kept)
    segments = [
        Segment(
            names[place],
            describe(profile, (first, second)),
            place in kept,
            profile.customers,
            profile.medians,
            tuple(float(one) for one in found.centres[place]),
        )
        for place, profile in enumerate(profiles)
    ]
    prior = before.digest if before else ""
    return Learned(
        features.week,
        digest(features, parameters, prior),
        features.digest,
        prior,
        features.names,
        found.silhouettes,
        tuple(float(one) for one in found.scale),
        bins(features),
        drifts(before.bins, features) if before else {},
        tuple(sorted(segments, key=lambda segment: (-segment.customers, segment.name))),
        {who: names[int(place)] for who, place in zip(features.customers, found.labels, strict=True)},
    )


def require_enough(features: Features, parameters: Parameters) -> None:
    """Raise ``too-few-customers``, or ``customers-alike`` where there are no more kinds than segments."""
    count = len(features.customers)
    place = str(features.week)
    if count < parameters.least_customers:
        raise LearningError(
            "too-few-customers",
            f"{count:,} customers have ordered by its end, and {parameters.least_customers:,} are needed",
            place=place,
            remedy="name a later week",
        )
    kinds = len(np.unique(sampled(features.prepared(parameters.smoothing), parameters), axis=0))
    if kinds <= parameters.fewest:
        raise LearningError(
            "customers-alike",
            f"all customers buy in one of {kinds} ways, so {parameters.fewest} segments are not to be found",
            place=place,
            remedy="name a later week",
        )


def _profile(features: Features, found: Clustering, place: int) -> Profile:
    values: Numbers = features.values[found.labels == place]
    offsets = (found.centres[place] - found.mean) / found.spread
    named = dict(zip(features.names, (float(one) for one in offsets), strict=True))
    return Profile(len(values), medians(values, features.names), named)


def _continued(
    features: Features, found: Clustering, before: Learned | None, parameters: Parameters
) -> dict[int, str]:
    """Names by cluster of those that continue a segment, by the features that both weeks have."""
    if before is None:
        return {}
    both = in_both(features.names, before.names)
    then = [before.names.index(name) for name in both]
    centres = np.array([segment.centre for segment in before.segments])[:, then]
    now = found.centres[:, [features.names.index(name) for name in both]]
    pairs = match(centres, now, np.array(before.scale)[then], parameters.match_within)
    return {place: before.segments[segment].name for place, segment in pairs.items()}
