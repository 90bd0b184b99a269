"""Maximising a concave log likelihood, and noticing when it has no maximum.

A partial likelihood is concave. Newton's steps with halving reach its maximum in
a few turns, or, when the events are perfectly ordered by some covariate, walk
away for ever: each step then adds about the same to a coefficient while the
likelihood creeps towards a limit (Bryson and Johnson 1981, Technometrics 23).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from journeylib.errors import ModelError
from journeylib.estimate.likelihood import Point

MAX_STEPS = 60
SINGULAR = 1e-11  # eigenvalue of the information as a correlation matrix
CONVERGED = 1e-10  # expected gain in log likelihood, relative to 1 + its size
STILL_WALKING = 1e-3  # next step relative to the coefficient
NOT_ROUNDING = 1e-8  # next step in standard errors


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where Newton's steps ended.

    ``diverged`` marks coefficients without a finite estimate; theirs in ``beta``
    is merely where the walk was stopped.
    """

    beta: np.ndarray
    start: Point
    end: Point
    steps: int
    diverged: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Inverse information."""
        size = np.sqrt(np.diag(self.end.information))
        return np.linalg.pinv(self.end.information / np.outer(size, size), 1e-15) / np.outer(
            size, size
        )


def maximise(evaluate: Callable[[np.ndarray], Point], start: Point) -> Maximum:
    """Newton's method from zero.

    Parameters
    ----------
    evaluate
        Coefficients -> value, score and information; value ``-inf`` where it overflows.
    start
        What ``evaluate`` gives at zero.

    Raises
    ------
    ModelError
        When no convergence is reached, which a concave likelihood of sane data does not do.
    """
    beta, point = np.zeros(len(start.score)), start
    polished = False
    for turn in range(MAX_STEPS):
        step = _solve(point)
        gain = float(step @ point.score) / 2
        if polished:
            return Maximum(beta, start, point, turn, _walking(beta, step, point))
        polished = gain <= CONVERGED * (1 + abs(point.value))
        beta, point = _climb(evaluate, beta, step, point)
    raise ModelError(
        f"the coefficients did not settle within {MAX_STEPS} steps",
        fix="look for a covariate with extreme values, and rescale or log it",
    )


def _solve(point: Point) -> np.ndarray:
    size = np.sqrt(np.diag(point.information))
    if not (size > 0).all():
        return np.linalg.pinv(point.information) @ point.score
    scaled = point.information / np.outer(size, size)
    return np.linalg.lstsq(scaled, point.score / size, rcond=1e-14)[0] / size


def _climb(
    evaluate: Callable[[np.ndarray], Point], beta: np.ndarray, step: np.ndarray, point: Point
) -> tuple[np.ndarray, Point]:
    """One Newton step, halved until the likelihood does not fall."""
    slack = 1e-12 * (1 + abs(point.value))  # rounding of a long sum
    for _ in range(40):
        tried = evaluate(beta + step)
        if tried.value >= point.value - slack:
            return beta + step, tried
        step = step / 2
    return beta, point


def _walking(beta: np.ndarray, step: np.ndarray, point: Point) -> np.ndarray:
    """Coefficients that would go on growing although the likelihood has converged."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = 1 / np.sqrt(np.maximum(np.diag(point.information), 0))
        far = np.abs(step) > STILL_WALKING * np.abs(beta)
        return far & (np.abs(step) > NOT_ROUNDING * error)


def dependent_columns(information: np.ndarray) -> list[int]:
    """Columns of a perfect linear relation, found in the information at zero.

    Returns
    -------
    list of int
        Columns without any information, else those taking part in the first
        linear relation; empty when there is none.
    """
    size = np.sqrt(np.maximum(np.diag(information), 0))
    if not (size > 0).all():
        return [int(j) for j in np.flatnonzero(size <= 0)]
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    if values[0] > SINGULAR:
        return []
    return [int(j) for j in np.flatnonzero(np.abs(vectors[:, 0]) > 1e-6)]
