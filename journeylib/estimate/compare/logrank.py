"""Weighted log-rank scores from counts (R's ``survdiff``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from journeylib.errors import DataError
from journeylib.estimate.compare.pools import Pool

TIES = ("hypergeometric", "breslow")


@dataclass(frozen=True, eq=False)
class Score:
    """Observed and expected events of each group, and the variance of their difference."""

    observed: np.ndarray
    expected: np.ndarray
    variance: np.ndarray

    def __add__(self, other: Score) -> Score:
        return Score(
            self.observed + other.observed,
            self.expected + other.expected,
            self.variance + other.variance,
        )


def logrank(pools: Iterable[Pool], members: np.ndarray, rho: float, ties: str) -> Score:
    """Score of a weighted log-rank test, summed over strata.

    Parameters
    ----------
    pools
        One a stratum.
    members
        Numbers of the groups that are compared.
    rho
        Each event weighs (pooled survival just before it) to the power rho.
    ties
        ``"hypergeometric"``, exact for tied events, or ``"breslow"``.

    Returns
    -------
    Score
        Arrays over ``members``.
    """
    first, *rest = (_score(pool, members, rho, ties) for pool in pools)
    return sum(rest, first)


def _score(pool: Pool, members: np.ndarray, rho: float, ties: str) -> Score:
    size = len(members)
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    survival = 1.0
    for at_risk, events in pool.chunks(members):
        d = events[0]
        total, n = d.sum(axis=0), at_risk.sum(axis=0)
        weight = np.ones(len(n))
        if rho:
            after = np.cumprod(np.concatenate([[survival], 1 - total / n]))
            weight, survival = after[:-1] ** rho, after[-1]
        share = np.divide(at_risk, n, out=at_risk)
        spread = weight**2 * total
        if ties == "hypergeometric":
            spread *= np.divide(n - total, n - 1, out=np.zeros(len(n)), where=n > 1)
        observed += d @ weight
        expected += share @ (weight * total)
        variance += np.diag(share @ spread) - (share * spread) @ share.T
    return Score(observed, expected, variance)


def chi_squared(score: Score) -> tuple[float, int]:
    """Statistic and degrees of freedom of the test that all groups are the same.

    A group in which nothing is expected does not count, as in R. Where groups
    are never at risk together the degrees of freedom are what is left to compare.
    """
    known = score.expected > 0
    difference = (score.observed - score.expected)[known]
    variance = score.variance[np.ix_(known, known)]
    if len(difference) < 2:
        return float("nan"), 0
    # of the size that rounding leaves of the events compared
    noise = 1e-12 * score.expected.sum()
    largest = np.abs(variance).max()
    limit = 1e-9 * largest
    rank = int(np.linalg.matrix_rank(variance, tol=limit, hermitian=True)) if largest > noise else 0
    if rank == 0:
        return float("nan"), 0
    if rank == len(difference) - 1:
        reduced = np.linalg.solve(variance[1:, 1:], difference[1:])
        return float(difference[1:] @ reduced), rank
    return float(
        difference @ np.linalg.pinv(variance, rcond=1e-9, hermitian=True) @ difference
    ), rank


def trend(score: Score, scores: Sequence[float] | None) -> tuple[float, int]:
    """Statistic and degrees of freedom of Tarone's test for a trend over ordered groups."""
    n_groups = len(score.observed)
    x = np.arange(1.0, n_groups + 1) if scores is None else np.asarray(scores, dtype=float)
    if len(x) != n_groups or not np.isfinite(x).all():
        raise DataError(
            f"a trend over {n_groups} groups needs {n_groups} scores, not {scores!r}",
            where="scores",
            fix="give one number a group, in the order of the groups",
        )
    x = x - x.mean()
    variance = float(x @ score.variance @ x)
    if variance <= 0:
        return float("nan"), 0
    return float(x @ (score.observed - score.expected)) ** 2 / variance, 1
