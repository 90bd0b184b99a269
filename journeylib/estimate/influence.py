"""The infinitesimal jackknife: the variance that stays right with weights and repeated rows.

The influence of a customer on an estimate at time t is the derivative of the
estimate with respect to that customer's weight. Its sum of squares is the
robust variance (Lin and Wei 1989; R's ``survfit(..., robust=TRUE, id=)``). On
each row the influence is a jump at the event less what has accumulated while at
risk, so that, for one customer, it has the form ``a(t) - b(t) * B(t)``: B is the
same function for everybody, a and b change only where a row starts or stops.
Sums of squares over customers are therefore running sums over those changes,
n log n in the rows instead of rows times times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one group, dated by their place among its distinct times.

    Parameters
    ----------
    person
        Number of the customer, whose rows belong together.
    first
        Place of the first distinct time at which the row is at risk.
    last
        Place of the last time up to its stop; ``first - 1`` where it spans none.
    cause
        0 for censored, 1…k.
    weight
        Of the row.
    """

    person: np.ndarray
    first: np.ndarray
    last: np.ndarray
    cause: np.ndarray
    weight: np.ndarray


def variance(
    rows: Rows, steps: list[np.ndarray], jumps: list[np.ndarray], factors: list[np.ndarray]
) -> np.ndarray:
    """Sum over customers of the squared influence, at each distinct time.

    Parameters
    ----------
    rows
        Rows of one group.
    steps
        For each part of the influence what a row at risk loses at each time,
        shape (times,).
    jumps
        For each part what an event gains, one value a row, 0 where censored.
    factors
        For each part the function of time by which it enters; the influence of
        a customer is the sum of factor times part.

    Returns
    -------
    array of shape (times,)
    """
    cumulated = [np.concatenate([[0.0], np.cumsum(s)]) for s in steps]
    person = np.concatenate([rows.person, rows.person])
    # a split row may lie between two times; then it starts and stops at the same place
    place = np.concatenate([rows.first, np.maximum(rows.first, rows.last)])
    on = np.concatenate([rows.weight, -rows.weight])
    n_times = len(steps[0])
    order = np.lexsort((place, person))
    person, place, on = person[order], place[order], on[order]
    # while at risk a row adds B(start), and loses B(now) by `on`; from its stop on it adds
    # B(start) + jump - B(stop) for good
    states = []
    for total, jump in zip(cumulated, jumps):
        begin = rows.weight * total[rows.first]
        end = rows.weight * (jump - total[rows.last + 1])
        states.append(_running(np.concatenate([begin, end])[order], person))
    states.append(_running(on, person))
    before = [_previous(s, person) for s in states]
    now = [np.asarray(f) for f in factors]
    drift = -sum(f * t[1:] for f, t in zip(now, cumulated))
    now.append(np.asarray(drift))
    out = np.zeros(n_times)
    for i in range(len(states)):
        for j in range(i, len(states)):
            change = states[i] * states[j] - before[i] * before[j]
            moment = np.cumsum(np.bincount(place, weights=change, minlength=n_times))
            out += (1 if i == j else 2) * now[i] * now[j] * moment
    return np.maximum(out, 0)


def _running(change: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Running sum of the changes of each customer."""
    total = np.cumsum(change)
    new = np.flatnonzero(np.r_[True, person[1:] != person[:-1]])
    offset = np.r_[0.0, total[new[1:] - 1]]
    return total - np.repeat(offset, np.diff(np.r_[new, len(person)]))


def _previous(state: np.ndarray, person: np.ndarray) -> np.ndarray:
    """The state before each change, 0 before a customer's first."""
    before = np.r_[0.0, state[:-1]]
    before[np.r_[True, person[1:] != person[:-1]]] = 0.0
    return before
