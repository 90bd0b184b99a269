"""The Bayesian bootstrap by customer: who is drawn how often, smoothly.

Each draw gives every customer an exponential weight (Rubin 1981, Annals of Statistics 9), so
no touchpoint ever vanishes from a draw and the risk sets stay as they are: a draw costs one
or two steps of Newton's method from where the influence functions say the maximum went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from journeylib.estimate.attribution.excess import credits_at
from journeylib.estimate.cox.fit import CoxFit
from journeylib.estimate.cox.likelihood import Data, evaluate, likelihood_data

STEPS = 4
CLOSE = 1e-4  # expected gain of another step in log likelihood


def drawn_credits(
    fit: CoxFit,
    groups: Sequence[np.ndarray],
    cluster: np.ndarray,
    of_beta: np.ndarray,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Credits under weights drawn by customer, shape (draws, 2k + 1).

    Parameters
    ----------
    fit, groups, cluster, of_beta
        As :func:`journeylib.estimate.attribution.excess.credit_influence` has them.
    draws, seed
        How many, and from which seed; the same seed gives the same draws.
    """
    rng = np.random.default_rng(seed)
    out = np.empty((draws, 2 * len(groups) + 1))
    for number in range(draws):
        weight = np.asarray(rng.exponential(size=of_beta.shape[1]))
        data = _weighted(fit, weight[cluster])
        beta = _maximum(fit, data, fit.beta + of_beta @ (weight - 1))
        out[number] = credits_at(fit, data, beta, groups)
    return out


def limits_of_draws(draws: np.ndarray, level: float) -> np.ndarray:
    """Lower and upper limits, shape (2, …), by the quantiles of draws along the first axis.

    Between n draws and beyond them lie n + 1 intervals, in each of which another draw falls
    equally often. Quantiles of the n draws as they are lie inwards of that, by much where n
    is small: of 100 draws they would leave out 7 of 100 and not 5 (Hyndman and Fan 1996,
    American Statistician 50, definition 6).

    Examples
    --------
    >>> limits_of_draws(np.arange(1.0, 40.0), 0.95).round(9).tolist()  # 39 draws: both ends
    [1.0, 39.0]
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    return np.quantile(draws, tails, axis=0, method="weibull")


def _weighted(fit: CoxFit, weight: np.ndarray) -> Data:
    data = fit.data
    whole = weight if data.weight is None else weight * data.weight
    made = likelihood_data(data.sets, data.x, whole, data.offset, fit.ties)
    return replace(made, fraction=data.fraction)


def _maximum(fit: CoxFit, data: Data, beta: np.ndarray) -> np.ndarray:
    """A few Newton steps among the coefficients that have a finite estimate."""
    free = np.flatnonzero(fit.finite)
    beta = np.where(fit.finite, beta, fit.beta)
    for _ in range(STEPS):
        point = evaluate(data, beta)
        score = np.asarray(point.score)[free]
        step = np.linalg.lstsq(point.information[np.ix_(free, free)], score, rcond=None)[0]
        beta[free] += step
        if abs(step @ score) < CLOSE:
            break
    return beta
