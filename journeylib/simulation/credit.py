"""What is true of the credit of touches in a simulated journey."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import expm

from journeylib.errors import DataError, nearest
from journeylib.simulation.model import BEFORE, FIRST, FLAGS, KINDS, NEXT, STATES
from journeylib.simulation.truth import Truth


def touch_credit(truth: Truth, flags: Sequence[str]) -> np.ndarray:
    """True share of the purchases that touches add: each alone, each one's part, all together.

    Parameters
    ----------
    truth
        Of the journey; its ``arrivals`` say who is watched how long: from the first contact, or
        the opening of the window, to its end, unless they opt out.
    flags
        Touches as flags of the state: ``"email"``, ``"promotion"``.

    Returns
    -------
    ndarray
        Shape (2k + 1,), as :func:`journeylib.estimate.attribution.excess.credits_at`.

    Notes
    -----
    Days at risk in each state are the integral of ``w(t) exp(Qt)``, with Q the generator among
    the states before the purchase and w(t) the chance to be watched t days after the first
    contact. It is linear by pieces, and over a piece the integral is that of exp(Qt) and of
    t exp(Qt), which the inverse of Q gives.
    """
    if not truth.arrivals:
        raise DataError("when first contacts come is not known")
    days, early, history = (truth.arrivals[k] for k in ("days", "early", "history"))
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
        at_risk = share * _days_at_risk(rates, watched(days, early, history))
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


def watched(days: float, early: float, history: float) -> list[tuple[float, float, float, float]]:
    """Chance to be watched t days after the first contact, as pieces ``(from, to, a, b)``: a + bt.

    Examples
    --------
    >>> watched(100.0, 0.0, 50.0)
    [(0.0, 100.0, 1.0, -0.01)]
    """
    pieces = [(0.0, days, 1 - early, -(1 - early) / days)]
    if early:
        slope, whole = early / history, min(history, days)
        pieces.append((0.0, whole, 0.0, slope))
        level = min(1.0, days / history) * early
        pieces.append((whole, max(history, days), level, 0.0))
        end = max(history, days)
        pieces.append((end, end + whole, level + slope * end, -slope))
    return pieces


def _days_at_risk(
    rates: np.ndarray, pieces: Sequence[tuple[float, float, float, float]]
) -> np.ndarray:
    """Expected days watched in each state before the purchase."""
    b = len(rates)
    q = np.zeros((b, b))
    for s, k in zip(*np.nonzero(rates)):
        if NEXT[s, k] != s:
            q[s, s] -= rates[s, k]
            if NEXT[s, k] < b:
                q[s, NEXT[s, k]] += rates[s, k]
    inverse = np.linalg.inv(q)
    spent = np.zeros(b)
    for begin, end, level, slope in pieces:
        for t, sign in ((end, 1.0), (begin, -1.0)):
            now = expm(q * t)[FIRST] @ inverse
            spent += sign * ((level + slope * t) * now - slope * now @ inverse)
    return spent
