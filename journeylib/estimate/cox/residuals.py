"""Residuals of a Cox model, and the robust variance that they give.

The score residual of a row is its own share of the gradient: what it adds when
it dies, x less the mean of the risk set, minus the same integrated over the
hazard it lives through. Summed within clusters they give the sandwich variance
of Lin and Wei, which stays right when the rows of one customer belong together.

References
----------
Lin and Wei (1989), JASA 84; Barlow and Prentice (1988), Biometrika 75;
Grambsch and Therneau (1994), Biometrika 81. Efron's ties as R's ``residuals.coxph``.
"""

from __future__ import annotations

import numpy as np

from journeylib.estimate.cox.likelihood import (
    Data,
    Steps,
    first_moments,
    hazard_steps,
    linear_predictor,
    lived_hazard,
)


def martingale(data: Data, beta: np.ndarray) -> np.ndarray:
    """Events less the expected number, for each sorted row, shape (n,)."""
    eta = linear_predictor(data, beta)
    steps = hazard_steps(data, eta)
    residual = -np.exp(eta) * lived_hazard(data, steps.hazard, steps.spared)
    residual[data.sets.deaths] += 1
    return residual


def score_residuals(data: Data, beta: np.ndarray) -> np.ndarray:
    """Each sorted row's share of the gradient, per unit of weight, shape (p, n)."""
    sets = data.sets
    eta = linear_predictor(data, beta)
    steps = hazard_steps(data, eta)
    s1, d1 = first_moments(data, steps.risk)
    relative = np.exp(eta)
    lived = lived_hazard(data, steps.hazard, steps.spared)
    residual = np.empty_like(data.x)
    for j, x in enumerate(data.x):
        mean_lived = sets.over_stay(_mean_steps(s1[j], d1, j, steps.q0, steps.q1))
        if data.corrected:
            mean_lived[sets.deaths] -= sets.per_death(steps.q1 * s1[j] - steps.q2 * d1[j])
        residual[j] = relative * (mean_lived - x * lived)
    del relative, lived
    residual[:, sets.deaths] += _unexpected(data, steps, s1, d1)
    return residual


def _mean_steps(
    s1: np.ndarray, d1: np.ndarray, j: int, q0: np.ndarray, q1: np.ndarray
) -> np.ndarray:
    return q0 * s1 - q1 * d1[j] if d1.shape[1] else q0 * s1


def schoenfeld(data: Data, beta: np.ndarray) -> np.ndarray:
    """Covariates of each event less their expectation in its risk set, shape (p, events)."""
    steps = hazard_steps(data, linear_predictor(data, beta))
    return _unexpected(data, steps, *first_moments(data, steps.risk))


def _unexpected(data: Data, steps: Steps, s1: np.ndarray, d1: np.ndarray) -> np.ndarray:
    """The same from what is summed over risk sets already, which is used up."""
    sets, mean = data.sets, s1
    mean *= steps.hazard
    if data.corrected:
        d1 *= steps.spared
        mean -= d1
    mean /= sets.at_death(data.death_weight)
    return data.x[:, sets.deaths] - mean[:, sets.last[sets.deaths]]


def grouped(values: np.ndarray, cluster: np.ndarray | None) -> np.ndarray:
    """Sums within clusters of an array of shape (p, n); itself without clusters."""
    if cluster is None:
        return values
    size = int(cluster.max()) + 1
    return np.stack([np.bincount(cluster, v, minlength=size) for v in values])
