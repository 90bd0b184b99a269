"""One curve for everybody from the curves of groups, each weighted by its share at the origin.

A Kaplan-Meier curve of everybody assumes that whoever is censored would have gone on like
those who stay in view. Where one group is censored more than another and also waits longer,
it leans towards the group that stays. Followed apart, each group leans towards nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.curves import Curve, survival_curve
from journeylib.estimate.groups import ALL, group_rows
from journeylib.estimate.intervals import survival_limits
from journeylib.spells.core import Spells

_START = {"survival": 1.0, "std_err": 0.0}


def averaged(groups: Curve, spells: Spells) -> Curve:
    """The curve of everybody as the average of groups, each with its share of those who start.

    Parameters
    ----------
    groups
        Curves by group, from :func:`journeylib.survival_curve` or :func:`journeylib.reached`.
    spells
        The spells that they were made of: one row a spell.

    Returns
    -------
    Curve
        One group, in the unit of the curves, up to where the first group is out of sight.
        Its variance is that of each curve and that of the shares: customers were drawn, and
        so was how many come from each group. Without censoring and late entry it is the
        plain share of everybody, with the variance of a share.

    Raises
    ------
    DataError
        For curves of one group only, for spells of several rows a spell, or others than
        those of the curves.

    Notes
    -----
    The marginal method for adjusted curves (Therneau, Crowson and Atkinson 2015, *Adjusted
    survival curves*). Whoever enters late stands for those who were gone before they could
    enter: one entrant counts 1 / S(entry) of its group (Horvitz and Thompson 1952), where S is
    of any cause. The errors count that these S are estimates, but not where causes compete.

    Examples
    --------
    >>> from journeylib import spells_from_frame, survival_curve
    >>> rows = {"time": [1, 3, 5, 2, 4], "event": [1, 1, 1, 1, 0], "segment": list("aaabb")}
    >>> spells = spells_from_frame(pd.DataFrame(rows))
    >>> averaged(survival_curve(spells, by="segment"), spells).at(3)["survival"].round(3).tolist()
    [0.4]
    """
    if not groups.by:
        raise DataError("these curves have one group only", fix="pass curves by group")
    if not spells.single:
        raise DataError("an average of curves needs one row a spell")
    frame = spells.frame
    code, told = group_rows(frame, [spells.column(c) for c in groups.by])
    if told.labels != groups.groups:
        raise DataError("these spells are not those of the curves", fix="pass the same spells")
    parts = [groups.table[groups.table["group"] == label] for label in told.labels]
    time = _in_sight(groups.table["time"].to_numpy(), parts)
    start = frame["start"].to_numpy(float)
    stands_for = _stands_for(start, code, told.labels, spells, groups.by)
    share = np.bincount(code, stands_for) / stands_for.sum()
    each = np.stack([_read(p, "survival", time) for p in parts])
    survival = share @ each
    drawn = np.bincount(code, stands_for**2) / stands_for.sum() ** 2
    variance = drawn @ (each - survival) ** 2
    for k, part in enumerate(parts):
        late = (code == k) & (start > 0) & (len(spells.causes) == 1)
        lean = (each[k] - survival) / stands_for.sum()
        variance += _of_a_curve(part, time, share[k], lean, start[late], stands_for[late])
    std_err = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = float(groups.about["level"])
        low, high = survival_limits(survival, std_err / survival, "log-log", level)
    counts = groups.table.groupby("time")[["entered", "events", "censored"]].sum().loc[time]
    table = pd.DataFrame(
        {
            "group": ALL,
            "time": time,
            "at_risk": _at_risk(frame, time),
            **{c: counts[c].to_numpy() for c in counts},
            "survival": survival,
            "std_err": std_err,
            "low": low,
            "high": high,
        }
    )
    sizes = {ALL: {"n": len(frame), "events": int(groups.about["events"])}}
    facts = {"sizes": sizes, "conf": "log-log", "averaged": groups.by}
    return Curve(table, groups.unit, (), {**groups.about, **facts})


def _in_sight(time: np.ndarray, parts: list[pd.DataFrame]) -> np.ndarray:
    """Distinct times up to where the first group is out of sight; one that all left is not."""
    ends = [p["time"].iloc[-1] for p in parts if p["survival"].iloc[-1] > 0]
    distinct = np.unique(time)
    return distinct[distinct <= min(ends, default=np.inf)]


def _stands_for(
    start: np.ndarray,
    code: np.ndarray,
    labels: Sequence[str],
    spells: Spells,
    by: Sequence[str],
) -> np.ndarray:
    """How many of those who started each one seen stands for: 1 but for late entrants."""
    out = np.ones(len(start))
    if not (start > 0).any():
        return out
    here = survival_curve(spells, by).table  # whatever took them out before they could enter
    for number, label in enumerate(labels):
        late = (code == number) & (start > 0)
        still = _read(here[here["group"] == label], "survival", start[late])
        out[late] = np.divide(1.0, still, out=np.ones(len(still)), where=still > 0)
    return out


def _of_a_curve(
    part: pd.DataFrame,
    time: np.ndarray,
    share: float,
    lean: np.ndarray,
    entry: np.ndarray,
    stands_for: np.ndarray,
) -> np.ndarray:
    """Variance that the curve of a group brings, directly and by what late entrants stand for.

    The error of log S is a martingale: that at two times covaries as it varies at the first.
    A curve that is too high makes late entrants stand for too few; ``lean`` is how far one
    more of the group moves the average.
    """
    survival = _read(part, "survival", time)
    direct = share * np.nan_to_num(_read(part, "std_err", time))  # not a number: all had it
    if not len(entry):
        return np.asarray(direct**2)
    order = np.argsort(entry)
    entry, stands_for = entry[order], stands_for[order]
    at_entry = _log_variance(part, entry)
    own = np.append(0.0, np.cumsum(stands_for * at_entry))
    after = stands_for.sum() - np.append(0.0, np.cumsum(stands_for))
    before = np.searchsorted(entry, time, side="right")
    both = own[before] + after[before] * _log_variance(part, time)
    among = stands_for * at_entry @ (stands_for + 2 * after[1:])
    return np.asarray(direct**2 - 2 * share * survival * lean * both + lean**2 * among)


def _log_variance(part: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """Variance of log S; 0 where all had the event, as that is no longer an estimate."""
    survival, error = _read(part, "survival", at), np.nan_to_num(_read(part, "std_err", at))
    return np.divide(error, survival, out=np.zeros(len(at)), where=survival > 0) ** 2


def _read(part: pd.DataFrame, column: str, at: np.ndarray) -> np.ndarray:
    place = np.searchsorted(part["time"].to_numpy(), at, side="right") - 1
    value = part[column].to_numpy(float)
    return np.where(place < 0, _START[column], value[np.maximum(place, 0)])


def _at_risk(frame: pd.DataFrame, time: np.ndarray) -> np.ndarray:
    start, stop = np.sort(frame["start"].to_numpy()), np.sort(frame["stop"].to_numpy())
    gone = np.searchsorted(stop, time, side="left")
    return np.searchsorted(start, time, side="left") - gone
