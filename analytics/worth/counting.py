"""How often customers will buy: the BG/NBD model, its likelihood maximised with SciPy. Pure.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way (2005), whose equations are named below. While
customers buy, they buy at a rate of their own, gamma over all; after a purchase each stops with a probability
of its own, beta over all.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from analytics.worth.purchases import Customers, Numbers


@dataclass(frozen=True)
class Counting:
    """The four parameters of the model; times in days."""

    r: float
    alpha: float
    a: float
    b: float

    def expected(self, who: Customers, days: float) -> Numbers:
        """Days on which each will buy within so many days (equation 10)."""
        from scipy.special import hyp2f1

        x, reached = who.repeats, self.alpha + who.age
        series = hyp2f1(self.r + x, self.b + x, self.a + self.b + x - 1, days / (reached + days))
        grown = 1 - (reached / (reached + days)) ** (self.r + x) * series
        found: Numbers = (self.a + self.b + x - 1) / (self.a - 1) * grown * self.active(who)
        return found

    def active(self, who: Customers) -> Numbers:
        """How probable it is that each has not stopped; who bought once has had no chance to stop."""
        x = who.repeats
        odds = self.a / (self.b + np.maximum(x, 1) - 1)
        odds = odds * ((self.alpha + who.age) / (self.alpha + who.last)) ** (self.r + x)
        return 1 / (1 + np.where(x > 0, odds, 0.0))


def fit(who: Customers) -> Counting:
    """The parameters that make what was seen the most likely (equation 6)."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    scale = max(float(who.age.max()), 1.0)  # the search is at home among numbers about one
    x, last, age = who.repeats, who.last / scale, who.age / scale

    def unlikely(logs: Numbers) -> float:
        r, alpha, a, b = np.exp(logs)
        bought = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        stayed = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        going = -(r + x) * np.log(alpha + age)
        gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + last)
        return -float(np.mean(bought + stayed + np.logaddexp(going, np.where(x > 0, gone, -np.inf))))

    near = minimize(unlikely, np.zeros(4), method="L-BFGS-B", bounds=[(-12, 12)] * 4).x
    exact = minimize(
        unlikely, near, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10}
    )
    found = Counting(*(float(one) for one in np.exp(exact.x)))
    r, alpha, a, b = astuple(found)
    return Counting(r, alpha * scale, a, b)
