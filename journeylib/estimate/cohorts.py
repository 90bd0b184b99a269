"""Cohort after cohort: is there a trend, and a step beyond it at the time of a change?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import chi2, t

from journeylib.errors import DataError, ModelError
from journeylib.estimate.intervals import z_value
from journeylib.estimate.risktable import risk_table
from journeylib.estimate.rmst import checked_horizon, mean_within
from journeylib.results import Result
from journeylib.spells.core import Spells

CHANCE = 0.05  # p-value under which cohorts are taken to scatter about their line


@dataclass(frozen=True, repr=False, eq=False)
class CohortTrend(Result):
    """Mean time without the event by cohort: the columns of ``.frame`` are

    ``group, number, n, events, rmst, std_err, low, high, after, fitted``.

    ``number`` counts the cohorts from 0, those left out included; ``fitted`` is the line
    through them, with its step where there is one.

    Parameters
    ----------
    horizon
        Of the restricted means.
    change
        The first cohort after the change; empty without one.
    trend
        From one cohort to the next, in the unit: ``value, std_err, low, high``.
    step
        At the change beyond the trend, the same; None without a change.
    difference
        After less before, the trend not taken into account: what a plain before and after
        shows; None without a change.
    left_out
        Cohorts not watched from their origin on, or not followed up to the horizon by enough
        customers.
    lack_of_fit
        ``statistic, df, p``: whether the cohorts scatter about the line more than their
        errors explain; ``widened``, by how many times the errors of trend and step are larger
        for it, 1 unless p is under 0.05.
    """

    horizon: float = field(kw_only=True)
    change: str = field(kw_only=True)
    trend: dict[str, float] = field(kw_only=True)
    step: dict[str, float] | None = field(kw_only=True)
    difference: dict[str, float] | None = field(kw_only=True)
    left_out: tuple[str, ...] = field(kw_only=True)
    lack_of_fit: dict[str, float] = field(kw_only=True)

    title: ClassVar[str] = "Mean time by cohort"


def cohort_trend(
    spells: Spells,
    horizon: float,
    cohort: str = "origin_month",
    *,
    change: str = "",
    minimum: int = 20,
    level: float = 0.95,
) -> CohortTrend:
    """Restricted mean time of each cohort, with a trend and a step at a change.

    Parameters
    ----------
    spells
        One row a customer, with the cohort.
    horizon
        Where the averaging stops, in the unit of the spells: short enough that late cohorts
        are followed so long.
    cohort
        Column whose values sort by time, such as ``origin_month``.
    change
        The first cohort after a change, for instance ``"2024-07"``; a date is cut to the
        length of the cohorts' names. Empty: a trend alone.
    minimum
        Fewest customers still followed at the horizon; cohorts with fewer are left out.
    level
        Of the intervals, which are normal.

    Returns
    -------
    CohortTrend

    Raises
    ------
    DataError
        When the change does not lie between two of the cohorts.
    ModelError
        When no cohort is followed up to the horizon.

    Notes
    -----
    With fewer than three cohorts (four for a step) there is no line: its numbers are NaN.
    Means weighted by the inverse of their variances, with a line in the number of the
    cohort and a step: segmented regression of an interrupted time series (Wagner, Soumerai,
    Zhang and Ross-Degnan 2002, J. Clin. Pharm. Ther. 27). Cohorts hold different customers
    and are independent. What else happened at the same time is in the step, too. Where the
    cohorts scatter about the line by more than their errors explain (p under 0.05), the errors
    of the line are multiplied by the root of chi-squared over its degrees of freedom and its
    intervals are t intervals (Birge 1932, Phys. Rev. 40).

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 4, 2, 5, 2.5, 6] * 9, "event": 1,
    ...                    "month": ["2024-01", "2024-01", "2024-02", "2024-02", "2024-03",
    ...                              "2024-03"] * 9})
    >>> found = cohort_trend(spells_from_frame(df), 3, "month", minimum=5)
    >>> found.frame["rmst"].tolist(), round(found.trend["value"], 4)
    ([2.0, 2.5, 2.75], 0.3182)
    """
    horizon, z = checked_horizon(horizon), z_value(level)
    table = _means(spells, horizon, cohort)
    kept = _enough(table, minimum)
    left_out = tuple(table.loc[~kept, "group"])
    names = table["group"].tolist()
    table = table[kept].drop(columns="at_risk").reset_index(drop=True)
    first = change[: len(names[0])] if change else ""
    table["after"] = (table["group"] >= first) if first else False
    _need_some(table, first, horizon, spells.unit, len(names))
    design = [np.ones(len(table)), table["number"].to_numpy(dtype=float)]
    if first:
        design.append(table["after"].to_numpy(dtype=float))
    x, y = np.column_stack(design), table["rmst"].to_numpy()
    weight = 1 / table["std_err"].to_numpy() ** 2
    coef, covariance = _line(x, y, weight)
    table["fitted"] = x @ coef
    table["low"], table["high"] = (table["rmst"] + s * z * table["std_err"] for s in (-1, 1))
    misfit, df = float(weight @ (y - x @ coef) ** 2), len(y) - x.shape[1]
    fit = {"statistic": misfit, "df": df, "p": float(chi2.sf(misfit, df))}
    widened, quantile = _allowing(fit, level)
    error = widened * np.sqrt(np.diag(covariance))
    order = ["group", "number", "n", "events", "rmst", "std_err", "low", "high", "after", "fitted"]
    facts = {
        "event": " or ".join(spells.causes),
        "n": int(table["n"].sum()),
        "events": int(table["events"].sum()),
        "horizon": horizon,
        "cohort": cohort,
        "level": level,
        "conf": "plain",
        "clock": spells.clock,
        "audit": spells.audit,
    }
    return CohortTrend(
        table[order],
        spells.unit,
        (cohort,),
        facts,
        horizon=horizon,
        change=first,
        trend=_estimate(coef[1], error[1], quantile),
        step=_estimate(coef[2], error[2], quantile) if first else None,
        difference=_plain(table, weight, z) if first else None,
        left_out=left_out,
        lack_of_fit={**fit, "widened": widened},
    )


def _allowing(fit: dict[str, float], level: float) -> tuple[float, float]:
    """Factor of the errors, and the quantile of the intervals, that allow for scatter.

    Where the cohorts scatter by more than chance explains, their errors are too small by as
    much (Birge 1932), and that is known from so few of them only.
    """
    if not fit["p"] < CHANCE:
        return 1.0, z_value(level)
    return float(np.sqrt(fit["statistic"] / fit["df"])), float(t.ppf(0.5 + level / 2, fit["df"]))


def _means(spells: Spells, horizon: float, cohort: str) -> pd.DataFrame:
    """Restricted mean of each cohort; of those with late entrants nobody is counted at risk."""
    table = risk_table(spells, cohort)
    late = table.entered
    rows = []
    for g, rows_of in enumerate(table.slices):
        time, at_risk, events = (a[rows_of] for a in (table.time, table.at_risk, table.any_event))
        mean, error = mean_within(time, at_risk, events, horizon)
        later = at_risk[time >= horizon]
        # a curve that has reached 0 is known to the end, though nobody is at risk there
        over = at_risk[-1] == events[-1] > 0 and time[-1] < horizon
        still = int(later[0]) if len(later) else int(table.n[g]) if over else 0
        still = 0 if late[rows_of].any() else still
        counts = (int(table.n[g]), int(events.sum()), still)
        rows.append((table.groups.labels[g], g, *counts, mean, error))
    return pd.DataFrame(
        rows, columns=["group", "number", "n", "events", "at_risk", "rmst", "std_err"]
    )


def _line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares with known variances; NaN where there is no point to spare."""
    across = x.shape[1]
    if len(y) <= across or np.linalg.matrix_rank(x) < across:
        return np.full(across, np.nan), np.full((across, across), np.nan)
    covariance = np.linalg.inv(x.T @ (weight[:, None] * x))
    return covariance @ (x.T @ (weight * y)), covariance


