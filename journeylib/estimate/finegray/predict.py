"""Predicted cumulative incidence of a Fine-Gray model, with its infinitesimal jackknife.

The influence of a customer on the cumulative hazard at t has a part of its own (a jump
at its event less what it lived through) and a part through the coefficients. Sums
of squares and products of the two, one time after another, are all that is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylib.estimate.cox.fit import CoxFit
from journeylib.estimate.cox.likelihood import first_moments, hazard_steps
from journeylib.estimate.cox.predict import (
    asked_times,
    by_row_and_time,
    new_customers,
    survival_limits,
)
from journeylib.estimate.cox.residuals import grouped


@dataclass(frozen=True, eq=False)
class Baseline:
    """The baseline of one stratum at chosen times, at the covariates' means.

    ``hazard`` and ``own`` (its variance) have shape (times,); ``drift``, the fall of the
    hazard with the coefficients, and ``cross``, the covariance with them, (p, times).
    """

    hazard: np.ndarray
    own: np.ndarray
    drift: np.ndarray
    cross: np.ndarray


def predicted_incidence(
    fit: CoxFit, frame: pd.DataFrame, times: Sequence[float], conf: str, level: float
) -> pd.DataFrame:
    """Incidence with interval for each row of ``frame``; see :meth:`journeylib.FineGray.predict`.

    Raises
    ------
    ModelError
        When a term has no finite estimate, or the kind of interval is unknown.
    DataError
        When ``frame`` lacks a column or has a level that the model never saw.
    """
    when = asked_times(fit, times, conf)
    x, eta, stratum = new_customers(fit, frame)
    hazard = np.full((len(x), len(when)), np.nan)
    variance = hazard.copy()
    coefficients = fit.maximum.covariance @ fit.grouped_scores(fit.beta)
    between = coefficients @ coefficients.T
    for s in np.unique(stratum):
        here = stratum == s
        base = _baseline(fit, when, int(s), coefficients)
        slope = x[here][:, :, None] * base.hazard - base.drift
        own = base.own + 2 * np.einsum("ijt,jt->it", slope, base.cross)
        variance[here] = own + np.einsum("ijt,jk,ikt->it", slope, between, slope)
        hazard[here] = base.hazard
    relative = np.exp(eta)[:, None]
    hazard, error = hazard * relative, np.sqrt(np.maximum(variance, 0)) * relative
    rest = np.exp(-hazard)
    low, high = survival_limits(rest, hazard, error, conf, level)
    columns = {"incidence": 1 - rest, "std_err": rest * error, "low": 1 - high, "high": 1 - low}
    return by_row_and_time(frame, when, columns)


def _baseline(fit: CoxFit, when: np.ndarray, stratum: int, coefficients: np.ndarray) -> Baseline:
    data, sets = fit.data, fit.data.sets
    steps = hazard_steps(data, fit.predictor())
    s1, d1 = first_moments(data, steps.risk)
    falls = s1 * steps.q0 - (d1 * steps.q1 if data.corrected else 0)
    jump = sets.per_death(steps.hazard / np.diff(sets.death_start))
    spared = sets.per_death(steps.q1)
    shape = (len(coefficients), len(when))
    hazard, own, drift, cross = np.empty(len(when)), np.empty(len(when)), *np.empty((2, *shape))
    ends = fit.design.stop[slice(None) if fit.design.stratum is None else _of(fit, stratum)].max()
    for k, t in enumerate(when):
        upto = (sets.times <= t) & (sets.stratum == stratum)
        influence = -steps.risk * sets.over_stay(np.where(upto, steps.q0, 0.0))
        dying = sets.per_death(upto.astype(float))
        influence[sets.deaths] += dying * (jump + steps.risk[sets.deaths] * spared)
        total = grouped(influence[None], fit.cluster)[0]
        seen = 1.0 if t <= ends else np.nan
        hazard[k] = seen * steps.hazard[upto].sum()
        own[k], cross[:, k] = seen * (total @ total), seen * (coefficients @ total)
        drift[:, k] = seen * falls[:, upto].sum(axis=1)
    return Baseline(hazard, own, drift, cross)


def _of(fit: CoxFit, stratum: int) -> np.ndarray:
    return np.asarray(fit.design.stratum == stratum)
