"""The looks at an experiment that are due by now, from the spells of its event log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from journeylib.errors import DataError, ModelError
from journeylib.estimate.sequential import Sequential, as_of, sequential
from journeylib.events.log import EventLog
from journeylib.events.times import UNIT_MICROSECONDS
from journeylib.spells.core import Spells

STARTED = "started"
_INSTANT = 1e-9  # of a unit: at this moment the event has just become known


def with_start(spells: Spells, log: EventLog) -> Spells:
    """Add when each clock started, in the unit of the spells since the first one started.

    Parameters
    ----------
    spells
        As any builder makes them from ``log``.
    log
        That made them.

    Returns
    -------
    Spells
        With a column ``started``, on one calendar for all customers.

    Raises
    ------
    DataError
        When the moment of time 0 is not known.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> log = small_log()
    >>> with_start(time_to(log, "purchase", "ad"), log).frame[["id", "started"]]
        id  started
    0  ann      0.0
    1  bob      1.0
    2  cat      4.0
    """
    if spells.origins is None:
        raise DataError(
            "when these clocks started is not known",
            where="origins",
            fix="make the spells from the log, before anything is pooled",
        )
    keys = ["id", *([spells.per] if spells.per else [])]
    moments = spells.origins.to_pandas()
    ticks = UNIT_MICROSECONDS["days"] if log.window.resolution == "day" else 1
    since = (moments["_origin"] - moments["_origin"].min()) * ticks
    moments[STARTED] = since / UNIT_MICROSECONDS[spells.unit]
    frame = spells.frame.merge(moments[[*keys, STARTED]], on=keys, how="left")
    return spells.with_table(frame)


def event_dates(spells: Spells) -> np.ndarray:
    """When each event happened on the calendar of ``started``, in order."""
    frame = spells.frame
    happened = frame[frame["cause"] > 0]
    return np.sort((happened[spells.column(STARTED)] + happened["stop"]).to_numpy(dtype=float))


def looks_due(spells: Spells, planned_events: int, information: Sequence[float]) -> list[Spells]:
    """The spells as they were known at each planned look that has come.

    Parameters
    ----------
    spells
        One row a customer, with ``started`` (see :func:`with_start`).
    planned_events
        Of both arms, at which the experiment ends.
    information
        When to look: shares of the planned events, rising.

    Returns
    -------
    list of Spells
        Each at the moment at which its number of events was reached; empty where even the
        first has not come.

    Raises
    ------
    DataError
        When there are several rows a customer, or the shares do not rise from above 0 to 1.
    """
    shares = np.asarray(information, dtype=float)
    rising = len(shares) > 0 and bool((np.diff(np.concatenate([[0.0], shares])) > 0).all())
    if not rising or shares[-1] > 1:
        raise DataError(
            f"the looks {list(information)!r} do not rise from above 0 to 1",
            where="information",
            fix="give shares of the planned events, for instance 0.2, 0.4, 0.6, 0.8, 1",
        )
    if not spells.single:
        raise DataError("an experiment needs one row a customer", fix="leave exposures out")
    dates = event_dates(spells)
    wanted = np.ceil(shares * planned_events - 1e-9).astype(int)
    reached = wanted[wanted <= len(dates)]
    return [as_of(spells, STARTED, float(dates[d - 1]) + _INSTANT) for d in reached]


def read_experiment(
    spells: Spells,
    arm: str,
    planned_events: int,
    information: Sequence[float] = (0.2, 0.4, 0.6, 0.8, 1.0),
    *,
    reference: str | None = None,
    alpha: float = 0.05,
    spending: str = "obrien-fleming",
    horizon: float | None = None,
) -> Sequential | None:
    """Read an experiment at the looks that were planned and have come, and at no other.

    Parameters
    ----------
    spells
        One row a customer, with the arm and ``started`` (see :func:`with_start`).
    arm
        Column of the arm; two of them.
    planned_events
        Events of both arms at which the experiment ends, fixed before it began (see
        :func:`journeylib.plan_looks`).
    information
        When to look: shares of the planned events.
    reference, alpha, spending
        As for :func:`journeylib.sequential`.
    horizon
        For the difference of restricted means, told at the final look only; left out there
        too where not everybody's arm was followed so long.

    Returns
    -------
    Sequential or None
        None where the first look has not come yet.

    Notes
    -----
    The looks are reconstructed from the moments of the events, so that the answer depends
    on the plan and never on the day on which somebody opens the notebook.
    """
    due = looks_due(spells, planned_events, information)
    if not due:
        return None
    how = {"reference": reference, "alpha": alpha, "spending": spending}
    try:
        return sequential(due, arm, planned_events, horizon=horizon, **how)  # type: ignore[arg-type]
    except ModelError:  # not followed up to the horizon at the final look
        return sequential(due, arm, planned_events, **how)  # type: ignore[arg-type]


def next_look(spells: Spells, planned_events: int, information: Sequence[float]) -> pd.DataFrame:
    """Each planned look: how many events it needs, and on which day it came, if it has.

    Returns
    -------
    DataFrame
        ``look, information, events, come, after``: ``after`` counts from the first start, in
        the unit of the spells; NaN where the look is still to come.
    """
    dates = event_dates(spells)
    wanted = np.ceil(np.asarray(information, dtype=float) * planned_events - 1e-9).astype(int)
    come = wanted <= len(dates)
    after = [float(dates[d - 1]) if there else np.nan for d, there in zip(wanted, come)]
    return pd.DataFrame(
        {
            "look": np.arange(1, len(wanted) + 1),
            "information": np.asarray(information, dtype=float),
            "events": wanted,
            "come": come,
            "after": after,
        }
    )
