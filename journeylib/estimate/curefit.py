"""The likelihood of a mixture: some never will; the others will, sooner or later.

With p = expit(x'b) the probability of ever having the event, and S_u the survival of
those who will (log T = w'g + scale * W, as in ``aftfit``) ::

    event at t            p * f_u(t | w)
    censored at t         (1 - p) + p * S_u(t | w)
    entered late at s     the same, divided by (1 - p) + p * S_u(s | w)

(Farewell 1982, Biometrics 38).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from journeylib.errors import ModelError
from journeylib.estimate.aftfit import Family, Rows, damped, fit_aft

MAX_STEPS = 200
CONVERGED = 1e-11
Point = tuple[float, np.ndarray, np.ndarray]
FLAT = 15.0  # log odds of ever beyond which nobody is cured, for all the data can say


@dataclass(frozen=True, eq=False)
class CureRows:
    """What the likelihood reads; one entry a row.

    Parameters
    ----------
    x, w
        Covariates of *whether* and of *when*, with the intercept in front.
    start, stop
        ``stop > 0``; ``start > 0`` marks delayed entry.
    event
        Whether the row ends with the event.
    """

    x: np.ndarray
    w: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    event: np.ndarray


@dataclass(frozen=True, eq=False)
class CureFit:
    """The maximum: ``theta`` is b, then g, then log(scale) unless it is fixed.

    ``never_cured``: the likelihood is highest where everybody will.
    """

    theta: np.ndarray
    value: float
    information: np.ndarray
    never_cured: bool

    @property
    def covariance(self) -> np.ndarray:
        """Inverse observed information; NaN where it is not positive definite."""
        try:
            np.linalg.cholesky(self.information)
        except np.linalg.LinAlgError:
            return np.full_like(self.information, np.nan)
        return np.linalg.inv(self.information)


def evaluate(
    rows: CureRows, family: Family, theta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log likelihood, score and observed information."""
    q, p = rows.x.shape[1], rows.w.shape[1]
    free = family.scale is None
    log_scale = theta[q + p] if free else np.log(family.scale)  # type: ignore[arg-type]
    scale = np.exp(log_scale)
    odds, linear = rows.x @ theta[:q], rows.w @ theta[q : q + p]
    size = q + p + free
    score, info = np.zeros(size), np.zeros((size, size))
    d, late = rows.event, rows.start > 0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        z = (np.log(rows.stop) - linear) / scale
        log, first, second = family.density(z[d])
        ever = expit(odds[d])
        value = (log - np.log1p(np.exp(-odds[d])) - log_scale - np.log(rows.stop[d])).sum()
        zero = np.zeros_like(ever)
        parts = [(d, z[d], 1 - ever, -ever * (1 - ever), zero, first, second, 1.0)]
        for chosen, at, sign in ((~d, z[~d], 1.0), (late, None, -1.0)):
            if at is None:
                at = (np.log(rows.start[late]) - linear[late]) / scale
            if not len(at):
                continue
            log, one, two = family.survival(at)
            eta = odds[chosen]
            ever = expit(eta)
            # log of (1 - p) + p S, and the probability of ever given not yet
            value += sign * np.logaddexp(-np.logaddexp(0, eta), log - np.logaddexp(0, -eta)).sum()
            yet = expit(eta + log)
            mixed = yet * (1 - yet)
            parts.append(
                (
                    chosen,
                    at,
                    yet - ever,
                    mixed - ever * (1 - ever),
                    mixed * one,
                    yet * one,
                    yet * two + mixed * one**2,
                    sign,
                )
            )
        for chosen, at, a, aa, ab, b, bb, sign in parts:
            x, w = rows.x[chosen], rows.w[chosen]
            score[:q] += sign * (x.T @ a)
            score[q : q + p] -= sign * (w.T @ b) / scale
            info[:q, :q] -= sign * (x.T * aa) @ x
            info[:q, q : q + p] += sign * (x.T * ab) @ w / scale
            info[q : q + p, q : q + p] -= sign * (w.T * bb) @ w / scale**2
            if free:
                score[q + p] -= sign * (b @ at)
                cross = bb * at + b
                info[:q, q + p] += sign * (x.T @ (ab * at))
                info[q : q + p, q + p] -= sign * (w.T @ cross) / scale
                info[q + p, q + p] -= sign * (at @ cross)
        if free:
            score[q + p] -= d.sum()
    lower = np.tril_indices(size, -1)
    info[lower] = info.T[lower]
    if not (np.isfinite(value) and np.isfinite(score).all() and np.isfinite(info).all()):
        return -np.inf, score, info
    return float(value), score, info


