"""Do predicted risks come true? Predicted beside observed in groups, slope and intercept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import logit

from journeylib.errors import DataError
from journeylib.estimate.assess.censoring import At, Outcomes, at_time, influence, outcomes
from journeylib.estimate.assess.horizon import null_risk
from journeylib.estimate.assess.predictions import Unseen
from journeylib.estimate.intervals import z_value
from journeylib.numbers import number
from journeylib.privacy import neighbours
from journeylib.results import Result

ENOUGH = 100  # customers to estimate the censoring from
SMALL = 1e-9  # a risk closer to 0 or 1 is moved there, where its transform exists


@dataclass(frozen=True, repr=False, eq=False)
class Calibration(Result):
    """Predicted and observed risk by a time: the columns of ``.frame`` are

    ``group, n, events, predicted, observed, std_err, low, high``,

    one row a group of customers with about the same predicted risk, from low to high.
    ``observed`` is the Kaplan-Meier (with several causes Aalen-Johansen) risk.

    Parameters
    ----------
    at
        By when.
    measures
        ``measure, value, std_err, low, high``: ``observed / predicted`` for everybody
        together (1 is right), ``intercept`` (0 is right; above it more happened than was
        predicted; on the logit scale, with the slope held at 1) and ``slope`` (1 is
        right; below 1, high risks were predicted too high and low ones too low).
    """

    at: float = field(kw_only=True)
    measures: pd.DataFrame = field(kw_only=True)

    title: ClassVar[str] = "Calibration"

    @property
    def slope(self) -> float:
        """Calibration slope; 1 is right."""
        return self._measure("slope")

    @property
    def intercept(self) -> float:
        """Calibration in the large, on the logit scale; 0 is right."""
        return self._measure("intercept")

    @property
    def ratio(self) -> float:
        """Observed over predicted risk of everybody together; 1 is right."""
        return self._measure("observed / predicted")

    def _measure(self, name: str) -> float:
        return float(self.measures.loc[self.measures["measure"] == name, "value"].iloc[0])

    def _headline(self) -> str:
        shown = "; ".join(
            f"{m.measure} {number(m.value, 3)} ({number(m.low, 3)} to {number(m.high, 3)})"
            for m in self.measures.itertuples()
        )
        return f"{self.title} at {number(self.at)} {self.unit}: {shown}"


def calibrate(
    test: Unseen,
    risk: np.ndarray,
    t: float,
    grouping: tuple[int, int],
    unit: str,
    about: Mapping[str, Any],
) -> Calibration:
    """Set predicted risks by ``t`` beside what happened, in so many groups of so many at least.

    Notes
    -----
    The censoring is estimated within groups of equal predicted risk, for who is at
    risk of the event is often censored at another pace; a group of fewer than 100, or
    one that was not followed so long, shares the estimate of the next lower one. Slope
    and intercept: a logistic regression of the event by t on the logit of the
    prediction, weighted by the inverse probability of censoring. Errors are the
    infinitesimal jackknife, the estimate of the censoring included.

    Cox (1958), Biometrika 45; van Houwelingen (2000), Statistics in Medicine 19;
    Gerds, Andersen and Kattan (2014), Statistics in Medicine 33.
    """
    groups, minimum = grouping
    if groups < 1:
        raise DataError(f"there cannot be {groups} groups", fix="10 is usual")
    level = float(about["level"])
    cuts = np.unique(np.quantile(risk, np.arange(1, groups) / groups))
    code = np.unique(np.searchsorted(cuts, risk, side="left"), return_inverse=True)[1]
    code = neighbours(code, minimum)
    return Calibration(
        table=_by_group(test, risk, code, t, level),
        unit=unit,
        about={**about, "at": t},
        at=t,
        measures=_measures(_pieces(test, risk, code, t), level),
    )


def _by_group(
    test: Unseen, risk: np.ndarray, code: np.ndarray, t: float, level: float
) -> pd.DataFrame:
    rows = []
    for g in range(int(code.max()) + 1):
        own = code == g
        time, cause = test.time[own], test.cause[own]
        events = int(((cause == 1) & (time <= t)).sum())
        head = (str(g + 1), int(own.sum()), events, float(risk[own].mean()))
        rows.append((*head, *observed_risk(time, cause, t, level)))
    names = ["group", "n", "events", "predicted", "observed", "std_err", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def observed_risk(
    time: np.ndarray, cause: np.ndarray, t: float, level: float
) -> tuple[float, float, float, float]:
    """Share with the event by t among some customers: value, error and interval.

    The interval is on the complementary log-log scale; NaN where nobody was
    followed so long, one-sided where nobody or everybody had the event.
    """
    seen = outcomes(time, cause)
    if t > seen.distinct[-1] and _last_censored(seen):
        return (np.nan,) * 4
    value = float(null_risk(seen, np.array([t]))[0])
    now = at_time(seen, t)
    if not 0 < value < 1:
        # the exact limit for no event among those whose outcome is known
        edge = 1 - ((1 - level) / 2) ** (1 / int((now.weight > 0).sum()))
        return (value, 0.0, 0.0, edge) if value == 0 else (value, 0.0, 1 - edge, 1.0)
    n = len(seen)
    values = np.where(now.case, now.weight, 0.0)
    error = float(np.sqrt(np.sum((influence(seen, now)(values) - values.mean()) ** 2))) / n
    spread = np.exp(z_value(level) * error / (-(1 - value) * np.log1p(-value)))
    low, high = (float(-np.expm1(np.log1p(-value) * by)) for by in (1 / spread, spread))
    return value, error, low, high


@dataclass(frozen=True, eq=False)
class _Piece:
    """Customers who share one estimate of the censoring."""

    seen: Outcomes
    now: At
    risk: np.ndarray


def _pieces(test: Unseen, risk: np.ndarray, code: np.ndarray, t: float) -> list[_Piece]:
    found = []
    own = np.zeros(len(risk), dtype=bool)
    for g in range(int(code.max()), -1, -1):
        own |= code == g
        seen = outcomes(test.time[own], test.cause[own])
        if g == 0 or (len(seen) >= ENOUGH and _reaches(seen, t)):
            found.append(_Piece(seen, at_time(seen, t), risk[own][seen.order]))
            own = np.zeros(len(risk), dtype=bool)
    return found


def _reaches(seen: Outcomes, t: float) -> bool:
    """Whether nobody's outcome is lost: somebody is watched beyond t, or all had ended."""
    stays = seen.stays[np.searchsorted(seen.distinct, t, side="right")]
    return bool(stays > 0) or not _last_censored(seen)


