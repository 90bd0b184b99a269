"""What a customer is worth: the mean value of what they buy until they leave, up to a horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError, ModelError
from journeylib.estimate.about import about
from journeylib.estimate.groups import group_rows
from journeylib.estimate.intervals import z_value
from journeylib.estimate.risktable import risk_table
from journeylib.estimate.rmst import checked_horizon
from journeylib.events.times import UNIT_MICROSECONDS, instant, ticks
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class LifetimeValue(Result):
    """Mean value per customer up to a horizon; the columns of ``.frame`` are

    ``group, n, events, value, std_err, low, high``: ``events`` are those with a value.
    """

    title: ClassVar[str] = "Mean value per customer"

    def _headline(self) -> str:
        return f"{self.title}, first {self.about['horizon']:g} {self.unit}"


def lifetime_value(
    spells: Spells,
    log: Any,
    horizon: float,
    event: str,
    value: str = "value",
    by: str | Sequence[str] | None = None,
    *,
    level: float = 0.95,
) -> LifetimeValue:
    """Expected value of what a customer buys after the clock starts and before leaving.

    Parameters
    ----------
    spells
        One row a customer: when they left, or were last seen, as :func:`churn` makes them.
    log
        That made them.
    horizon
        Up to when, in the unit of the spells.
    event
        The events that carry a value. Those at the very start of the clock do not count,
        because they are what made somebody a customer.
    value
        Column of the log; rows without a number count nothing.
    by
        Columns of the spells that make the groups.

    Returns
    -------
    LifetimeValue
        In whatever the column is in.

    Raises
    ------
    DataError
        Where the moment of time 0 is not known, or no row has a value.
    ModelError
        When nobody is followed up to the horizon.

    Notes
    -----
    Estimand: the mean over customers of the sum of the values in (0, min(T, h)], T being
    when they leave. With S the survival curve of T, Y the number at risk and V the values at
    a time, it is the sum of S(u-) V(u) / Y(u) over u up to h: whoever is censored counts
    for as long as seen. Standard error from each customer's influence (Ghosh and Lin 2000,
    Biometrics 56; Strawderman 2000, JASA 95); the interval is made on the log scale.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import churn
    >>> log = small_log()
    >>> lifetime_value(churn(log), log, 14, event="purchase").frame[["n", "events", "value"]]
       n  events      value
    0  3       1  11.666667
    """
    horizon, z = checked_horizon(horizon), z_value(level)
    if not spells.single or spells.per is not None:
        raise DataError("this needs one row a customer", fix="pass the spells before with_exposure")
    frame = spells.frame
    paid = _paid(spells, log, event, value)
    code, groups = group_rows(frame, spells.columns(by), _names(by))
    rows = []
    position = pd.Series(np.arange(len(frame)), index=frame["id"])
    who = position.reindex(paid["id"]).to_numpy()
    for g in range(len(groups)):
        mine = np.flatnonzero(code == g)
        place = np.full(len(frame), -1)
        place[mine] = np.arange(len(mine))
        own = place[who] >= 0
        spent = (place[who][own], paid["time"].to_numpy()[own], paid["value"].to_numpy()[own])
        start, stop, left = (frame[c].to_numpy()[mine] for c in ("start", "stop", "cause"))
        if stop.max() < horizon and not (left[stop == stop.max()] > 0).all():
            raise ModelError(
                f"nobody in {groups.labels[g]!r} is followed up to {horizon:g} {spells.unit}",
                where="horizon",
                fix=f"use a horizon of at most {stop.max():g} {spells.unit}",
            )
        mean, error, events = _mean(start, stop, left > 0, *spent, horizon)
        reach = np.exp(z * error / mean) if mean > 0 else np.nan
        rows.append((len(mine), events, mean, error, mean / reach, mean * reach))
    columns = ["n", "events", "value", "std_err", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    lead = pd.DataFrame(groups.columns(np.arange(len(groups)), tuple(columns)))
    facts = about(spells, risk_table(spells, by), horizon=horizon, level=level)
    facts |= {"of": event, "value": value}
    return LifetimeValue(pd.concat([lead, table], axis=1), spells.unit, groups.names, facts)


def _names(by: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if by is None else (by,) if isinstance(by, str) else tuple(by)


def _paid(spells: Spells, log: Any, event: str, value: str) -> pd.DataFrame:
    """Values on each customer's own clock: ``id, time, value``, while they are customers."""
    if spells.origins is None:
        raise DataError(
            "at which moment these spells have time 0 is not known", fix="make them from the log"
        )
    resolution = log.window.resolution
    # two equal lines of one order are two things bought
    rows = log.rows.filter(log.meaning(event).holds(log.rows))
    column = rows[log.column(value)]
    rows = rows.select(
        "id", _value=column, _tick=ticks(instant(rows["at"], resolution), resolution)
    )
    rows = rows.filter(rows["_value"].notnull())
    sums = rows.group_by(["id", "_tick"]).aggregate(value=rows["_value"].sum()).to_pandas()
    if sums.empty:
        raise DataError(
            f"no {event!r} has a number in the column {value!r}",
            where=f"column {value}",
            fix="name the event and the column that hold what was paid",
        )
    each = UNIT_MICROSECONDS[spells.unit] / (86_400_000_000 if resolution == "day" else 1)
    met = sums.merge(spells.origins.to_pandas(), on="id")
    met["time"] = (met["_tick"] - met["_origin"]) / each
    met = met.merge(spells.frame[["id", "start", "stop"]], on="id")
    inside = (met["time"] > met["start"]) & (met["time"] <= met["stop"] + 1e-9)
    return met.loc[inside, ["id", "time", "value"]].reset_index(drop=True)


