"""The model: a logistic regression on scaled features.

A regression and no forest or boosted trees: there are a dozen features that are known to matter, its
probabilities hold without being corrected, each weight can be read and contested, and the same orders give
the same model to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.churn.snapshot import FEATURES, Flags, Numbers


@dataclass(frozen=True)
class Model:
    """What was learned."""

    pipeline: Any
    weights: dict[str, float]
    """By feature: how the logarithm of the odds of being lost changes with one standard deviation more."""

    def probabilities(self, values: Numbers) -> Numbers:
        """Of being lost, by customer."""
        if not len(values):
            return np.zeros(0)
        found: Numbers = self.pipeline.predict_proba(values)[:, 1]
        return found


def train(values: Sequence[Numbers], labels: Sequence[Flags]) -> Model | None:
    """Learn from snapshots and what became of their customers; None where all became the same."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    x, y = np.concatenate(values), np.concatenate(labels)
    if y.all() or not y.any():
        return None
    model = Pipeline([("scale", StandardScaler()), ("regression", LogisticRegression(max_iter=1_000))])
    with threadpool_limits(limits=1):
        model.fit(x, y)
    weights = model.named_steps["regression"].coef_[0]
    return Model(model, dict(zip(FEATURES, (float(one) for one in weights), strict=True)))
