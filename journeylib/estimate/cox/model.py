"""Cox regression on spells: what changes the pace at which things happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from journeylib.audit import Audit
from journeylib.errors import ModelError, nearest
from journeylib.estimate.cox.cautions import fit_warnings
from journeylib.estimate.cox.concordance import Concordance, model_concordance
from journeylib.estimate.cox.fit import CoxFit, fit_cox, global_tests
from journeylib.estimate.cox.predict import baseline_hazard, predicted_survival
from journeylib.estimate.cox.residual_frames import residual_frame
from journeylib.estimate.design import Column, make_design, reference_levels
from journeylib.results import Result
from journeylib.spells.core import Spells

TIES = ("efron", "breslow")


@dataclass(frozen=True, repr=False, eq=False)
class Effects(Result):
    """Hazard ratios with intervals: the columns of ``.frame`` are

    ``term, coef, std_err, robust_std_err, hazard_ratio, low, high, p``.

    ``std_err`` and ``robust_std_err`` belong to ``coef``; ``low`` and ``high`` to
    ``hazard_ratio``. With clusters (or fractional weights) ``low, high, p`` use the
    robust error; otherwise ``robust_std_err`` is NaN. A term without a finite
    estimate has NaN throughout and is explained in ``warnings``.

    Parameters
    ----------
    fit
        The fitted model behind the table.
    n, events
        Rows in the model, and how many end with the event.
    log_likelihood, log_likelihood_null
        At the estimate, and with all coefficients zero.
    tests
        ``test, statistic, df, p``: likelihood ratio, Wald and score; with robust
        errors Wald uses them, and the robust score test is added.
    audit
        Rows in the model and rows left out, with the reason.
    warnings
        In words, what a reader has to know before believing the table.
    """

    fit: CoxFit = field(kw_only=True)
    n: int = field(kw_only=True)
    events: int = field(kw_only=True)
    log_likelihood: float = field(kw_only=True)
    log_likelihood_null: float = field(kw_only=True)
    tests: pd.DataFrame = field(kw_only=True)
    audit: Audit = field(kw_only=True)
    warnings: tuple[str, ...] = field(kw_only=True, default=())

    title: ClassVar[str] = "Hazard ratios"

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms."""
        return self.fit.design.names

    @property
    def covariance(self) -> pd.DataFrame:
        """Variance of the coefficients that the intervals use."""
        return pd.DataFrame(self.fit.covariance, index=list(self.terms), columns=list(self.terms))

    @property
    def aic(self) -> float:
        """Akaike's criterion, counting the terms with a finite estimate."""
        return -2 * self.log_likelihood + 2 * int(self.fit.finite.sum())

    def baseline(self, centered: bool = False) -> pd.DataFrame:
        """Cumulative baseline hazard, as R's ``basehaz``.

        Parameters
        ----------
        centered
            False for a customer with every covariate at zero; True for one with
            every covariate at its mean.

        Returns
        -------
        DataFrame
            ``stratum, time, cumulative_hazard``, one row an event time; the hazard
            is a step function, zero before the first.
        """
        return baseline_hazard(self.fit, centered)

    def predict(
        self, frame: pd.DataFrame, times: Sequence[float], *, conf: str = "log", level: float = 0.95
    ) -> pd.DataFrame:
        """Survival of customers with given covariates, as R's ``survfit.coxph``.

        Parameters
        ----------
        frame
            One row a customer, with the columns of the formula (and of the strata
            and the offset, where the model has them).
        times
            When, in ``unit``.
        conf
            Interval: ``"log"`` (R's default), ``"log-log"`` or ``"plain"``.
        level
            Coverage of the interval.

        Returns
        -------
        DataFrame
            ``row, time, survival, std_err, low, high``, a row of ``frame`` after
            another; ``row`` is the index of ``frame``. NaN beyond the last time at
            which anybody was at risk.
        """
        return predicted_survival(self.fit, frame, times, conf, level)

    def residuals(self, kind: str = "martingale") -> pd.DataFrame:
        """Residuals, as R's ``residuals.coxph``.

        Parameters
        ----------
        kind
            ``"martingale"``, ``"deviance"``, ``"score"`` or ``"dfbeta"``: one row a row of
            the model, in the order of the spells, with their ``row`` and ``id``;
            ``"schoenfeld"`` or ``"scaled schoenfeld"``: one row an event, by time.
        """
        return residual_frame(self.fit, kind)

    def concordance(self, weight: str = "n") -> Concordance:
        """How well the model orders the events, as R's ``concordance``.

        Parameters
        ----------
        weight
            ``"n"`` for Harrell's C, ``"n/G2"`` for Uno's, which does not depend on
            the censoring.
        """
        return model_concordance(self.fit, weight)

    def _headline(self) -> str:
        return f"{self.title} of {self.about['event']}: {self.n:,} rows, {self.events:,} events"

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *(f"warning: {w}" for w in self.warnings)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p class='journey warning'>{escape(w)}</p>" for w in self.warnings)
        return super()._repr_html_() + notes