def cohorts_followed(spells: Spells, horizon: float, cohort: str, minimum: int = 20) -> int:
    """How many cohorts :func:`cohort_trend` could take, which needs one; arguments as there.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 4, 2, 5] * 9, "event": 1, "month": ["a", "a", "b", "b"] * 9})
    >>> spells = spells_from_frame(df)
    >>> cohorts_followed(spells, 3, "month", 5), cohorts_followed(spells, 3, "month", 50)
    (2, 0)
    """
    return int(_enough(_means(spells, checked_horizon(horizon), cohort), minimum).sum())


def _enough(table: pd.DataFrame, minimum: int) -> pd.Series:
    """Whether so many of each cohort are followed to the horizon, and something happened."""
    return (table["at_risk"] >= max(minimum, 1)) & (table["std_err"] > 0)


def _need_some(table: pd.DataFrame, first: str, horizon: float, unit: str, total: int) -> None:
    if table.empty:
        raise ModelError(
            f"none of {total} cohorts is followed for {horizon:g} {unit} by enough customers",
            where="horizon",
            fix="use a shorter horizon, or longer cohorts such as origin_quarter",
        )
    if first and (table["after"].all() or not table["after"].any()):
        raise DataError(
            f"no cohort lies {'before' if table['after'].all() else 'after'} the change, {first}",
            where="change",
            fix=f"the cohorts go from {table['group'].iloc[0]} to {table['group'].iloc[-1]}",
        )


def _estimate(value: float, error: float, z: float) -> dict[str, float]:
    return {
        "value": float(value),
        "std_err": float(error),
        "low": float(value - z * error),
        "high": float(value + z * error),
    }


def _plain(table: pd.DataFrame, weight: np.ndarray, z: float) -> dict[str, float]:
    """After less before, each the weighted mean of its cohorts."""
    after = table["after"].to_numpy(dtype=bool)
    means = [np.average(table["rmst"][side], weights=weight[side]) for side in (after, ~after)]
    error = np.sqrt(sum(1 / weight[side].sum() for side in (after, ~after)))
    return _estimate(means[0] - means[1], float(error), z)
