"""Walking the chain: each customer waits, something happens, until it ends or we stop looking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.simulation.model import BEFORE, FIRST, NEXT


@dataclass(frozen=True)
class Steps:
    """What happened: one entry an event, in no particular order.

    Parameters
    ----------
    customer, kind, time
        Number of the customer, number of the kind, days since the first contact.
    present
        Whether each customer was seen at all (had neither purchased nor left
        before the window opened).
    end
        Days from the first contact until nothing more is seen, for each customer.
    """

    customer: np.ndarray
    kind: np.ndarray
    time: np.ndarray
    present: np.ndarray
    end: np.ndarray


def walk(
    intensity: np.ndarray,
    factor: np.ndarray,
    opens: np.ndarray,
    closes: np.ndarray,
    rng: np.random.Generator,
) -> Steps:
    """Draw the journeys of all customers at once, one event of each a turn.

    Parameters
    ----------
    intensity
        Shape (states, kinds), a day.
    factor
        Shape (customers, kinds).
    opens, closes
        Days from each first contact to the opening (0 or less: watched from the
        start) and to the end of the window.
    rng
        Source of chance.

    Notes
    -----
    With constant intensities the wait is exponential in their sum and the kind
    is drawn in proportion to them (Gillespie 1977, J. Phys. Chem. 81).
    """
    n = len(factor)
    time, state, end = np.zeros(n), np.full(n, FIRST), closes.astype(float).copy()
    at_opening = np.full(n, FIRST)
    active = np.arange(n)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(active):
        rate = np.cumsum(intensity[state[active]] * factor[active], axis=1)
        total = rate[:, -1]
        with np.errstate(divide="ignore"):
            time[active] += rng.exponential(size=len(active)) / total
        kind = (rng.uniform(size=len(active))[:, None] * total[:, None] >= rate).sum(axis=1)
        active, kind = (x[time[active] <= closes[active]] for x in (active, kind))
        state[active] = NEXT[state[active], kind]
        early = time[active] <= opens[active]
        at_opening[active[early]] = state[active[early]]
        found.append((active, kind, time[active].copy()))
        over = intensity[state[active]].sum(axis=1) == 0
        end[active[over]] = time[active[over]]
        active = active[~over]
    customer, kinds, times = (np.concatenate(x) for x in zip(*found))
    present = at_opening < len(BEFORE)
    seen = present[customer]
    return Steps(customer[seen], kinds[seen], times[seen], present, end)