def cox(
    spells: Spells,
    formula: str,
    *,
    cause: str | int | None = None,
    strata: str | Sequence[str] | None = None,
    cluster: str | None = None,
    weights: Column | None = None,
    ties: str = "efron",
    offset: Column | None = None,
    level: float = 0.95,
) -> Effects:
    """Cox's proportional-hazards regression, equal to R's ``coxph``.

    Parameters
    ----------
    spells
        Rows ``(start, stop]``; a row with ``start = 0`` is at risk at 0 too. Several
        rows a customer carry time-varying covariates, delayed entry or repeated events.
    formula
        The right-hand side, as in R: ``"age + C(channel)"``. Columns go by their
        names in the spells or in the source.
    cause
        Name (or number) of the cause under study; the others censor. Needed when
        the spells have several.
    strata
        Column(s) whose levels each have a baseline hazard of their own.
    cluster
        Column whose equal values belong together, usually the id: robust errors
        (Lin and Wei) by cluster.
    weights
        Column, or one positive number a row. Fractional weights give robust errors,
        by ``id`` unless ``cluster`` says otherwise.
    ties
        ``"efron"`` or ``"breslow"``.
    offset
        Column, or one number a row: a term whose coefficient is 1.
    level
        Coverage of the intervals.

    Returns
    -------
    Effects
        Table ``term, coef, std_err, robust_std_err, hazard_ratio, low, high, p``.
        Where the likelihood has no finite maximum (no event without an offer), the
        term is NaN and ``.warnings`` says why; the other terms are their limits.

    Raises
    ------
    DataError
        For an unknown column or cause; names the nearest.
    ModelError
        When no event happened, a covariate is constant, or covariates determine
        one another; names them.

    References
    ----------
    Cox (1972), JRSS B 34; Efron (1977), JASA 72; Lin and Wei (1989), JASA 84.
    R: ``survival::coxph``. Times equal but for rounding are ties, as in R.

    Examples
    --------
    The first hand-worked case of R's ``survival`` package, with Breslow's ties:

    >>> import pandas as pd
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 1, 6, 6, 8, 9], "event": [1, 0, 1, 1, 0, 1],
    ...                    "x": [1, 1, 1, 0, 0, 0]})
    >>> effects = cox(spells_from_frame(df), "x", ties="breslow")
    >>> round(float(effects.frame["coef"][0]), 6)
    1.475285
    """
    if ties not in TIES:
        raise ModelError(f"ties={ties!r} is unknown", fix=nearest(ties, TIES))
    if not 0 < level < 1:
        raise ModelError(f"level={level!r} is no coverage", fix="choose one between 0 and 1")
    fit = fit_cox(
        make_design(
            spells,
            formula,
            cause=cause,
            strata=strata,
            cluster=cluster,
            weights=weights,
            offset=offset,
        ),
        ties,
    )
    asked = {"formula": formula, "strata": strata, "cluster": cluster, "ties": ties}
    return Effects(**parts(fit, spells, level, asked), warnings=fit_warnings(fit, cluster))


def parts(fit: CoxFit, spells: Spells, level: float, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a fit says of itself: all of an :class:`Effects` but its warnings.

    Parameters
    ----------
    fit, spells, level
        The fit, what it was made from, and the coverage of its intervals.
    asked
        ``formula, strata, cluster, ties`` as asked for, and what else is to be known of it.
    """
    design, strata = fit.design, asked["strata"]
    events = int(design.event.sum())
    about = {
        **asked,
        "event": design.cause,
        "references": reference_levels(design.spec),
        "strata": (strata,) if isinstance(strata, str) else tuple(strata or ()),
        "level": level,
        "conf": "wald",
        "n": design.n_spells,
        "ids": len(pd.unique(design.id)),
        "events": events,
        "clock": spells.clock,
        "audit": design.audit,
    }
    return {
        "table": effects_table(fit, level),
        "unit": spells.unit,
        "about": about,
        "fit": fit,
        "n": len(design.rows),
        "events": events,
        "log_likelihood": fit.maximum.end.value,
        "log_likelihood_null": fit.maximum.start.value,
        "tests": global_tests(fit),
        "audit": design.audit,
    }


def effects_table(fit: CoxFit, level: float) -> pd.DataFrame:
    """Coefficients, errors, hazard ratios with Wald intervals, and p-values."""
    coef = fit.coef
    error = np.sqrt(np.diag(fit.naive))
    robust = np.full_like(error, np.nan)
    if fit.sandwich is not None:
        robust = np.sqrt(np.diag(fit.sandwich))
    used = robust if fit.robust else error
    reach = stats.norm.isf((1 - level) / 2) * used
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp(coef), np.exp(coef - reach), np.exp(coef + reach)
    return pd.DataFrame(
        {
            "term": fit.design.names,
            "coef": coef,
            "std_err": np.where(fit.finite, error, np.nan),
            "robust_std_err": robust,
            "hazard_ratio": ratio,
            "low": low,
            "high": high,
            "p": 2 * stats.norm.sf(np.abs(coef / used)),
        }
    )
