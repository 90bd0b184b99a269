"""Reading a step function at chosen times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from journeylib.errors import DataError


def as_numbers(values: Any) -> np.ndarray:
    """One or several values as an array; NaN, which no check lets through, for what is no number.

    Examples
    --------
    >>> as_numbers(3), as_numbers("soon")
    (array([3.]), array([nan]))
    """
    try:
        return np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        return np.array([np.nan])


def chosen_times(times: float | Sequence[float]) -> np.ndarray:
    """Times as an array, checked."""
    chosen = as_numbers(times)
    if not (len(chosen) and (np.isfinite(chosen) & (chosen >= 0)).all()):
        raise DataError(f"a time must be a number of at least 0, not {times!r}")
    return chosen


def at_times(
    table: pd.DataFrame,
    times: float | Sequence[float],
    start: Mapping[str, float],
    ended: np.ndarray | None = None,
) -> pd.DataFrame:
    """Each group of a step function at chosen times.

    Parameters
    ----------
    table
        The columns before ``time`` tell one function from another; then
        ``time``, ascending within each, ``at_risk`` and the columns of ``start``.
    times
        One or several times.
    start
        Column -> value before the first time.
    ended
        Rows from which on the function stays as it is for ever.

    Returns
    -------
    DataFrame
        The leading columns, ``time, at_risk`` and the columns of ``start``; a
        value after the last time of its group is NaN, unless the function has
        ended.
    """
    chosen = chosen_times(times)
    lead = list(table.columns[: table.columns.get_loc("time")])
    parts = []
    place = table.groupby(lead if len(lead) > 1 else lead[0], sort=False).indices
    for rows in map(np.asarray, place.values()):
        time = table["time"].to_numpy()[rows]
        here = np.searchsorted(time, chosen, side="right") - 1
        known = (chosen <= time[-1]) | (False if ended is None else bool(ended[rows[-1]]))
        out = {c: np.repeat(table[c].iloc[rows[0]], len(chosen)) for c in lead}
        out |= {"time": chosen, "at_risk": _at_risk(table, rows, time, chosen)}
        for column, first in start.items():
            value = table[column].to_numpy()[rows]
            out[column] = np.where(known, np.where(here < 0, first, value[here]), np.nan)
        parts.append(pd.DataFrame(out))
    return pd.concat(parts, ignore_index=True)


def _at_risk(
    table: pd.DataFrame, rows: np.ndarray, time: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """At risk at t is whoever is at risk at the next row: between rows nobody comes or goes."""
    at_risk = table["at_risk"].to_numpy()[rows]
    following = np.searchsorted(time, chosen, side="left")
    return np.append(at_risk, at_risk.dtype.type(0))[following]
