"""Accelerated failure times: covariates stretch or shrink the time until something happens.

A coefficient b multiplies every duration by exp(b): the *time ratio*. Above 1
things take longer. The baseline has one of four shapes; which one fits is shown
by ``aft_choice`` and never picked in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from journeylib.audit import Audit
from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.aftfit import FAMILIES, AftFit, Rows, fit_aft
from journeylib.estimate.aftpredict import survival_at, times_at
from journeylib.estimate.intervals import z_value
from journeylib.estimate.response import Response, read_response
from journeylib.results import Result
from journeylib.spells.core import Spells

LOG_SCALE = "Log(scale)"


@dataclass(frozen=True, repr=False, eq=False)
class Aft(Result):
    """Time ratios with intervals: the columns of ``.frame`` are

    ``term, coef, std_err, time_ratio, low, high, p``.

    ``coef`` and ``std_err`` are on the log-time scale; ``low`` and ``high`` belong
    to ``time_ratio``. The first row is the intercept; the last, unless the
    distribution is exponential, ``Log(scale)``, whose ``time_ratio`` is NaN. A term
    without a finite estimate has NaN throughout and is explained in ``warnings``.

    Parameters
    ----------
    dist
        Distribution.
    scale
        Spread of log time; 1 for the exponential.
    log_likelihood, log_likelihood_null
        On the scale of time, at the estimate and with the intercept alone.
    n, events
        Rows in the model, and how many end with the event.
    audit
        Rows in the model and rows left out, with the reason.
    warnings
        In words, what a reader has to know before believing the table.
    """

    dist: str = field(kw_only=True)
    scale: float = field(kw_only=True)
    log_likelihood: float = field(kw_only=True)
    log_likelihood_null: float = field(kw_only=True)
    n: int = field(kw_only=True)
    events: int = field(kw_only=True)
    audit: Audit = field(kw_only=True)
    fit: AftFit = field(kw_only=True)
    response: Response = field(kw_only=True)
    warnings: tuple[str, ...] = field(kw_only=True, default=())

    title: ClassVar[str] = "Time ratios"

    @property
    def parameters(self) -> int:
        """How many were estimated."""
        return int((~self.fit.walking).sum())

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.log_likelihood + 2 * self.parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion, counting rows as R's ``BIC`` does."""
        return float(-2 * self.log_likelihood + np.log(self.n) * self.parameters)

    def predict(self, frame: pd.DataFrame, times: Sequence[float]) -> pd.DataFrame:
        """Survival of customers with given covariates.

        Parameters
        ----------
        frame
            One row a customer, with the columns of the formula.
        times
            When, positive, in ``unit``.

        Returns
        -------
        DataFrame
            ``row, time, survival, std_err, low, high``; ``row`` is the index of
            ``frame``. The interval is symmetric on the scale of the standardised
            log time and therefore stays between 0 and 1.
        """
        grid = np.asarray(times, dtype=float)
        if grid.ndim != 1 or not (grid > 0).all():
            raise DataError(f"times must be positive, not {times!r}")
        x, level = self.response.matrix(frame), self.about["level"]
        found = survival_at(self.fit, FAMILIES[self.dist], x, grid, level)
        return _by_customer(frame, "time", grid, found)

    def quantiles(self, frame: pd.DataFrame, p: Sequence[float] = (0.5,)) -> pd.DataFrame:
        """Times by which given shares have had the event, as R's ``predict(type="quantile")``.

        Parameters
        ----------
        frame
            One row a customer, with the columns of the formula.
        p
            Shares between 0 and 1.

        Returns
        -------
        DataFrame
            ``row, p, time, std_err, low, high``; ``std_err`` belongs to ``time``, the
            interval is symmetric in log time.
        """
        share = np.asarray(p, dtype=float)
        if share.ndim != 1 or not ((share > 0) & (share < 1)).all():
            raise DataError(f"p must hold shares between 0 and 1, not {p!r}")
        x, level = self.response.matrix(frame), self.about["level"]
        found = times_at(self.fit, FAMILIES[self.dist], x, share, level)
        return _by_customer(frame, "p", share, found)

    def _headline(self) -> str:
        return (
            f"{self.title} of {self.about['event']} ({self.dist}, scale {self.scale:.4g}): "
            f"{self.n:,} rows, {self.events:,} events, AIC {self.aic:,.1f}"
        )

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *(f"warning: {w}" for w in self.warnings)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p class='journey warning'>{escape(w)}</p>" for w in self.warnings)
        return super()._repr_html_() + notes


