"""Things that happen again: the mean number of events per customer by a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.estimate.about import about
from journeylib.estimate.curves import nelson_aalen
from journeylib.estimate.intervals import positive_limits, z_value
from journeylib.estimate.risktable import risk_table
from journeylib.estimate.robust import hazard_variance
from journeylib.estimate.steps import at_times
from journeylib.estimate.weighting import weighted
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class MeanCount(Result):
    """Mean cumulative number of events per customer, by group.

    ``.frame`` has ``group, time, at_risk, events, mean_count, std_err, low, high``.
    """

    title: ClassVar[str] = "Mean number of events per customer"

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """The mean count at chosen times; NaN after the last follow-up of a group.

        Returns
        -------
        DataFrame
            ``group, time, at_risk, mean_count, std_err, low, high``.
        """
        start = dict.fromkeys(("mean_count", "std_err", "low", "high"), 0.0)
        return at_times(self.table, times, start)

    def _summary(self) -> pd.DataFrame:
        return self.table.groupby("group", sort=False).tail(1).drop(columns=["at_risk", "events"])


def mean_cumulative_count(
    spells: Spells, by: str | Sequence[str] | None = None, *, level: float = 0.95
) -> MeanCount:
    """Mean cumulative count: how many events a customer has had by a time, on average.

    Parameters
    ----------
    spells
        Spells, several rows an id where events repeat; any cause counts.
        Delayed entry is fine.
    by
        Column or columns that make the groups.
    level
        Of the interval, which is made on the log scale.

    Returns
    -------
    MeanCount

    Notes
    -----
    Nelson (1988), Lawless and Nadeau (1995). The variance is robust: customers
    are independent, the events of one customer need not be. Equals ``cumhaz`` and
    ``std.chaz`` of R's ``survfit(Surv(start, stop, event) ~ 1, id = id)``. The
    variance needs the customers, so the rows of a lazy table are fetched.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"id": [1, 1, 2], "from": [0, 2, 0], "to": [2, 5, 5], "event": [1, 1, 0]})
    >>> spells = spells_from_frame(df, stop="to", cause="event", start="from", id="id")
    >>> mean_cumulative_count(spells).frame[["time", "at_risk", "events", "mean_count"]]
       time  at_risk  events  mean_count
    0   2.0        2       1         0.5
    1   5.0        2       1         1.0
    """
    z_value(level)
    rows = spells.with_table(spells._fetched) if spells.lazy else spells
    table = risk_table(rows, by)
    mean, _ = nelson_aalen(table)
    std_err = np.sqrt(hazard_variance(weighted(rows, None), by, table, product=False))
    low, high = positive_limits(mean, std_err, level)
    columns = {
        "time": table.time,
        "at_risk": table.at_risk,
        "events": table.any_event,
        "mean_count": mean,
        "std_err": std_err,
        "low": low,
        "high": high,
    }
    frame = pd.DataFrame(table.groups.columns(table.code, tuple(columns)) | columns, copy=False)
    facts = about(rows, table, conf="log", level=level, robust=True)
    return MeanCount(frame, spells.unit, table.groups.names, facts)
