"""The risk table: how many are at risk, enter, are censored and have which event, and when.

At time t a spell is at risk if ``start < t <= stop``; one that begins at its
origin is at risk at 0 too. Events at t come before censoring at t, and whoever
enters at t is not at risk at t. All non-parametric estimates are short sums and
products over these counts, so this is the only place that touches the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from journeylib.estimate.groups import Groups
from journeylib.estimate.records import Records, records
from journeylib.spells.core import Spells

# R's survfit treats times as tied that differ by less (aeqSurv), so that 0.1 + 0.2 ties with 0.3
TIE = float(np.sqrt(np.finfo(float).eps))
# whole numbers up to here cannot be tied by that rule
WHOLE_LIMIT = 2**25


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Counts by group and time; the rows of one group stand together, times ascending.

    Parameters
    ----------
    groups
        The groups, in order.
    bounds
        Group g has the rows ``bounds[g]`` to ``bounds[g + 1]``.
    time
        Each distinct time at which somebody enters late, is censored or has an event.
    at_risk, entered, censored
        Counts at these times, or sums of weights.
    events
        Counts by cause, shape (causes, times).
    n
        Spells in each group, unweighted.
    own_place
        Number of each row's time among the distinct times of all groups; None where
        there is one group.
    delayed
        False where nobody enters late.
    """

    groups: Groups
    bounds: np.ndarray
    time: np.ndarray
    at_risk: np.ndarray
    entered: np.ndarray
    censored: np.ndarray
    events: np.ndarray
    n: np.ndarray
    own_place: np.ndarray | None = None
    delayed: bool = True

    @property
    def place(self) -> np.ndarray:
        """Number of each row's time among the distinct times of all groups."""
        return np.arange(len(self.time)) if self.own_place is None else self.own_place

    @property
    def any_event(self) -> np.ndarray:
        """Events of any cause at each time."""
        return self.events[0] if len(self.events) == 1 else self.events.sum(axis=0)

    @property
    def slices(self) -> list[slice]:
        """Rows of each group."""
        return [slice(a, b) for a, b in pairwise(self.bounds)]

    @property
    def code(self) -> np.ndarray:
        """Number of the group in each row."""
        if len(self.groups) == 1:
            return np.zeros(len(self.time), dtype=np.int8)
        return np.repeat(np.arange(len(self.groups)), np.diff(self.bounds))

    @property
    def last(self) -> np.ndarray:
        """Last time of each group."""
        return self.time[self.bounds[1:] - 1]

    @property
    def frame(self) -> pd.DataFrame:
        """Tidy table ``group, time, at_risk, entered, events, censored`` and each cause apart."""
        columns = self.groups.columns(self.code) | {
            "time": self.time,
            "at_risk": self.at_risk,
            "entered": self.entered,
            "events": self.any_event,
            "censored": self.censored,
        }
        causes = {f"cause_{k + 1}": d for k, d in enumerate(self.events)}
        return pd.DataFrame(columns | (causes if len(causes) > 1 else {}))


def risk_table(
    spells: Spells,
    by: str | Sequence[str] | None = None,
    weights: np.ndarray | None = None,
    *,
    near_ties: bool = True,
) -> RiskTable:
    """Count who is at risk, enters, is censored and has an event, by time and group.

    Parameters
    ----------
    spells
        Spells in memory, or lazy: then the group-by runs in the database.
    by
        Column or columns that make the groups.
    weights
        One weight a row, for rows in memory; counts become sums of weights.
    near_ties
        Whether times that differ by no more than rounding are tied.

    Returns
    -------
    RiskTable

    Raises
    ------
    DataError
        Without any spell, or for an unknown column in ``by``.

    Notes
    -----
    Times that differ by less than 1.5e-8, absolutely or relative to their mean,
    are tied, as in R's ``survfit`` (``timefix``). A split of one stay (abutting
    rows of one id, and episode, within one group) neither enters nor is
    censored.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"from": [0, 2, 0], "to": [3, 5, 5], "event": [1, 1, 0]})
    >>> risk_table(spells_from_frame(df, stop="to", cause="event", start="from")).frame
      group  time  at_risk  entered  events  censored
    0   all   2.0        2        1       0         0
    1   all   3.0        3        0       1         0
    2   all   5.0        2        0       1         1
    """
    return _table(records(spells, by, weights), near_ties)


def _table(rec: Records, near_ties: bool) -> RiskTable:
    bounds, time, counts, place = tally(rec, near_ties)
    censored, events = counts[0], counts[1 : rec.causes + 1]
    change = censored + (events[0] if len(events) == 1 else events.sum(axis=0))
    entered, delayed = np.zeros_like(censored), len(counts) > rec.causes + 1
    if delayed:
        entered, resumed = counts[rec.causes + 1 :]
        change -= entered + resumed
    for a, b in pairwise(bounds):
        # whoever leaves at t or later, less whoever enters at t or later
        np.cumsum(change[a:b][::-1], out=change[a:b][::-1])
    return RiskTable(
        rec.groups, bounds, time, change, entered, censored, events, rec.n, place, delayed
    )


Tally = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]


def tally(rec: Records, near_ties: bool = True) -> Tally:
    """Add up records by group, time and kind.

    Returns
    -------
    bounds, time, counts, place
        Row bounds of the groups; the distinct times of each group, ascending;
        counts of shape (kinds, times), where kinds is causes + 1, or causes + 3
        where somebody enters late; the number of each time among those of all groups,
        or None where there is one group.
    """
    kinds = rec.causes + (3 if rec.kind.max() > rec.causes else 1)
    whole = _whole(rec.time)
    if whole is not None:
        width = int(whole.max()) + 1
        if width * len(rec.groups) * kinds <= 4 * len(whole) + 100_000:
            return _tally_dense(rec, whole, width, kinds)
    return _tally_sorted(rec, kinds, near_ties)


