"""Markov removal credit: what a chain of touches loses without a touchpoint.

Journeys are taken for a first-order Markov chain from start over touchpoints to an end, with
or without the event. A touchpoint is removed by sending whatever leads to it to the end
without the event; its removal effect is the share of the chance of the event that is lost, and
credits are removal effects scaled to add up to one (Anderl, Becker, von Wangenheim and
Schumann 2016, International Journal of Research in Marketing 33). A rule, not an effect: a
touchpoint that does nothing but lies on the way gets credit.
"""

from __future__ import annotations

import numpy as np


def transitions(
    journey: np.ndarray, level: np.ndarray, reached: np.ndarray, levels: int
) -> np.ndarray:
    """Counts of moves in a chain, shape (levels + 1, levels + 2).

    Parameters
    ----------
    journey, level
        Of each touch, in the order of the journeys and of time: number of its journey (0…m-1)
        and of its touchpoint (0…levels-1).
    reached
        Of each journey, whether it ends with the event.
    levels
        How many touchpoints there are.

    Returns
    -------
    ndarray
        Row 0 is the start, row k + 1 touchpoint k; columns are touchpoints, the event, and
        the end without it. Every journey counts, those without the event too.

    Examples
    --------
    >>> transitions(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([True, False]), 2)
    array([[2, 0, 0, 0],
           [0, 1, 0, 1],
           [0, 0, 1, 0]])
    """
    counts = np.zeros((levels + 1, levels + 2), dtype=np.int64)
    first = np.append(True, journey[1:] != journey[:-1]) if len(journey) else np.empty(0, bool)
    last = np.append(journey[1:] != journey[:-1], True) if len(journey) else np.empty(0, bool)
    source = np.where(first, 0, np.append(0, level[:-1] + 1)) if len(journey) else level
    np.add.at(counts, (source, level), 1)
    end = np.where(reached[journey[last]], levels, levels + 1)
    np.add.at(counts, (level[last] + 1, end), 1)
    return counts


def chance(counts: np.ndarray, without: int | None = None) -> float:
    """Chance that a chain from the start reaches the event, one touchpoint removed or none."""
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    levels = counts.shape[1] - 2
    moves = np.zeros((levels + 1, levels + 1))
    moves[:, 1:] = share[:, :levels]
    if without is not None:
        moves[:, without + 1] = 0
    reach = np.linalg.solve(np.eye(levels + 1) - moves, share[:, levels])
    return float(reach[0])


def removal(counts: np.ndarray) -> np.ndarray:
    """Share of the chance of the event that is lost without each touchpoint, shape (levels,).

    Examples
    --------
    One journey in two reaches the event, and only over the second touchpoint:

    >>> removal(np.array([[2, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]])).tolist()
    [1.0, 1.0]
    """
    whole = chance(counts)
    levels = counts.shape[1] - 2
    if whole <= 0:
        return np.full(levels, np.nan)
    return np.array([1 - chance(counts, k) / whole for k in range(levels)])
