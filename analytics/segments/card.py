"""The model card of a run: what it is for, what it was learned from, how good it is, what it cannot say."""

from __future__ import annotations

from analytics.profile.bins import CHANGED, MOVED
from analytics.segments.features import Feature, feature_of, is_share
from analytics.segments.learning import Learned
from analytics.segments.parameters import Parameters


def card(learned: Learned, parameters: Parameters) -> str:
    """The card in Markdown."""
    lines = [
        f"# Segments of customers, {learned.week}",
        "",
        "**For** choosing whom to tell what. **Not for** prices, credit, or anything that a person must be "
        "able to contest: a segment says how a group buys, and some of it fit badly.",
        "",
        f"**Learned from** {len(learned.assigned):,} customers who had ordered by {learned.week.sunday}, "
        f"data `{learned.data_digest[:12]}`, by k-means on scaled features, the best of {parameters.starts}:",
        *(_told(feature_of(name)) for name in learned.names if not is_share(name)),
        *_mix(learned, parameters),
        "",
        "Age, sex, income, family and home take no part.",
        "",
        f"**Number of segments** {len(learned.segments)}, by the silhouette of at most {parameters.sample:,} "
        f"customers, of {parameters.fewest} to {parameters.most}; last week's number stays unless another is "
        f"better by {parameters.stay}:",
        *(f"- {number}: {value:.3f}" for number, value in sorted(learned.silhouettes.items())),
        "",
        *_drift(learned),
        "",
        "| segment | customers | this week its customers are |",
        "|---|--:|---|",
        *(f"| {one.name} | {one.customers:,} | {one.described} |" for one in learned.segments),
        "",
        f"**Parameters** `{parameters.text()}`, run `{learned.digest[:12]}`"
        + (f", after run `{learned.before[:12]}`" if learned.before else ", the first")
        + ".",
        "",
        "**Cannot say** why somebody buys, or what they will; who has never ordered is in no segment. "
        "Amended orders and merged customers have no history here: a week that is run late knows them early.",
    ]
    return "\n".join(lines) + "\n"


def _told(feature: Feature) -> str:
    return f"- `{feature.name}`: {feature.meaning}" + (", as a logarithm" if feature.is_long else "")


def _mix(learned: Learned, parameters: Parameters) -> list[str]:
    shares = [name for name in learned.names if is_share(name)]
    if not shares:
        return ["", "What is bought takes no part: all goods are of one kind, or of none that is known."]
    return [
        f"- {', '.join(f'`{name}`' for name in shares)}: share of each kind of goods in the units, of at "
        f"most {parameters.kinds} kinds that are bought most; shrunk by {parameters.smoothing:g} units of "
        f"everybody's mix, as a root (Hellinger distance), not scaled, times {parameters.mix_weight:g}"
    ]


def _drift(learned: Learned) -> list[str]:
    if not learned.drift:
        return ["**Drift** none can be told: there is no run before."]
    return [
        f"**Drift** against the run before, as population stability index ({MOVED} moved, {CHANGED} others):",
        *(f"- `{name}`: {value:.3f}" for name, value in learned.drift.items()),
    ]