def _whole(time: np.ndarray) -> np.ndarray | None:
    """Times as integers where each is a whole number, else None."""
    if time[0] != np.floor(time[0]) or time.max() >= WHOLE_LIMIT:
        return None
    whole = time.astype(np.int64)
    return whole if bool((whole == time).all()) else None


def _tally_dense(rec: Records, whole: np.ndarray, width: int, kinds: int) -> Tally:
    n_groups = len(rec.groups)
    cell = whole  # a fresh array, reused to save memory
    if n_groups > 1:
        cell += rec.group.astype(np.int64) * width
    cell += rec.kind.astype(np.int64) * (n_groups * width)
    counts = _bincount(cell, rec.count, n_groups * width * kinds).reshape(kinds, -1)
    rows = np.flatnonzero(counts.any(axis=0))
    bounds = np.searchsorted(rows, np.arange(n_groups + 1) * width)
    place = rows % width
    return bounds, place.astype(float), counts[:, rows], place


def _tally_sorted(rec: Records, kinds: int, near_ties: bool) -> Tally:
    n_groups = len(rec.groups)
    time, what, count = _in_order(rec, kinds)
    new = distinct(time, near_ties)
    if n_groups == 1:
        time = time[new]
        return np.array([0, len(time)]), time, _added(what, new, kinds, count), None
    time, place = time[new], np.cumsum(new)
    place -= 1
    what = what.astype(np.int16 if n_groups * kinds < 2**15 else np.int64)
    group = what // kinds
    what -= group * kinds
    by_group = np.argsort(group, kind="stable")  # few small numbers: a radix sort
    what, group, place = what[by_group], group[by_group], place[by_group]
    count = None if count is None else count[by_group]
    new = np.ones(len(place), dtype=bool)
    new[1:] = (place[1:] != place[:-1]) | (group[1:] != group[:-1])
    overall = place[new]
    bounds = np.searchsorted(group[new], np.arange(n_groups + 1))
    return bounds, time[overall], _added(what, new, kinds, count), overall


def _added(what: np.ndarray, new: np.ndarray, kinds: int, count: np.ndarray | None) -> np.ndarray:
    """Counts by kind and time, of rows in order where ``new`` marks the first of each time.

    Most times have one row, so that the others are added to those.
    """
    first, rest = what[new], np.flatnonzero(~new)
    width = len(first)
    cell = rest - np.arange(1, len(rest) + 1)  # the time before which so many were not the first
    cell += what[rest].astype(np.int64) * width
    one = np.int64(1) if count is None else count[new]
    counts = np.empty((kinds, width), dtype=np.int64 if count is None else count.dtype)
    for kind in range(kinds):
        np.multiply(first == kind, one, out=counts[kind])
    np.add.at(counts.reshape(-1), cell, one if count is None else count[rest])
    return counts


def _in_order(rec: Records, kinds: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Times ascending, with the cell ``group * kinds + kind`` and the count of each.

    To sort numbers is several times faster than to sort their places. The bits
    of numbers >= 0 are ordered as the numbers are, and times seldom span all 64
    of them: where there is room, the cell rides along in the last bits.
    """
    cell = rec.kind
    if len(rec.groups) > 1:
        cell = rec.group.astype(np.int64) * kinds + cell
    room = int(len(rec.groups) * kinds - 1).bit_length()
    bits = (rec.time + 0.0).view(np.int64)
    least, most = int(bits.min()), int(bits.max())
    if least == 0:
        least = int(np.min(bits, where=bits > 0, initial=most))
    least -= 1
    if rec.count is not None or (most - least).bit_length() + room > 63:
        order = np.argsort(rec.time)
        return rec.time[order], cell[order], None if rec.count is None else rec.count[order]
    bits -= least
    np.maximum(bits, 0, out=bits)  # a time of 0 comes right before the least above it
    bits <<= room
    bits |= cell
    bits.sort()
    cell = np.empty(len(bits), dtype=np.int8 if room < 8 else np.int64)
    np.bitwise_and(bits, (1 << room) - 1, out=cell, casting="unsafe")
    bits >>= room
    zeros = int(np.searchsorted(bits, 1))
    bits += least
    bits[:zeros] = 0
    return bits.view(np.float64), cell, None


def _bincount(cell: np.ndarray, count: np.ndarray | None, length: int) -> np.ndarray:
    if count is None:
        return np.bincount(cell, minlength=length)
    total = np.bincount(cell, weights=count, minlength=length)
    return total.astype(np.int64) if np.issubdtype(count.dtype, np.integer) else total


def distinct(time: np.ndarray, near_ties: bool = True) -> np.ndarray:
    """Where a new time begins among ascending times.

    Parameters
    ----------
    time
        Ascending times.
    near_ties
        Whether times that differ by no more than rounding are one; a run of
        them counts as the first.

    Examples
    --------
    >>> distinct(np.array([0.3, 0.1 + 0.2, 1.0])).tolist()
    [True, False, True]
    """
    new = np.ones(len(time), dtype=bool)
    np.not_equal(time[1:], time[:-1], out=new[1:])
    if near_ties:
        unique_mean = (time.sum() - time[~new].sum()) / new.sum()
        np.greater(np.diff(time), TIE * max(1.0, unique_mean), out=new[1:])
    return new


def tie(time: np.ndarray) -> np.ndarray:
    """Ascending times with near ties made equal, each to the first of its run.

    Examples
    --------
    >>> tie(np.array([0.3, 0.1 + 0.2, 1.0])).tolist()
    [0.3, 0.3, 1.0]
    """
    new = distinct(time)
    return time[new][np.cumsum(new) - 1]
