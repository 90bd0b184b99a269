"""Baseline hazard of a Cox model, and the survival it predicts.

With Efron's ties the baseline is Efron's too: the hazard steps of the likelihood.
The variance of a predicted cumulative hazard has two parts, one for the baseline
and one for the coefficients (Tsiatis 1981, Annals of Statistics 9; Link 1984,
Biometrics 40), as R's ``survfit.coxph``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from formulaic.errors import DataMismatchWarning, FormulaicError
from scipy import stats

from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.cox.fit import CoxFit
from journeylib.estimate.cox.likelihood import first_moments, hazard_steps
from journeylib.estimate.formula import tidy_columns

INTERVALS = ("log", "log-log", "plain")


@dataclass(frozen=True, eq=False)
class Baseline:
    """Cumulative sums over event times at the covariates' means, each with a leading zero.

    ``hazard`` and ``variance`` have shape (m + 1,); ``drift``, the cumulated mean of
    the risk set, has shape (p, m + 1). They run on through the strata: take differences.
    """

    hazard: np.ndarray
    variance: np.ndarray
    drift: np.ndarray


def baseline_at_means(fit: CoxFit) -> Baseline:
    """The baseline for standardised covariates of zero, that is, for their means."""
    steps = hazard_steps(fit.data, fit.predictor())
    drift, d1 = first_moments(fit.data, steps.risk)
    drift *= steps.q0
    if fit.data.corrected:
        d1 *= steps.q1
        drift -= d1
    del d1
    return Baseline(_cumulated(steps.hazard), _cumulated(steps.q0), _cumulated(drift))


def _cumulated(steps: np.ndarray) -> np.ndarray:
    zero = np.zeros((*steps.shape[:-1], 1))
    return np.concatenate([zero, np.cumsum(steps, axis=-1)], axis=-1)


def baseline_hazard(fit: CoxFit, centered: bool) -> pd.DataFrame:
    """Cumulative baseline hazard by stratum; see :meth:`journeylib.Effects.baseline`."""
    sets = fit.data.sets
    hazard = baseline_at_means(fit).hazard
    begin = np.searchsorted(sets.stratum, sets.stratum)
    total = hazard[1:] - hazard[begin]
    if not centered:
        fit.need_finite("a baseline hazard at zero")
        shift = float(fit.beta @ (fit.mean / fit.scale))
        if fit.design.offset is not None:
            shift += float(fit.design.offset.mean())
        total = total * np.exp(-shift)
    names = np.array(fit.design.strata, dtype=object)[sets.stratum]
    return pd.DataFrame({"stratum": names, "time": sets.times, "cumulative_hazard": total})


def predicted_survival(
    fit: CoxFit, frame: pd.DataFrame, times: Sequence[float], conf: str, level: float
) -> pd.DataFrame:
    """Survival with interval for each row of ``frame``; see :meth:`journeylib.Effects.predict`.

    Raises
    ------
    ModelError
        When a term has no finite estimate, or the kind of interval is unknown.
    DataError
        When ``frame`` lacks a column or has a level that the model never saw.
    """
    when = asked_times(fit, times, conf)
    x, eta = _new_rows(fit, frame)
    hazard, variance = _hazard_and_variance(fit, x, _new_strata(fit, frame), when)
    relative = np.exp(eta)[:, None]
    hazard, error = hazard * relative, np.sqrt(np.maximum(variance, 0)) * relative
    survival = np.exp(-hazard)
    low, high = survival_limits(survival, hazard, error, conf, level)
    columns = {"survival": survival, "std_err": survival * error, "low": low, "high": high}
    return by_row_and_time(frame, when, columns)


def asked_times(fit: CoxFit, times: Sequence[float], conf: str) -> np.ndarray:
    """The times of a prediction, once it is known that there can be one.

    Raises
    ------
    ModelError
        When a term has no finite estimate, or the kind of interval is unknown.
    """
    if conf not in INTERVALS:
        raise ModelError(f"conf={conf!r} is unknown", fix=nearest(conf, INTERVALS))
    fit.need_finite("a prediction")
    return np.asarray(times, dtype=float).ravel()


def by_row_and_time(
    frame: pd.DataFrame, when: np.ndarray, columns: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Predictions of shape (rows, times) as one column each, beside ``row`` and ``time``."""
    head = {
        "row": np.repeat(frame.index.to_numpy(), len(when)),
        "time": np.tile(when, len(frame)),
    }
    return pd.DataFrame({**head, **{name: v.ravel() for name, v in columns.items()}})


