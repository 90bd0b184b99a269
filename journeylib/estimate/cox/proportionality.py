"""Does a hazard ratio stay the same over time? The score test of R's ``cox.zph`` (3.0 and later).

Add to the model a term ``x g(t)`` with coefficient zero. If the effect of x is
constant, the score for that term is close to zero; its variance is known from
the information of the enlarged model. Nothing is refitted.

References
----------
Grambsch and Therneau (1994), Biometrika 81; Therneau's vignette on ``cox.zph``
in R's ``survival`` (the score test that replaced the approximation of 1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from journeylib.errors import ModelError, nearest
from journeylib.estimate.cox.fit import CoxFit
from journeylib.estimate.cox.likelihood import first_moments, hazard_steps, moments_of_score
from journeylib.estimate.cox.model import Effects
from journeylib.estimate.cox.risksets import RiskSets, equal_times, risk_sets
from journeylib.results import Result

TRANSFORMS = ("km", "rank", "identity", "log")


@dataclass(frozen=True, repr=False, eq=False)
class Proportionality(Result):
    """Tests of constant effects: ``term, chisq, df, p``, last row ``GLOBAL``."""

    title: ClassVar[str] = "Test of constant hazard ratios"

    def _headline(self) -> str:
        return f"{self.title} (time as {self.about['transform']})"


def check_proportionality(
    effects: Effects, transform: str = "km", *, terms: bool = False
) -> Proportionality:
    """Test whether each hazard ratio is constant over time, as R's ``cox.zph``.

    Parameters
    ----------
    effects
        A fitted model.
    transform
        The time scale on which an effect may drift: ``"km"`` (one less the
        Kaplan-Meier estimate just before t), ``"rank"`` (among the ends of all rows),
        ``"identity"``, ``"log"``.
    terms
        False for one row a column of the model matrix (R's ``terms=FALSE``); True
        for one row a term of the formula, with the columns of a factor tested together.

    Returns
    -------
    Proportionality
        Table ``term, chisq, df, p``; a small p speaks against a constant ratio. A
        term without a finite estimate has no ratio to test: its row is NaN with 0
        degrees of freedom, and ``GLOBAL`` tests the others. So are all rows where all
        events happened at one time.

    Raises
    ------
    ModelError
        For an unknown transform, or ``"log"`` when an event happened at time 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib import cox, spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4, 5, 6], "event": [1, 1, 1, 0, 1, 1],
    ...                    "x": [1, 0, 1, 1, 0, 0]})
    >>> check_proportionality(cox(spells_from_frame(df), "x")).frame["term"].tolist()
    ['x', 'GLOBAL']
    """
    if transform not in TRANSFORMS:
        raise ModelError(f"transform={transform!r} is unknown", fix=nearest(transform, TRANSFORMS))
    fit = effects.fit
    score, variance = drift_score(fit, time_scale(fit, transform))
    groups = _columns_of_terms(fit) if terms else {n: [j] for j, n in enumerate(fit.design.names)}
    groups["GLOBAL"] = list(range(len(score)))
    finite = {name: [j for j in at if fit.finite[j]] for name, at in groups.items()}
    rows = [(name, _quadratic(score, variance, at), len(at)) for name, at in finite.items()]
    table = pd.DataFrame(rows, columns=["term", "chisq", "df"])
    table["df"] = table["df"].where(table["chisq"].notna(), 0)
    table["p"] = stats.chi2.sf(table["chisq"], table["df"])
    return Proportionality(
        table=table, unit=effects.unit, about={**effects.about, "transform": transform}
    )


def drift_score(fit: CoxFit, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score of the terms x g(t) at zero, shape (p,), and its variance given the fit, (p, p).

    The variance is that of the enlarged information after the coefficients already
    estimated have taken their part (a Schur complement). Directions without a
    finite estimate take none: in the limit they share no information with the others.
    """
    steps = hazard_steps(fit.data, fit.predictor())
    moments = first_moments(fit.data, steps.risk)
    score, mixed = moments_of_score(fit.data, steps, moments, g)
    _, own = moments_of_score(fit.data, steps, moments, g * g)
    return score, own - mixed @ fit.maximum.covariance @ mixed


def _quadratic(score: np.ndarray, variance: np.ndarray, at: list[int]) -> float:
    if not at:
        return np.nan
    part, spread = score[at], variance[np.ix_(at, at)]
    if not spread.any():  # all events at one time, so that nothing can change over time
        return np.nan
    return float(part @ np.linalg.solve(spread, part))


def time_scale(fit: CoxFit, transform: str) -> np.ndarray:
    """The transformed time of each event time, centred over the events."""
    sets = fit.data.sets
    if transform == "log" and (sets.times <= 0).any():
        raise ModelError(
            "an event happened at time 0, which has no logarithm",
            fix="choose transform='km' or 'rank'",
        )
    count = np.diff(sets.death_start)
    if transform == "km":
        g = 1 - _survival_before(fit)
    elif transform == "rank":
        g = _mean_rank(sets.times, *equal_times(fit.design.stop))
    else:
        g = np.log(sets.times) if transform == "log" else sets.times.astype(float)
    return g - np.average(g, weights=count)


def _mean_rank(times: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Rank of each time among the ends of all rows, events or not, ties sharing the mean."""
    ends = np.sort(ends)
    below, upto = (np.searchsorted(ends, times, side=s) for s in ("left", "right"))
    return (below + upto + 1) / 2


def _survival_before(fit: CoxFit) -> np.ndarray:
    """Kaplan-Meier of everybody, whatever the stratum or weight, just before each event time."""
    sets, design = fit.data.sets, fit.design
    pooled: RiskSets = sets
    if design.stratum is not None:
        pooled = risk_sets(design.start, design.stop, design.event)
    at_risk = pooled.at_risk(np.ones(len(pooled.rows)))
    survival = np.cumprod(1 - np.diff(pooled.death_start) / at_risk)
    before = np.concatenate(([1.0], survival[:-1]))
    return before[np.searchsorted(pooled.times, sets.times)]


def _columns_of_terms(fit: CoxFit) -> dict[str, list[int]]:
    found = {str(t): [j - 1 for j in at] for t, at in fit.design.spec.term_indices.items()}
    return {name: at for name, at in found.items() if at != [-1]}
