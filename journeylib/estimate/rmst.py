"""Restricted mean: the average event-free time within a horizon, and its differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from journeylib.errors import DataError, ModelError
from journeylib.estimate.about import about
from journeylib.estimate.adjust import adjusted
from journeylib.estimate.intervals import z_value
from journeylib.estimate.risktable import RiskTable, risk_table
from journeylib.estimate.steps import as_numbers
from journeylib.results import Result, _readable, html_table
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class RestrictedMean(Result):
    """Average event-free time up to a horizon, by group.

    ``.frame`` has ``group, rmst, std_err, low, high``; ``.differences`` compares
    each pair of groups.
    """

    horizon: float = float("nan")
    pairs: pd.DataFrame = field(default_factory=pd.DataFrame)

    title: ClassVar[str] = "Restricted mean time without the event"

    @property
    def differences(self) -> pd.DataFrame:
        """``group, reference, difference, std_err, low, high, p, p_adjusted, ratio, ratio_low, ratio_high``.

        The difference is the group's mean less the reference's; ``p_adjusted``
        after Benjamini and Hochberg over all pairs; the ratio's interval is made
        on the log scale.
        """  # noqa: E501
        return self.pairs.copy()

    def _headline(self) -> str:
        return f"{self.title}, first {self.horizon:g} {self.unit}"

    def __repr__(self) -> str:
        if self.pairs.empty:
            return super().__repr__()
        return f"{super().__repr__()}\n{_readable(self.pairs).to_string(index=False)}"

    def _repr_html_(self) -> str:
        if self.pairs.empty:
            return super()._repr_html_()
        return super()._repr_html_() + html_table(self.pairs, "Differences between groups")


def rmst(
    spells: Spells,
    horizon: float,
    by: str | Sequence[str] | None = None,
    *,
    level: float = 0.95,
) -> RestrictedMean:
    """Restricted mean survival time: the area under the survival curve up to a horizon.

    Parameters
    ----------
    spells
        Spells; any cause is the event.
    horizon
        Where the averaging stops, in the unit of the spells.
    by
        Column or columns that make the groups.
    level
        Of the intervals.

    Returns
    -------
    RestrictedMean

    Raises
    ------
    DataError
        When the horizon is not a positive number.
    ModelError
        When a group is not followed up to the horizon; names the group and the
        largest horizon that all groups allow.

    Notes
    -----
    Standard error as R's ``print(survfit, rmean=)``; differences and ratios as
    Royston and Parmar (2013) for independent groups, intervals normal.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [2, 4, 4, 6], "event": [1, 1, 0, 1]})
    >>> rmst(spells_from_frame(df), horizon=5).frame.round(4)
      group  rmst  std_err     low    high
    0   all   4.0   0.6124  2.7998  5.2002
    """
    horizon = checked_horizon(horizon)
    table = risk_table(spells, by)
    _check_followed(table, horizon, spells.unit)
    counts = ((table.time[s], table.at_risk[s], table.any_event[s]) for s in table.slices)
    area, std_err = np.array([mean_within(*c, horizon) for c in counts]).T
    z = z_value(level)
    labels = np.array(table.groups.labels, dtype=object)
    columns = table.groups.columns(np.arange(len(labels))) | {
        "rmst": area,
        "std_err": std_err,
        "low": area - z * std_err,
        "high": area + z * std_err,
    }
    pairs = _differences(labels, area, std_err, z)
    facts = about(spells, table, horizon=horizon, level=level)
    return RestrictedMean(
        pd.DataFrame(columns), spells.unit, table.groups.names, facts, horizon, pairs
    )


def checked_horizon(horizon: float) -> float:
    """A horizon as a positive number."""
    value = as_numbers(horizon)
    if not (len(value) == 1 and np.isfinite(value[0]) and value[0] > 0):
        raise DataError(f"the horizon must be a positive number, not {horizon!r}", where="horizon")
    return float(value[0])


def followed(table: RiskTable, horizon: float) -> np.ndarray:
    """Whether each group is followed up to the horizon, or its curve has reached 0 before."""
    ends = table.bounds[1:] - 1
    return (table.last >= horizon) | _gone(table)[ends]


def _gone(table: RiskTable) -> np.ndarray:
    """Rows at which the last of those at risk have the event, so that the curve is 0 from there."""
    return (table.any_event > 0) & (table.at_risk == table.any_event)


def _check_followed(table: RiskTable, horizon: float, unit: str) -> None:
    short = ~followed(table, horizon)
    if short.any():
        usable = float(table.last[short].min())
        g = int(np.flatnonzero(short)[np.argmin(table.last[short])])
        raise ModelError(
            f"the horizon of {horizon:g} {unit} lies beyond the follow-up of group "
            f"{table.groups.labels[g]!r}, which ends at {table.last[g]:g}",
            where="horizon",
            fix=f"use a horizon of at most {usable:g} {unit}, or leave that group out",
        )


def mean_within(
    time: np.ndarray, at_risk: np.ndarray, events: np.ndarray, horizon: float
) -> tuple[float, float]:
    """Area under a survival curve up to a horizon, and its standard error.

    Parameters
    ----------
    time
        Ascending, shape (times,); those beyond the horizon do not matter.
    at_risk, events
        Counts at these times.
    horizon
        Where the area ends.

    Examples
    --------
    >>> time, at_risk, events = np.array([2.0, 4.0]), np.array([4, 3]), np.array([1, 1])
    >>> mean_within(time, at_risk, events, horizon=5)
    (4.0, 0.6123724356957945)
    """
    upto = int(np.searchsorted(time, horizon, side="right"))
    t, n, d = time[:upto], at_risk[:upto], events[:upto].astype(float)
    survival = np.cumprod(1 - np.divide(d, n, out=np.zeros(upto), where=d > 0))
    term = np.divide(d, n * (n - d), out=np.zeros(upto), where=(d > 0) & (n > d))
    edges = np.concatenate([[0.0], t, [horizon]])
    boxes = np.diff(edges) * np.concatenate([[1.0], survival])
    # what lies to the right of each time is what an event there costs
    right = np.cumsum(boxes[:0:-1])[::-1]
    return float(boxes.sum()), float(np.sqrt(np.sum(right**2 * term)))


def _differences(labels: np.ndarray, area: np.ndarray, error: np.ndarray, z: float) -> pd.DataFrame:
    reference, other = np.triu_indices(len(labels), k=1)
    difference = area[other] - area[reference]
    std_err = np.hypot(error[other], error[reference])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = area[other] / area[reference]
        factor = np.exp(
            z * np.hypot(error[other] / area[other], error[reference] / area[reference])
        )
    return pd.DataFrame(
        {
            "group": labels[other],
            "reference": labels[reference],
            **judged(difference, std_err, z),
            "ratio": ratio,
            "ratio_low": ratio / factor,
            "ratio_high": ratio * factor,
        }
    )


def judged(difference: np.ndarray, std_err: np.ndarray, z: float) -> dict[str, np.ndarray]:
    """Differences with their intervals, p-values, and those adjusted for how many there are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(np.abs(difference) / std_err)
    return {
        "difference": difference,
        "std_err": std_err,
        "low": difference - z * std_err,
        "high": difference + z * std_err,
        "p": p,
        "p_adjusted": adjusted(p, "fdr_bh"),
    }
