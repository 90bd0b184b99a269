"""What happens in a log: how much of what, over time and through which channel."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from journeylib.events import EventLog

_WEEKS_FROM, _MONTHS_FROM = 60, 270  # days of a window from which a period is that long


def counts_by(log: EventLog, column: str) -> pd.DataFrame:
    """Events and customers in the window for each value of a column.

    Parameters
    ----------
    log
        An open event log.
    column
        Under our name or its own, for instance ``"channel"``.

    Returns
    -------
    pandas.DataFrame
        The column under the name asked for, then ``events, customers``; most
        customers first. A missing value is ``"(missing)"``.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> counts_by(small_log(), "event")["event"].tolist()
    ['purchase', 'ad', 'visit']
    """
    table = _watched(log)
    value = table[log.column(column)].cast("string").fill_null("(missing)")
    counted = table.group_by(value.name("_value")).aggregate(
        events=table.count(), customers=table["id"].nunique()
    )
    frame = counted.to_pandas().rename(columns={"_value": column})
    order = ["customers", "events", column]
    return frame.sort_values(order, ascending=[False, False, True], ignore_index=True)


def activity(log: EventLog, minimum: int = 1) -> pd.DataFrame:
    """Events per day, week or month, by how long the window is.

    Parameters
    ----------
    log
        An open event log.
    minimum
        Fewest customers on whom a shown number stands; where fewer had the event in a
        period, both numbers are missing, and an event that is never shown is left out.

    Returns
    -------
    pandas.DataFrame
        ``period`` (its first day), ``event``, ``events``, ``customers``; only
        events that have a stage; a period without the event counts 0.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> int(activity(small_log())["events"].sum())
    7
    """
    table = _watched(log)
    table = table.filter(table["stage"].notnull())
    span = table.aggregate(first=table["at"].min(), last=table["at"].max()).to_pandas().iloc[0]
    columns = ["period", "event", "events", "customers"]
    if pd.isna(span["first"]):
        return pd.DataFrame(columns=columns)
    days = (span["last"] - span["first"]).days
    period = "D" if days < _WEEKS_FROM else "W" if days < _MONTHS_FROM else "M"
    counted = table.group_by(table["at"].truncate(period).name("period"), "event").aggregate(
        events=table.count(), customers=table["id"].nunique()
    )
    found = counted.to_pandas().set_index(["period", "event"])
    first, last = found.index.get_level_values(0).min(), found.index.get_level_values(0).max()
    step = {"D": "D", "W": "W-MON", "M": "MS"}[period]
    every = pd.MultiIndex.from_product(
        [pd.date_range(first, last, freq=step), sorted(found.index.unique("event"))],
        names=["period", "event"],
    )
    shown = found.reindex(every, fill_value=0).reset_index()[columns]
    if minimum <= 1:
        return shown
    few = shown["customers"] < minimum
    shown[["events", "customers"]] = shown[["events", "customers"]].astype(float).mask(few)
    return shown[shown.groupby("event")["events"].transform("count") > 0].reset_index(drop=True)


def _watched(log: EventLog) -> ir.Table:
    return log.table.filter(~log.span.before(log.table["at"]))
