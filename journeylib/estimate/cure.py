"""Mixture cure: some customers never will; what goes along with *whether*, and with *when*.

The share that never will shows only as a plateau of the survival curve. Where the
follow-up ends before the plateau, every share from 0 up to the end of the curve fits,
and a number would be an extrapolation in disguise. A gate decides first; where it
stays shut there are bounds, and a reason, instead of a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.audit import Audit
from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.aftfit import FAMILIES
from journeylib.estimate.curefit import CureFit, CureRows, fit_cure
from journeylib.estimate.cureshare import cured_share
from journeylib.estimate.curetables import customer_shares, customer_survival, ratios
from journeylib.estimate.followup import Gate, check_follow_up
from journeylib.estimate.intervals import z_value
from journeylib.estimate.parametric import LOG_SCALE
from journeylib.estimate.response import Response, read_response
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class Cure(Result):
    """Who ever will, and when: the columns of ``.frame`` are

    ``part, term, coef, std_err, ratio, low, high, p``.

    ``part`` is ``whether`` (``ratio``: odds ratio of ever having the event) or ``when``
    (``ratio``: time ratio among those who will). All NaN where the gate is shut.

    Parameters
    ----------
    share
        One row ``estimate, std_err, low, high``: the share of these customers that never
        will. Where the gate is shut ``estimate`` is NaN, ``low`` is 0 and ``high`` the
        upper limit of the survival curve at its last event.
    gate
        Whether the follow-up is sufficient, and why.
    dist
        Shape of *when*.
    n, events, audit
        Rows in the model, how many end with the event, and who was left out.
    warnings
        In words, what a reader has to know before believing the table.
    """

    share: pd.DataFrame = field(kw_only=True)
    gate: Gate = field(kw_only=True)
    dist: str = field(kw_only=True)
    log_likelihood: float = field(kw_only=True)
    n: int = field(kw_only=True)
    events: int = field(kw_only=True)
    audit: Audit = field(kw_only=True)
    fit: CureFit = field(kw_only=True)
    whether: Response = field(kw_only=True)
    when: Response = field(kw_only=True)
    warnings: tuple[str, ...] = field(kw_only=True, default=())

    title: ClassVar[str] = "Whether and when"

    @property
    def supported(self) -> bool:
        """Whether the follow-up supports a point."""
        return self.gate.open

    def cured(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Probability of never having the event, for given covariates.

        Parameters
        ----------
        frame
            One row a customer, with the columns of the formula of *whether*.

        Returns
        -------
        DataFrame
            ``row, probability, std_err, low, high``; the interval on the logit scale.

        Raises
        ------
        ModelError
            Where the gate is shut.
        """
        self._need_point()
        found = customer_shares(self.fit, self.whether.matrix(frame), self.about["level"])
        found.insert(0, "row", frame.index)
        return found

    def predict(self, frame: pd.DataFrame, times: Sequence[float]) -> pd.DataFrame:
        """Share without the event by given times, for given covariates.

        Parameters
        ----------
        frame
            One row a customer, with the columns of both formulas.
        times
            When, positive, in ``unit``.

        Returns
        -------
        DataFrame
            ``row, time, survival``.

        Raises
        ------
        ModelError
            Where the gate is shut.
        """
        self._need_point()
        grid = np.asarray(times, dtype=float)
        if grid.ndim != 1 or not (grid > 0).all():
            raise DataError(f"times must be positive, not {times!r}")
        x, w = self.whether.matrix(frame), self.when.matrix(frame)
        return pd.DataFrame(
            {
                "row": np.repeat(frame.index.to_numpy(), len(grid)),
                "time": np.tile(grid, len(x)),
                "survival": customer_survival(self.fit, FAMILIES[self.dist], x, w, grid).ravel(),
            }
        )

    def _need_point(self) -> None:
        if not self.gate.open:
            raise ModelError(
                f"the follow-up does not support a point: {self.gate.reason}",
                fix="read .share for the bounds, or follow for longer",
            )

    def _headline(self) -> str:
        row = self.share.iloc[0]
        told = f"{row['low']:.1%} to {row['high']:.1%} never will"
        if self.gate.open:
            told = f"{row['estimate']:.1%} never will ({row['low']:.1%} to {row['high']:.1%})"
        return f"{self.title} of {self.about['event']} ({self.dist}): {told}"

    def _notes(self) -> tuple[str, ...]:
        return (f"follow-up: {self.gate.reason}", *self.warnings)

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *self._notes()])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p class='journey warning'>{escape(w)}</p>" for w in self._notes())
        return super()._repr_html_() + notes


