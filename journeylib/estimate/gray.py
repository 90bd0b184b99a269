"""Gray's test: whether the incidence of one cause differs between groups while others compete.

Gray (1988) compares the hazards of the subdistribution: a customer who left by
another cause stays in the risk set, thinned by censoring. All quantities are
step functions of the counts; the formulas follow the paper and agree with
``cmprsk::cuminc`` with rho = 0.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from journeylib.estimate.logrank import Score
from journeylib.estimate.pools import Pool


def gray(pools: Iterable[Pool], members: np.ndarray, cause: int) -> Score:
    """Score of Gray's test for one cause, summed over strata.

    Parameters
    ----------
    pools
        One a stratum, with causes apart and without delayed entry.
    members
        Numbers of the groups that are compared.
    cause
        1…k.

    Returns
    -------
    Score
        Arrays over ``members``.
    """
    first, *rest = (_score(pool, members, cause) for pool in pools)
    return sum(rest, first)


def _score(pool: Pool, members: np.ndarray, cause: int) -> Score:
    happens = pool.events[:, members].sum(axis=(0, 1)) > 0
    n = pool.at_risk[members][:, happens]
    every = pool.events[:, members][:, :, happens]
    own = every[cause - 1]
    other = every.sum(axis=0) - own
    there = n > 0
    safe = np.where(there, n, 1.0)
    survival = np.cumprod(1 - (own + other) / safe, axis=1)
    before = _left(survival, 1.0)
    incidence_before = _left(np.cumsum(before * own / safe, axis=1), 0.0)
    # size of each risk set had nobody been lost to another cause
    size = np.where(there, n / np.where(there, before, 1.0), 0.0)
    total = own.sum(axis=0)
    reach = size.sum(axis=0)
    pooled = np.cumsum(total / reach)
    pooled_before = _left(pooled[None], 0.0)[0]
    at_risk = size * (1 - incidence_before)
    expected = total * at_risk / at_risk.sum(axis=0)
    observed = own.sum(axis=1)
    variance = _variance(n, own, other, size, survival, before, pooled, pooled_before)
    return Score(observed, expected.sum(axis=1), variance)


def _left(value: np.ndarray, first: float) -> np.ndarray:
    """The step function just before each time."""
    return np.concatenate([np.full((len(value), 1), first), value[:, :-1]], axis=1)


def _variance(
    n: np.ndarray,
    own: np.ndarray,
    other: np.ndarray,
    size: np.ndarray,
    survival: np.ndarray,
    before: np.ndarray,
    pooled: np.ndarray,
    pooled_before: np.ndarray,
) -> np.ndarray:
    """Variance of the score: what each group's martingales of both kinds contribute."""
    n_groups = len(n)
    there = n > 0
    total, reach = own.sum(axis=0), size.sum(axis=0)
    safe_n, safe_s = np.where(there, n, 1.0), np.where(survival > 0, survival, 1.0)
    # jump variances of the own and of the other causes, corrected for ties
    alike = np.where(there & (total > 1), reach * before - 1, np.inf)
    tied = 1 - (total - 1) / alike
    jump = np.where(there & (total > 0), tied * before * total / (reach * safe_n), 0.0)
    ties_other = np.where(other > 1, 1 - (other - 1) / np.where(n > 1, n - 1, 1.0), 1.0)
    lost = (other > 0) & (survival > 0)
    jump_other = np.where(lost, ties_other * before**2 * other / safe_n**2, 0.0)
    later = np.where(survival > 0, 1 - (1 - pooled) / safe_s, 1.0)
    later_other = np.where(lost, (1 - pooled) / safe_s, 0.0)
    share = size / reach
    pace = total / (reach * (1 - pooled_before))
    out = np.zeros((n_groups, n_groups))
    for k in range(n_groups):
        # effect of group k's events at t on each score, now (a) and on all later increments (c)
        a = (np.eye(n_groups)[k][:, None] - share) * size[k]
        c = np.cumsum(a * pace, axis=1)
        final = c[:, -1:]
        u = a - later[k] * c + final * later[k]
        w = (c - final) * later_other[k]
        out += (u * jump[k]) @ u.T + (w * jump_other[k]) @ w.T
    return out
