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
from journeylib.estimate.curves import kaplan_meier
from journeylib.estimate.intervals import z_value
from journeylib.estimate.risktable import RiskTable, risk_table
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
    check_followed(table, horizon, spells.unit)
    area, std_err = restricted_means(table, horizon)
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
    value = float(horizon)
    if not (np.isfinite(value) and value > 0):
        raise DataError(f"the horizon must be a positive number, not {horizon!r}", where="horizon")
    return value


def check_followed(table: RiskTable, horizon: float, unit: str) -> None:
    """Refuse a horizon beyond the follow-up of a group whose curve has not reached 0."""
    ends = table.bounds[1:] - 1
    gone = table.at_risk[ends] == table.any_event[ends]
    short = (table.last < horizon) & ~gone
    if short.any():
        usable = float(table.last[~gone].min())
        g = int(np.flatnonzero(short)[np.argmin(table.last[short])])
        raise ModelError(
            f"the horizon of {horizon:g} {unit} lies beyond the follow-up of group "
            f"{table.groups.labels[g]!r}, which ends at {table.last[g]:g}",
            where="horizon",
            fix=f"use a horizon of at most {usable:g} {unit}, or leave that group out",
        )


def restricted_means(table: RiskTable, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Area under each group's survival curve up to the horizon, and its standard error."""
    survival, _ = kaplan_meier(table)
    n, d = table.at_risk, table.any_event
    term = np.divide(d, n * (n - d.astype(float)), out=np.zeros(len(d)), where=(d > 0) & (n > d))
    area, error = np.empty(len(table.groups)), np.empty(len(table.groups))
    for g, s in enumerate(table.slices):
        stop = s.start + int(np.searchsorted(table.time[s], horizon, side="right"))
        part = slice(s.start, stop)
        edges = np.concatenate([[0.0], table.time[part], [horizon]])
        boxes = np.diff(edges) * np.concatenate([[1.0], survival[part]])
        area[g] = boxes.sum()
        # what lies to the right of each time is what an event there would have cost
        right = np.cumsum(boxes[:0:-1])[::-1]
        error[g] = np.sqrt(np.sum(right**2 * term[part]))
    return area, error


def _differences(labels: np.ndarray, area: np.ndarray, error: np.ndarray, z: float) -> pd.DataFrame:
    reference, other = np.triu_indices(len(labels), k=1)
    difference = area[other] - area[reference]
    std_err = np.hypot(error[other], error[reference])
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(np.abs(difference) / std_err)
        ratio = area[other] / area[reference]
        factor = np.exp(
            z * np.hypot(error[other] / area[other], error[reference] / area[reference])
        )
    return pd.DataFrame(
        {
            "group": labels[other],
            "reference": labels[reference],
            "difference": difference,
            "std_err": std_err,
            "low": difference - z * std_err,
            "high": difference + z * std_err,
            "p": p,
            "p_adjusted": adjusted(p, "fdr_bh"),
            "ratio": ratio,
            "ratio_low": ratio / factor,
            "ratio_high": ratio * factor,
        }
    )
