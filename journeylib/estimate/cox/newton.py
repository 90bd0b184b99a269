"""Maximising a concave log likelihood, and noticing when it has no maximum.

A partial likelihood is concave. Newton's steps with halving reach its maximum in
a few turns, or, when the events are perfectly ordered by some covariate, walk
away for ever: each step then adds about the same to a coefficient, while the
likelihood creeps towards a limit and the information about it dies out (Bryson
and Johnson 1981, Technometrics 23). Directions are judged by the information
left in them, relative to that at zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from journeylib.errors import ModelError
from journeylib.estimate.cox.likelihood import Point

MAX_STEPS = 60
SINGULAR = 1e-11  # eigenvalue of the information as a correlation matrix
CONVERGED = 1e-10  # expected gain in log likelihood, relative to 1 + its size
FLAT = 1e-9  # information left in a direction, relative to that at zero
WEAK, HUGE = 1e-5, 40  # the same with a coefficient beyond exp(40) a standard deviation
STILL_WALKING = 1e-3  # next step relative to the coefficient
NOT_ROUNDING = 1e-6  # next step in standard errors
PART = 1e-4  # share in a direction from which a coefficient belongs to it


@dataclass(frozen=True, eq=False)
class Shape:
    """The information at a point, seen along its principal directions relative to zero.

    ``basis`` holds one direction a column; along it the information is ``values``.
    """

    values: np.ndarray
    basis: np.ndarray

    @property
    def flat(self) -> np.ndarray:
        """Directions about which nothing is left to learn."""
        return self.values < FLAT

    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Inverse information times a vector, flat directions left out."""
        return self.covariance @ vector

    @cached_property
    def covariance(self) -> np.ndarray:
        """Inverse information, flat directions left out."""
        kept = self.basis[:, ~self.flat]
        return (kept / self.values[~self.flat]) @ kept.T

    def part_of(self, directions: np.ndarray) -> np.ndarray:
        """Coefficients that take part in any of these directions."""
        share = np.abs(self.basis[:, directions])
        return (share > PART * share.max(axis=0, initial=0)).any(axis=1)

    def diverged(self, beta: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Coefficients that have no finite estimate."""
        error = np.sqrt(np.diag(self.covariance))
        walking = np.abs(step) > STILL_WALKING * np.abs(beta)
        walking &= np.abs(step) > NOT_ROUNDING * error
        absurd = self.part_of(self.values < WEAK) & (np.abs(beta) > HUGE)
        return self.part_of(self.flat) | walking | absurd


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where Newton's steps ended.

    ``diverged`` marks coefficients without a finite estimate; theirs in ``beta``
    is merely where the walk was stopped. ``covariance`` is the inverse information.
    """

    beta: np.ndarray
    start: Point
    end: Point
    steps: int
    diverged: np.ndarray
    covariance: np.ndarray


def maximise(evaluate: Callable[[np.ndarray], Point], start: Point) -> Maximum:
    """Newton's method from zero.

    Parameters
    ----------
    evaluate
        Coefficients -> value, score and information; value ``-inf`` where it overflows.
    start
        What ``evaluate`` gives at zero; its information must be positive definite.

    Raises
    ------
    ModelError
        When no convergence is reached: covariates that separate events so well that
        the arithmetic runs out of digits.
    """
    whiten = np.linalg.inv(np.linalg.cholesky(start.information))
    beta, point = np.zeros(len(start.score)), start
    polished = False
    for turn in range(MAX_STEPS):
        shape = _shape(point.information, whiten)
        step = shape.solve(point.score)
        gain = float(step @ point.score) / 2
        if polished:
            diverged = shape.diverged(beta, step)
            return Maximum(beta, start, point, turn, diverged, shape.covariance)
        polished = gain <= CONVERGED * (1 + abs(point.value))
        beta, point = _climb(evaluate, beta, step, point)
    raise ModelError(
        f"the coefficients did not settle within {MAX_STEPS} steps: together the covariates "
        "separate events from non-events almost perfectly, or one has extreme values",
        fix="leave terms out one by one, merge levels with few events, log extreme values",
    )


def _shape(information: np.ndarray, whiten: np.ndarray) -> Shape:
    values, vectors = np.linalg.eigh(whiten @ information @ whiten.T)
    return Shape(values, whiten.T @ vectors)


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
