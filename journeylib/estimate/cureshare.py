"""The share that never will, with an interval that counts not knowing the shape of *when*.

A curve that has all but reached its plateau still leaves a little to the shape: how many
of those who will are yet to come. An interval that takes the chosen shape for true is too
narrow when it is not. Here every shape of a wide family (log-gamma, from heavier than
log-normal to lighter than Weibull; and the log-logistic) has the interval that its
likelihood leaves room for, and the interval told is their union: the profile likelihood
of the share over all of them, with a normal approximation within each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from journeylib.errors import ModelError
from journeylib.estimate.aftfit import FAMILIES, Family
from journeylib.estimate.curefit import CureFit, CureRows, fit_cure
from journeylib.estimate.gammafamily import gamma_family
from journeylib.estimate.intervals import z_value

LEAST, MOST = -2.0, 4.0  # q: tails of a power law; a hazard that all but jumps
STRIDE = 0.25  # of q, to begin with
FINE = 0.7  # of the distance at which a shape is rejected, between two shapes tried
TRIES = 12  # shapes on either side


@dataclass(frozen=True)
class Slice:
    """What one shape says: log likelihood, log odds of never, and their error."""

    value: float
    odds: float
    error: float

    def limits(self, best: float, z: float) -> tuple[float, float] | None:
        """Log odds that the likelihood leaves room for, or None where it leaves none."""
        room = z**2 - 2 * (best - self.value)
        if room <= 0 or not np.isfinite(self.error):
            return None
        reach = float(np.sqrt(room)) * self.error
        return self.odds - reach, self.odds + reach


def cured_share(
    rows: CureRows, first: np.ndarray, fit: CureFit, level: float, *, only: bool
) -> pd.DataFrame:
    """Mean probability of never, over customers, and its interval.

    Parameters
    ----------
    rows
        Of the model.
    first
        Of each customer one row of them.
    fit
        Of the shape that is told.
    level
        Coverage of the interval.
    only
        Whether that shape is taken for true.

    Returns
    -------
    DataFrame
        One row ``estimate, std_err, low, high``; ``std_err`` is that of the shape told.

    Notes
    -----
    Other customers would have had other covariates: their spread is part of the error.
    """
    told = slice_of(fit, rows.x[first])
    z = z_value(level)
    low, high = told.odds - z * told.error, told.odds + z * told.error
    if not only and np.isfinite(told.error):
        shapes = [told, *other_shapes(rows, first, fit, z)]
        best = max(s.value for s in shapes)
        spans = [s.limits(best, z) for s in shapes]
        ends = [span for span in spans if span is not None]
        # the share that is told stays inside even where another shape fits much better
        low = min(told.odds, *(a for a, _ in ends))
        high = max(told.odds, *(b for _, b in ends))
    share = float(expit(told.odds))
    return pd.DataFrame(
        {
            "estimate": [share],
            "std_err": [share * (1 - share) * told.error],
            "low": [float(expit(low))],
            "high": [float(expit(high))],
        }
    )


def slice_of(fit: CureFit, x: np.ndarray) -> Slice:
    """Log odds of the mean share that never will, of the customers with covariates ``x``."""
    q = x.shape[1]
    if fit.never_cured:
        return Slice(fit.value, -np.inf, 0.0)
    never = expit(-(x @ fit.theta[:q]))
    mean = float(never.mean())
    if not 0 < mean < 1:
        return Slice(fit.value, float(logit(mean)), np.nan)
    slope = -((never * (1 - never)) @ x) / len(x)
    variance = float(slope @ fit.covariance[:q, :q] @ slope + never.var() / len(x))
    return Slice(fit.value, float(logit(mean)), float(np.sqrt(variance)) / (mean * (1 - mean)))


def other_shapes(rows: CureRows, first: np.ndarray, fit: CureFit, z: float) -> list[Slice]:
    """The log-logistic, and the log-gamma shapes around the likeliest one."""
    x, found = rows.x[first], []

    def fitted(family: Family, begin: CureFit) -> CureFit | None:
        try:
            return fit_cure(rows, family, begin)
        except (ModelError, np.linalg.LinAlgError):
            return None

    logistic = fitted(FAMILIES["loglogistic"], fit)
    if logistic is not None:
        found.append(slice_of(logistic, x))
    tried = _around(lambda q, begin: fitted(gamma_family(q), begin), fit, z)
    return found + [slice_of(one, x) for one in tried]


def _around(
    fitted: Callable[[float, CureFit], CureFit | None], begin: CureFit, z: float
) -> list[CureFit]:
    """Fits along q: uphill to the likeliest, then both ways until the likelihood rejects."""
    known: dict[float, CureFit] = {}

    def look(q: float, near: CureFit) -> float:
        if q in known:
            return known[q].value
        if not LEAST <= q <= MOST:
            return -np.inf
        one = fitted(q, near)
        if one is None:
            return -np.inf
        known[q] = one
        return one.value

    for q in (0.0, 1.0):
        look(q, begin)
    if not known:
        return []
    here = max(known, key=lambda q: known[q].value)
    stride = 2 * STRIDE
    while stride >= STRIDE / 2:  # uphill, with shorter and shorter steps
        near = known[here]
        steps = [here - stride, here + stride]
        best = max(steps, key=lambda q: look(q, near))
        if look(best, near) > known[here].value:
            here = best
        else:
            stride /= 2
    _both_ways(known, look, here, z)
    return list(known.values())


def _both_ways(
    known: dict[float, CureFit], look: Callable[[float, CureFit], float], top: float, z: float
) -> None:
    peak = known[top].value
    sides = [known[q].value for q in known if 0 < abs(q - top) <= 2 * STRIDE]
    widths = [abs(q - top) for q in known if 0 < abs(q - top) <= 2 * STRIDE]
    fall = max((2 * (peak - v) / w**2 for v, w in zip(sides, widths, strict=True)), default=1.0)
    # about a third of the way to where a shape is rejected
    step = float(np.clip(FINE * z / np.sqrt(max(fall, 1e-6)) / 2, 0.02, 2 * STRIDE))
    for sign in (-1, 1):
        q = top
        for _ in range(TRIES):
            near = known[q]
            q = round(q + sign * step, 10)
            if z**2 - 2 * (peak - look(q, near)) <= 0 or q not in known:
                break
