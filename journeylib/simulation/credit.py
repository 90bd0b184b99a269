"""What is true of the credit of touches in a simulated journey."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import expm

from journeylib.errors import DataError, nearest
from journeylib.simulation.model import BEFORE, FIRST, FLAGS, KINDS, NEXT, STATES
from journeylib.simulation.truth import Truth


def touch_credit(truth: Truth, flags: Sequence[str], days: float) -> np.ndarray:
    """True share of the purchases that touches add: each alone, each one's part, all together.

    Parameters
    ----------
    truth
        Of the journey.
    flags
        Touches as flags of the state: ``"email"``, ``"promotion"``.
    days
        Length of the window; first contacts are spread evenly over it, and everybody is
        watched from the first contact to the end of the window, unless they opt out.

    Returns
    -------
    ndarray
        Shape (2k + 1,), as :func:`journeylib.estimate.attribution.excess.credits_at`.

    Notes
    -----
    Days at risk in state s within the window are the integral of ``(1 - t / D) exp(Qt)`` over
    0 to D, with Q the generator among the states before the purchase: the inverse of -Q plus
    the squared inverse of Q times ``(exp(QD) - 1) / D``.
    """
    for flag in flags:
        if flag not in FLAGS:
            raise DataError(f"there is no touch {flag!r}", fix=nearest(flag, FLAGS))
    model, b, buys = truth.model, len(BEFORE), KINDS.index("purchase")
    intensity = model.intensity()[:b]
    factor = model.multiplier(truth.profiles)
    factor[:, buys] *= truth.profiles["environment"] * ~truth.profiles["cured"]
    gamma = np.array([model.effects.get("purchase", {}).get(flag, 0.0) for flag in flags])
    on = np.stack([s.flags[[FLAGS.index(f) for f in flags]] for s in STATES[:b]], axis=1)
    shifts = gamma[:, None] * on  # (k, states)
    total, added = 0.0, np.zeros(2 * len(flags) + 1)
    for share, mine in zip(truth.profiles["share"], factor, strict=True):
        rates = intensity * mine
        at_risk = share * _days_at_risk(rates, days)
        bought = rates[:, buys]
        total += float(at_risk @ bought)
        added += _added(bought, shifts) @ at_risk
    return added / total


def _added(rate: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Rate that each touch adds alone, its part of what all add, and all; (2k + 1, states)."""
    u = shifts.sum(axis=0)
    off = rate * np.exp(-u)
    growth = np.where(u == 0, 1.0, np.expm1(u) / np.where(u == 0, 1.0, u))
    return np.vstack([rate - rate * np.exp(-shifts), off * shifts * growth, rate - off])


def _days_at_risk(rates: np.ndarray, days: float) -> np.ndarray:
    """Expected days in each state before the purchase within the window."""
    b = len(rates)
    q = np.zeros((b, b))
    for s, k in zip(*np.nonzero(rates)):
        if NEXT[s, k] != s:
            q[s, s] -= rates[s, k]
            if NEXT[s, k] < b:
                q[s, NEXT[s, k]] += rates[s, k]
    inverse = np.linalg.inv(q)
    spent = -inverse + inverse @ inverse @ (expm(q * days) - np.eye(b)) / days
    return np.asarray(spent[FIRST])
