"""The likelihood of accelerated failure times: log T = x'b + scale * W.

W is the standard smallest-extreme-value (Weibull, exponential), logistic or
normal variable. A row ``(start, stop]`` that begins late contributes given that
it lasted beyond ``start``; its likelihood is divided by S(start).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from journeylib.errors import ModelError

MAX_STEPS = 100
CONVERGED = 1e-11  # expected gain in log likelihood, relative to 1 + its size
STILL_WALKING = 1e-3  # next step relative to the coefficient
NOT_ROUNDING = 1e-6  # next step in standard errors

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Family:
    """A distribution of the error W.

    Parameters
    ----------
    density, survival
        Of z: the logarithm of the density (of the survival function), and its
        first and second derivative.
    quantile
        Of a probability p: the z with S(z) = 1 - p.
    scale
        Fixed scale, or None where it is estimated.
    """

    density: Callable[[np.ndarray], Parts]
    survival: Callable[[np.ndarray], Parts]
    quantile: Callable[[np.ndarray], np.ndarray]
    scale: float | None = None


def _extreme_density(z: np.ndarray) -> Parts:
    e = np.exp(z)
    return z - e, 1 - e, -e


def _extreme_survival(z: np.ndarray) -> Parts:
    e = np.exp(z)
    return -e, -e, -e


def _extreme_quantile(p: np.ndarray) -> np.ndarray:
    return np.log(-np.log1p(-np.asarray(p, dtype=float)))


def _logistic_density(z: np.ndarray) -> Parts:
    p = special.expit(z)
    return z - 2 * np.logaddexp(0, z), 1 - 2 * p, -2 * p * (1 - p)


def _logistic_survival(z: np.ndarray) -> Parts:
    p = special.expit(z)
    return -np.logaddexp(0, z), -p, -p * (1 - p)


def _normal_density(z: np.ndarray) -> Parts:
    return -0.5 * z * z - 0.5 * np.log(2 * np.pi), -z, -np.ones_like(z)


def _normal_survival(z: np.ndarray) -> Parts:
    log = special.log_ndtr(-z)
    hazard = np.exp(-0.5 * z * z - 0.5 * np.log(2 * np.pi) - log)
    return log, -hazard, -hazard * (hazard - z)


FAMILIES = {
    "exponential": Family(_extreme_density, _extreme_survival, _extreme_quantile, 1.0),
    "weibull": Family(_extreme_density, _extreme_survival, _extreme_quantile),
    "lognormal": Family(_normal_density, _normal_survival, special.ndtri),
    "loglogistic": Family(_logistic_density, _logistic_survival, special.logit),
}


@dataclass(frozen=True, eq=False)
class Rows:
    """What the likelihood reads; all arrays have one entry a row.

    Parameters
    ----------
    x
        Shape (n, p), with the intercept in front.
    start, stop
        ``stop > 0``; ``start > 0`` marks delayed entry.
    event
        Whether the row ends with the event.
    """

    x: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    event: np.ndarray


@dataclass(frozen=True, eq=False)
class AftFit:
    """The maximum: ``theta`` holds the coefficients and, unless fixed, log(scale).

    ``walking`` marks coefficients without a finite estimate.
    """

    theta: np.ndarray
    scale: float
    value: float
    information: np.ndarray
    walking: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Inverse observed information, NaN where there is no finite estimate."""
        held = ~self.walking
        out = np.full_like(self.information, np.nan)
        out[np.ix_(held, held)] = np.linalg.inv(self.information[np.ix_(held, held)])
        return out


