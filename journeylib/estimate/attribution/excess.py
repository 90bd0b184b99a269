"""The hazard that touchpoints add, row by row, and what a customer's weight does to its sum.

With covariates x and, among them, exposures z that are 0 where nothing touched, the hazard of
a row is ``h0(t) exp(b'x)``. Switched off, the exposures of a touchpoint leave
``h0(t) exp(b'x - b_z z)``; the difference, summed over everybody at risk and all event times
with Breslow's steps of h0, is what the touchpoint adds, and divided by the same sum of the
whole hazard, which equals the number of events, it is the attributable share of the events
seen (Samuelsen and Eide 2008, Statistics in Medicine 27; Chen, Lin and Zeng 2010, Biometrika
97; without covariates Bruzzi and others 1985, American Journal of Epidemiology 122).

Switched off alone, several touchpoints do not add up to all of them switched off together,
for hazards multiply. What all add is shared out by the Aumann-Shapley rule (Aumann and Shapley
1974; Billera and Heath 1982, Mathematics of Operations Research 7): along the straight path
from all off to all on, each gets ``b_z z (exp(u) - 1) / u`` with ``u`` the sum of all ``b_z z``.
These parts add up, do not depend on any order, and do not change when a touchpoint is split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from journeylib.estimate.cox.fit import CoxFit
from journeylib.estimate.cox.likelihood import Data, linear_predictor


@dataclass(frozen=True, eq=False)
class Switched:
    """Relative hazards of each sorted row, and of what is added when exposures are on.

    Parameters
    ----------
    relative
        exp(linear predictor), shape (n,).
    own
        Standardised covariates whose zero is that of the covariates themselves, shape (p, n).
    shifts
        Sum of b_z z of each touchpoint, shape (k, n).
    groups
        Positions of each touchpoint's terms.
    """

    relative: np.ndarray
    own: np.ndarray
    shifts: np.ndarray
    groups: Sequence[np.ndarray]

    @property
    def added(self) -> np.ndarray:
        """What each adds alone, each one's part of what all add, and all; shape (2k + 1, n)."""
        u = self.shifts.sum(axis=0)
        off = self.relative * np.exp(-u)
        alone = -self.relative * np.expm1(-self.shifts)
        return np.vstack([alone, off * self.shifts * mean_growth(u), self.relative - off])

    def slopes(self, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Sum over rows of weight times the gradient of ``added``, shape (2k + 1, p)."""
        k = len(self.groups)
        u = self.shifts.sum(axis=0)
        off = weight * self.relative * np.exp(-u)
        whole = x @ (weight * self.relative)
        union = np.unique(np.concatenate(self.groups))
        growth, change = mean_growth(u), mean_growth_slope(u)
        out = np.empty((2 * k + 1, len(x)))
        for g, mine in enumerate(self.groups):
            left = weight * self.relative * np.exp(-self.shifts[g])
            out[g] = whole - x @ left
            out[g, mine] += self.own[mine] @ left
            share = off * self.shifts[g] * growth
            out[k + g] = x @ share
            out[k + g, union] += self.own[union] @ (off * self.shifts[g] * change - share)
            out[k + g, mine] += self.own[mine] @ (off * growth)
        out[2 * k] = whole - x @ off
        out[2 * k, union] += self.own[union] @ off
        return out


def mean_growth(u: np.ndarray) -> np.ndarray:
    """(exp(u) - 1) / u, and 1 at 0: the mean of exp over the way from 0 to u."""
    small = np.abs(u) < 1e-8
    safe = np.where(small, 1.0, u)
    return np.where(small, 1 + u / 2, np.expm1(safe) / safe)


def mean_growth_slope(u: np.ndarray) -> np.ndarray:
    """Derivative of :func:`mean_growth`; 1/2 at 0."""
    small = np.abs(u) < 1e-4
    safe = np.where(small, 1.0, u)
    return np.where(small, 0.5 + u / 3, (np.exp(safe) - mean_growth(safe)) / safe)


def switched(fit: CoxFit, data: Data, beta: np.ndarray, groups: Sequence[np.ndarray]) -> Switched:
    """Relative hazards at some coefficients (standardised, as ``fit.beta``)."""
    own = data.x + (fit.mean / fit.scale)[:, None]
    shifts = np.stack([beta[mine] @ own[mine] for mine in groups])
    return Switched(np.exp(linear_predictor(data, beta)), own, shifts, groups)


@dataclass(frozen=True, eq=False)
class Lived:
    """Breslow's baseline: its steps, and what each sorted row lived through."""

    steps: np.ndarray
    risk: np.ndarray  # sum of weighted relative hazards at each event time
    row: np.ndarray
    events: float


def lived(data: Data, relative: np.ndarray) -> Lived:
    """The baseline hazard that makes the expected number of events the one seen."""
    sets = data.sets
    weight = 1.0 if data.weight is None else data.weight
    risk = sets.at_risk(relative * weight)
    own = np.broadcast_to(data.own_weight(), len(sets.deaths)).astype(float)
    happened = sets.at_death(own)
    steps = happened / risk
    return Lived(steps, risk, sets.over_stay(steps), float(happened.sum()))


def credits_at(
    fit: CoxFit, data: Data, beta: np.ndarray, groups: Sequence[np.ndarray]
) -> np.ndarray:
    """Share of the hazard that each touchpoint adds alone, each one's part, and all together.

    Returns
    -------
    ndarray
        Shape (2k + 1,) for k touchpoints.
    """
    found = switched(fit, data, beta, groups)
    base = lived(data, found.relative)
    weight = base.row if data.weight is None else base.row * data.weight
    return np.asarray(found.added @ weight / base.events)


def credit_influence(
    fit: CoxFit, groups: Sequence[np.ndarray], cluster: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Credits, and what each customer's weight does to them and to the coefficients.

    Parameters
    ----------
    fit
        The model.
    groups
        Positions of each touchpoint's terms.
    cluster
        Number of the customer of each sorted row.

    Returns
    -------
    credits, influence, of_beta
        Shapes (2k + 1,), (2k + 1, customers) and (p, customers); each row of the latter two
        sums to zero. The infinitesimal jackknife, the estimation of the coefficients and of
        the baseline included.
    """
    data, beta, sets = fit.data, fit.beta, fit.data.sets
    found = switched(fit, data, beta, groups)
    base, added = lived(data, found.relative), found.added
    weight = np.ones(len(base.row)) if data.weight is None else data.weight
    size = int(cluster.max()) + 1
    scores = _scores(fit, cluster, size)
    of_beta = fit.maximum.covariance @ scores
    slopes = found.slopes(data.x, base.row * weight)
    credits = added @ (base.row * weight) / base.events
    influence = np.empty((len(added), size))
    for j, extra in enumerate(added):
        mean = sets.at_risk(extra * weight) / base.risk
        passed = sets.over_stay(base.steps * mean)
        own = extra * base.row - found.relative * passed
        own[sets.deaths] += sets.per_death(mean) - credits[j]
        slope = slopes[j] - data.x @ (found.relative * weight * passed)
        influence[j] = np.bincount(cluster, own * weight, minlength=size) + slope @ of_beta
    return credits, influence / base.events, of_beta


def _scores(fit: CoxFit, cluster: np.ndarray, size: int) -> np.ndarray:
    """Weighted score residuals of each customer, shape (p, customers)."""
    from journeylib.estimate.cox.residuals import score_residuals

    rows = score_residuals(fit.data, fit.beta)
    if fit.data.weight is not None:
        rows = rows * fit.data.weight
    return np.stack([np.bincount(cluster, row, minlength=size) for row in rows])
