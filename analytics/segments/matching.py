"""Which of this week's clusters is which of last week's segments."""

from __future__ import annotations

import numpy as np

from analytics.segments.mix import Numbers


def match(before: Numbers, centres: Numbers, scale: Numbers, within: float) -> dict[int, int]:
    """The segment of last week by cluster of this week, for those clusters that continue one.

    Centres are by cluster and feature; distances are in last week's standard deviations, ``scale``. The
    pairs are those of the least sum of distances (the Hungarian method, H. W. Kuhn, 1955); a pair that is
    further apart than ``within`` is none.
    """
    from scipy.optimize import linear_sum_assignment

    apart = np.linalg.norm((centres[:, None, :] - before[None, :, :]) / scale, axis=2)
    pairs = zip(*linear_sum_assignment(apart), strict=True)
    return {int(now): int(then) for now, then in pairs if apart[now, then] <= within}
