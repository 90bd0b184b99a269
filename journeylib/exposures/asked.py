"""What may be asked of an exposure: nothing from the future, no name that is taken, real steps."""

from __future__ import annotations

from collections.abc import Sequence

from journeylib.errors import DataError, nearest
from journeylib.events import EventLog
from journeylib.events.times import UNIT_MICROSECONDS
from journeylib.spells.core import CORE, Spells

EVER, COUNT, SINCE = "ever", "count", "since"
MODES = (EVER, COUNT, SINCE)
MEAN, SUM = "mean", "sum"
BEFORE, ORIGIN = "before", "origin"
KNOWN = (BEFORE, ORIGIN)
FUTURE = ("after", "anytime", "end", "ever", "future", "later", "always", "whole")


def need_fit(spells: Spells, log: EventLog, event: str) -> None:
    """Raise for spells that have no clock in time, or a name that is taken.

    Raises
    ------
    DataError
        As :func:`with_exposure` says.
    """
    need_time(spells)
    new_name(spells, log, event, EVER, None)


def need_past(known: str) -> None:
    """Raise for a value that would be known at the origin only by knowing the future."""
    if known in FUTURE:
        raise DataError(
            f"known={known!r} would use the future: at the origin nobody can know what a "
            "customer will still be exposed to, and whoever lived to see it had to last so long",
            where="known",
            fix="leave known='before': the row is split at the moment at which it becomes known",
        )
    if known not in KNOWN:
        raise DataError(f"known cannot be {known!r}", fix=nearest(known, KNOWN))


def need_time(spells: Spells) -> None:
    """Raise for spells in a unit that is no length of time."""
    if spells.unit not in UNIT_MICROSECONDS:
        raise DataError(
            f"the spells are in {spells.unit!r}, which is no length of time",
            where="unit",
            fix=f"pass unit=… to spells_from_frame; {nearest(spells.unit, UNIT_MICROSECONDS)}",
        )


def new_name(spells: Spells, log: EventLog, event: str, value: str, name: str | None) -> str:
    """The new column's name, if it is free and its values have moments."""
    if value not in MODES and value not in log.table.columns and value not in log.own_names:
        if log.attributes is not None and value in log.attributes.columns:
            raise DataError(
                f"{value!r} is an attribute: it does not say when it became known, so it may "
                "hold the future",
                where="value",
                fix="log it as an event with its moment and a value; or, if it was known at the "
                f"origin, pass by={value!r} to whatever makes the spells",
            )
        known = [*MODES, *log.table.columns, *log.own_names]
        raise DataError(f"value cannot be {value!r}", fix=nearest(value, known))
    named = {EVER: event, COUNT: f"n_{event}", SINCE: f"since_{event}"}.get(value, value)
    name = named if name is None else name
    if name.lower() in CORE or name.startswith("_") or name in spells.table.columns:
        raise DataError(
            f"spells cannot get a column {name!r}: that name is taken",
            where="name",
            fix="pass name=…",
        )
    return name


def read_steps(value: str, steps: Sequence[float]) -> tuple[float, ...]:
    """The lengths at which ``"since"`` changes; none for anything else."""
    if value != SINCE:
        if steps:
            raise DataError("steps are for value='since'", where="steps")
        return ()
    lengths = tuple(float(s) for s in steps)
    rising = all(a < b for a, b in zip((0.0, *lengths), lengths, strict=False))
    if not lengths or not rising or lengths[-1] == float("inf"):
        raise DataError(
            f"steps cannot be {steps!r}",
            where="steps",
            fix="ascending lengths above 0 at which the column changes, for instance (7, 30)",
        )
    return lengths