def fit_cure(rows: CureRows, family: Family, near: CureFit | None = None) -> CureFit:
    """Maximise from two starts: some cured at the plateau's height, and nobody.

    Parameters
    ----------
    rows
        What the likelihood reads.
    family
        Shape of *when*.
    near
        A fit of a shape much like it, from which to start instead; where that comes to no
        rest the two starts follow.

    Raises
    ------
    ModelError
        When neither start comes to rest.
    """
    inner, back = _scaled(rows, family.scale is None)

    def likelihood(theta: np.ndarray) -> Point:
        return evaluate(inner, family, theta)

    found = []
    if near is not None:
        found = [_climb(likelihood, np.linalg.solve(back, near.theta))]
    if not any(f is not None for f in found):
        found = [_climb(likelihood, theta) for theta in _starts(inner, family)]
    rested = [f for f in found if f is not None]
    if not rested:
        raise ModelError(
            f"the mixture did not settle within {MAX_STEPS} steps",
            fix="name fewer covariates, or look at the curve: is there a plateau at all?",
        )
    theta, point = max(rested, key=lambda f: f[1][0])
    q = rows.x.shape[1]
    never = bool(theta[0] > FLAT) or bool((inner.x @ theta[:q]).min() > FLAT)
    inverse = np.linalg.inv(back)
    return CureFit(back @ theta, point[0], inverse.T @ point[2] @ inverse, never)


def _scaled(rows: CureRows, free: bool) -> tuple[CureRows, np.ndarray]:
    """Centred, scaled columns, and the matrix from their coefficients to the original ones."""
    blocks, backs = [], []
    for matrix in (rows.x, rows.w):
        middle, size = matrix[:, 1:].mean(axis=0), matrix[:, 1:].std(axis=0)
        blocks.append(np.column_stack([matrix[:, :1], (matrix[:, 1:] - middle) / size]))
        back = np.eye(matrix.shape[1])
        back[range(1, len(back)), range(1, len(back))] = 1 / size
        back[0, 1:] = -middle / size
        backs.append(back)
    q, p = (len(b) for b in backs)
    whole = np.eye(q + p + free)
    whole[:q, :q], whole[q : q + p, q : q + p] = backs
    x, w = blocks
    return CureRows(x, w, rows.start, rows.stop, rows.event), whole


def _starts(rows: CureRows, family: Family) -> list[np.ndarray]:
    q, p, free = rows.x.shape[1], rows.w.shape[1], family.scale is None
    ever = np.clip(rows.event.mean() * 1.05, 0.05, 0.95)
    done = rows.event
    # late entry is left out of the starts: without a plateau it may have no maximum
    begin, one = np.zeros(len(rows.stop)), rows.w[:, :1]
    own = Rows(one[done], begin[done], rows.stop[done], rows.event[done])
    everybody = Rows(one, begin, rows.stop, rows.event)
    starts = []
    for odds, seen in ((logit(ever), own), (4.0, everybody)):
        plain = fit_aft(seen, family)
        theta = np.zeros(q + p + free)
        theta[0], theta[q] = odds, plain.theta[0]
        if free:
            theta[-1] = np.log(max(plain.scale, 1e-3))
        starts.append(theta)
    return starts


def _climb(
    likelihood: Callable[[np.ndarray], Point], theta: np.ndarray
) -> tuple[np.ndarray, Point] | None:
    """Where damped Newton steps come to rest; None where they do not."""
    point = likelihood(theta)
    for _ in range(MAX_STEPS):
        step = damped(point[1], point[2])
        step *= min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        if abs(float(step @ point[1])) / 2 <= CONVERGED * (1 + abs(point[0])):
            return theta, point
        slack = 1e-12 * (1 + abs(point[0]))
        for _ in range(50):
            tried = likelihood(theta + step)
            if tried[0] >= point[0] - slack:
                break
            step = step / 2
        else:
            return theta, point
        theta, point = theta + step, tried
        if theta[0] > FLAT:  # nobody is cured: the likelihood is flat from here on
            return theta, point
    return None


def fit_with_left(rows: CureRows, family: Family, at: float, left: float) -> float:
    """Highest log likelihood, without covariates, when S_u(at) is ``left``.

    Then log(at) - g = scale * W of ``left``, and the log odds of ever and log(scale) remain.
    Infinite where no maximum is found, so that no test concludes anything from it.
    """
    w = float(family.quantile(np.array([1 - left]))[0])
    plain = CureRows(rows.x[:, :1], rows.w[:, :1], rows.start, rows.stop, rows.event)
    free = family.scale is None

    def likelihood(theta: np.ndarray) -> Point:
        scale = float(np.exp(theta[1])) if family.scale is None else family.scale
        middle = np.log(at) - scale * w
        inside = np.array([theta[0], middle, *theta[1:]])
        value, score, info = evaluate(plain, family, inside)
        if not free:
            return value, score[:1], info[:1, :1]
        turn = np.array([[1.0, 0.0], [0.0, -scale * w], [0.0, 1.0]])
        bent = turn.T @ info @ turn
        bent[1, 1] += score[1] * scale * w  # the middle is curved in log(scale)
        return value, turn.T @ score, bent

    ever = logit(np.clip(rows.event.mean() * 1.05, 0.05, 0.95))
    starts = [np.array([ever, s]) for s in (0.0, -0.7)] if free else [np.array([ever])]
    rested = [f for f in (_climb(likelihood, theta) for theta in starts) if f is not None]
    return max((point[0] for _, point in rested), default=np.inf)


def left_at(fit: CureFit, family: Family, at: float) -> float:
    """S_u(at) of a fit without covariates."""
    scale = np.exp(fit.theta[2]) if family.scale is None else family.scale
    z = (np.log(at) - fit.theta[1]) / scale
    return float(np.exp(family.survival(np.array([z]))[0][0]))
