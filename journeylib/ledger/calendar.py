"""Spells on the calendar: when each customer's clock started, and how far it could be watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journeylib.events.times import UNIT_MICROSECONDS
from journeylib.spells.core import Spells

_DAY = UNIT_MICROSECONDS["days"]
SLACK = 1e-6  # of a unit: less than a microsecond is rounding


@dataclass(frozen=True, eq=False)
class Calendar:
    """One row a customer or episode, with moments counted in the spells' unit since 1970.

    Parameters
    ----------
    rows
        ``id`` (and the episode), ``start, stop, cause`` of the whole stay, ``origin``.
    opening
        When watching began; None where the journey names no start.
    cutoff
        When it ended.
    unit
        Of all of them.
    each
        Ticks of the log's clock in one unit.
    """

    rows: pd.DataFrame
    opening: float | None
    cutoff: float
    unit: str
    each: float

    def date(self, moment: float) -> str:
        """A moment as a date."""
        since = pd.Timedelta(round(moment * UNIT_MICROSECONDS[self.unit]), unit="us")
        return str((pd.Timestamp(0) + since).date())


def ticks_in_a_unit(resolution: str, unit: str) -> float:
    """Ticks of the log's clock, days or microseconds, in one unit of time.

    Examples
    --------
    >>> ticks_in_a_unit("day", "weeks"), ticks_in_a_unit("timestamp", "days")
    (7.0, 86400000000.0)
    """
    return UNIT_MICROSECONDS[unit] / (_DAY if resolution == "day" else 1)


def keys(spells: Spells) -> list[str]:
    """Columns that tell one stay from another."""
    return ["id", *([spells.column(spells.per)] if spells.per else [])]


def whole_stays(spells: Spells) -> pd.DataFrame:
    """One row a customer or episode: first start, and stop and cause of the first event.

    Without an event it is the last stop. Where events come again, what follows the first
    is another wait.
    """
    frame = spells.frame
    if spells.single:
        return frame[[*keys(spells), "start", "stop", "cause"]]
    ordered = frame.sort_values([*keys(spells), "stop"], kind="stable")
    happened = (ordered["cause"] > 0).astype(int)
    before = happened.groupby([ordered[k] for k in keys(spells)], dropna=False).cumsum() - happened
    ordered = ordered[before == 0]
    held = ordered.groupby(keys(spells), sort=False, dropna=False)
    return held.agg(
        start=("start", "min"), stop=("stop", "last"), cause=("cause", "last")
    ).reset_index()


def calendar(log: Any, spells: Spells) -> Calendar | None:
    """Place spells on the calendar; None where the moment of their time 0 is not known."""
    if log is None or spells.origins is None or spells.unit not in UNIT_MICROSECONDS:
        return None
    each = ticks_in_a_unit(log.window.resolution, spells.unit)
    origins = spells.origins.to_pandas().rename(columns={"_origin": "origin"})
    origins["origin"] = origins["origin"] / each
    rows = whole_stays(spells).merge(origins, on=keys(spells), how="inner")
    entry, end = log.span.entry, log.span.end
    return Calendar(rows, None if entry is None else entry / each, end / each, spells.unit, each)


def hazard(start: np.ndarray, stop: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative hazard (Nelson-Aalen) with entries, as times and values from 0 on.

    Examples
    --------
    >>> hazard(np.array([0.0, 0, 1]), np.array([2.0, 3, 4]), np.array([True, False, True]))
    (array([0., 2., 4.]), array([0.        , 0.33333333, 1.33333333]))
    """
    times = np.unique(stop[event])
    deaths = np.bincount(np.searchsorted(times, stop[event]), minlength=len(times))
    left = np.searchsorted(np.sort(stop), times, side="left")
    entered = np.searchsorted(np.sort(start), times, side="left")
    at_risk = np.maximum(entered - left, deaths)
    steps = np.cumsum(deaths / np.maximum(at_risk, 1))
    return np.concatenate([[0.0], times]), np.concatenate([[0.0], steps])


def read(curve: tuple[np.ndarray, np.ndarray], at: np.ndarray) -> np.ndarray:
    """A step function at given times, 0 before its first."""
    times, values = curve
    place = np.searchsorted(times, at, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], 0.0)
