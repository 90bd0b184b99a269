"""The numbers of a multi-state curve: transition steps, probabilities and influences.

A customer's influence on the state probabilities p is a row vector U. At each
transition time ::

    U -> U H + [at risk in j] * p_j / n_j * (dN - dA_j)

with H = I + dA the matrix of transitions, dA_j its row of hazards (the diagonal
holds minus their sum) and dN = e_k - e_j for whoever moves from j to k. The sum
of squares over customers is the infinitesimal-jackknife variance, which R's
``survfit`` reports and which does not lean on the Markov assumption.

That sum is not taken over n vectors at each of T times. While a customer stays
in j all who are there share one affine map, so that it is enough to carry the
sum of U over each state, the S x S matrix of squares, and U of whoever moves;
maps over a stay are products looked up in a binary tree over the times. The
work is n log T + T, the memory T.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from journeylib.estimate.affine import Runs

ROUNDING = 1e-17  # of a variance, which is of the order of a share over the number of customers


@dataclass(frozen=True, eq=False)
class Stays:
    """Stays of customers in states, of one group; one entry a stay.

    Parameters
    ----------
    person
        Number of the customer, 0…; the stays of one stand together, in time.
    start, stop
        At risk in ``(start, stop]``.
    at_origin
        Whether time 0 is included too.
    state, goes
        State occupied; state entered at ``stop``, or -1 for censored.
    states
        S.
    """

    person: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    at_origin: np.ndarray
    state: np.ndarray
    goes: np.ndarray
    states: int


@dataclass(frozen=True, eq=False)
class Steps:
    """Transition steps of one group at its T distinct transition times.

    Parameters
    ----------
    stays
        What they were counted from.
    time
        Shape (T,).
    at_risk
        Shape (T, S): in each state just before.
    moves
        Shape (T, S, S): from, to.
    first, last
        Each stay is at risk at the times ``first`` to ``last - 1``.
    initial
        Shape (S,): probabilities at the origin.
    """

    stays: Stays
    time: np.ndarray
    at_risk: np.ndarray
    moves: np.ndarray
    first: np.ndarray
    last: np.ndarray
    initial: np.ndarray

    @cached_property
    def hazard(self) -> np.ndarray:
        """dA, shape (T, S, S): hazards off the diagonal, minus their sum on it."""
        safe = np.maximum(self.at_risk, 1)
        out = self.moves / safe[:, :, None]
        diagonal = np.arange(self.stays.states)
        out[:, diagonal, diagonal] = -out.sum(axis=2)
        return out

    @cached_property
    def transition(self) -> np.ndarray:
        """H = I + dA."""
        return np.eye(self.stays.states) + self.hazard

    @cached_property
    def probability(self) -> np.ndarray:
        """Shape (T + 1, S): before the first transition and after each (Aalen-Johansen)."""
        out = np.empty((len(self.time) + 1, self.stays.states))
        now = out[0] = self.initial
        for i, step in enumerate(self.transition):
            now = out[i + 1] = now @ step
        return out

    @cached_property
    def share(self) -> np.ndarray:
        """p_j / n_j just before each time, shape (T, S); 0 where nobody is at risk."""
        some = self.at_risk > 0
        return np.divide(self.probability[:-1], self.at_risk, out=np.zeros(some.shape), where=some)

    @cached_property
    def drift(self) -> np.ndarray:
        """c_j = p_j / n_j * dA_j: what staying in j takes from U, shape (T, S, S)."""
        return self.share[:, :, None] * self.hazard

    @cached_property
    def begun(self) -> np.ndarray:
        """Influence on the probabilities at the origin, one row a stay; 0 but for first stays."""
        out = np.zeros((len(self.stays.state), self.stays.states))
        at_origin = self.stays.at_origin
        rows = np.flatnonzero(at_origin if at_origin.any() else (self.first == 0) & (self.last > 0))
        if len(rows):
            out[rows] = -self.initial / len(rows)
            out[rows, self.stays.state[rows]] += 1 / len(rows)
        return out

    @cached_property
    def jump(self) -> np.ndarray:
        """p_j / n_j * (e_k - e_j) for each stay that ends in a move, else 0."""
        s = self.stays
        out = np.zeros((len(s.state), s.states))
        rows = np.flatnonzero(s.goes >= 0)
        size = self.share[self.last[rows] - 1, s.state[rows]]
        out[rows, s.goes[rows]] += size
        out[rows, s.state[rows]] -= size
        return out


def count_steps(stays: Stays, initial: np.ndarray | None = None) -> Steps:
    """Count moves and who is at risk.

    Parameters
    ----------
    stays
        At least one.
    initial
        Probabilities at the origin. By default the shares among those watched
        from the origin; where there are none, among those at risk at the first
        transition.
    """
    moving = stays.goes >= 0
    time = np.unique(stays.stop[moving])
    first = np.where(stays.at_origin, 0, np.searchsorted(time, stays.start, side="right"))
    last = np.searchsorted(time, stays.stop, side="right")
    size, shape = stays.states, (len(time) + 1, stays.states)
    change = np.bincount(first * size + stays.state, minlength=shape[0] * size)
    change -= np.bincount(last * size + stays.state, minlength=shape[0] * size)
    at_risk = np.cumsum(change.reshape(shape), axis=0)[:-1]
    cell = ((last[moving] - 1) * size + stays.state[moving]) * size + stays.goes[moving]
    moves = np.bincount(cell, minlength=len(time) * size**2).reshape(-1, size, size)
    if initial is None:
        begin = np.bincount(stays.state[stays.at_origin], minlength=size).astype(float)
        if not begin.any():
            begin = (
                at_risk[0].astype(float) if len(time) else np.bincount(stays.state, minlength=size)
            )
        initial = begin / begin.sum()
    return Steps(stays, time, at_risk, moves, first, last, initial)


def variances(steps: Steps) -> np.ndarray:
    """Variance of each probability, shape (T + 1, S), by the infinitesimal jackknife."""
    s, size, total = steps.stays, steps.stays.states, len(steps.time)
    enter, before, leave = _influences(steps)
    # sums over each state: what enters before a time, less what has left
    flow = np.zeros((total + 1, size, size))
    np.add.at(flow, (steps.first, s.state), enter)
    np.add.at(flow, (steps.last, s.state), -leave)
    rows = np.flatnonzero(s.goes >= 0)
    when = steps.last[rows] - 1
    cross = np.zeros((total, size, size))
    np.add.at(cross, when, before[rows][:, :, None] * steps.jump[rows][:, None, :])
    square = np.zeros((total, size, size))
    np.add.at(square, when, steps.jump[rows][:, :, None] * steps.jump[rows][:, None, :])
    drift, hazard = steps.drift, steps.transition
    weighted = steps.at_risk[:, :, None] * drift
    square -= np.einsum("tja,tjb->tab", weighted, drift)
    out = np.empty((total + 1, size))
    now = steps.begun.T @ steps.begun
    held = np.zeros((size, size))
    out[0] = np.diag(now)
    for i in range(total):
        held += flow[i]
        step = hazard[i]
        mixed = step.T @ (cross[i] - held.T @ drift[i])
        now = step.T @ now @ step + mixed + mixed.T + square[i]
        held = held @ step - weighted[i]
        out[i + 1] = now.diagonal()
    return np.where(out > ROUNDING, out, 0.0)


def _influences(steps: Steps) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U of each stay when it begins, just before its last time, and after it without its jump."""
    s = steps.stays
    tree = Runs(steps.transition, steps.drift)
    enter, before, leave = (np.zeros((len(s.state), s.states)) for _ in range(3))
    number = _within(s.person)
    order = np.argsort(number, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(number))[:-1]):
        if number[rows[0]] == 0:
            enter[rows] = steps.begun[rows]
        else:
            # whoever is away between two stays is at risk nowhere
            away = leave[rows - 1] + steps.jump[rows - 1]
            enter[rows] = tree.carry(away, None, steps.last[rows - 1], steps.first[rows])
        end = np.maximum(steps.last[rows] - (s.goes[rows] >= 0), steps.first[rows])
        before[rows] = tree.carry(enter[rows], s.state[rows], steps.first[rows], end)
        leave[rows] = tree.carry(before[rows], s.state[rows], end, steps.last[rows])
    return enter, before, leave


