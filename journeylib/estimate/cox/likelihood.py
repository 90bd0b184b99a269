"""The partial likelihood of the Cox model: value, score and information, without a loop over rows.

With d tied events at a time, Efron (1977) averages over the order in which they
may have happened: the k-th of them (k = 0…d-1) sees the risk set less the
fraction f = k/d of those who die. Breslow (1974) is the same with f = 0, so one
code serves both. Writing S for sums over the risk set and D for sums over the
tied deaths, the denominators are s = S0 - f D0 and the hazard steps h = w/s with
w the mean weight of the deaths.

No second moment is ever accumulated over risk sets. The first part of the
information, sum h (S2 - f D2), is X' diag(r H) X with H the hazard that each
row has lived through: one matrix product. The rest needs first moments at the
event times only.

References
----------
Cox (1972), JRSS B 34; Efron (1977), JASA 72; Breslow (1974), Biometrics 30;
Therneau and Grambsch (2000), Modeling Survival Data, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.estimate.cox.risksets import RiskSets

BLOCK = 1 << 15  # rows handled at once, so that products stay in the cache
ONE_THREAD = 1 << 18  # multiplications below which OpenBLAS stays on one thread


@dataclass(frozen=True, eq=False)
class Data:
    """What the likelihood reads: everything in the order of the risk sets.

    Parameters
    ----------
    sets
        The risk sets.
    x
        Shape (p, n): one contiguous row a covariate.
    weight, offset
        Shape (n,), or None for weight 1 and offset 0.
    fraction
        Shape (events,): f = k/d of each event, 0 for Breslow.
    death_weight
        Shape (events,): the mean weight of the events at that time.
    """

    sets: RiskSets
    x: np.ndarray
    weight: np.ndarray | None
    offset: np.ndarray | None
    fraction: np.ndarray
    death_weight: np.ndarray

    @property
    def corrected(self) -> bool:
        """Whether ties call for Efron's correction."""
        return bool(self.fraction.any())

    def own_weight(self) -> np.ndarray | float:
        """Weight of each event."""
        return 1.0 if self.weight is None else self.weight[self.sets.deaths]


@dataclass(frozen=True, eq=False)
class Steps:
    """Per event time: sums over the risk set and the tied deaths, and hazard steps.

    ``q0, q1, q2`` are sums over the tied events of w f^j / s^2; ``hazard`` is the
    step that those at risk live through, ``spared`` the part of it that the dying do not.
    """

    risk: np.ndarray  # weight x exp(linear predictor) of each sorted row
    hazard: np.ndarray
    spared: np.ndarray
    q0: np.ndarray
    q1: np.ndarray
    q2: np.ndarray
    log_denominators: float


@dataclass(frozen=True, eq=False)
class Point:
    """Value, score and information at one set of coefficients."""

    value: float
    score: np.ndarray
    information: np.ndarray


def likelihood_data(
    sets: RiskSets,
    x: np.ndarray,
    weight: np.ndarray | None,
    offset: np.ndarray | None,
    ties: str,
) -> Data:
    """Bundle the risk sets with covariates, weights and the treatment of ties."""
    count = np.diff(sets.death_start)
    fraction = np.zeros(len(sets.deaths))
    if ties == "efron" and sets.tied:
        rank = np.arange(len(sets.deaths)) - np.repeat(sets.death_start[:-1], count)
        fraction = rank / np.repeat(count, count)
    mean = np.ones(len(sets.deaths))
    if weight is not None:
        mean = np.repeat(sets.at_death(weight[sets.deaths]) / count, count)
    return Data(sets, x, weight, offset, fraction, mean)


def linear_predictor(data: Data, beta: np.ndarray) -> np.ndarray:
    """x'beta + offset of each sorted row."""
    eta = np.zeros(data.x.shape[1]) if data.offset is None else data.offset.copy()
    for b, column in zip(beta, data.x, strict=True):
        eta += b * column
    return eta


