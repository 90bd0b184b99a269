"""The chance to still be under observation: G of not being censored, H of having entered.

Whoever left by another cause stays in the risk set of Fine and Gray with the chance
to be still watched at t, given watched when leaving: ``W(t) / W(t_left)`` with
``W(t) = G(t-) H(t-)``. At one instant events come before censoring, so G steps
down after the events of its time. H is the Kaplan-Meier estimate of the entry
times in reversed time; without delayed entry it is 1.

References
----------
Fine and Gray (1999), JASA 94; Geskus (2011), Biometrics 67. R: ``survival::finegray``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Stays:
    """Rows ``(start, stop]`` and how each ends; all arrays have one entry a row.

    Parameters
    ----------
    start, stop
        The interval; a row with ``start == 0`` is watched from before time 0.
    cause
        0 for censored (or continued in the next row), 1…k.
    first, last
        Whether the row is the first or the last of its spell.
    """

    start: np.ndarray
    stop: np.ndarray
    cause: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def only(self, rows: np.ndarray) -> Stays:
        """The same for some of the rows."""
        picked = (self.start, self.stop, self.cause, self.first, self.last)
        return Stays(*(a[rows] for a in picked))


def watched_chance(stays: Stays, at: np.ndarray) -> np.ndarray:
    """W just before each of the times ``at``, up to a factor that cancels in ratios.

    Examples
    --------
    Four customers, one censored at 2 where three were left:

    >>> stop, cause = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 2, 1])
    >>> yes = np.ones(4, dtype=bool)
    >>> watched_chance(Stays(np.zeros(4), stop, cause, yes, yes), np.array([2.0, 3.0])).round(4)
    array([1.    , 0.6667])
    """
    begin = np.where(stays.start > 0, stays.start, -1.0)
    return _uncensored(stays, begin, at) * _entered(stays, begin, at)


def _uncensored(stays: Stays, begin: np.ndarray, at: np.ndarray) -> np.ndarray:
    """G(t-): Kaplan-Meier of the censoring, events leaving first."""
    lost = stays.last & (stays.cause == 0)
    time, count = np.unique(stays.stop[lost], return_counts=True)
    happened = np.sort(stays.stop[stays.cause > 0])
    at_risk = (
        np.searchsorted(np.sort(begin), time, side="left")
        - np.searchsorted(np.sort(stays.stop), time, side="left")
        - np.searchsorted(happened, time, side="right")
        + np.searchsorted(happened, time, side="left")
    )
    left = np.concatenate(([1.0], np.cumprod(1 - count / np.maximum(at_risk, 1))))
    return left[np.searchsorted(time, at, side="left")]


def _entered(stays: Stays, begin: np.ndarray, at: np.ndarray) -> np.ndarray:
    """H(t-): Kaplan-Meier of the entries, looking back from the end."""
    late = stays.first & (stays.start > 0)
    time, count = np.unique(stays.start[late], return_counts=True)
    at_risk = np.searchsorted(np.sort(begin), time, side="right") - np.searchsorted(
        np.sort(stays.stop), time, side="right"
    )
    step = 1 - count / np.maximum(at_risk, 1)
    entered = np.concatenate((np.cumprod(step[::-1])[::-1], [1.0]))
    return entered[np.searchsorted(time, at, side="left")]
