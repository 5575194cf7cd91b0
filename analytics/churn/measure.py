"""How well a ranking finds those who are lost, among as many as can be contacted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from analytics.churn.snapshot import Flags, Numbers

CERTAIN = 1.96
"""Standard errors that a difference must have to be more than chance, 19 times out of 20."""


@dataclass(frozen=True)
class Found:
    """What contacting the first of a ranking finds."""

    contacted: int
    lost: int
    """Of those contacted."""
    precision: float
    """Share of the contacted who are lost."""
    recall: float
    """Share of the lost who are contacted."""
    auc: float | None
    """How often one who is lost ranks before one who is not, of the whole ranking; None: all are the same."""


def count(customers: int, share: int) -> int:
    """How many customers a share in percent is; one at the least, where there is any."""
    return ceil(customers * share / 100)


def ranking(scores: Numbers) -> NDArray[np.int64]:
    """Places by falling score; of equal ones, the customer with the lesser id first."""
    return np.argsort(-scores, kind="stable")


def found(scores: Numbers, labels: Flags, share: int) -> Found:
    """How well the first of a ranking by falling score does; there must be customers."""
    from sklearn.metrics import roc_auc_score

    contacted = count(len(scores), share)
    hits = int(labels[ranking(scores)[:contacted]].sum())
    lost = int(labels.sum())
    mixed = 0 < lost < len(labels)
    return Found(
        contacted,
        hits,
        hits / contacted,
        hits / lost if lost else 0.0,
        float(roc_auc_score(labels, scores)) if mixed else None,
    )


def verdict(model: Numbers, rule: Numbers, labels: Flags, share: int) -> str:
    """Whether the model finds more than the rule: better, worse, or no better where chance may have done it.

    Whom both contact tells nothing of them apart, so two proportions are compared: the share lost of those
    whom the model contacts alone, and of those whom the rule contacts alone.
    """
    contacted = count(len(labels), share)
    by_model, by_rule = (set(ranking(scores)[:contacted].tolist()) for scores in (model, rule))
    alone = len(by_model - by_rule)
    if not alone:
        return "no better"
    gained = sum(bool(labels[place]) for place in by_model - by_rule)
    missed = sum(bool(labels[place]) for place in by_rule - by_model)
    variance = sum(hits * (alone - hits) / alone for hits in (gained, missed))
    if abs(gained - missed) <= CERTAIN * sqrt(variance):
        return "no better"
    return "better" if gained > missed else "worse"