def hazard_steps(data: Data, eta: np.ndarray) -> Steps:
    """Risk-set sums and hazard steps at every event time."""
    sets = data.sets
    risk = np.exp(eta)
    if data.weight is not None:
        risk *= data.weight
    denominator = sets.per_death(sets.at_risk(risk))
    if data.corrected:
        denominator -= data.fraction * sets.per_death(sets.at_death(risk[sets.deaths]))
    step = data.death_weight / denominator
    logs = float(np.sum(data.death_weight * np.log(denominator)))
    hazard, q0 = sets.at_death(step), sets.at_death(step / denominator)
    if not data.corrected:
        none = np.zeros_like(hazard)
        return Steps(risk, hazard, none, q0, none, none, logs)
    f = data.fraction
    spared = sets.at_death(f * step)
    step /= denominator
    q1, q2 = sets.at_death(f * step), sets.at_death(f * f * step)
    return Steps(risk, hazard, spared, q0, q1, q2, logs)


def lived_hazard(data: Data, hazard: np.ndarray, spared: np.ndarray) -> np.ndarray:
    """Cumulative hazard (at baseline) that each sorted row has lived through."""
    lived = data.sets.over_stay(hazard)
    if data.corrected:
        lived[data.sets.deaths] -= data.sets.per_death(spared)
    return lived


def first_moments(data: Data, risk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """S1 and D1, each of shape (p, m): sums of r x over risk sets and over tied deaths."""
    sets = data.sets
    s1 = np.empty((len(data.x), sets.m))
    d1 = np.zeros((len(data.x), sets.m if data.corrected else 0))
    for j, column in enumerate(data.x):
        product = column * risk
        s1[j] = sets.at_risk(product)
        if data.corrected:
            d1[j] = sets.at_death(product[sets.deaths])
    return s1, d1


def evaluate(data: Data, beta: np.ndarray) -> Point:
    """Log partial likelihood, its gradient and the information, at ``beta``.

    The value is ``-inf`` where the arithmetic overflows, so that a step there is halved.
    """
    with np.errstate(all="ignore"):
        eta = linear_predictor(data, beta)
        steps = hazard_steps(data, eta)
        own = data.own_weight()
        value = float(np.sum(own * eta[data.sets.deaths])) - steps.log_denominators
        score, information = moments_of_score(data, steps, first_moments(data, steps.risk))
    if np.isfinite(value) and np.isfinite(score).all() and np.isfinite(information).all():
        return Point(value, score, information)
    return Point(-np.inf, score, information)


def moments_of_score(
    data: Data,
    steps: Steps,
    moments: tuple[np.ndarray, np.ndarray],
    g: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Sum over events of g(t)(x - mean x) and of g(t) var x, shapes (p,) and (p, p).

    ``g`` is one number an event time; None stands for 1 throughout, which gives
    the score and the information.
    """
    g = np.ones(data.sets.m) if g is None else g
    lived = lived_hazard(data, g * steps.hazard, g * steps.spared)
    lived *= steps.risk
    surplus = -lived
    surplus[data.sets.deaths] += data.sets.per_death(g) * data.own_weight()
    score = np.einsum("jn,n->j", data.x, surplus)
    s1, d1 = moments
    information = _product(data.x, lived, data.x) - _product(s1, g * steps.q0, s1)
    if data.corrected:
        cross = _product(s1, g * steps.q1, d1)
        information += cross + cross.T - _product(d1, g * steps.q2, d1)
    return score, information


def _product(a: np.ndarray, weight: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A diag(weight) B' in blocks that stay in the cache.

    With few covariates the blocks are also too small for the linear algebra library
    to wake its other threads, which then cost more than they bring.
    """
    size = min(BLOCK, max(ONE_THREAD // (len(a) * len(b)), BLOCK // 8))
    total = np.zeros((len(a), len(b)))
    for begin in range(0, a.shape[1], size):
        here = slice(begin, begin + size)
        total += (a[:, here] * weight[here]) @ b[:, here].T
    return total