def _last_censored(seen: Outcomes) -> bool:
    return bool((seen.cause[seen.time == seen.distinct[-1]] == 0).any())


def _measures(pieces: list[_Piece], level: float) -> pd.DataFrame:
    z = z_value(level)
    n = sum(len(p.seen) for p in pieces)
    risk = np.concatenate([p.risk for p in pieces])
    case = np.concatenate([p.now.case * p.now.weight for p in pieces])
    observed, expected = float(case.sum()) / n, float(risk.mean())
    expected = max(expected, SMALL)
    ratio = observed / expected
    moved = (_influence(pieces, case) - ratio * risk) / (n * expected)
    error = float(np.sqrt(np.einsum("i,i", moved, moved)))
    rows = [("observed / predicted", *_around(ratio, error, z))]
    linear = logit(np.clip(risk, SMALL, 1 - SMALL))
    for name, x, offset in (
        ("intercept", np.ones((n, 1)), linear),
        ("slope", np.column_stack([np.ones(n), linear]), None),
    ):
        value, error = _regress(pieces, x, offset)
        rows.append((name, value, error, value - z * error, value + z * error))
    return pd.DataFrame(rows, columns=["measure", "value", "std_err", "low", "high"])


def _influence(pieces: list[_Piece], values: np.ndarray) -> np.ndarray:
    """Influence of each customer on a sum of weighted values over all pieces."""
    parts = np.split(values, np.cumsum([len(p.seen) for p in pieces])[:-1])
    return np.concatenate([influence(p.seen, p.now)(v) for p, v in zip(pieces, parts, strict=True)])


def _around(ratio: float, error: float, z: float) -> tuple[float, float, float, float]:
    """A ratio with its error and its interval on the log scale; NaN without events."""
    if not ratio > 0:
        return (np.nan,) * 4
    spread = float(np.exp(z * error / ratio))
    return ratio, error, ratio / spread, ratio * spread


def _regress(pieces: list[_Piece], x: np.ndarray, offset: np.ndarray | None) -> tuple[float, float]:
    """Last coefficient of a weighted logistic regression and its error; NaN without one."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    weight = np.concatenate([p.now.weight for p in pieces])
    known = weight > 0
    happened = np.concatenate([p.now.case for p in pieces])[known].astype(float)
    alike = x.shape[1] > 1 and np.ptp(x[known, 1]) < SMALL
    if alike or not happened.any() or happened.all():
        return np.nan, np.nan
    model = GLM(
        happened,
        x[known],
        family=Binomial(),
        offset=None if offset is None else offset[known],
        var_weights=weight[known],
    )
    fit = model.fit(tol=1e-10)
    if not fit.converged:
        return np.nan, np.nan
    share = np.zeros((len(weight), x.shape[1]))
    share[known] = model.score_obs(fit.params)
    moved = np.column_stack([_influence(pieces, column) for column in share.T])
    slope = np.linalg.inv(model.hessian(fit.params))[:, -1]
    return float(fit.params[-1]), float(np.sqrt(np.sum((moved @ slope) ** 2)))
