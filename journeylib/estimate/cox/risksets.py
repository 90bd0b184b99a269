"""Who is at risk when: the index structure under every Cox computation.

Only event times matter to a partial likelihood. Each row is at risk at a run of
neighbouring event times of its stratum, from ``first`` to ``last`` (both
included), so a sum over a risk set is a cumulative sum from the latest event
time backwards: a row is added at its ``last`` and taken out before its
``first``. Strata are laid end to end; a row never reaches into another one, and
sums start afresh in each, so that none loses digits to its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from journeylib.errors import DataError, ModelError

MANY_STRATA = 1000  # beyond this, one cumulative sum runs through all of them
TIME_TOLERANCE = 1.5e-8  # as R's aeqSurv: times that differ by rounding alone are tied


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Rows sorted by stratum and last event time, and the event times themselves.

    Parameters
    ----------
    rows
        Position of each sorted row in the input; rows never at risk at an event
        time are absent, for they say nothing about the coefficients.
    first, last
        For each sorted row, the first and last event time at which it is at risk.
    deaths
        Sorted rows that end with an event, in order of event time.
    times, stratum
        Of each of the m event times, ascending within stratum.
    row_start, death_start
        Where the rows (deaths) of each event time begin; one more entry than times.
    stratum_end
        For each event time, one past the last event time of its stratum.
    segments
        Where cumulative sums start afresh: the first event time of each stratum, and m.
    late
        Rows to take out before their first event time: those that begin after the
        first event time of their segment.
    """

    rows: np.ndarray
    first: np.ndarray
    last: np.ndarray
    deaths: np.ndarray
    times: np.ndarray
    stratum: np.ndarray
    row_start: np.ndarray
    death_start: np.ndarray
    stratum_end: np.ndarray
    segments: np.ndarray
    late: np.ndarray

    @property
    def m(self) -> int:
        """Number of distinct event times, counted apart in each stratum."""
        return len(self.times)

    @property
    def tied(self) -> bool:
        """Whether some event time has more than one event."""
        return len(self.deaths) > self.m

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum of ``values`` (one per sorted row) over the risk set of each event time."""
        if not len(self.late) and len(self.segments) == 2 and 8 * self.m > len(values):
            return values[::-1].cumsum()[::-1][self.row_start[:-1]]  # many short groups
        net = np.add.reduceat(values, self.row_start[:-1])
        if len(self.late):
            left = np.bincount(self.first[self.late] - 1, values[self.late], self.m)
            net -= left
        for a, b in pairwise(self.segments):
            net[a:b] = net[a:b][::-1].cumsum()[::-1]
        return net

    def over_stay(self, steps: np.ndarray) -> np.ndarray:
        """Sum of ``steps`` (one per event time) over the event times of each row's stay."""
        total = np.empty(self.m)
        for a, b in pairwise(self.segments):
            np.cumsum(steps[a:b], out=total[a:b])
        stay = total[self.last]
        if len(self.late):
            stay[self.late] -= total[self.first[self.late] - 1]
        return stay

    def per_death(self, values: np.ndarray) -> np.ndarray:
        """Values per event time, spread to each event."""
        return values[self.last[self.deaths]] if self.tied else values

    def at_death(self, values: np.ndarray) -> np.ndarray:
        """Sum over the events of each event time of ``values`` (one per event)."""
        return np.add.reduceat(values, self.death_start[:-1]) if self.tied else values


