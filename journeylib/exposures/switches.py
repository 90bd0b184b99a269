"""Covariates that change on the way, as moments on each spell's clock, and rows split at them.

A change at time u holds strictly after it: in ``(u, ...]``. So a row ``(start, stop]`` is split
at every change strictly inside it, and a part has the values of what changed up to and
including its own start. Pure NumPy on tables already fetched; with a lazy table and one
exposure, :func:`journeylib.with_exposure` does the same where the data live.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Changes:
    """When something happens, on the clocks of several spells.

    Parameters
    ----------
    key
        Number of the spell, shape (n,).
    time
        On its clock, shape (n,); before the origin it is negative.
    lasts
        How long the state holds after each change; None for ever after.
    """

    key: np.ndarray
    time: np.ndarray
    lasts: float | None = None

    def shifted(self, by: float) -> Changes:
        """The same changes, each later by so much (earlier, where it is negative)."""
        return Changes(self.key, self.time + by, self.lasts)

    def lasting(self, lasts: float | None) -> Changes:
        """The same changes, each holding for so long."""
        return Changes(self.key, self.time, lasts)

    def first(self) -> Changes:
        """The first change of each spell only."""
        order = np.lexsort((self.time, self.key))
        key = self.key[order]
        lead = np.ones(len(key), dtype=bool)
        lead[1:] = key[1:] != key[:-1]
        return Changes(key[lead], self.time[order][lead], self.lasts)

    @property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Spell and time of every moment at which a covariate made of these may change."""
        if self.lasts is None:
            return self.key, self.time
        return np.tile(self.key, 2), np.append(self.time, self.time + self.lasts)


def split_at(
    frame: pd.DataFrame,
    key: np.ndarray,
    switches: Mapping[str, Changes],
    counts: Mapping[str, Changes] | None = None,
) -> pd.DataFrame:
    """Split rows at changes, and say in each part what held there.

    Parameters
    ----------
    frame
        Columns ``start, stop, cause`` and others, which are copied to each part.
    key
        Number of the spell that each row belongs to.
    switches
        New column -> changes; the column is 1 where one of them holds, else 0.
    counts
        New column -> changes; the column is how many there were so far.

    Returns
    -------
    DataFrame
        In the order of ``frame``, parts by time. ``cause`` stays with the last part of a row;
        the others are censored where they end.

    Examples
    --------
    >>> rows = pd.DataFrame({"id": ["a"], "start": [0.0], "stop": [9.0], "cause": [1]})
    >>> seen = Changes(np.array([0, 0]), np.array([2.0, 5.0]))
    >>> split_at(rows, np.array([0]), {"seen": seen}, {"n": seen})
      id  start  stop  cause  seen  n
    0  a    0.0   2.0      0     0  0
    1  a    2.0   5.0      0     1  1
    2  a    5.0   9.0      1     1  2
    """
    counts = counts or {}
    start, stop = (frame[c].to_numpy(dtype=float) for c in ("start", "stop"))
    moments = [c.moments for c in (*(_needed(s) for s in switches.values()), *counts.values())]
    row, begin = _points(key, start, stop, moments)
    last = np.append(row[1:] != row[:-1], True)
    ends = np.where(last, stop[row], np.append(begin[1:], 0.0))
    parts = frame.iloc[row].reset_index(drop=True)
    parts["start"], parts["stop"] = begin, ends
    parts["cause"] = np.where(last, frame["cause"].to_numpy()[row], 0)
    empty = ends <= begin  # a row without length sees only what came before it
    for name, changes in switches.items():
        parts[name] = _holds(changes, key[row], begin, empty).astype(np.int64)
    for name, changes in counts.items():
        parts[name] = _so_far(changes, key[row], begin, empty)
    return parts


def _needed(changes: Changes) -> Changes:
    """What lasts for ever changes nothing when it happens again."""
    return changes.first() if changes.lasts is None else changes


def _points(
    key: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    moments: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the row and start of each part, sorted."""
    rows = pd.DataFrame({"key": key, "row": np.arange(len(key))})
    times = pd.DataFrame(
        {
            "key": np.concatenate([rows["key"].to_numpy()[:0], *(k for k, _ in moments)]),
            "time": np.concatenate([np.empty(0), *(t for _, t in moments)]),
        }
    )
    met = times.drop_duplicates().merge(rows, on="key")
    row, time = met["row"].to_numpy(), met["time"].to_numpy()
    inside = (time > start[row]) & (time < stop[row])
    row = np.concatenate([rows["row"].to_numpy(), row[inside]])
    begin = np.concatenate([start, time[inside]])
    order = np.lexsort((begin, row))
    return row[order], begin[order]


def _positions(
    changes: Changes, key: np.ndarray, begin: np.ndarray, empty: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many changes of its own spell each part has seen, and the latest of them.

    Returns
    -------
    seen, latest, time
        ``latest`` numbers the sorted changes (meaningless where none was seen), ``time`` are
        theirs.
    """
    order = np.lexsort((changes.time, changes.key))
    whose, time = changes.key[order], changes.time[order]
    grid = np.unique(np.concatenate([time, begin]))
    width = len(grid) + 1
    place = whose * width + np.searchsorted(grid, time)
    asked = key * width + np.searchsorted(grid, begin)
    upto = np.where(
        empty,
        np.searchsorted(place, asked, side="left"),
        np.searchsorted(place, asked, side="right"),
    )
    return upto - np.searchsorted(whose, key), upto - 1, time


def _holds(changes: Changes, key: np.ndarray, begin: np.ndarray, empty: np.ndarray) -> np.ndarray:
    seen, latest, time = _positions(changes, key, begin, empty)
    if changes.lasts is None or not len(time):
        return seen > 0
    return (seen > 0) & (begin < time[np.maximum(latest, 0)] + changes.lasts)


def _so_far(changes: Changes, key: np.ndarray, begin: np.ndarray, empty: np.ndarray) -> np.ndarray:
    return _positions(changes, key, begin, empty)[0].astype(np.int64)
