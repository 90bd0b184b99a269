"""A fitted Cox model as numbers: coefficients, their variances and what they were made from.

Inside, covariates are centred and scaled to unit spread, so that the arithmetic
does not depend on the unit of a covariate; what comes out is in its own unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from journeylib.errors import ModelError
from journeylib.estimate.cox.likelihood import (
    BLOCK,
    Data,
    evaluate,
    likelihood_data,
    linear_predictor,
)
from journeylib.estimate.cox.newton import Maximum, dependent_columns, maximise
from journeylib.estimate.cox.residuals import grouped, score_residuals
from journeylib.estimate.cox.risksets import RiskSets, risk_sets
from journeylib.estimate.design import Design


@dataclass(frozen=True, eq=False)
class CoxFit:
    """Everything later questions to a fitted model need.

    Parameters
    ----------
    design
        The model's rows; its matrix is emptied, for ``data.x`` holds the same numbers.
    data
        Risk sets and standardised covariates.
    mean, scale
        Of each covariate: ``x = data.x * scale + mean``.
    maximum
        Where the maximisation ended, in standardised covariates.
    ties
        ``"efron"`` or ``"breslow"``.
    cluster
        Cluster code of each sorted row, or None.
    robust
        Whether variances are robust.
    """

    design: Design
    data: Data
    mean: np.ndarray
    scale: np.ndarray
    maximum: Maximum
    ties: str
    cluster: np.ndarray | None
    robust: bool

    @property
    def beta(self) -> np.ndarray:
        """Coefficients of the standardised covariates, finite even where the estimate is not."""
        return self.maximum.beta

    @property
    def finite(self) -> np.ndarray:
        """Which terms have a finite estimate."""
        return ~self.maximum.diverged

    @cached_property
    def coef(self) -> np.ndarray:
        """Log hazard ratios, NaN where there is no finite estimate."""
        return np.where(self.finite, self.beta / self.scale, np.nan)

    @cached_property
    def naive(self) -> np.ndarray:
        """Inverse information in the covariates' own units, shape (p, p)."""
        return self._own_units(self.maximum.covariance)

    @cached_property
    def sandwich(self) -> np.ndarray | None:
        """Robust variance of Lin and Wei, or None where it was not asked for."""
        if not self.robust:
            return None
        influence = self.maximum.covariance @ self.grouped_scores(self.beta)
        return self._own_units(influence @ influence.T)

    @property
    def covariance(self) -> np.ndarray:
        """The variance that intervals use: robust if there is one."""
        return self.naive if self.sandwich is None else self.sandwich

    def _own_units(self, matrix: np.ndarray) -> np.ndarray:
        own = matrix / np.outer(self.scale, self.scale)
        own[~self.finite, :] = np.nan
        own[:, ~self.finite] = np.nan
        return own

    def grouped_scores(self, beta: np.ndarray) -> np.ndarray:
        """Weighted score residuals summed within clusters, shape (p, clusters)."""
        scores = score_residuals(self.data, beta)
        if self.data.weight is not None:
            scores *= self.data.weight
        return grouped(scores, self.cluster)

    def predictor(self) -> np.ndarray:
        """Linear predictor of each sorted row, centred at the covariates' means."""
        return linear_predictor(self.data, self.beta)

    def to_rows(self, values: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """Values of sorted rows (last axis) in the order of the model's rows."""
        out = np.full((*values.shape[:-1], len(self.design.rows)), fill)
        out[..., self.data.sets.rows] = values
        return out

    def need_finite(self, purpose: str) -> None:
        """Refuse what infinite coefficients cannot give."""
        if not self.finite.all():
            bad = ", ".join(np.array(self.design.names)[~self.finite])
            raise ModelError(
                f"{purpose} needs finite estimates, and {bad} has none",
                fix="leave the term out, or merge the levels without events",
            )


def fit_cox(design: Design, ties: str, sets: RiskSets | None = None) -> CoxFit:
    """Maximise the partial likelihood of a design, over other risk sets where they are given.

    Raises
    ------
    ModelError
        Without events; for covariates that are constant or linearly dependent
        (in the risk sets, which is what counts).
    """
    if sets is None:
        sets = risk_sets(design.start, design.stop, design.event, design.stratum)
    x, mean, scale = _standardised(design.matrix, design.names, sets.rows)
    design = replace(design, matrix=np.empty((0, len(x))))  # free the copy before the work begins
    weight = None if design.weight is None else design.weight[sets.rows]
    offset = None
    if design.offset is not None:
        offset = design.offset[sets.rows] - design.offset.mean()
    data = likelihood_data(sets, x, weight, offset, ties)
    start = evaluate(data, np.zeros(len(x)))
    _need_independent(start.information, design)
    maximum = maximise(lambda beta: evaluate(data, beta), start)
    cluster, robust = _clusters(design)
    return CoxFit(
        design=design,
        data=data,
        mean=mean,
        scale=scale,
        maximum=maximum,
        ties=ties,
        cluster=None if cluster is None else cluster[sets.rows],
        robust=robust,
    )


def _standardised(
    matrix: np.ndarray, names: Sequence[str], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns centred and scaled, in the order of ``rows``, one contiguous row a covariate."""
    mean, scale = _centre_and_spread(matrix)
    constant = [names[int(j)] for j in np.flatnonzero(scale == 0)]
    if constant:
        raise ModelError(
            f"{' and '.join(constant)} is the same in every row of the model",
            fix="take it out of the formula",
        )
    x = np.empty((matrix.shape[1], len(rows)))
    for begin in range(0, len(rows), BLOCK):
        part = matrix[rows[begin : begin + BLOCK]]
        x[:, begin : begin + BLOCK] = ((part - mean) / scale).T
    return x, mean, scale


def _centre_and_spread(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column; exactly 0 where a column is constant."""
    n, anchor = len(matrix), matrix[0]
    total, square = np.zeros((2, matrix.shape[1]))
    for begin in range(0, n, BLOCK):
        part = (matrix[begin : begin + BLOCK] - anchor).T.copy()
        total += part.sum(axis=1)
    mean = total / n
    for begin in range(0, n, BLOCK):
        part = (matrix[begin : begin + BLOCK] - anchor - mean).T.copy()
        square += np.einsum("ij,ij->i", part, part)
    return anchor + mean, np.sqrt(square / n)


def _need_independent(information: np.ndarray, design: Design) -> None:
    bad = dependent_columns(information)
    if len(bad) == 1:
        within = " within the strata" if design.stratum is not None else ""
        raise ModelError(
            f"{design.names[bad[0]]} is the same for everybody at risk{within} at each event: "
            "the data say nothing about it",
            fix="take it out of the formula",
        )
    if bad:
        names = [design.names[j] for j in bad]
        raise ModelError(
            f"{', '.join(names[:-1])} and {names[-1]} determine one another: "
            "their effects cannot be told apart",
            fix=f"take one of them out of the formula, for instance {names[-1]}",
        )


def _clusters(design: Design) -> tuple[np.ndarray | None, bool]:
    """Cluster codes and whether errors are robust; fractional weights call for it, as in R."""
    if design.cluster is not None:
        return design.cluster, True
    weight = design.weight
    if weight is not None and (weight != np.floor(weight)).any():
        return pd.factorize(design.id)[0], True
    return None, False


def global_tests(fit: CoxFit) -> pd.DataFrame:
    """Likelihood-ratio, Wald and score tests that all coefficients are zero."""
    start, end, finite = fit.maximum.start, fit.maximum.end, fit.finite
    df = int(finite.sum())
    coef, variance = fit.coef[finite], fit.covariance[np.ix_(finite, finite)]
    rows = [
        ("likelihood ratio", 2 * (end.value - start.value)),
        ("wald", float(coef @ np.linalg.solve(variance, coef)) if df else np.nan),
        ("score", float(start.score @ np.linalg.solve(start.information, start.score))),
    ]
    if fit.robust:
        scores = fit.grouped_scores(np.zeros(len(finite)))
        total = scores.sum(axis=1)
        rows.append(("robust score", float(total @ np.linalg.pinv(scores @ scores.T) @ total)))
    table = pd.DataFrame(rows, columns=["test", "statistic"])
    table["df"] = [len(finite), df, len(finite), len(finite)][: len(rows)]
    table["p"] = stats.chi2.sf(table["statistic"], table["df"])
    return table
