"""Shapes between and beyond the named ones: Prentice's log-gamma family.

With G a gamma variable of shape k = 1 / q² and mean k, W = log(G / k) / q. q = 1 is the
Weibull, q = 0 the log-normal, q equal to the scale the gamma distribution, and below 0
tails are heavier than the log-normal's (Prentice 1974, Biometrika 61; R: ``flexsurv``'s
``gengamma``).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from journeylib.estimate.aftfit import FAMILIES, Family, Parts

NORMAL = 0.02  # a q nearer to 0 is taken for 0
TINY = 1e-280  # a survival below has no logarithm worth having; its expansion has


def gamma_family(q: float) -> Family:
    """The family of one q.

    Examples
    --------
    At q = 1 it is the Weibull's:

    >>> z = np.array([-2.0, 0.5])
    >>> np.allclose(gamma_family(1.0).survival(z), FAMILIES["weibull"].survival(z))
    True
    """
    if abs(q) < NORMAL:
        return FAMILIES["lognormal"]
    k = 1 / q**2
    level = np.log(abs(q)) + k * np.log(k) - special.gammaln(k)

    def density(z: np.ndarray) -> Parts:
        e = np.exp(q * z)
        return level + z / q - k * e, (1 - e) / q, -e

    def survival(z: np.ndarray) -> Parts:
        e = np.exp(q * z)
        at, slope, _ = density(z)
        left = special.gammaincc(k, k * e) if q > 0 else special.gammainc(k, k * e)
        far = left < TINY
        # far out the hazard is the slope of the density; nothing there is known to more digits
        log = np.log(np.where(far, 1.0, left))
        log = np.where(far, at - np.log(np.maximum(-slope, TINY)), log)
        hazard = np.where(far, -slope, np.exp(at - log))
        return log, -hazard, -hazard * (slope + hazard)

    def quantile(p: np.ndarray) -> np.ndarray:
        share = np.asarray(p, dtype=float)
        g = special.gammaincinv(k, share) if q > 0 else special.gammainccinv(k, share)
        return np.log(g / k) / q

    return Family(density, survival, quantile)