def evaluate(rows: Rows, family: Family, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Log likelihood, score and observed information.

    Parameters
    ----------
    theta
        Coefficients, then log(scale) where the family's is estimated.

    Notes
    -----
    With z = (log t - x'b) / s: dz/db = -x / s and dz/dlog(s) = -z.
    """
    p = rows.x.shape[1]
    free = family.scale is None
    log_scale = theta[p] if free else np.log(family.scale)  # type: ignore[arg-type]
    scale = np.exp(log_scale)
    linear = rows.x @ theta[:p]
    with np.errstate(over="ignore", invalid="ignore"):
        z = (np.log(rows.stop) - linear) / scale
        d = rows.event
        value, first, second = 0.0, np.empty_like(z), np.empty_like(z)
        for chosen, of in ((d, family.density), (~d, family.survival)):
            log, first[chosen], second[chosen] = of(z[chosen])
            value += log.sum()
        value -= (log_scale + np.log(rows.stop[d])).sum()
        parts = [(rows.x, z, first, second, 1.0)]
        late = rows.start > 0
        if late.any():
            z0 = (np.log(rows.start[late]) - linear[late]) / scale
            g, g1, g2 = family.survival(z0)
            value -= g.sum()
            parts.append((rows.x[late], z0, g1, g2, -1.0))
        size = p + free
        score, info = np.zeros(size), np.zeros((size, size))
        for x, at, a, b, sign in parts:
            score[:p] -= sign * (x.T @ a) / scale
            info[:p, :p] -= sign * (x.T * b) @ x / scale**2
            if free:
                score[p] -= sign * (a @ at)
                cross = b * at + a
                info[:p, p] -= sign * (x.T @ cross) / scale
                info[p, p] -= sign * (at @ cross)
        if free:
            score[p] -= d.sum()
            info[p, :p] = info[:p, p]
    if not (np.isfinite(value) and np.isfinite(info).all() and np.isfinite(score).all()):
        return -np.inf, score, info
    return float(value), score, info


def fit_aft(rows: Rows, family: Family, null: AftFit | None = None) -> AftFit:
    """Maximise the likelihood by Newton's method, damped where it is not concave.

    Parameters
    ----------
    rows
        With at least one event.
    family
        One of ``FAMILIES``.
    null
        The fit without covariates, to start from.

    Raises
    ------
    ModelError
        When no maximum is found.
    """
    # centred, scaled columns: the steps then do not depend on the units of the covariates
    middle, size = rows.x[:, 1:].mean(axis=0), rows.x[:, 1:].std(axis=0)
    inner = Rows(
        np.column_stack([np.ones(len(rows.x)), (rows.x[:, 1:] - middle) / size]),
        rows.start,
        rows.stop,
        rows.event,
    )
    p, free = rows.x.shape[1], family.scale is None
    theta = np.zeros(p + free)
    theta[0] = np.log(rows.stop.sum() / rows.event.sum())
    if null is not None:
        theta[0], theta[p:] = null.theta[0], null.theta[1:]
    point = evaluate(inner, family, theta)
    polished = False
    for _ in range(MAX_STEPS):
        step = damped(point[1], point[2])
        if polished:
            break
        polished = float(step @ point[1]) / 2 <= CONVERGED * (1 + abs(point[0]))
        theta, point = _climb(inner, family, theta, step, point)
    else:
        raise ModelError(
            f"the coefficients did not settle within {MAX_STEPS} steps",
            fix="look for a covariate with extreme values, or choose another dist",
        )
    # back to the covariates' own units: b = inner / size, intercept less what centring took
    back = np.eye(p + free)
    back[range(1, p), range(1, p)] = 1 / size
    back[0, 1:p] = -middle / size
    inverse = np.linalg.inv(back)
    theta, step, information = back @ theta, back @ step, inverse.T @ point[2] @ inverse
    scale = float(np.exp(theta[p])) if free else float(family.scale)  # type: ignore[arg-type]
    return AftFit(theta, scale, point[0], information, _walking(theta, step, information))


def damped(score: np.ndarray, information: np.ndarray) -> np.ndarray:
    """A step uphill: Newton's where the likelihood is concave, shorter where it is not.

    Levenberg and Marquardt's: the curvatures along the principal axes are made
    positive by their absolute value.
    """
    values, vectors = np.linalg.eigh(information)
    floor = 1e-12 * max(float(np.abs(values).max()), 1e-300)
    return vectors @ ((vectors.T @ score) / np.maximum(np.abs(values), floor))


def _climb(
    rows: Rows,
    family: Family,
    theta: np.ndarray,
    step: np.ndarray,
    point: tuple[float, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, tuple[float, np.ndarray, np.ndarray]]:
    slack = 1e-12 * (1 + abs(point[0]))  # rounding of a long sum
    for _ in range(50):
        tried = evaluate(rows, family, theta + step)
        if tried[0] >= point[0] - slack:
            return theta + step, tried
        step = step / 2
    return theta, point


def _walking(theta: np.ndarray, step: np.ndarray, information: np.ndarray) -> np.ndarray:
    """Coefficients that would go on growing although the likelihood has converged."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = 1 / np.sqrt(np.maximum(np.diag(information), 0))
        return (np.abs(step) > STILL_WALKING * np.abs(theta)) & (
            np.abs(step) > NOT_ROUNDING * error
        )
