"""When a covariate changes, on the clock of each spell: at once, by a count, by age, by value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from journeylib.errors import DataError
from journeylib.events import EventLog, Meaning, any_of
from journeylib.events.times import in_units, instant, read_moments, ticks
from journeylib.exposures.asked import (
    COUNT,
    EVER,
    MODES,
    SINCE,
    SUM,
)
from journeylib.spells.core import Spells

NEVER = "never"


def with_origins(spells: Spells, log: EventLog, origin: str | None) -> ir.Table:
    """The rows of the spells with ``_origin``, the tick of time 0."""
    if origin is not None:
        given = spells.table
        table = ibis.memtable(given) if isinstance(given, pd.DataFrame) else given
        moment = read_moments(table[spells.column(origin)], log.window, origin)
        return table.mutate(_origin=ticks(moment, log.window.resolution))
    if spells.origins is None:
        raise DataError(
            "at which moment these spells have time 0 is not known",
            where="origin",
            fix="pass origin=…, the column that holds it, or make the spells from the log",
        )
    keys = ["id", *([spells.per] if spells.per else [])]
    rows = spells.table
    if isinstance(rows, pd.DataFrame):  # changed in memory since they were made from the log
        coded = dict.fromkeys(rows.select_dtypes("category"), object)
        rows = ibis.memtable(rows.astype(coded))
    return rows.inner_join(spells.origins, keys).select(*rows.columns, "_origin")


def changes_of(log: EventLog, event: str, value: str, together: str) -> ir.Table:
    """When the value changes, of each customer: ``id, _tick, _value`` and the next ``_tick``."""
    # equal lines of one order are two items, which a sum counts and nothing else can tell
    table = log.rows if together == SUM else log.table
    rows = table.filter(log.meaning(event).holds(table))
    resolution = log.window.resolution
    column = None if value in MODES else rows[log.column(value)]
    rows = rows.select(
        "id",
        _at=instant(rows["at"], resolution),
        _value=ibis.literal(1, "int64") if column is None else column,
    )
    if value == EVER:
        first = rows.group_by("id").aggregate(_at=rows["_at"].min())
        found = first.mutate(_value=ibis.literal(1, "int64"))
    elif value in (COUNT, SINCE):
        found = rows.group_by(["id", "_at"]).aggregate(_value=rows.count())
        so_far = ibis.cumulative_window(group_by="id", order_by=found["_at"])
        found = found.mutate(_value=found["_value"].sum().over(so_far).cast("int64"))
    else:
        rows = rows.filter(rows["_value"].notnull())
        numeric = rows["_value"].type().is_numeric()
        each = getattr(rows["_value"], together)() if numeric else rows["_value"].min()
        found = rows.group_by(["id", "_at"]).aggregate(_value=each)
    found = found.select("id", "_value", _tick=ticks(found["_at"], resolution))
    window = ibis.window(group_by="id", order_by=found["_tick"])
    return found.mutate(_next=found["_tick"].lead().over(window))


def default_of(value: str, initial: Any, changes: ir.Table) -> ir.Scalar:
    """What holds before the first change."""
    if value == SINCE:
        return ibis.literal(NEVER)
    if value in MODES:
        return ibis.literal(0, "int64")
    return ibis.literal(initial).cast(changes["_value"].type())


def on_the_clock(
    rows: ir.Table, changes: ir.Table, lengths: Sequence[float], resolution: str, unit: str
) -> ir.Table:
    """Each change of each row's customer: its time ``_u`` on the row's clock, and ``_value``."""
    changes = changes.rename(_whose="id")
    met = rows.inner_join(changes, rows["_who"] == changes["_whose"])
    met = met.mutate(
        _u=in_units(met["_tick"] - met["_origin"], resolution, unit),
        _until=in_units(met["_next"] - met["_origin"], resolution, unit),
    )
    if lengths:
        spans = list(zip((0.0, *lengths), (*lengths, None), strict=True))
        aged = [
            met.mutate(_u=met["_u"] + first, _value=ibis.literal(_span(first, last)))
            for first, last in spans
        ]
        met = ibis.union(*aged)
        met = met.filter(met["_until"].isnull() | (met["_u"] < met["_until"]))
    return met.drop("_tick", "_next", "_until", "_whose")


def on_the_way(moments: ir.Table) -> ir.Table:
    """The changes that a row could see before its end."""
    begin, end, at = moments["start"], moments["stop"], moments["_u"]
    # at the end itself it is too late, which is noted; a row without length sees no more
    return moments.filter((at < end) | ((at == end) & (end > begin)))


def by_the_origin(moments: ir.Table, outcomes: Sequence[int]) -> ir.Table:
    """The changes up to the instant at which the clock starts, itself included.

    Whether a spell ends there, too, is the future and must not decide what counts. But the
    event that ended it is no fact about its beginning.
    """
    at = moments["_u"]
    past = at <= 0
    if outcomes:
        ended = (moments["stop"] == 0) & moments["cause"].isin(list(outcomes))
        past = past & ((at < 0) | ~ended)
    return moments.filter(past)


def ends_of(spells: Spells, log: EventLog) -> dict[int, Meaning]:
    """Number of a cause -> the rows that it means, for every cause that is an event of the log."""
    known = {*log.journey.staged, *log.journey.events, *log.journey.stages, *log.observed}
    found = {}
    for number, name in enumerate(spells.causes, 1):
        meant = [log.meaning(n) for n in spells.meant.get(name, (name,)) if n in known]
        if meant:
            found[number] = any_of(meant)
    return found


def outcomes_of(spells: Spells, log: EventLog, event: str) -> list[int]:
    """The causes that rows of an event may be."""
    meant = log.meaning(event)
    return [n for n, cause in ends_of(spells, log).items() if not meant.disjoint(cause)]


def _span(first: float, last: float | None) -> str:
    if last is None:
        return f"over {first:g}"
    return f"up to {last:g}" if first == 0 else f"{first:g} to {last:g}"