def aft(
    spells: Spells,
    formula: str,
    dist: str = "weibull",
    *,
    cause: str | int | None = None,
    level: float = 0.95,
) -> Aft:
    """Accelerated-failure-time regression, equal to R's ``survreg``.

    Parameters
    ----------
    spells
        Right-censored; ``start > 0`` is delayed entry (left truncation) and enters the
        likelihood. Zero durations are left out and counted in ``.audit``.
    formula
        The right-hand side, as in R: ``"age + C(channel)"``; ``"1"`` for no covariate.
    dist
        ``"exponential"``, ``"weibull"``, ``"lognormal"`` or ``"loglogistic"``.
    cause
        Name (or number) of the cause under study; the others censor. Needed when
        the spells have several.
    level
        Coverage of the intervals.

    Returns
    -------
    Aft
        Table ``term, coef, std_err, time_ratio, low, high, p``; ``.scale``,
        ``.log_likelihood``, ``.aic``, ``.bic``, ``.predict``, ``.quantiles``.

    Raises
    ------
    DataError
        For an unknown column or cause.
    ModelError
        For an unknown distribution, no event, a constant covariate, or covariates
        that determine one another.

    Notes
    -----
    log T = x'b + scale * W, W smallest extreme value (Weibull; exponential with
    scale 1), logistic or normal. For the Weibull the hazard ratio is
    exp(-coef / scale). Standard errors from the observed information.

    References
    ----------
    Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data,
    chapter 3. R: ``survival::survreg``, which has no delayed entry.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"time": [2, 4, 6, 8], "event": [1, 1, 0, 1]})
    >>> fit = aft(spells_from_frame(df), "1", "exponential")
    >>> round(float(fit.frame["time_ratio"][0]), 4)  # 20 days at risk for 3 events
    6.6667
    """
    if dist not in FAMILIES:
        raise ModelError(f"there is no distribution {dist!r}", fix=nearest(dist, FAMILIES))
    z_value(level)
    return fitted_aft(spells, read_response(spells, formula, cause), formula, dist, level)


def fitted_aft(spells: Spells, response: Response, formula: str, dist: str, level: float) -> Aft:
    """Fit rows that have been read; see :func:`aft`."""
    family, rows = FAMILIES[dist], response.rows
    null = fit_aft(Rows(rows.x[:, :1], rows.start, rows.stop, rows.event), family)
    fit = fit_aft(rows, family, null)
    names = (*response.names, *([LOG_SCALE] if family.scale is None else []))
    return Aft(
        table=_table(fit, names, level),
        unit=spells.unit,
        about={
            "event": response.cause,
            "formula": formula,
            "references": response.references,
            "dist": dist,
            "level": level,
            "conf": "wald",
            "n": len(rows.stop),
            "ids": len(pd.unique(pd.Series(response.id))),
            "events": int(rows.event.sum()),
            "clock": spells.clock,
            "audit": response.audit,
        },
        dist=dist,
        scale=fit.scale,
        log_likelihood=fit.value,
        log_likelihood_null=null.value,
        n=len(rows.stop),
        events=int(rows.event.sum()),
        audit=response.audit,
        fit=fit,
        response=response,
        warnings=_warnings(fit, names),
    )


def _by_customer(
    frame: pd.DataFrame, name: str, asked: np.ndarray, found: dict[str, np.ndarray]
) -> pd.DataFrame:
    """One row a customer and what was asked; ``row`` is the index of ``frame``."""
    lead = {"row": np.repeat(frame.index.to_numpy(), len(asked)), name: np.tile(asked, len(frame))}
    return pd.DataFrame(lead | {k: v.ravel() for k, v in found.items()})


def _table(fit: AftFit, names: Sequence[str], level: float) -> pd.DataFrame:
    coef = np.where(fit.walking, np.nan, fit.theta)
    error = np.sqrt(np.diag(fit.covariance))
    return ratio_table(coef, error, names, level).rename(columns={"ratio": "time_ratio"})


def ratio_table(
    coef: np.ndarray, error: np.ndarray, names: Sequence[str], level: float
) -> pd.DataFrame:
    """Coefficients of terms as ratios with their intervals; a scale has no ratio."""
    reach = z_value(level) * error
    shown = np.array([n != LOG_SCALE for n in names])
    with np.errstate(over="ignore"):
        three = [np.where(shown, np.exp(v), np.nan) for v in (coef, coef - reach, coef + reach)]
    return pd.DataFrame(
        {
            "term": names,
            "coef": coef,
            "std_err": error,
            "ratio": three[0],
            "low": three[1],
            "high": three[2],
            "p": 2 * norm.sf(np.abs(coef / error)),
        }
    )


def _warnings(fit: AftFit, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        f"no finite estimate for {names[int(j)]}: the likelihood rises for ever; "
        "perhaps nobody with it had the event"
        for j in np.flatnonzero(fit.walking)
    )
