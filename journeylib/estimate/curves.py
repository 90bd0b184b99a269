"""Time until something happens: Kaplan-Meier survival and Nelson-Aalen cumulative hazard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.about import about
from journeylib.estimate.intervals import check_conf, positive_limits, survival_limits, z_value
from journeylib.estimate.quantiles import quantile
from journeylib.estimate.risktable import RiskTable, risk_table
from journeylib.estimate.robust import hazard_variance, repeated_events
from journeylib.estimate.steps import as_numbers, at_times
from journeylib.estimate.weighting import Weights, weighted
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class Curve(Result):
    """Survival by group: the share still without the event at each time.

    ``.frame`` has ``group, time, at_risk, entered, events, censored, survival,
    std_err, low, high``, one row per distinct event, censoring or entry time.
    """

    title: ClassVar[str] = "Survival"

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """The curve at chosen times.

        Parameters
        ----------
        times
            One or several times, in the unit of the curve.

        Returns
        -------
        DataFrame
            ``group, time, at_risk, survival, std_err, low, high``. After the
            last follow-up of a group nobody is at risk, and unless the curve
            has reached 0 the rest is NaN: nobody knows.

        Examples
        --------
        >>> from journeylib import spells_from_frame
        >>> spells = spells_from_frame(pd.DataFrame({"time": [1, 2, 3, 4], "event": 1}))
        >>> survival_curve(spells).at(2.5)[["time", "at_risk", "survival"]]
           time  at_risk  survival
        0   2.5        2       0.5
        """
        start = {"survival": 1.0, "std_err": 0.0, "low": 1.0, "high": 1.0}
        return at_times(self.table, times, start, ended=self.table["survival"].to_numpy() == 0)

    def quantile(self, p: float | Sequence[float]) -> pd.DataFrame:
        """Times by which a share ``p`` has had the event.

        Parameters
        ----------
        p
            One or several shares between 0 and 1; 0.5 is the median.

        Returns
        -------
        DataFrame
            ``group, p, quantile, low, high``; NaN where not reached. Limits are
            where the limits of the curve cross, and midpoints where the curve
            is flat exactly at ``1 - p``, as in R's ``quantile(survfit)``.
        """
        shares = as_numbers(p)
        if not ((shares >= 0) & (shares <= 1)).all():
            raise DataError(f"a share lies between 0 and 1, not {p!r}", fix="0.5 is the median")
        rows = []
        for group, part in self.table.groupby("group", sort=False):
            time = part["time"].to_numpy()
            for share in shares:
                found = (quantile(time, part[c].to_numpy(), share) for c in _QUANTILES)
                rows.append((group, share, *found))
        return pd.DataFrame(rows, columns=["group", "p", "quantile", "low", "high"])

    @property
    def median(self) -> pd.DataFrame:
        """Median time with its interval by group: ``group, p, quantile, low, high``."""
        return self.quantile(0.5)

    def _summary(self) -> pd.DataFrame:
        sizes = pd.DataFrame.from_dict(self.about["sizes"], orient="index")
        sizes = sizes.rename_axis("group").reset_index()
        median = self.median.drop(columns="p").rename(columns={"quantile": "median"})
        return sizes.merge(median, on="group")


_QUANTILES = ("survival", "low", "high")


@dataclass(frozen=True, repr=False, eq=False)
class CumulativeHazard(Result):
    """Nelson-Aalen by group: the accumulated hazard up to each time.

    ``.frame`` has ``group, time, at_risk, entered, events, censored,
    cumulative_hazard, std_err, low, high``.
    """

    title: ClassVar[str] = "Cumulative hazard"

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """The cumulative hazard at chosen times; NaN after the last follow-up of a group.

        Returns
        -------
        DataFrame
            ``group, time, at_risk, cumulative_hazard, std_err, low, high``.
        """
        start = dict.fromkeys(("cumulative_hazard", "std_err", "low", "high"), 0.0)
        return at_times(self.table, times, start)


def survival_curve(
    spells: Spells,
    by: str | Sequence[str] | None = None,
    conf: str = "log-log",
    weights: Weights | None = None,
    *,
    level: float = 0.95,
) -> Curve:
    """Kaplan-Meier: the share that has not had the event, by time and group.

    Parameters
    ----------
    spells
        Spells; any cause is the event. Delayed entry and several rows an id are fine.
    by
        Column or columns that make the groups.
    conf
        Scale of the interval: ``"log-log"``, ``"log"`` (R's default) or ``"plain"``.
    weights
        Column of weights, or one number a row. Whole numbers are frequencies; any other weight is a
        probability weight and gets the robust variance, clustered by id.
    level
        Of the interval.

    Returns
    -------
    Curve

    Raises
    ------
    DataError
        For an unknown column or interval, for weights that are not finite
        numbers >= 0, or without any spell.

    Notes
    -----
    Kaplan and Meier (1958) with Greenwood's variance; robust: the infinitesimal
    jackknife, also where a customer has several events. Equals R's ``survfit``.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [2, 3, 3, 5], "event": [1, 1, 0, 0]})
    >>> survival_curve(spells_from_frame(df)).frame[["time", "at_risk", "events", "survival"]]
       time  at_risk  events  survival
    0   2.0        4       1      0.75
    1   3.0        3       1      0.50
    2   5.0        1       0      0.50
    """
    check_conf(conf)
    z_value(level)
    given = weighted(spells, weights)
    table = risk_table(given.spells, by, given.value)
    robust = not given.frequency or repeated_events(given.spells)
    survival, se_log = kaplan_meier(table)
    if robust:
        se_log = np.sqrt(hazard_variance(given, by, table, product=True))
    low, high = survival_limits(survival, se_log, conf, level)
    with np.errstate(invalid="ignore"):
        std_err = np.multiply(survival, se_log, out=se_log)
    frame = curve_frame(table, {"survival": survival, "std_err": std_err, "low": low, "high": high})
    facts = about(given.spells, table, conf=conf, level=level, weights=weights, robust=robust)
    return Curve(frame, spells.unit, table.groups.names, facts)


def cumulative_hazard(
    spells: Spells,
    by: str | Sequence[str] | None = None,
    weights: Weights | None = None,
    *,
    level: float = 0.95,
) -> CumulativeHazard:
    """Nelson-Aalen: the accumulated hazard of the event, by time and group.

    Parameters
    ----------
    spells
        Spells; any cause is the event.
    by
        Column or columns that make the groups.
    weights
        As for :func:`survival_curve`.
    level
        Of the interval, which is made on the log scale.

    Returns
    -------
    CumulativeHazard

    Notes
    -----
    Variance: the sum of events / at_risk², as R's ``survfit`` (``std.chaz``);
    with weights that are no frequencies, and where a customer has several events, the
    robust one.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [2, 3, 3, 5], "event": [1, 1, 0, 0]})
    >>> cumulative_hazard(spells_from_frame(df)).at(3)[["cumulative_hazard"]].round(4)
       cumulative_hazard
    0             0.5833
    """
    z_value(level)
    given = weighted(spells, weights)
    table = risk_table(given.spells, by, given.value)
    hazard, variance = nelson_aalen(table)
    robust = not given.frequency or repeated_events(given.spells)
    if robust:
        variance = hazard_variance(given, by, table, product=False)
    std_err = np.sqrt(variance)
    low, high = positive_limits(hazard, std_err, level)
    values = {"cumulative_hazard": hazard, "std_err": std_err, "low": low, "high": high}
    facts = about(given.spells, table, conf="log", level=level, weights=weights, robust=robust)
    return CumulativeHazard(curve_frame(table, values), spells.unit, table.groups.names, facts)


def curve_frame(table: RiskTable, values: dict[str, np.ndarray]) -> pd.DataFrame:
    """The counts of a risk table beside what was estimated from them."""
    counts = {
        "time": table.time,
        "at_risk": table.at_risk,
        "entered": table.entered,
        "events": table.any_event,
        "censored": table.censored,
    }
    columns = counts | values
    return pd.DataFrame(table.groups.columns(table.code, tuple(columns)) | columns, copy=False)


def kaplan_meier(table: RiskTable) -> tuple[np.ndarray, np.ndarray]:
    """Survival and the standard error of its logarithm (Greenwood) at each row of a risk table."""
    d, n = table.any_event, someone(table)
    left = n - d
    survival = left / n
    left *= n
    with np.errstate(divide="ignore"):
        variance = np.divide(d, left, out=left)
    for s in table.slices:
        np.cumprod(survival[s], out=survival[s])
        np.cumsum(variance[s], out=variance[s])
    return survival, np.sqrt(variance, out=variance)


def nelson_aalen(table: RiskTable) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative hazard and its variance at each row of a risk table."""
    n = someone(table)
    total = table.any_event / n
    variance = np.divide(total, n, out=n)
    for s in table.slices:
        np.cumsum(total[s], out=total[s])
        np.cumsum(variance[s], out=variance[s])
    return total, variance


def someone(table: RiskTable) -> np.ndarray:
    """At risk as floats, to divide by: 1 where it is nobody, as then nothing happens either."""
    n = table.at_risk.astype(float)
    if table.delayed:  # otherwise there is at least whoever leaves
        n[n == 0] = 1
    return n
