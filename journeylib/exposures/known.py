"""Exposures: what became known of a customer on the way, and from when on it may count.

A touchpoint, a message, a complaint or a score is a covariate that changes. Spells are
split at the moment at which it becomes known, and the new value holds strictly after
that moment: ``(start, moment]`` has the old value, ``(moment, stop]`` the new one. So what
happens at the very instant of an outcome never explains that outcome, and nobody is
called exposed for the time in which they were not yet: the survivors' head start
(immortal time) that turns a harmful touchpoint into a helpful one.

Where a covariate stays what was known at the origin instead, the origin's own instant
counts for everybody, whether or not the outcome follows within it: otherwise the outcome
would decide who was exposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest
from journeylib.events import EventLog
from journeylib.events.keep import keep
from journeylib.events.times import UNIT_MICROSECONDS, in_units, instant, read_moments, ticks
from journeylib.spells.core import CORE, Spells

EVER, COUNT, SINCE = "ever", "count", "since"
MODES = (EVER, COUNT, SINCE)
MEAN, SUM = "mean", "sum"
BEFORE, ORIGIN = "before", "origin"
KNOWN = (BEFORE, ORIGIN)
FUTURE = ("after", "anytime", "end", "ever", "future", "later", "always", "whole")
NEVER = "never"


def with_exposure(
    spells: Spells,
    log: EventLog,
    event: str,
    name: str | None = None,
    value: str = EVER,
    *,
    steps: Sequence[float] = (),
    initial: Any = None,
    known: str = BEFORE,
    origin: str | None = None,
    together: str = MEAN,
) -> Spells:
    """Add a covariate that changes when an event happens, known strictly before.

    Parameters
    ----------
    spells
        As any builder makes them; or from a frame, with ``origin``.
    log
        The log in which the event is, usually the one that made the spells.
    event
        What exposes: an event, a derived event, or a stage (any of its events).
    name
        Of the new column; ``event``, ``n_event``, ``since_event`` or the column's own name
        unless given.
    value
        ``"ever"``: 1 after the first event, 0 before. ``"count"``: how many events so far.
        ``"since"``: how long ago the latest was, in ``steps``. Otherwise a column of the
        log: its latest value that is not missing; numbers of one instant are put
        ``together``, of texts the first in the alphabet is taken.
    steps
        For ``"since"``: ascending lengths in the unit of the spells at which the column
        changes, ``(7, 30)`` giving ``"up to 7"``, ``"7 to 30"``, ``"over 30"``, ``"never"``.
    initial
        Value before the first event where ``value`` is a column; missing unless given.
    known
        ``"before"``: the column changes on the way. ``"origin"``: it stays what was known
        when the clock started, its own instant included, for a spell of zero length as for
        any other; only an event that is the spell's cause itself (by its name, its stage or
        its rule) does not count where it ended the spell. What became known later is refused.
    origin
        Column of spells that were made from a frame: the moment of time 0.
    together
        What several numbers of one instant make: their ``"mean"`` (scores) or their
        ``"sum"`` (amounts, of the lines of one order: equal lines count each).

    Returns
    -------
    Spells
        The same spells, split: ``cause`` stays with the last part of each row. The
        customer's whole history counts, events before the origin too. Lazy; the audit
        notes how many were exposed before their end.

    Raises
    ------
    DataError
        For a name that means nothing or is taken; for spells whose origin is not known;
        for a covariate that would use the future.

    Notes
    -----
    R's ``tmerge(…, x = tdc(time))``; Therneau, Crowson and Atkinson, *Using time dependent
    covariates*. Estimates join the parts of a row again unless grouped by the new column.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> log = small_log()
    >>> spells = time_to(log, "purchase", origin="ad")
    >>> with_exposure(spells, log, "visit").frame
        id  start  stop  cause  visit
    0  ann    0.0   3.0      1      0
    1  bob    0.0   1.0      0      0
    2  bob    1.0  29.0      0      1
    3  cat    0.0   0.0      1      0
    """
    _need_past(known)
    _need_time(spells)
    if together not in (MEAN, SUM):
        raise DataError(f"together cannot be {together!r}", fix=nearest(together, (MEAN, SUM)))
    name = _name(spells, log, event, value, name)
    lengths = _lengths(value, steps)
    rows = _with_origins(spells, log, origin)
    changes = _changes(log, event, value, together)
    if rows["id"].type().is_string() != changes["id"].type().is_string():
        changes = changes.mutate(id=changes["id"].cast("string"))
        rows = rows.mutate(_who=rows["id"].cast("string"))
    else:
        rows = rows.mutate(_who=rows["id"])
    moments = _on_the_clock(rows, changes, lengths, log.window.resolution, spells.unit)
    default = _default(value, initial, changes)
    if known == ORIGIN:
        past = _by_the_origin(moments, _outcomes(spells, log, event))
        return spells.with_table(_at_origin(spells, rows, past, default, name))
    parts = keep(_split(spells, rows, _on_the_way(moments), default))
    person = ["id", *([spells.per] if spells.per else [])]
    kept = parts.filter(~parts["_at_end"])
    exposed = kept.filter(kept["_known"] == 1).select(*person).distinct().count().to_pandas()
    late = (
        parts.filter(parts["_at_end"] & (parts["_cause"] > 0))
        .select(*person)
        .distinct()
        .count()
        .to_pandas()
    )
    audit = noted(spells.audit, name, int(exposed), int(late))
    table = kept.select(*spells.table.columns, **{name: kept["_value"]})
    table = table.order_by([*person, "start", "stop"])
    return spells.with_table(table, audit=audit, single=False)


def noted(audit: Audit, name: str, exposed: int, late: int) -> Audit:
    """The audit with how many were exposed before their end, and how many only then."""
    audit = audit.note(f"{name}: known before the end", exposed)
    return audit.note(f"{name}: new at the very instant of an event, counts only after", late)


def need_fit(spells: Spells, log: EventLog, event: str) -> None:
    """Raise for spells that have no clock in time, or a name that is taken.

    Raises
    ------
    DataError
        As :func:`with_exposure` says.
    """
    _need_time(spells)
    _name(spells, log, event, EVER, None)


# ---- what is refused -----------------------------------------------------------------


def _need_past(known: str) -> None:
    if known in FUTURE:
        raise DataError(
            f"known={known!r} would use the future: at the origin nobody can know what a "
            "customer will still be exposed to, and whoever lived to see it had to last so long",
            where="known",
            fix="leave known='before': the row is split at the moment at which it becomes known",
        )
    if known not in KNOWN:
        raise DataError(f"known cannot be {known!r}", fix=nearest(known, KNOWN))


def _need_time(spells: Spells) -> None:
    if spells.unit not in UNIT_MICROSECONDS:
        raise DataError(
            f"the spells are in {spells.unit!r}, which is no length of time",
            where="unit",
            fix=f"pass unit=… to spells_from_frame; {nearest(spells.unit, UNIT_MICROSECONDS)}",
        )


def _name(spells: Spells, log: EventLog, event: str, value: str, name: str | None) -> str:
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


def _lengths(value: str, steps: Sequence[float]) -> tuple[float, ...]:
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


# ---- on one clock --------------------------------------------------------------------


def _with_origins(spells: Spells, log: EventLog, origin: str | None) -> ir.Table:
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


def _changes(log: EventLog, event: str, value: str, together: str) -> ir.Table:
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


def _default(value: str, initial: Any, changes: ir.Table) -> ir.Scalar:
    if value == SINCE:
        return ibis.literal(NEVER)
    if value in MODES:
        return ibis.literal(0, "int64")
    return ibis.literal(initial).cast(changes["_value"].type())


def _on_the_clock(
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


def _on_the_way(moments: ir.Table) -> ir.Table:
    """The changes that a row could see before its end."""
    begin, end, at = moments["start"], moments["stop"], moments["_u"]
    # at the end itself it is too late, which is noted; a row without length sees no more
    return moments.filter((at < end) | ((at == end) & (end > begin)))


def _by_the_origin(moments: ir.Table, outcomes: Sequence[int]) -> ir.Table:
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


def _outcomes(spells: Spells, log: EventLog, event: str) -> list[int]:
    """The causes that rows of an event may be."""
    meant, found = log.meaning(event), []
    for number, name in enumerate(spells.causes, 1):
        try:
            cause = log.meaning(name)
        except DataError:
            continue  # a cause that is no event, such as a silence
        if not meant.disjoint(cause):
            found.append(number)
    return found


def _span(first: float, last: float | None) -> str:
    if last is None:
        return f"over {first:g}"
    return f"up to {last:g}" if first == 0 else f"{first:g} to {last:g}"


# ---- splitting -----------------------------------------------------------------------


def _split(spells: Spells, rows: ir.Table, moments: ir.Table, default: ir.Scalar) -> ir.Table:
    """The parts of each row, with ``_value``; marked where nothing lies after a change."""
    columns = list(spells.table.columns)
    unknown = rows.select(
        *columns,
        _begin=rows["start"],
        _u=rows["start"],
        _known=ibis.literal(0, "int64"),
        _value=default,
    )
    changed = moments.select(
        *columns,
        _begin=ibis.greatest(moments["_u"], moments["start"]),
        _u=moments["_u"],
        _known=ibis.literal(1, "int64"),
        _value=moments["_value"].cast(default.type()),
    )
    points = unknown.union(changed)
    row = ["id", *([spells.per] if spells.per else []), "start", "stop"]
    latest = ibis.window(
        group_by=[*row, "_begin"], order_by=[points["_known"].desc(), points["_u"].desc()]
    )
    points = points.mutate(_rank=ibis.row_number().over(latest))
    points = points.filter(points["_rank"] == 0).drop("_rank", "_u")
    following = ibis.window(group_by=row, order_by=points["_begin"])
    parts = points.mutate(_following=points["_begin"].lead().over(following))
    ends = ibis.coalesce(parts["_following"], parts["stop"])
    others = [c for c in columns if c not in ("start", "stop", "cause")]
    return parts.select(
        *others,
        "_known",
        "_value",
        start=parts["_begin"],
        stop=ends,
        cause=ibis.ifelse(ends == parts["stop"], parts["cause"], 0).cast("int64"),
        _cause=parts["cause"],
        _at_end=(parts["_begin"] == parts["stop"]) & (parts["stop"] > parts["start"]),
    )


def _at_origin(
    spells: Spells, rows: ir.Table, past: ir.Table, default: ir.Scalar, name: str
) -> ir.Table:
    """The rows as they are, with the latest value of those known at time 0."""
    keys = ["id", *([spells.per] if spells.per else [])]
    newest = ibis.window(group_by=keys, order_by=past["_u"].desc())
    past = past.mutate(_rank=ibis.row_number().over(newest))
    past = past.filter(past["_rank"] == 0).select(
        *(keys), _value=past["_value"].cast(default.type()), _found=ibis.literal(1)
    )
    met = rows.left_join(past, keys)
    value = ibis.ifelse(met["_found"].notnull(), met["_value"], default)
    table = met.select(*spells.table.columns, **{name: value})
    return table.order_by([*keys, "start", "stop"])
