"""Silence: a customer who says nothing for so long has left.

The first gap strictly longer than ``d`` days between activities, or a final silence of
at least ``d`` days by the cutoff (inclusive), dated last activity + ``d``. The rule looks
only at what happened by the cutoff, so that a later cutoff never takes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError


@dataclass(frozen=True)
class Silence:
    """So many days without activity; made by :func:`silence`.

    Parameters
    ----------
    days
        Above 0, in days whatever the journey's unit.
    activity
        Names of what counts as activity; none for the journey's ``[churn] activity``, or
        any event of a stage where that is not given either.
    """

    days: float
    activity: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not is_days(self.days):
            raise DataError(f"silence cannot last {self.days!r} days", fix="a number above 0")

    def __str__(self) -> str:
        return f"{self.days:g} days of silence"


def silence(days: float, activity: str | Sequence[str] = ()) -> Silence:
    """A cause of an exit: so many days without activity.

    Parameters
    ----------
    days
        Above 0, in days whatever the journey's unit.
    activity
        Name or names of what counts as activity (events, derived events, stages). Without
        it the journey's ``[churn] activity``; any event of a stage where that is not given.

    Returns
    -------
    Silence

    Raises
    ------
    DataError
        For days that are not a number above 0.

    Examples
    --------
    >>> str(silence(90, activity="basket"))
    '90 days of silence'
    """
    return Silence(days, (activity,) if isinstance(activity, str) else tuple(activity))


def is_days(days: object) -> bool:
    """Whether a length in days is a number above 0."""
    number = isinstance(days, Real) and not isinstance(days, bool)
    return number and 0 < days < float("inf")  # type: ignore[operator]


def first_silence(acts: ir.Table, keys: Sequence[str], length: float, end: int) -> ir.Table:
    """Where the first silence sets in, of each key.

    Parameters
    ----------
    acts
        The keys and ``_tick``, each instant of activity once.
    keys
        Columns that tell spells apart.
    length
        Of the silence, in ticks.
    end
        Tick of the cutoff.

    Returns
    -------
    Table
        The keys; ``_origin`` and ``_final``, ticks of the first and last activity;
        ``_event``, the tick at which the silence has lasted, missing where none did.
    """
    window = ibis.window(group_by=list(keys), order_by=acts["_tick"])
    gaps = acts.mutate(_next=acts["_tick"].lead().over(window))
    lasting = ibis.ifelse(
        gaps["_next"].isnull(),
        gaps["_tick"] + length <= end,
        gaps["_next"] - gaps["_tick"] > length,
    )
    return gaps.group_by(list(keys)).aggregate(
        _origin=gaps["_tick"].min(),
        _event=gaps["_tick"].min(where=lasting) + length,
        _final=gaps["_tick"].max(),
    )
