"""How far a test statistic may wander before it counts, when one looks several times.

The log-rank score is, at information t (events so far over events planned), close to
a Brownian motion B(t); z = B(t) / sqrt(t). Lan and DeMets (1983) let a spending
function say how much of the error may be used up by t, whatever the number and timing
of looks. The boundary at each look follows from the density of B among journeys that
have not crossed yet, carried from look to look by numerical integration (Armitage,
McPherson and Rowe 1969).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from journeylib.errors import DataError, nearest

FARTHEST = 8.2  # z beyond which a normal tail is below 2e-16
NODES_A_SPREAD = 12.0  # integration nodes for each standard deviation of an increment


def _obrien_fleming(t: np.ndarray, alpha: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return 2 * norm.sf(norm.isf(alpha / 2) / np.sqrt(t))


def _pocock(t: np.ndarray, alpha: float) -> np.ndarray:
    return alpha * np.log1p((np.e - 1) * t)


SPENDING: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "obrien-fleming": _obrien_fleming,
    "pocock": _pocock,
}


@dataclass(frozen=True, eq=False)
class Density:
    """Density of B among those that have not crossed: values at nodes with weights."""

    at: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    information: float

    def beyond(self, edge: float, information: float, drift: float = 0.0) -> float:
        """Probability of B above ``edge`` at the next look."""
        step = information - self.information
        reach = (edge - self.at - drift * step) / np.sqrt(step)
        return float((self.value * self.weight) @ norm.sf(reach))

    def below(self, edge: float, information: float, drift: float = 0.0) -> float:
        """Probability of B below ``edge`` at the next look."""
        step = information - self.information
        reach = (edge - self.at - drift * step) / np.sqrt(step)
        return float((self.value * self.weight) @ norm.cdf(reach))

    def onward(self, edge: float, information: float, drift: float = 0.0) -> Density:
        """Density at the next look of those that stay within ``-edge`` to ``edge``."""
        step = information - self.information
        spread = np.sqrt(step)
        mean = drift * information
        reach = FARTHEST * np.sqrt(information)
        low, high = max(-edge, mean - reach), min(edge, mean + reach)
        nodes = int(np.clip(NODES_A_SPREAD * (high - low) / spread, 80, 3000))
        unit, weight = np.polynomial.legendre.leggauss(nodes)
        at = low + (unit + 1) * (high - low) / 2
        jump = norm.pdf((at[:, None] - self.at - drift * step) / spread) / spread
        value = jump @ (self.value * self.weight)
        return Density(at, value, weight * (high - low) / 2, information)


def start() -> Density:
    """Before the first look: all at 0."""
    return Density(np.zeros(1), np.ones(1), np.ones(1), 0.0)


def spent(information: Sequence[float] | np.ndarray, alpha: float, spending: str) -> np.ndarray:
    """Error that may be used up by each look; all of it from information 1 on.

    Parameters
    ----------
    information
        Events so far over events planned, rising.
    alpha
        In all: of both sides of a two-sided test, each of which spends half.
    spending
        ``"obrien-fleming"`` or ``"pocock"``.

    Examples
    --------
    >>> spent([0.5, 1.0], 0.05, "pocock").round(4).tolist()
    [0.031, 0.05]
    """
    if spending not in SPENDING:
        raise DataError(f"there is no spending {spending!r}", fix=nearest(spending, SPENDING))
    if not 0 < alpha < 1:
        raise DataError(f"alpha must lie between 0 and 1, not {alpha!r}", fix="use 0.05")
    t = np.asarray(information, dtype=float)
    if t.ndim != 1 or len(t) == 0 or not (np.isfinite(t).all() and (t > 0).all()):
        raise DataError(f"information must be positive numbers, not {information!r}")
    if (np.diff(t) < 0).any():
        raise DataError(f"information cannot fall from look to look: {list(information)}")
    half = SPENDING[spending](np.minimum(t, 1.0), alpha / 2)
    return 2 * half


def boundaries(
    information: Sequence[float] | np.ndarray, alpha: float = 0.05, spending: str = "obrien-fleming"
) -> np.ndarray:
    """Boundary of |z| at each look of a two-sided group-sequential test.

    Parameters
    ----------
    information
        Events so far over events planned, rising; not necessarily evenly spaced.
    alpha
        Two-sided error over all looks.
    spending
        ``"obrien-fleming"`` (hardly anything early) or ``"pocock"`` (about evenly).

    Returns
    -------
    ndarray
        Infinite where nothing may be spent: too early, or no new event.

    Raises
    ------
    DataError
        For an unknown spending function, or information that falls.

    Notes
    -----
    Lan and DeMets (1983), Biometrika 70; the bounds are symmetric, and each side spends
    half of ``alpha`` by 2 - 2 Phi(z / sqrt t), or alpha log(1 + (e - 1) t).

    Examples
    --------
    >>> boundaries([0.2, 0.4, 0.6, 0.8, 1.0]).round(3).tolist()
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    error = spent(information, alpha, spending) / 2
    t = np.asarray(information, dtype=float)
    out = np.full(len(t), np.inf)
    now, used = start(), 0.0
    for k in range(len(t)):
        may = error[k] - used
        if t[k] <= now.information or may <= 1e-16:
            continue
        root = np.sqrt(t[k])

        def excess(z: float, now: Density = now, k: int = k, may: float = may) -> float:
            return now.beyond(z * np.sqrt(t[k]), t[k]) - may

        out[k] = brentq(excess, 0.0, FARTHEST + 1, xtol=1e-10)
        used += now.beyond(out[k] * root, t[k])
        now = now.onward(out[k] * root, t[k])
    return out


def crossing(
    information: Sequence[float] | np.ndarray,
    bounds: Sequence[float] | np.ndarray,
    drift: float = 0.0,
) -> np.ndarray:
    """Probability of crossing either boundary for the first time at each look.

    Parameters
    ----------
    information, bounds
        Of each look; ``bounds`` of |z|.
    drift
        Mean of z at information 1; 0 under the null hypothesis.

    Examples
    --------
    Pocock's constant for five looks keeps 5%:

    >>> float(crossing([0.2, 0.4, 0.6, 0.8, 1], [2.413] * 5).sum().round(4))
    0.05
    """
    out, now = np.zeros(len(information)), start()
    for k, (t, z) in enumerate(zip(information, bounds, strict=True)):
        if t <= now.information or not np.isfinite(z):
            continue
        edge = z * np.sqrt(t)
        out[k] = now.beyond(edge, t, drift) + now.below(-edge, t, drift)
        now = now.onward(edge, t, drift)
    return out
