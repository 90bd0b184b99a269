"""Churn by silence is a choice: how the answer moves with the length of silence chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import ModelError
from journeylib.estimate.cox import cox
from journeylib.estimate.curves import survival_curve
from journeylib.events.times import instant, ticks
from journeylib.numbers import number
from journeylib.privacy import pool_small
from journeylib.results import Result
from journeylib.spells.churn import activity_of, churn
from journeylib.spells.given import spells_from_frame
from journeylib.spells.silence import silence

_TIMES = (0.5, 0.75, 1.0, 1.5, 2.0)
_GRID = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
_COLUMNS = ["days of silence", "customers", "left", "still there", "low", "high"]
_ROUND = (7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0)
MOST_BACK = 0.1  # of those called lost, whom a good rule still sees again
SOURCE = "Clemente-Ciscar, San Matias and Giner-Bosch 2014, Eur. J. Oper. Res. 239"


@dataclass(frozen=True)
class LeavingRule:
    """What counts as leaving: days of silence, or None where an event says it.

    Parameters
    ----------
    days
        Of silence.
    chosen
        Whether somebody said so; otherwise the data did.
    said
        In words.
    """

    days: float | None
    chosen: bool
    said: str

    def __str__(self) -> str:
        return self.said


def leaving_rule(log: Any, inactivity_days: float = 0.0) -> LeavingRule:
    """What counts as leaving: as asked, as the journey file says, or as the data suggest.

    Parameters
    ----------
    log
        An :class:`EventLog`.
    inactivity_days
        Days of silence; 0 asks the journey file, and where that says nothing the data.

    Returns
    -------
    LeavingRule
        From the data: the shortest of a few round lengths after which at most one in ten
        comes back within as long again; the longest looked at where there is none.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> print(leaving_rule(small_log()))
    14 days of silence count as leaving, as the journey file says.
    """
    churned = log.journey.churn
    if inactivity_days:
        silence(inactivity_days)
        said = f"{number(inactivity_days)} days of silence count as leaving, as asked."
        return LeavingRule(float(inactivity_days), True, said)
    if churned is not None and churned.inactivity_days is not None:
        days = float(churned.inactivity_days)
        said = f"{number(days)} days of silence count as leaving, as the journey file says."
        return LeavingRule(days, True, said)
    if churned is not None:
        return LeavingRule(None, True, f"Leaving is an event of the log: {churned.end_event}.")
    back = {d: _coming_back(log, [d], d, "days")[d] for d in _ROUND}
    days = next((d for d in _ROUND if back[d] <= MOST_BACK), _ROUND[-1])
    return LeavingRule(
        days,
        False,
        f"The journey file does not say what leaving is. {number(days)} days of silence are taken: "
        f"of customers silent for so long, {back[days]:.0%} come back within as long again.",
    )


@dataclass(frozen=True, repr=False, eq=False)
class SilenceSurface(Result):
    """What each length of silence would have said; the columns of ``.frame`` are

    ``days, group, customers, left, at_risk, still_there, low, high, back``.

    ``back`` is the share of customers silent for so long who come back within the horizon.

    Parameters
    ----------
    ratios
        ``days, term, hazard_ratio, low, high, p``, one row a rule and term.
    rule
        The journey's own rule, in days.
    suggestion
        The shortest length in the grid after which few come back; None where none is.
    reason
        Why, in words.
    """

    ratios: pd.DataFrame = field(kw_only=True)
    rule: float = field(kw_only=True)
    suggestion: float | None = field(kw_only=True)
    reason: str = field(kw_only=True)

    title: ClassVar[str] = "Rules of silence"

    def __str__(self) -> str:
        return self.reason


def churn_surface(
    log: Any,
    inactivity_days: float | None = None,
    *,
    horizon: float,
    by: str | Sequence[str] | None = None,
    formula: str = "",
    needed: Sequence[str] = (),
    grid: Sequence[float] = (),
    minimum: int = 20,
    most: float = MOST_BACK,
) -> SilenceSurface | None:
    """The curve at the horizon, and the hazard ratios, under a grid of rules of silence.

    Parameters
    ----------
    log
        An :class:`EventLog`.
    inactivity_days
        The rule in the middle; the journey's own unless given.
    horizon
        Time at which the curves are read, in the journey's unit.
    by
        Columns that make the groups; groups under ``minimum`` customers are pooled.
    formula
        Right-hand side of the Cox model; none unless given.
    needed
        Columns that the formula needs besides.
    grid
        Lengths in days; a quarter to twice the rule unless given.
    most
        Share that may come back before a rule is called too short.

    Returns
    -------
    SilenceSurface or None
        None where the journey is left by an event and no length is given.

    Notes
    -----
    A rule makes two errors: it calls somebody lost who comes back, and it waits before it
    says so. The first is estimated from the gaps between activities, the last of each
    customer censored at the cutoff: with S the share of gaps longer than a time, the share
    of those silent for d days who come back within h more is 1 - S(d + h) / S(d). The
    suggestion is the shortest rule at which at most ``most`` of them do, in the spirit of
    Clemente-Ciscar, San Matias and Giner-Bosch (2014), Eur. J. Oper. Res. 239, 276-285,
    who weigh the two errors by their cost.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> found = churn_surface(small_log(), horizon=20, minimum=1)
    >>> found.frame[["days", "left", "still_there"]].tail(2)
       days  left  still_there
    5  21.0     3          1.0
    6  28.0     0          1.0
    """
    days = inactivity_days or (log.journey.churn and log.journey.churn.inactivity_days)
    if not days:
        return None
    lengths = sorted({float(d) for d in grid} or {days * times for times in _GRID})
    columns = [*([by] if isinstance(by, str) else by or ())]
    rows, ratios = [], []
    back = _coming_back(log, lengths, horizon, log.journey.unit)
    for length in lengths:
        found = churn(log, inactivity_days=length, by=list(dict.fromkeys([*columns, *needed])))
        spells = pool_small(found, columns, minimum)
        for group in (None, columns) if columns else (None,):
            curve = survival_curve(spells, by=group)
            at = curve.at([horizon]).assign(days=length, back=back[length])
            sizes = curve.about["sizes"]
            at["customers"] = [int(sizes[g]["n"]) for g in at["group"]]
            at["left"] = [int(sizes[g]["events"]) for g in at["group"]]
            rows.append(at)
        ratios.append(_ratios(spells, formula, length))
    names = ["days", "group", "customers", "left", "at_risk", "still_there", "low", "high", "back"]
    table = pd.concat(rows, ignore_index=True).rename(columns={"survival": "still_there"})
    good = [d for d in lengths if back[d] <= most]
    about = {"event": "churn", "horizon": horizon, "n": log.customers, "most": most, "level": 0.95}
    return SilenceSurface(
        table=table[names],
        unit=log.journey.unit,
        by=tuple(columns),
        about=about,
        ratios=pd.concat(ratios, ignore_index=True),
        rule=float(days),
        suggestion=good[0] if good else None,
        reason=_reason(float(days), lengths, back, good, horizon, log.journey.unit, most),
    )


def _ratios(spells: Any, formula: str, length: float) -> pd.DataFrame:
    columns = ["term", "hazard_ratio", "low", "high", "p"]
    if not formula:
        return pd.DataFrame(columns=["days", *columns])
    try:
        table = cox(spells, formula).table[columns]
    except ModelError:  # under a long rule too few have left to say anything
        return pd.DataFrame(columns=["days", *columns])
    return table.assign(days=length)[["days", *columns]]


def _coming_back(
    log: Any, lengths: Sequence[float], horizon: float, unit: str
) -> dict[float, float]:
    """Of those silent for each length, the share that comes back within the horizon."""
    resolution = log.window.resolution
    each = 1 if resolution == "day" else 86_400_000_000
    rows = log.rows.filter(activity_of(log).holds(log.rows))
    found = rows.select("id", _tick=ticks(instant(rows["at"], resolution), resolution))
    acts = found.distinct().order_by(["id", "_tick"]).to_pandas()
    same = acts["id"].eq(acts["id"].shift(-1)).to_numpy()
    tick = acts["_tick"].to_numpy(dtype=float)
    gap = np.where(same, np.append(tick[1:], 0.0), float(log.span.end)) - tick
    frame = pd.DataFrame({"time": np.maximum(gap, 0) / each, "event": same.astype(int)})
    curve = survival_curve(spells_from_frame(frame, unit="days"))
    reach = horizon * _days_in(unit)
    last = float(frame["time"].max())
    read = curve.at([min(x, last) for d in lengths for x in (d, d + reach)])
    now, later = read["survival"].to_numpy().reshape(-1, 2).T
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(now > 0, 1 - later / now, 0.0)
    return dict(zip(lengths, (float(s) for s in share), strict=True))


def _days_in(unit: str) -> float:
    from journeylib.events.times import UNIT_MICROSECONDS

    return UNIT_MICROSECONDS[unit] / UNIT_MICROSECONDS["days"]


def _reason(
    rule: float,
    lengths: Sequence[float],
    back: dict[float, float],
    good: Sequence[float],
    horizon: float,
    unit: str,
    most: float,
) -> str:
    own = min(lengths, key=lambda d: abs(d - rule))
    within = f"within {number(horizon)} {unit}"
    told = (
        f"After {number(rule)} days of silence, about {100 * back[own]:.0f} of 100 customers come "
        f"back {within}. "
    )
    limit = f"at most {100 * most:.0f} of 100 come back"
    if not good:
        return (
            f"{told}No rule up to {number(lengths[-1])} days is long enough that {limit}: whatever "
            f"is called lost here is partly only slow. (Rule: the shortest silence after which "
            f"{limit} {within}; {SOURCE}.)"
        )
    return (
        f"{told}The data suggest {number(good[0])} days: the shortest of the rules looked at after "
        f"which {limit} {within} ({SOURCE}). A longer rule errs less and tells later."
    )


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