def _mean(
    start: np.ndarray,
    stop: np.ndarray,
    left: np.ndarray,
    who: np.ndarray,
    time: np.ndarray,
    value: np.ndarray,
    horizon: float,
) -> tuple[float, float, int]:
    """Mean value up to the horizon, its standard error, and events counted."""
    inside = time <= horizon
    who, time, value = who[inside], time[inside], value[inside].astype(float)
    grid = np.unique(np.concatenate([time, stop[left & (stop <= horizon)]]))
    if not len(grid):
        return 0.0, float("nan"), 0
    at_value, at_stop = np.searchsorted(grid, time), np.searchsorted(grid, stop)
    gone = left & (stop <= horizon)
    spent = np.bincount(at_value, weights=value, minlength=len(grid))
    leaving = np.bincount(at_stop[gone], minlength=len(grid)).astype(float)
    entered = np.searchsorted(np.sort(start), grid, side="left") + (start == 0).sum() * (grid == 0)
    at_risk = entered - np.searchsorted(np.sort(stop), grid, side="left")
    n = np.maximum(at_risk, 1).astype(float)
    after = np.cumprod(1 - leaving / n)
    before = np.concatenate([[1.0], after[:-1]])
    steps = before * spent / n
    mean = np.cumsum(steps)
    rest = mean[-1] - mean
    stay = n - leaving
    cost = np.divide(rest, stay, out=np.zeros(len(grid)), where=stay > 0)
    # what one customer's presence and events add (Ghosh and Lin 2000, section 3)
    influence = np.bincount(
        who, weights=before[at_value] * value / n[at_value], minlength=len(stop)
    ).astype(float)  # without any payment these would be whole numbers
    influence[gone] -= cost[at_stop[gone]]
    drift = np.concatenate([[0.0], np.cumsum(steps / n - cost * leaving / n)])
    first = np.where(start > 0, np.searchsorted(grid, start, side="right"), 0)
    last = np.searchsorted(grid, np.minimum(stop, horizon), side="right")
    influence -= drift[np.maximum(last, first)] - drift[first]
    return float(mean[-1]), float(np.sqrt(np.sum(influence**2))), len(time)
