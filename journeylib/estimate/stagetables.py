"""Tables of a multi-state curve: shares by stage and time, counts of moves, their hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylib.estimate.groups import Groups
from journeylib.estimate.intervals import incidence_limits
from journeylib.estimate.multistate import Steps

CENSORED = "(censored)"


def states_of(
    steps: Steps, here: np.ndarray, variance: np.ndarray, time: np.ndarray
) -> pd.DataFrame:
    """Rows by stage and time; ``here`` is the number of transition times so far."""
    s, size = steps.stays, steps.stays.states
    at_risk = np.empty((size, len(time)), dtype=np.int64)
    for j in range(size):
        mine = s.state == j
        began = np.where(s.at_origin[mine], -1.0, s.start[mine])
        entered = np.searchsorted(np.sort(began), time, side="left")
        left = np.searchsorted(np.sort(s.stop[mine]), time, side="left")
        at_risk[j] = entered - left
    return pd.DataFrame(
        {
            "stage": np.repeat(np.arange(size), len(time)),
            "time": np.tile(time, size),
            "at_risk": at_risk.ravel(),
            "probability": steps.probability[here].T.ravel(),
            "std_err": np.sqrt(variance[here]).T.ravel(),
        }
    )


def framed(
    parts: list[pd.DataFrame], groups: Groups, stages: tuple[str, ...], level: float
) -> pd.DataFrame:
    """Tables of the groups one below the other, with names and intervals."""
    code = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    rows = pd.concat(parts, ignore_index=True)
    rows["stage"] = np.array(stages, dtype=object)[rows["stage"]]
    share, error = (rows[c].to_numpy() for c in ("probability", "std_err"))
    rows["low"], rows["high"] = incidence_limits(share, error, level)
    lead = pd.DataFrame(groups.columns(code, tuple(rows.columns)))
    return pd.concat([lead, rows], axis=1)


def transitions(steps: list[Steps], groups: Groups, stages: tuple[str, ...]) -> pd.DataFrame:
    """Counts of moves, and of those last seen in a stage, group by group."""
    parts = []
    for one in steps:
        s = one.stays
        final = np.append(s.person[1:] != s.person[:-1], True) & (s.goes < 0)
        width = len(stages) + 1
        to_whom = np.where(final, len(stages), s.goes)
        counted = to_whom >= 0
        cell = s.state[counted] * width + to_whom[counted]
        counts = np.bincount(cell, minlength=len(stages) * width).reshape(-1, width)
        a, b = np.nonzero(counts)
        to = np.array([*stages, CENSORED], dtype=object)
        names = {"from": np.array(stages, dtype=object)[a], "to": to[b], "count": counts[a, b]}
        parts.append(pd.DataFrame(names))
    return _grouped(parts, groups)


def hazards(steps: list[Steps], groups: Groups, stages: tuple[str, ...]) -> pd.DataFrame:
    """Nelson-Aalen of each transition, at the times at which it happens."""
    parts = []
    for one in steps:
        rows = []
        for a, b in zip(*np.nonzero(one.moves.sum(axis=0))):
            when = np.flatnonzero(one.moves[:, a, b])
            events, n = one.moves[when, a, b], one.at_risk[when, a]
            rows.append(
                pd.DataFrame(
                    {
                        "from": stages[a],
                        "to": stages[b],
                        "time": one.time[when],
                        "at_risk": n,
                        "events": events,
                        "cumulative_hazard": np.cumsum(events / n),
                        "std_err": np.sqrt(np.cumsum(events / n**2)),
                    }
                )
            )
        empty = pd.DataFrame({"from": [], "to": [], "time": []})
        parts.append(pd.concat(rows, ignore_index=True) if rows else empty)
    return _grouped(parts, groups)


def _grouped(parts: list[pd.DataFrame], groups: Groups) -> pd.DataFrame:
    code = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    rows = pd.concat(parts, ignore_index=True)
    lead = pd.DataFrame(groups.columns(code, tuple(rows.columns)))
    return pd.concat([lead, rows], axis=1)
