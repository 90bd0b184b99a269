"""Prediction quality on customers the model has never seen: how close, how well ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from journeylib.errors import DataError
from journeylib.estimate.assess.calibration import Calibration, calibrate
from journeylib.estimate.assess.censoring import Outcomes, at_time, outcomes
from journeylib.estimate.assess.horizon import Horizon, horizon
from journeylib.estimate.assess.predictions import Unseen, predicted_risk, unseen
from journeylib.estimate.assess.scores import Score, auc, brier, still_sorted
from journeylib.estimate.intervals import z_value
from journeylib.estimate.steps import chosen_times
from journeylib.numbers import number
from journeylib.results import Result
from journeylib.spells.core import Spells

LEAST = 20  # at risk, below which no score is given


@dataclass(frozen=True, repr=False, eq=False)
class Assessment(Result):
    """Quality of predicted risks by time: the columns of ``.frame`` are

    ``time, n_at_risk, events, brier, brier_std_err, brier_low, brier_high, brier_null,
    skill, auc, auc_std_err, auc_low, auc_high``.

    ``brier`` is the mean squared distance between the predicted risk and what happened,
    ``brier_null`` that of the Kaplan-Meier (with several causes Aalen-Johansen) estimate
    of the test customers for everybody, ``skill`` one less their ratio. ``auc`` is the
    chance that a customer with the event by then had been given a higher risk than one
    without, NaN before the first event.

    Parameters
    ----------
    horizon
        The last time assessed; NaN where none could be.
    reason
        Why it is that, in words.
    ibs, ibs_std_err, ibs_low, ibs_high
        Integrated Brier score: the Brier score averaged over the times (trapezoids),
        NaN with fewer than two.
    ibs_null
        That of the null model.
    effects, test
        The model, and the customers it was assessed on.
    """

    horizon: float = field(kw_only=True)
    reason: str = field(kw_only=True)
    ibs: float = field(kw_only=True)
    ibs_std_err: float = field(kw_only=True)
    ibs_low: float = field(kw_only=True)
    ibs_high: float = field(kw_only=True)
    ibs_null: float = field(kw_only=True)
    effects: Any = field(kw_only=True, repr=False)
    test: Unseen = field(kw_only=True, repr=False)

    title: ClassVar[str] = "Prediction quality"

    def calibration(
        self, at: float | None = None, groups: int = 10, minimum: int = 1
    ) -> Calibration:
        """What was predicted beside what happened, in groups of about equal risk.

        Parameters
        ----------
        at
            Time in ``unit``; the horizon unless given.
        groups
            How many groups of equal size, by predicted risk.
        minimum
            Fewest customers in a group; smaller ones join the next.

        Raises
        ------
        DataError
            Beyond the horizon, or where nothing could be assessed at all.
        """
        t = self.horizon if at is None else float(chosen_times(at)[0])
        if not t <= self.horizon:
            raise DataError(
                f"calibration at {number(t)} {self.unit} cannot be judged: {self.reason}",
                fix="choose an earlier time",
            )
        risk = predicted_risk(self.effects, self.test.frame, np.array([t]))(0)
        return calibrate(self.test, risk, t, (groups, minimum), self.unit, self.about)

    def _headline(self) -> str:
        shown = f"{number(self.ibs)} ({number(self.ibs_low)} to {number(self.ibs_high)})"
        return (
            f"{self.title} for {self.about['event']}, {self.about['n']:,} customers, "
            f"integrated Brier score {shown}, null model {number(self.ibs_null)}. {self.reason}"
        )

    def _summary(self) -> pd.DataFrame:
        if len(self.table) <= 12:
            return self.frame
        return self.table.iloc[np.linspace(0, len(self.table) - 1, 12).round().astype(int)]


def assess(
    effects: Any,
    test_spells: Spells,
    times: float | Sequence[float],
    *,
    least: int = LEAST,
    level: float = 0.95,
) -> Assessment:
    """Judge a model's predictions on customers that it has not seen.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox`, :func:`journeylib.fine_gray`,
        :func:`journeylib.aft` or anything else whose ``predict`` gives a survival.
    test_spells
        Customers of whom none was in the model: one row each, watched from the origin.
    times
        By when the risks are predicted, in the unit of the spells.
    least
        At how many customers still at risk the scores end.
    level
        Coverage of the intervals.

    Returns
    -------
    Assessment
        With a row a time up to ``.horizon``, and ``.reason`` for where it ends. Its
        table may be empty; then ``.reason`` says why.

    Raises
    ------
    DataError
        With delayed entry, several rows a customer, causes that the model does not
        tell apart, a missing column, or when no customer is complete.

    Notes
    -----
    Customers whose outcome by t is not known are made up for by inverse probability of
    censoring weights, ``1/G(T-)`` and ``1/G(t)``, with G the Kaplan-Meier estimate of
    the test customers: Brier score and AUC are those of R's ``riskRegression::Score``
    (``cens.model="km"``, null model included). Censoring is taken to have nothing to do
    with the covariates.

    Standard errors are the infinitesimal jackknife, the estimate of G included: they
    speak of other test customers, with the model as it is. The interval of the AUC
    is made on the logit scale.

    References
    ----------
    Graf et al. (1999), Statistics in Medicine 18; Gerds and Schumacher (2006),
    Biometrical Journal 48; Blanche et al. (2013), Biometrical Journal 55.

    Examples
    --------
    >>> from journeylib import cox, spells_from_frame
    >>> rng = np.random.default_rng(4)
    >>> x = rng.normal(size=400)
    >>> df = pd.DataFrame({"time": rng.exponential(np.exp(-x)), "event": 1, "x": x})
    >>> train, test = (spells_from_frame(df[k::2]) for k in (0, 1))
    >>> found = assess(cox(train, "x"), test, [0.5, 1.0])
    >>> found.frame[["time", "n_at_risk", "brier", "brier_null", "auc"]].round(3)
       time  n_at_risk  brier  brier_null    auc
    0   0.5        117  0.170       0.243  0.821
    1   1.0         80  0.177       0.240  0.809
    """
    z = z_value(level)
    test = unseen(effects, test_spells)
    seen = outcomes(test.time, test.cause)
    asked = np.unique(chosen_times(times))
    reach = horizon(effects, seen, asked, least, test_spells.unit)
    risk = predicted_risk(effects, test.frame, reach.times)
    found = _scores(seen, reach, risk, z)
    return Assessment(
        table=found.table,
        unit=test_spells.unit,
        about={
            "event": effects.about["event"],
            "model": type(effects).__name__,
            "formula": effects.about["formula"],
            "n": len(seen),
            "ids": len(pd.unique(pd.Series(test.id))),
            "events": int((seen.cause == 1).sum()),
            "level": level,
            "conf": "plain",
            "least": least,
            "clock": test_spells.clock,
            "audit": test.audit,
        },
        horizon=reach.end,
        reason=reach.reason,
        ibs=found.ibs.value,
        ibs_std_err=found.ibs.std_err,
        ibs_low=max(found.ibs.value - z * found.ibs.std_err, 0.0),
        ibs_high=found.ibs.value + z * found.ibs.std_err,
        ibs_null=found.ibs_null,
        effects=effects,
        test=test,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    table: pd.DataFrame
    ibs: Score
    ibs_null: float


def _scores(seen: Outcomes, reach: Horizon, risk: Any, z: float) -> _Found:
    """Scores at every time, and their average over time with its influence."""
    share = _trapezoids(reach.times)
    total, moved, null = 0.0, np.zeros(len(seen)), 0.0
    order, rows = None, []
    for k, t in enumerate(reach.times):
        now, predicted = at_time(seen, t), risk(k)[seen.order]
        order = still_sorted(predicted, order)
        close, ranked = brier(seen, now, predicted), auc(seen, now, predicted, order)
        plain = brier(seen, now, reach.null[k]).value
        rows.append(_row(seen, t, close, plain, ranked, z))
        total += share[k] * close.value
        moved += share[k] * close.influence
        null += share[k] * plain
    table = pd.DataFrame(rows, columns=_COLUMNS)
    if len(rows) < 2:
        return _Found(table, Score(np.nan, np.full(len(seen), np.nan)), np.nan)
    return _Found(table, Score(total, moved), null)


_COLUMNS = [
    *("time", "n_at_risk", "events"),
    *("brier", "brier_std_err", "brier_low", "brier_high", "brier_null", "skill"),
    *("auc", "auc_std_err", "auc_low", "auc_high"),
]


def _row(
    seen: Outcomes, t: float, close: Score, null: float, ranked: Score | None, z: float
) -> tuple[float, ...]:
    at_risk = len(seen) - int(np.searchsorted(seen.time, t, side="left"))
    events = int((seen.cause[: int(np.searchsorted(seen.time, t, side="right"))] == 1).sum())
    b, error = close.value, close.std_err
    skill = 1 - b / null if null > 0 else np.nan
    head = (t, at_risk, events, b, error, max(b - z * error, 0.0), b + z * error, null, skill)
    if ranked is None:
        return (*head, *[np.nan] * 4)
    a, error = ranked.value, ranked.std_err
    low = high = a  # all pairs right or all wrong
    if 0 < a < 1:
        reach = z * error / (a * (1 - a))
        low, high = (float(expit(logit(a) + by)) for by in (-reach, reach))
    return (*head, a, error, low, high)


def _trapezoids(times: np.ndarray) -> np.ndarray:
    """Weight of each time in the average over time."""
    if len(times) < 2:
        return np.ones(len(times))
    gaps = np.diff(times)
    return (np.append(gaps, 0) + np.append(0, gaps)) / 2 / (times[-1] - times[0])
