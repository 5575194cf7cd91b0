"""Names of segments that say what its customers do: how lately and often they buy, for how much, and what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from analytics.segments.features import SHARE, Feature, feature_of

RECENT, LAPSING = 90, 365
"""Days since the last order up to which customers are recent, and up to which they are lapsing."""
REGULAR = 3
"""Orders a year from which on a customer is a regular."""
TASTE, MOST = 1.0, 0.5
"""Standard deviations above everybody's from which on a kind of goods is named, and the share of the median
customer's units from which on that is most of them."""
_TELLING = ("basket", "return_rate", "online_share")
"""Features that tell segments apart that buy as lately, as often and for as much."""


@dataclass(frozen=True)
class Profile:
    """A cluster as it is described."""

    customers: int
    medians: Mapping[str, float]
    """By feature, in its own unit."""
    offsets: Mapping[str, float]
    """How far its centre is from everybody's, in standard deviations, by feature."""

    @property
    def taste(self) -> str:
        """The share of goods in which it differs most from everybody; empty where it is much like them."""
        kinds = [name for name in self.offsets if name.startswith(SHARE)]
        most = max(kinds, key=self.offsets.__getitem__, default="")
        return most if most and self.offsets[most] >= TASTE else ""


def describe(profile: Profile, thirds: tuple[float, float]) -> str:
    """What a cluster is; ``thirds`` divides everybody by what they have spent."""
    days, orders, spent = (profile.medians[name] for name in ("recency", "frequency", "monetary"))
    lately = "Recent" if days <= RECENT else "Lapsing" if days <= LAPSING else "Lost"
    often = "regulars" if orders >= REGULAR else "occasional buyers" if orders >= 1 else "buyers"
    worth = "low" if spent < thirds[0] else "middle" if spent < thirds[1] else "high"
    taste = profile.taste
    most = taste and profile.medians[taste] >= MOST
    goods = f", {'mostly' if most else 'much'} {taste.removeprefix(SHARE)}" if taste else ""
    return f"{lately} {often} of {worth} value{goods}"


def name_all(
    profiles: Sequence[Profile], thirds: tuple[float, float], kept: Mapping[int, str]
) -> dict[int, str]:
    """A name by cluster: that of last week's segment which it continues (``kept``), or one of its own.

    Clusters of one description are told apart by what they differ in most from everybody, and if need be by
    a number; larger ones are named first.
    """
    names = dict(kept)
    fresh = sorted(
        (place for place in range(len(profiles)) if place not in kept),
        key=lambda place: (-profiles[place].customers, place),
    )
    described = [describe(profile, thirds) for profile in profiles]
    for place in fresh:
        name = described[place]
        if described.count(name) > 1 or name in names.values():
            name = f"{name}, {_telling(profiles[place])}"
        names[place] = _free(name, names.values())
    return names


def _telling(profile: Profile) -> str:
    more = (name for name, offset in profile.offsets.items() if name.startswith(SHARE) and offset > 0)
    names = [*_TELLING, *(name for name in more if name != profile.taste)]
    most: Feature = feature_of(max(names, key=lambda name: abs(profile.offsets[name])))
    return most.much if profile.offsets[most.name] > 0 else most.little


def _free(name: str, taken: Collection[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name} {number}"
    return found