def _within(person: np.ndarray) -> np.ndarray:
    """Number of each row within its person, 0…; persons stand together."""
    new = np.append(True, person[1:] != person[:-1])
    begin = np.flatnonzero(new)
    return np.arange(len(person)) - begin[np.cumsum(new) - 1]


def mean_times(steps: Steps, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean time in each state up to a horizon, and its variance.

    Returns
    -------
    mean, variance
        Shape (S,).

    Notes
    -----
    A jump of U at time t moves the integral of p by the jump times G(t), the
    integral over (t, horizon] of the transition probabilities from t; G is built
    from the horizon backwards.
    """
    s, size = steps.stays, steps.stays.states
    inside = int(np.searchsorted(steps.time, horizon, side="right"))
    edges = np.concatenate([[0.0], steps.time[:inside], [horizon]])
    width = np.diff(edges)
    mean = width @ steps.probability[: inside + 1]
    ahead = np.empty((inside + 1, size, size))
    ahead[inside] = width[inside] * np.eye(size)
    for i in range(inside - 1, -1, -1):
        ahead[i] = width[i] * np.eye(size) + steps.transition[i] @ ahead[i + 1]
    taken = np.zeros((inside + 1, size, size))
    np.cumsum(steps.drift[:inside] @ ahead[1:], axis=0, out=taken[1:])
    first, last = np.minimum(steps.first, inside), np.minimum(steps.last, inside)
    own = steps.begun @ ahead[0] + taken[first, s.state] - taken[last, s.state]
    rows = np.flatnonzero((s.goes >= 0) & (steps.last <= inside))
    own[rows] += (steps.jump[rows][:, None, :] @ ahead[steps.last[rows]])[:, 0]
    person = np.zeros((int(s.person[-1]) + 1, size))
    np.add.at(person, s.person, own)
    return mean, (person**2).sum(axis=0)