def cure(
    spells: Spells,
    formula: str,
    when: str | None = None,
    *,
    dist: str | None = None,
    cause: str | int | None = None,
    level: float = 0.95,
) -> Cure:
    """Mixture cure regression, behind a test of sufficient follow-up.

    Parameters
    ----------
    spells
        Right-censored; ``start > 0`` is delayed entry. Zero durations are left out, audited.
    formula
        Covariates of *whether*, as for ``cox``; ``"1"`` for none.
    when
        Covariates of *when*; the same unless given.
    dist
        Shape of *when*: ``"exponential"``, ``"weibull"``, ``"lognormal"`` or
        ``"loglogistic"``. Without it the one with the lowest AIC among the gate's three,
        which the headline names and ``.gate.table`` compares.
    cause
        Name (or number) of the cause under study; the others censor.
    level
        Coverage of the intervals.

    Returns
    -------
    Cure
        Table ``part, term, coef, std_err, ratio, low, high, p``; ``.share``, ``.gate``,
        ``.cured(frame)``, ``.predict(frame, times)``.

    Raises
    ------
    DataError
        For an unknown column or cause.
    ModelError
        For an unknown shape, no event, a constant covariate, covariates that determine
        one another.

    Notes
    -----
    The interval of the share is made on the logit scale and counts that other customers
    would have had other covariates. Unless ``dist`` is given it also counts that the shape
    is not known: it is the union over all shapes of a wide family (log-gamma, log-logistic)
    of what their likelihood leaves room for. The other intervals take the shape for true.
    With competing causes a customer who left some other
    way counts as censored: the share is of those who never would if nothing else came
    in between.

    References
    ----------
    Farewell (1982), Biometrics 38; Maller and Zhou (1996), Survival Analysis with
    Long-Term Survivors.

    Examples
    --------
    >>> import numpy as np
    >>> from journeylib.spells import spells_from_frame
    >>> rng = np.random.default_rng(4)
    >>> time = np.where(rng.uniform(size=800) < 0.4, np.inf, rng.exponential(10, 800))
    >>> df = pd.DataFrame({"time": np.minimum(time, 80), "event": time <= 80})
    >>> cure(spells_from_frame(df), "1").share.round(2).values.tolist()
    [[0.38, 0.02, 0.35, 0.41]]
    >>> short = pd.DataFrame({"time": np.minimum(time, 5), "event": time <= 5})
    >>> cure(spells_from_frame(short), "1").supported
    False
    """
    if dist is not None and dist not in FAMILIES:
        raise ModelError(f"there is no distribution {dist!r}", fix=nearest(dist, FAMILIES))
    z_value(level)
    whether, latency = _responses(spells, formula, formula if when is None else when, cause)
    rows = CureRows(
        whether.rows.x, latency.rows.x, whether.rows.start, whether.rows.stop, whether.rows.event
    )
    gate = check_follow_up(rows, level, spells.unit)
    chosen = str(gate.table["dist"].iloc[0]) if dist is None else dist
    fit = fit_cure(rows, FAMILIES[chosen])
    names = (*whether.names, *latency.names)
    if FAMILIES[chosen].scale is None:
        names = (*names, LOG_SCALE)
    return Cure(
        table=ratios(fit, names, len(whether.names), gate.open, level),
        unit=spells.unit,
        about={
            "event": whether.cause,
            "formula": formula,
            "references": whether.references | latency.references,
            "when": formula if when is None else when,
            "dist": chosen,
            "level": level,
            "conf": "wald",
            "n": len(rows.stop),
            "ids": len(pd.unique(pd.Series(whether.id))),
            "events": int(rows.event.sum()),
            "clock": spells.clock,
            "audit": whether.audit,
        },
        share=_share(rows, fit, whether, gate, level, dist is not None),
        gate=gate,
        dist=chosen,
        log_likelihood=fit.value,
        n=len(rows.stop),
        events=int(rows.event.sum()),
        audit=whether.audit,
        fit=fit,
        whether=whether,
        when=latency,
        warnings=_warnings(fit, gate, chosen),
    )


def _responses(
    spells: Spells, formula: str, when: str, cause: str | int | None
) -> tuple[Response, Response]:
    """Both formulas on the rows that are complete for both."""
    whether = read_response(spells, formula, cause)
    if when == formula:
        return whether, whether
    latency = read_response(spells, when, cause)
    both = np.intersect1d(whether.keep, latency.keep)
    lost = len(whether.keep) - len(both)
    audit = whether.audit.drop(f"missing in the covariates of when ({when})", lost)
    return whether.only(both, audit), latency.only(both, audit)


def _share(
    rows: CureRows, fit: CureFit, whether: Response, gate: Gate, level: float, only: bool
) -> pd.DataFrame:
    if not gate.open:
        return pd.DataFrame(
            {"estimate": [np.nan], "std_err": [np.nan], "low": [0.0], "high": [gate.upper]}
        )
    first = np.unique(pd.factorize(pd.Series(whether.id))[0], return_index=True)[1]
    return cured_share(rows, first, fit, level, only=only)


def _warnings(fit: CureFit, gate: Gate, dist: str) -> tuple[str, ...]:
    found = []
    best = gate.table.iloc[0]
    mine = gate.table[gate.table["dist"] == dist]
    if gate.open and len(mine) and not mine["plausible"].iloc[0]:
        found.append(
            f"{best['dist']} fits the times much better (AIC lower by "
            f"{mine['delta'].iloc[0]:.0f}): the share may be off with {dist}"
        )
    if gate.open and np.isnan(fit.covariance).any():
        found.append("the covariates leave no finite errors: perhaps a level is all or none cured")
    return tuple(found)
