"""How much customers spend when they buy: the gamma-gamma model, its likelihood maximised with SciPy. Pure.

Fader and Hardie, The Gamma-Gamma Model of Monetary Value (2013). Whoever bought little is drawn towards the
mean of all, whoever bought often is taken by the own mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.worth.purchases import Customers, Numbers


@dataclass(frozen=True)
class Spending:
    """The three parameters of the model; ``v`` is in the reporting currency."""

    p: float
    q: float
    v: float

    @property
    def has_mean(self) -> bool:
        """Whether the spread of customers has a mean to draw towards; without one the model tells nothing."""
        return self.q > 1

    def expected(self, who: Customers) -> Numbers:
        """Mean net of a day on which each will buy (equation 5)."""
        days = who.repeats + 1
        found: Numbers = self.p * (self.v + days * who.net) / (self.p * days + self.q - 1)
        return found


def fit(who: Customers) -> Spending:
    """The parameters that make the means of all who paid anything the most likely (equation 1a)."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    paid = who.net > 0
    days, net = who.repeats[paid] + 1, who.net[paid]
    scale = float(net.mean())
    net = net / scale

    def unlikely(logs: Numbers) -> float:
        p, q, v = np.exp(logs)
        shape = gammaln(p * days + q) - gammaln(p * days) - gammaln(q)
        seen = q * np.log(v) + (p * days - 1) * np.log(net) + p * days * np.log(days)
        return -float(np.mean(shape + seen - (p * days + q) * np.log(days * net + v)))

    near = minimize(unlikely, np.ones(3), method="L-BFGS-B", bounds=[(-12, 12)] * 3).x
    exact = minimize(
        unlikely, near, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10}
    )
    p, q, v = (float(one) for one in np.exp(exact.x))
    return Spending(p, q, v * scale)
