"""Risk sets in which whoever left by another cause stays, with a weight that fades.

A row that left at s counts at an event time t > s with ``W(t) / W(s)``. Because the
weight factors, the sum over those who left is ``W(t)`` times a running sum of
``value / W(s)``: no row is ever copied, as R's ``finegray`` does, and the cost stays
n log n. Everything else about a Cox model reads risk sets through two operations,
:meth:`at_risk` and its adjoint :meth:`over_stay`, so nothing else needs to know.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from journeylib.errors import ModelError
from journeylib.estimate.cox.risksets import RiskSets, risk_sets
from journeylib.estimate.finegray.staying import Stays, watched_chance


@dataclass(frozen=True, eq=False)
class StayingSets(RiskSets):
    """Risk sets and those who stay in them after another cause.

    Parameters
    ----------
    gone
        Sorted rows that left by another cause before the last event time.
    after
        The first event time at which each of them counts with its weight.
    own
        W when each of them left.
    chance
        W at each event time.
    """

    gone: np.ndarray
    after: np.ndarray
    own: np.ndarray
    chance: np.ndarray

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Weighted sum of ``values`` (one per sorted row) over each risk set."""
        if not len(self.gone):
            return super().at_risk(values)
        staying = np.bincount(self.after, values[self.gone] / self.own, self.m).cumsum()
        staying -= self._before_stratum(staying)
        return super().at_risk(values) + self.chance * staying

    def over_stay(self, steps: np.ndarray) -> np.ndarray:
        """Weighted sum of ``steps`` (one per event time) over each row's stay."""
        stay = super().over_stay(steps)
        total = np.concatenate(([0.0], np.cumsum(self.chance * steps)))
        later = total[self.stratum_end[self.after]] - total[self.after]
        stay[self.gone] += later / self.own
        return stay

    def _before_stratum(self, running: np.ndarray) -> np.ndarray:
        """A running sum as it stood before each event time's stratum began."""
        begin = np.searchsorted(self.stratum, self.stratum)
        return np.concatenate(([0.0], running))[begin]


def staying_sets(stays: Stays, cause: int, stratum: np.ndarray | None) -> StayingSets:
    """Sort rows into risk sets for one cause among several.

    Parameters
    ----------
    stays
        The rows.
    cause
        Number of the cause under study.
    stratum
        Integer codes from 0 or None: baseline and W are those of the stratum.

    Raises
    ------
    ModelError
        Without an event of the cause, or when nobody was under observation at some
        time in between, so that W is 0.
    """
    event = stays.cause == cause
    sets = risk_sets(stays.start, stays.stop, event, stratum)
    other = np.flatnonzero((stays.cause > 0) & ~event)
    code = np.zeros(len(event), dtype=np.int64) if stratum is None else stratum
    after = _after(sets, stays.stop[other], code[other])
    ends = np.searchsorted(sets.stratum, code[other], side="right")
    other, after = other[after < ends], after[after < ends]
    sets = _with_unseen(sets, np.setdiff1d(other, sets.rows), code)
    place = np.empty(len(event), dtype=np.int64)
    place[sets.rows] = np.arange(len(sets.rows))
    chance, own = np.empty(sets.m), np.empty(len(other))
    for s in np.unique(sets.stratum):
        rows, times, gone = code == s, sets.stratum == s, code[other] == s
        mine = stays if stratum is None else stays.only(rows)
        chance[times] = watched_chance(mine, sets.times[times])
        own[gone] = watched_chance(mine, stays.stop[other[gone]])
    if len(other) and not own.min() > 0:
        raise ModelError(
            f"at time {stays.stop[other[own.argmin()]]:g} the chance to be under observation is 0: "
            "all who were watched shortly before or after had just left or entered",
            fix="with delayed entry, begin later, when more customers are under observation",
        )
    old = {f.name: getattr(sets, f.name) for f in fields(RiskSets)}
    return StayingSets(**old, gone=place[other], after=after, own=own, chance=chance)


def _after(sets: RiskSets, stop: np.ndarray, code: np.ndarray) -> np.ndarray:
    """The first event time of its stratum after each stop."""
    distinct = np.unique(sets.times)
    width = len(distinct) + 1
    key = sets.stratum * width + np.searchsorted(distinct, sets.times)
    return np.searchsorted(key, code * width + np.searchsorted(distinct, stop, side="right"))


def _with_unseen(sets: RiskSets, unseen: np.ndarray, code: np.ndarray) -> RiskSets:
    """Room for rows that no event happened beside: put in and taken out at the same time."""
    if not len(unseen):
        return sets
    place = np.searchsorted(sets.stratum, code[unseen])
    last = np.concatenate([sets.last, place])
    first = np.concatenate([sets.first, place + 1])
    rows = np.concatenate([sets.rows, unseen])
    late = np.zeros(len(rows), dtype=bool)
    late[sets.late], late[len(sets.rows) :] = True, True
    died = np.zeros(len(rows), dtype=bool)
    died[sets.deaths] = True
    order = np.argsort(last, kind="stable")
    kept = {"times", "stratum", "death_start", "stratum_end", "segments"}
    return RiskSets(
        rows=rows[order],
        first=first[order],
        last=last[order],
        deaths=np.flatnonzero(died[order]),
        row_start=np.concatenate(([0], np.cumsum(np.bincount(last, minlength=sets.m)))),
        late=np.flatnonzero(late[order]),
        **{name: getattr(sets, name) for name in kept},
    )
