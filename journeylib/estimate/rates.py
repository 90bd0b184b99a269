"""How often something happens per time at risk: the plainest comparison of groups that change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError, ModelError
from journeylib.estimate.groups import group_rows
from journeylib.estimate.intervals import positive_limits, z_value
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class Rates(Result):
    """Events per time at risk: the columns of ``.frame`` are

    ``group, n, events, time, rate, std_err, low, high``.

    ``n`` are customers; one whose group changes on the way counts in each. ``time`` is
    what all of them were at risk together.

    Parameters
    ----------
    per
        The length of time that a rate refers to, in ``unit``.
    """

    per: float = field(kw_only=True)

    title: ClassVar[str] = "Events per time at risk"


def event_rates(
    spells: Spells,
    by: str | Sequence[str] | None = None,
    *,
    per: float = 30.0,
    level: float = 0.95,
) -> Rates:
    """Rate of the event among those at risk, by groups that may change on the way.

    Parameters
    ----------
    spells
        One row or several a customer; any cause is the event, and it may come again.
    by
        Column or columns that make the groups, such as an exposure.
    per
        The time that a rate refers to, in the unit of the spells.
    level
        Of the interval, which is made on the log scale.

    Returns
    -------
    Rates

    Raises
    ------
    DataError
        When ``per`` is not a positive number.
    ModelError
        When nobody was at risk for any time.

    Notes
    -----
    A rate is an average over the follow-up. Its variance is robust (customers are
    independent, the events of one need not be): the linearisation of a ratio of sums,
    as for a mean count (Lawless and Nadeau 1995, Technometrics 37). A group without an
    event has rate 0 and no upper end.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [10, 20, 30], "event": [1, 0, 1]})
    >>> event_rates(spells_from_frame(df), per=30).frame[["events", "time", "rate"]]
       events  time  rate
    0       2  60.0   1.0
    """
    if not (np.isfinite(per) and per > 0):
        raise DataError(f"per must be a positive length of time, not {per!r}", where="per")
    z_value(level)
    frame = spells.frame
    code, groups = group_rows(frame, spells.columns(by), _names(by))
    each = pd.DataFrame(
        {
            "group": code,
            "id": frame["id"].to_numpy(),
            "time": (frame["stop"] - frame["start"]).to_numpy(dtype=float),
            "events": (frame["cause"] > 0).to_numpy(dtype=float),
        }
    )
    person = each.groupby(["group", "id"], sort=False)[["time", "events"]].sum().reset_index()
    whole = person.groupby("group").agg(
        n=("id", "size"), events=("events", "sum"), time=("time", "sum")
    )
    whole = whole.reindex(range(len(groups)))
    if not (whole["time"] > 0).any():
        raise ModelError("nobody was at risk for any time", where="spells")
    time = whole["time"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = whole["events"].to_numpy() / time
    residual = person["events"] - rate[person["group"]] * person["time"]
    spread = np.bincount(person["group"], weights=residual**2, minlength=len(groups))
    std_err = np.sqrt(spread) / time
    low, high = positive_limits(rate, std_err, level)
    high[rate == 0] = np.nan
    labels = np.arange(len(groups))
    table = pd.DataFrame(
        groups.columns(labels)
        | {
            "n": whole["n"].to_numpy(dtype=np.int64),
            "events": whole["events"].to_numpy(dtype=np.int64),
            "time": time,
            "rate": rate * per,
            "std_err": std_err * per,
            "low": low * per,
            "high": high * per,
        }
    )
    facts = {
        "event": " or ".join(spells.causes),
        "n": int(frame["id"].nunique()),
        "events": int((frame["cause"] > 0).sum()),
        "level": level,
        "conf": "log",
        "clock": spells.clock,
        "audit": spells.audit,
    }
    return Rates(table, spells.unit, _names(by), facts, per=float(per))


def _names(by: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if by is None else (by,) if isinstance(by, str) else tuple(by)
