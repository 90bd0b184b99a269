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

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest
from journeylib.events import EventLog
from journeylib.events.keep import keep
from journeylib.exposures.asked import (
    BEFORE,
    EVER,
    MEAN,
    ORIGIN,
    SUM,
    need_past,
    need_time,
    new_name,
    read_steps,
)
from journeylib.exposures.moments import (
    by_the_origin,
    changes_of,
    default_of,
    on_the_clock,
    on_the_way,
    outcomes_of,
    with_origins,
)
from journeylib.spells.core import Spells


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
        any other; only an event that is the spell's cause itself (whatever the cause is
        called) does not count where it ended the spell. What became known later is refused.
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
    need_past(known)
    need_time(spells)
    if together not in (MEAN, SUM):
        raise DataError(f"together cannot be {together!r}", fix=nearest(together, (MEAN, SUM)))
    name = new_name(spells, log, event, value, name)
    lengths = read_steps(value, steps)
    rows = with_origins(spells, log, origin)
    changes = changes_of(log, event, value, together)
    if rows["id"].type().is_string() != changes["id"].type().is_string():
        changes = changes.mutate(id=changes["id"].cast("string"))
        rows = rows.mutate(_who=rows["id"].cast("string"))
    else:
        rows = rows.mutate(_who=rows["id"])
    moments = on_the_clock(rows, changes, lengths, log.window.resolution, spells.unit)
    default = default_of(value, initial, changes)
    if known == ORIGIN:
        past = by_the_origin(moments, outcomes_of(spells, log, event))
        return spells.with_table(_at_origin(spells, rows, past, default, name))
    parts = keep(_split(spells, rows, on_the_way(moments), default))
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