def survival_limits(
    survival: np.ndarray, hazard: np.ndarray, error: np.ndarray, conf: str, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of a survival from the error of its cumulative hazard."""
    reach = stats.norm.isf((1 - level) / 2) * error
    if conf == "plain":
        return np.maximum(survival * (1 - reach), 0), np.minimum(survival * (1 + reach), 1)
    if conf == "log":
        return np.exp(-hazard - reach), np.exp(np.minimum(-hazard + reach, 0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = np.where(hazard > 0, np.exp(reach / hazard), 1.0)
    return np.exp(-hazard * spread), np.exp(-hazard / spread)


def _hazard_and_variance(
    fit: CoxFit, x: np.ndarray, stratum: np.ndarray, when: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative hazard and its variance before the relative hazard, shape (rows, times)."""
    base, sets = baseline_at_means(fit), fit.data.sets
    v = fit.covariance * np.outer(fit.scale, fit.scale)
    hazard = np.full((len(x), len(when)), np.nan)
    variance = hazard.copy()
    spread = np.einsum("ij,jk,ik->i", x, v, x)
    ends = _last_seen(fit)
    for s in np.unique(stratum):
        here = stratum == s
        begin, end = np.searchsorted(sets.stratum, [s, s + 1])
        to = begin + np.searchsorted(sets.times[begin:end], when, side="right")
        h = base.hazard[to] - base.hazard[begin]
        a = base.drift[:, to] - base.drift[:, [begin]]
        own = base.variance[to] - base.variance[begin]
        cross = x[here] @ (v @ a)
        own = own + np.einsum("jt,jk,kt->t", a, v, a)
        total = own + spread[here, None] * h**2 - 2 * h * cross
        seen = np.where(when <= ends[s], 1.0, np.nan)
        hazard[here], variance[here] = h * seen, total * seen
    return hazard, variance


def _last_seen(fit: CoxFit) -> np.ndarray:
    """The last time at which anybody was at risk, by stratum."""
    design = fit.design
    if design.stratum is None:
        return np.array([design.stop.max()])
    ends = np.zeros(len(design.strata))
    np.maximum.at(ends, design.stratum, design.stop)
    return ends


def new_customers(fit: CoxFit, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standardised covariates, centred linear predictor and stratum code of new customers.

    Raises
    ------
    DataError
        When ``frame`` lacks a column or has a level or stratum that the model never saw.
    """
    return *_new_rows(fit, frame), _new_strata(fit, frame)


def baseline_at(fit: CoxFit, times: np.ndarray) -> np.ndarray:
    """Cumulative baseline hazard at the covariates' means, shape (strata, times).

    It belongs to the linear predictor of :func:`new_customers`; NaN beyond the last
    time at which anybody of the stratum was at risk.
    """
    sets, hazard = fit.data.sets, _cumulated(hazard_steps(fit.data, fit.predictor()).hazard)
    found = np.empty((len(fit.design.strata), len(times)))
    for s, end in enumerate(_last_seen(fit)):
        begin, stop = np.searchsorted(sets.stratum, [s, s + 1])
        to = begin + np.searchsorted(sets.times[begin:stop], times, side="right")
        found[s] = np.where(times <= end, hazard[to] - hazard[begin], np.nan)
    return found


def _new_rows(fit: CoxFit, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Standardised covariates and centred linear predictor of new customers."""
    design = fit.design
    if not len(frame):
        raise DataError("the frame to predict for is empty", fix="give one row a customer")
    needed = [v for v in design.columns if v not in frame.columns]
    if needed:
        raise DataError(
            f"the frame to predict for lacks the column {needed[0]!r}",
            fix=nearest(needed[0], frame.columns),
        )
    tidy = tidy_columns(frame[list(design.columns)])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            made = design.spec.get_model_matrix(tidy, na_action="ignore", context={"np": np})
    except DataMismatchWarning as error:
        raise DataError(
            f"the frame to predict for has a level that the model never saw: {error}",
            fix="predict for levels that were in the model",
        ) from error
    except (FormulaicError, NameError, ValueError, TypeError) as error:
        raise DataError(f"the covariates cannot be made from this frame: {error}") from error
    x = (np.asarray(made, dtype=float)[:, 1:] - fit.mean) / fit.scale
    eta = x @ fit.beta
    if design.offset is not None:
        if design.offset_column not in frame.columns:
            raise DataError(
                "the model has an offset, and the frame to predict for has none",
                fix="fit with offset='column' and give that column here too",
            )
        eta += frame[design.offset_column].to_numpy(dtype=float) - design.offset.mean()
    return x, eta


def _new_strata(fit: CoxFit, frame: pd.DataFrame) -> np.ndarray:
    design = fit.design
    if design.stratum is None:
        return np.zeros(len(frame), dtype=np.int64)
    missing = [c for c in design.layers if c not in frame.columns]
    if missing:
        raise DataError(
            f"the frame to predict for lacks the stratum {missing[0]!r}",
            fix=nearest(missing[0], frame.columns),
        )
    text = frame[design.layers[0]].astype(str)
    for name in design.layers[1:]:
        text = text + " / " + frame[name].astype(str)
    codes = pd.Index(design.strata).get_indexer(pd.Index(text))
    if (codes < 0).any():
        bad = text.iloc[int(np.argmin(codes))]
        raise DataError(f"the model has no stratum {bad!r}", fix=nearest(bad, design.strata))
    return codes
