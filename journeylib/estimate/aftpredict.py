"""What accelerated failure times predict for customers: survival, and times of given shares.

Errors follow from those of the coefficients and of log(scale) by the delta method; the
intervals are symmetric where the prediction is linear in them, in log time.
"""

from __future__ import annotations

import numpy as np

from journeylib.estimate.aftfit import AftFit, Family
from journeylib.estimate.intervals import z_value


def survival_at(
    fit: AftFit, family: Family, x: np.ndarray, times: np.ndarray, level: float
) -> dict[str, np.ndarray]:
    """``survival, std_err, low, high``, each of shape (rows, times).

    The interval is symmetric in the standardised log time and therefore stays between 0
    and 1.
    """
    p = x.shape[1]
    z = (np.log(times) - (x @ fit.theta[:p])[:, None]) / fit.scale
    error = _error(fit, -x / fit.scale, -z)
    reach = z_value(level) * error
    log, slope, _ = family.survival(z)
    return {
        "survival": np.exp(log),
        "std_err": np.exp(log) * np.abs(slope) * error,
        "low": np.exp(family.survival(z + reach)[0]),
        "high": np.exp(family.survival(z - reach)[0]),
    }


def times_at(
    fit: AftFit, family: Family, x: np.ndarray, shares: np.ndarray, level: float
) -> dict[str, np.ndarray]:
    """``time, std_err, low, high``, each of shape (rows, shares)."""
    stretch = fit.scale * family.quantile(shares)
    log = (x @ fit.theta[: x.shape[1]])[:, None] + stretch
    error = _error(fit, x, np.broadcast_to(stretch, log.shape))
    reach = z_value(level) * error
    return {
        "time": np.exp(log),
        "std_err": np.exp(log) * error,
        "low": np.exp(log - reach),
        "high": np.exp(log + reach),
    }


def _error(fit: AftFit, by_coefficient: np.ndarray, by_scale: np.ndarray) -> np.ndarray:
    """Standard error, shape (rows, columns), from the slopes in the coefficients, shape (rows,
    p), and in log(scale), shape (rows, columns)."""
    rows, columns = by_scale.shape
    shape = (rows, columns, by_coefficient.shape[1])
    slope = np.broadcast_to(by_coefficient[:, None, :], shape)
    slope = np.concatenate([slope, by_scale[:, :, None]], axis=2)[:, :, : len(fit.theta)]
    return np.sqrt(np.einsum("rti,ij,rtj->rt", slope, fit.covariance, slope))
