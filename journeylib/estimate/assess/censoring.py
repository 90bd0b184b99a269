"""What censoring hides, made up for by those who are seen.

A customer whose outcome by t is known stands for others who were censored: weight
``1/G(T-)`` for whoever ended by t, ``1/G(t)`` for whoever goes on, 0 for whoever was
censored before, with G the Kaplan-Meier estimate of not being censored, events
first at ties (Graf et al. 1999; Gerds and Schumacher 2006; R: ``riskRegression``).

G is estimated from the same customers, which moves every score. How much is found by
derivatives with respect to one customer's weight (the infinitesimal jackknife;
Blanche, Dartigues and Jacqmin-Gadda 2013), in time linear in the customers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from journeylib.estimate.cox.risksets import equal_times


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Customers in order of time, and the censoring among them.

    Parameters
    ----------
    time, cause
        When each ended, ascending, and how: 0 censored, 1 the event, 2 another cause.
    order
        Their place in the rows given.
    place
        Number of each one's time among the distinct times.
    distinct
        The distinct times.
    stays
        G just after each distinct time, with G before them all in front.
    loss
        At each distinct time ``lambda / (at risk - censored)``, the rate at which being
        watched spares a customer censoring.
    gain
        ``1 / (at risk - censored)``, which a censoring adds.
    """

    time: np.ndarray
    cause: np.ndarray
    order: np.ndarray
    place: np.ndarray
    distinct: np.ndarray
    stays: np.ndarray
    loss: np.ndarray
    gain: np.ndarray

    def __len__(self) -> int:
        return len(self.time)


def outcomes(time: np.ndarray, cause: np.ndarray) -> Outcomes:
    """Order customers by time and estimate the censoring.

    Examples
    --------
    >>> outcomes(np.array([1.0, 2.0, 2.0, 4.0]), np.array([1, 1, 0, 0])).stays.round(3)
    array([1. , 1. , 0.5, 0. ])
    """
    (time,) = equal_times(time)
    order = np.argsort(time, kind="stable")
    time, cause = time[order], cause[order]
    distinct, place = np.unique(time, return_inverse=True)
    ended = np.bincount(place)
    events = np.bincount(place, cause > 0, len(distinct))
    at_risk = ended[::-1].cumsum()[::-1] - events
    censored = ended - events
    rate = np.divide(censored, at_risk, out=np.zeros(len(distinct)), where=at_risk > 0)
    rest = at_risk - censored
    gain = np.divide(1.0, rest, out=np.zeros(len(distinct)), where=rest > 0)
    stays = np.concatenate(([1.0], np.cumprod(1 - rate)))
    return Outcomes(time, cause, order, place, distinct, stays, rate * gain, gain)


@dataclass(frozen=True, eq=False)
class At:
    """Outcomes by one time t.

    Parameters
    ----------
    case, other, free
        Who had the event by t, left by another cause by t, or goes on after t.
    weight
        Inverse probability of not being censored; 0 where the outcome is unknown.
    known
        Number of those who ended by t, who come first.
    steps
        Number of distinct times up to t.
    """

    case: np.ndarray
    other: np.ndarray
    free: np.ndarray
    weight: np.ndarray
    known: int
    steps: int


def at_time(seen: Outcomes, t: float) -> At:
    """Who had what by ``t``, and for how many each stands."""
    known = int(np.searchsorted(seen.time, t, side="right"))
    steps = int(np.searchsorted(seen.distinct, t, side="right"))
    ended = np.arange(len(seen)) < known
    case, other = ended & (seen.cause == 1), ended & (seen.cause == 2)
    weight = np.zeros(len(seen))
    told = np.flatnonzero(case | other)
    weight[told] = 1 / seen.stays[seen.place[told]]  # the entry before: G just before
    if known < len(seen):
        weight[known:] = 1 / seen.stays[steps]
    return At(case, other, ~ended, weight, known, steps)


def through_censoring(seen: Outcomes, now: At, values: np.ndarray) -> np.ndarray:
    """How each customer, through the estimate of G, moves a sum of weighted values.

    Parameters
    ----------
    seen, now
        Outcomes, and those by the time of the score.
    values
        What each customer adds to the sum, weight included, shape (n,).

    Returns
    -------
    array of shape (n,)
        Derivative of the sum with respect to the weight of each customer in G.
    """
    known, steps = now.known, now.steps
    here = seen.place[:known]
    by_time = np.bincount(here, values[:known], steps)
    # a weight 1/G(T-) depends on the censoring before T, a weight 1/G(t) on all of it up to t
    after = by_time[::-1].cumsum()[::-1] - by_time + values[known:].sum()
    spared = np.concatenate(([0.0], np.cumsum(after * seen.loss[:steps])))
    moved = np.empty(len(seen))
    moved[known:] = -spared[-1]
    censored = seen.cause[:known] == 0
    moved[:known] = -spared[here + censored]
    moved[:known] += np.where(censored, after[here] * seen.gain[here], 0.0)
    return moved


Influence = Callable[[np.ndarray], np.ndarray]


def influence(seen: Outcomes, now: At) -> Influence:
    """Values of a sum -> each customer's influence on it, its own share included."""
    return lambda values: values + through_censoring(seen, now, values)
