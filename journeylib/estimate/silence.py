"""Churn by silence is a choice: how the answer moves with the length of silence chosen."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journeylib.estimate.curves import survival_curve
from journeylib.spells.churn import churn

_TIMES = (0.5, 0.75, 1.0, 1.5, 2.0)
_COLUMNS = ["days of silence", "customers", "left", "still there", "low", "high"]


def churn_rules(log: Any, inactivity_days: float | None = None, *, horizon: float) -> pd.DataFrame:
    """The share still there at the horizon under shorter and longer rules of silence.

    Parameters
    ----------
    log
        An :class:`EventLog`.
    inactivity_days
        The rule in the middle; the journey's own unless given.
    horizon
        Time at which the curves are read, in the journey's unit.

    Returns
    -------
    DataFrame
        Columns ``days of silence, customers, left, still there, low, high``, one
        row a rule at half to twice the rule in the middle. Empty where the
        journey is left by an event.
    """
    days = inactivity_days or log.journey.churn.inactivity_days
    if days is None:
        return pd.DataFrame(columns=_COLUMNS)
    rows = []
    for times in _TIMES:
        curve = survival_curve(churn(log, inactivity_days=days * times))
        at = curve.at([horizon]).iloc[0]
        left = int(curve.about["events"])
        rows.append((days * times, curve.about["n"], left, at.survival, at.low, at.high))
    return pd.DataFrame(rows, columns=_COLUMNS)
