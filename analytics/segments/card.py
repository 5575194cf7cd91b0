"""The model card of a run: what it is for, what it was learned from, how good it is, what it cannot say."""

from __future__ import annotations

from analytics.profile.bins import CHANGED, MOVED
from analytics.segments.features import FEATURES
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
        *(f"- `{one.name}`: {one.meaning}" + (", as a logarithm" if one.is_long else "") for one in FEATURES),
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


def _drift(learned: Learned) -> list[str]:
    if not learned.drift:
        return ["**Drift** none can be told: there is no run before."]
    return [
        f"**Drift** against the run before, as population stability index ({MOVED} moved, {CHANGED} others):",
        *(f"- `{name}`: {value:.3f}" for name, value in learned.drift.items()),
    ]
