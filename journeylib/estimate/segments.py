"""Which of many segments stand out: each against all others, with what could have been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from journeylib.errors import DataError, ModelError
from journeylib.estimate.about import about
from journeylib.estimate.intervals import z_value
from journeylib.estimate.risktable import RiskTable, risk_table
from journeylib.estimate.rmst import checked_horizon, followed, judged, mean_within
from journeylib.results import Result
from journeylib.spells.core import Spells

POWER = 0.8


@dataclass(frozen=True, repr=False, eq=False)
class SegmentScan(Result):
    """Restricted mean of each segment against that of all others together.

    ``.frame`` has ``group, n, events, rmst, others, difference, std_err, low,
    high, p, p_adjusted, detectable``; ``p_adjusted`` after Benjamini and
    Hochberg over all segments, ``detectable`` the smallest difference that a
    two-sided 5% test would have found with a power of 80%. A segment that was
    not followed up to the horizon has NaN.
    """

    title: ClassVar[str] = "Segments against all others"

    def _headline(self) -> str:
        return f"{self.title}, first {self.about['horizon']:g} {self.unit}"


def segment_scan(
    spells: Spells, by: str | Sequence[str], horizon: float, *, level: float = 0.95
) -> SegmentScan:
    """Compare each segment's restricted mean with that of all other customers.

    Parameters
    ----------
    spells
        Spells; any cause is the event.
    by
        Column or columns that make the segments.
    horizon
        Where the averaging stops, in the unit of the spells.
    level
        Of the intervals.

    Returns
    -------
    SegmentScan

    Raises
    ------
    DataError
        With fewer than two segments, or a horizon that is no positive number.
    ModelError
        When no segment is followed up to the horizon.

    Notes
    -----
    The others are one curve without the segment (leave one out), so the two
    means are independent. Minimum detectable effect: (z(.975) + z(.8)) times
    the standard error of the difference.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 5, 6, 7, 8], "event": 1, "channel": list("aabbcc")})
    >>> segment_scan(spells_from_frame(df), "channel", 6).frame[["group", "rmst", "others"]]
      group  rmst  others
    0     a   1.5    5.75
    1     b   5.5    3.75
    2     c   6.0    3.50
    """
    horizon = checked_horizon(horizon)
    table = risk_table(spells, by)
    if len(table.groups) < 2:
        raise DataError(
            f"there is only one segment, {table.groups.labels[0]!r}: there are no others",
            where=f"by {' / '.join(table.groups.names)}",
            fix="choose a column with at least two values among these spells",
        )
    reached = followed(table, horizon)
    if not reached.any():
        raise ModelError(
            f"no segment is followed up to the horizon of {horizon:g} {spells.unit}",
            where="horizon",
            fix=f"use a horizon of at most {table.last.max():g} {spells.unit}",
        )
    own, others = _means(table, horizon)
    own[:, ~reached] = np.nan
    others[:, reached.sum() - reached == 0] = np.nan
    columns = _columns(table, own, others, z_value(level))
    facts = about(spells, table, horizon=horizon, level=level, power=POWER)
    return SegmentScan(pd.DataFrame(columns), spells.unit, table.groups.names, facts)


def _columns(
    table: RiskTable, own: np.ndarray, others: np.ndarray, z: float
) -> dict[str, np.ndarray]:
    difference = own[0] - others[0]
    std_err = np.hypot(own[1], others[1])
    events = np.array([table.any_event[s].sum() for s in table.slices])
    columns = {
        "n": table.n,
        "events": events,
        "rmst": own[0],
        "others": others[0],
        **judged(difference, std_err, z),
        "detectable": (norm.ppf(0.975) + norm.ppf(POWER)) * std_err,
    }
    return table.groups.columns(np.arange(len(events)), tuple(columns)) | columns


def _means(table: RiskTable, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error, shape (2, groups), of each segment and of all others."""
    happens = (table.any_event > 0) & (table.time <= horizon)
    time = np.unique(table.time[happens])
    n_groups = len(table.groups)
    total_n, total_d = np.zeros(len(time)), np.zeros(len(time))
    for g in range(n_groups):  # a second pass is cheaper than to keep groups times times
        n, d = _on_grid(table, g, time)
        total_n += n
        total_d += d
    own, others = np.empty((2, n_groups)), np.empty((2, n_groups))
    for g in range(n_groups):
        n, d = _on_grid(table, g, time)
        own[:, g] = mean_within(time, n, d, horizon)
        others[:, g] = mean_within(time, total_n - n, total_d - d, horizon)
    return own, others


def _on_grid(table: RiskTable, g: int, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At risk and events of one group at given times, which hold all its events among them."""
    s = table.slices[g]
    own = table.time[s]
    at_risk = np.append(table.at_risk[s], 0)[np.searchsorted(own, time)]
    events = np.zeros(len(time))
    here = np.flatnonzero((table.any_event[s] > 0) & (own <= (time[-1] if len(time) else -1)))
    events[np.searchsorted(time, own[here])] = table.any_event[s][here]
    return at_risk, events
