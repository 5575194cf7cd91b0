"""What a customer buys: the mix of kinds of goods, as shares that can be compared. Pure.

Two mixes p and q are as far apart as their Hellinger distance, which is, but for a factor, the Euclidean
distance of their roots: sqrt(sum over kinds c of (sqrt(p_c) - sqrt(q_c))^2). So k-means compares mixes by it
when it is given the roots of shares (P. Legendre and E. D. Gallagher, Ecologically meaningful transformations
for ordination of species data, Oecologia 129, 2001, 271-280). Unlike standardised shares, kinds that few
customers buy do not count as much as those that many do.

Who has bought one unit has a mix of one kind, by chance. So shares are shrunk towards everybody's first, to
their mean under a Dirichlet prior worth s units: (n_c + s p_c) / (n + s), where n_c are the customer's units
of the kind, n all of them, and p_c the kind's share of all customers' units (S. E. Fienberg and P. W.
Holland, Simultaneous estimation of multinomial cell probabilities, Journal of the American Statistical
Association 68, 1973, 683-691).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
NO_KIND = ""
"""Of goods that are neither in a subcategory nor in a category."""


def most_bought(kinds: Sequence[str], units: Numbers, most: int) -> list[int]:
    """Places of the kinds that are bought most, by their names; of equal ones the lesser name."""
    bought = [place for place in np.flatnonzero(units > 0).tolist() if kinds[place] != NO_KIND]
    ranked = sorted(bought, key=lambda place: (-units[place], kinds[place]))
    return sorted(ranked[:most], key=lambda place: kinds[place])


def shares(units: Numbers) -> Numbers:
    """Of units by customer and kind the share of each kind; all zero for who has bought nothing."""
    whole: Numbers = units.sum(axis=1, keepdims=True)
    found: Numbers = units / np.maximum(whole, 1)
    return found


def shrunk(shares: Numbers, units: Numbers, smoothing: float) -> Numbers:
    """Shares shrunk towards everybody's, by as many units of everybody's mix as ``smoothing`` says."""
    bought = np.ascontiguousarray(shares * units[:, None])
    everybody = bought.sum(axis=0) / max(float(units.sum()), 1.0)
    found: Numbers = (bought + smoothing * everybody) / (units[:, None] + smoothing)
    return found