def equal_times(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same times with those made equal that differ by floating-point rounding only.

    As R's ``aeqSurv``: neighbouring distinct times are one when they differ by at
    most 1.5e-8, absolutely or relative to the mean time.

    Examples
    --------
    >>> (a,) = equal_times(np.array([0.3, 0.1 + 0.2, 0.4]))
    >>> bool(a[0] == a[1]), bool(a[1] == a[2])
    (True, False)
    """
    if all((c == np.floor(c)).all() for c in columns):
        return columns
    distinct = np.unique(np.concatenate(columns)) if len(columns) > 1 else np.unique(columns[0])
    gaps = np.diff(distinct)
    same = gaps <= TIME_TOLERANCE * max(1.0, float(np.abs(distinct).mean()))
    if not same.any():
        return columns
    kept, moved = distinct[np.concatenate(([True], ~same))], distinct[1:][same]
    target = kept[np.searchsorted(kept, moved, side="right") - 1]
    return tuple(_moved(c, moved, target) for c in columns)


def _moved(times: np.ndarray, moved: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Times with the few that are in ``moved`` replaced by their targets."""
    at = np.minimum(np.searchsorted(moved, times), len(moved) - 1)
    hit = moved[at] == times
    return np.where(hit, target[at], times)


def risk_sets(
    start: np.ndarray, stop: np.ndarray, event: np.ndarray, stratum: np.ndarray | None = None
) -> RiskSets:
    """Sort rows ``(start, stop]`` into risk sets.

    Parameters
    ----------
    start, stop
        Shape (n,). A row with ``start == 0`` is at risk at time 0 too.
    event
        Shape (n,), bool: the row ends with the event.
    stratum
        Shape (n,), integer codes from 0; None for one stratum.

    Raises
    ------
    ModelError
        When no row has an event.
    DataError
        When a row with an event is shorter than floating-point rounding.
    """
    if not event.any():
        raise ModelError(
            "no event happened: there is nothing to learn a hazard from",
            fix="check which cause is meant, the cutoff and the filter",
        )
    late_start = bool((start > 0).any())
    if late_start:
        start, stop = equal_times(start, stop)
        _need_length(start, stop, event)
    else:
        (stop,) = equal_times(stop)
    order = _sorted(stop, stratum)
    ends, died = stop[order], event[order]
    codes = None if stratum is None else stratum[order]
    times, which, last = _event_times(ends, died, codes)
    begin = _stratum_begin(which, codes)
    first = begin if not late_start else _first(start[order], times, which, codes)
    first = np.broadcast_to(first, last.shape)
    seen = first <= last
    if not seen.all():
        order, died, first, last = order[seen], died[seen], first[seen], last[seen]
    return _assemble(order, first, last, died, times, which)


def _need_length(start: np.ndarray, stop: np.ndarray, event: np.ndarray) -> None:
    empty = np.flatnonzero(event & (stop <= start) & (start > 0))
    if len(empty):
        raise DataError(
            f"{len(empty):,} row(s) with an event are no longer than rounding, "
            f"first row {empty[0]} at {stop[empty[0]]:g}",
            fix="an interval (start, stop] needs start < stop; choose a coarser unit",
        )


def _sorted(stop: np.ndarray, stratum: np.ndarray | None) -> np.ndarray:
    order = np.argsort(stop)
    if stratum is None:
        return order
    small = stratum.astype(np.int16) if stratum.max() < 2**15 else stratum  # radix sort
    return order[np.argsort(small[order], kind="stable")]


def _event_times(
    ends: np.ndarray, died: np.ndarray, codes: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct event times, their strata, and each row's last event time at or before its end."""
    new = np.empty(len(ends), dtype=bool)
    new[0] = True
    np.not_equal(ends[1:], ends[:-1], out=new[1:])
    if codes is not None:
        new[1:] |= codes[1:] != codes[:-1]
    begins = np.flatnonzero(new)
    with_event = np.logical_or.reduceat(died, begins)
    last = np.repeat(np.cumsum(with_event) - 1, np.diff(np.append(begins, len(ends))))
    at = begins[with_event]
    which = np.zeros(len(at), dtype=np.int64) if codes is None else codes[at]
    return ends[at], which, last


def _stratum_begin(which: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    """The first event time of each row's stratum."""
    if codes is None:
        return np.zeros(1, dtype=np.int64)
    return np.searchsorted(which, np.arange(codes.max() + 1))[codes]


def _first(
    start: np.ndarray,
    times: np.ndarray,
    which: np.ndarray,
    codes: np.ndarray | None,
) -> np.ndarray:
    """The first event time after each row's start, in its own stratum."""
    distinct = np.unique(times)
    passed = np.searchsorted(distinct, start, side="right")
    passed[start <= 0] = 0  # whoever begins at the origin is at risk at the origin
    if codes is None:
        return passed
    rank = np.searchsorted(distinct, times)
    width = len(distinct) + 1
    return np.searchsorted(which * width + rank, codes * width + passed)


def _begins(groups: np.ndarray, m: int) -> np.ndarray:
    """Where each of m neighbouring groups begins, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(np.bincount(groups, minlength=m))))


def _assemble(
    rows: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    died: np.ndarray,
    times: np.ndarray,
    which: np.ndarray,
) -> RiskSets:
    m = len(times)
    deaths = np.flatnonzero(died)
    segments = np.append(np.flatnonzero(np.diff(which, prepend=-1)), m)
    if len(segments) > MANY_STRATA:
        segments = np.array([0, m])
    begin = segments[np.searchsorted(segments, last, side="right") - 1] if len(segments) > 2 else 0
    return RiskSets(
        rows=rows,
        first=first,
        last=last,
        deaths=deaths,
        times=times,
        stratum=which,
        row_start=_begins(last, m),
        death_start=_begins(last[deaths], m),
        stratum_end=np.cumsum(np.bincount(which))[which],
        segments=segments,
        late=np.flatnonzero(first > begin),
    )
