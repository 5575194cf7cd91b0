"""Ways to forecast the next months from the months before. Pure.

Each takes what was sold by month and how many months to forecast; a month that it cannot tell is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.forecast.months import Numbers

YEAR = 12
QUARTER = 3
BASELINE = "seasonal_naive"


def seasonal_naive(sold: Numbers, ahead: int) -> Numbers:
    """The baseline: the same month of the year before."""
    if len(sold) < YEAR:
        return np.full(ahead, np.nan)
    return sold[len(sold) - YEAR + np.arange(ahead) % YEAR]


def with_growth(sold: Numbers, ahead: int) -> Numbers:
    """The baseline times the growth of the last three months on the same ones a year earlier."""
    earlier = sold[-YEAR - QUARTER : -YEAR]
    if len(earlier) < QUARTER or earlier.sum() <= 0:
        return np.full(ahead, np.nan)
    grown: Numbers = seasonal_naive(sold, ahead) * (sold[-QUARTER:].sum() / earlier.sum())
    return grown


def smoothing(sold: Numbers, ahead: int) -> Numbers:
    """Simple exponential smoothing, ETS(A,N,N) of statsmodels: a level that follows the months, no season.

    Right where a month says little of the same one a year later, as of a trade that comes in lumps.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    if not len(sold) or np.ptp(sold) == 0:
        return np.full(ahead, sold[-1] if len(sold) else np.nan)
    scale = np.abs(sold).mean()  # the search for the weight is at home among numbers about one
    forecast: Numbers = ETSModel(sold / scale).fit(disp=False).forecast(ahead) * scale
    return forecast


METHODS: dict[str, Callable[[Numbers, int], Numbers]] = {
    BASELINE: seasonal_naive,
    "with_growth": with_growth,
    "smoothing": smoothing,
}
"""By name, the baseline first: of methods that were equally near the first one is used."""
