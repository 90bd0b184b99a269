"""How long from an origin until an event: one spell a customer, or one an episode.

The rules of the clock, each with its literal table in ``tests/spec/test_time_to.py``:

- The clock starts at the first event that ``origin`` means. It stops at the event.
  A row that is itself the origin never stops its own clock.
- With resolution ``"day"`` both ends are dates in the window's time zone before they
  are subtracted: two events of one day are zero days apart, in whichever order. With
  ``"timestamp"`` durations are exact to the microsecond, and differences are of UTC.
- Who has not had the event by the cutoff is censored there. By day that is the
  cutoff's date. By timestamp it is the cutoff, or the midnight that ends it where the
  cutoff is a date.
- ``until`` ends a spell earlier. An event at the very instant of the end counts.
- An origin before the window opens is delayed entry: ``start`` is the time from the
  origin to the opening. Whoever had the event, or whose end was, before the opening was
  never watched and is left out; so is who had it at that very instant, because the
  interval is ``(start, stop]``.
- A zero duration is kept where the spell is watched from its origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError
from journeylib.events import EventLog, Meaning
from journeylib.journey import FIRST_CONTACT
from journeylib.labels import label
from journeylib.numbers import ordinal
from journeylib.spells.core import Clock, Spells
from journeylib.spells.question import (
    Question,
    ask,
    beside_origin,
    by_prior,
    censor_words,
    entry_words,
    firsts,
    joined,
    start_words,
    starts,
    with_end_event,
    with_origin_rows,
)
from journeylib.spells.settle import Rules, settle


def time_to(
    log: EventLog,
    event: str,
    origin: str = FIRST_CONTACT,
    by: str | Sequence[str] | None = (),
    occurrence: int = 1,
    per: str | None = None,
    until: str | None = None,
    prior: str = "exclude",
) -> Spells:
    """Time from an origin to an event, in the journey's unit.

    Parameters
    ----------
    log
        As opened by ``open_log``.
    event
        What stops the clock: an event, a derived event, or a stage (any of its events).
    origin
        What starts it, at its first occurrence; as ``event``, or ``"first_contact"``:
        the customer's earliest event of any stage that is not ``event``.
    by
        Columns to carry along, of the row that starts the clock or of the attributes;
        or when the clock started, as text: ``origin_day``, ``origin_week`` (its Monday),
        ``origin_month``, ``origin_quarter``, ``origin_year``.
    occurrence
        1: the first event; 2: the second, and so on, counted in distinct instants
        (distinct days by day). With ``origin`` the same event it is counted from the
        origin, which is the first. Otherwise it is counted over the customer's whole
        history with ``prior="exclude"``, and from the origin on with ``prior="ignore"``.
    per
        Column that tells episodes apart: one spell an id and value of it, made of rows
        with that value alone. Rows without a value belong to no episode.
    until
        What ends an episode besides the cutoff: a column of the row that starts the
        clock, which holds the planned end; or an event (its first occurrence from the
        origin on). A planned end that is a date includes that day.
    prior
        ``"exclude"``: whoever had the event (the ``occurrence``-th) before the origin is
        not at risk and is left out. ``"ignore"``: the event is looked for from the
        origin's instant on. ``"after"``: only strictly after that instant.

    Returns
    -------
    Spells
        One row a spell: ``id, start, stop, cause``, then ``per`` and ``by``. ``cause`` is
        1 where the event happened and 0 where the spell was censored. Lazy; its audit
        counts every customer, or episode, of the log.

    Raises
    ------
    DataError
        For a name that means nothing; for an event that is the origin's own without
        ``occurrence``; for attributes that match nobody.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> time_to(small_log(), "purchase", by="source").frame
        id  start  stop  cause  source
    0  ann    0.0   3.0      1  search
    1  bob    0.0  29.0      0  social
    2  cat    0.0   0.0      1  search
    """
    if isinstance(occurrence, bool) or not isinstance(occurrence, Integral) or occurrence < 1:
        raise DataError(f"occurrence cannot be {occurrence!r}", fix="allowed: 1, 2, 3, …")
    stops = log.meaning(event)
    begins = starts(log, origin, stops)
    if stops.same(begins) and occurrence == 1:
        raise DataError(
            f"the clock starts and stops at the same event, {event!r}",
            fix="pass occurrence=2 for the time from the first to the second, or another origin",
        )
    asked = ask(log, begins, by, per, until, prior)
    base = with_origin_rows(asked, _ends(asked, stops, int(occurrence)))
    rules = Rules(
        of=asked.of,
        causes=(event,),
        keys=asked.keys,
        by=asked.by,
        clock=_clock(asked, event, occurrence, until),
        merged=f"{event} events at one instant with another, merged" if occurrence > 1 else None,
        before=prior == "exclude" and not stops.same(begins),
    )
    return settle(log, base, rules)


def _ends(asked: Question, event: Meaning, nth: int) -> ir.Table:
    """One row a key: ``_origin`` and ``_event`` in ticks, ``_end`` where an event ends it."""
    if nth == 1 and asked.prior == "exclude" and event.disjoint(asked.origin):
        # one group-by finds both ends
        rows, at = asked.rows, asked.rows["at"]
        found = rows.group_by(asked.keys).aggregate(
            _start_at=at.min(where=asked.origin.holds(rows)),
            _event_at=at.min(where=event.holds(rows)),
        )
    else:
        found = firsts(asked)
        found = joined(found, _nth_event(asked, event, nth, found), asked.keys)
    found = with_end_event(asked, found)
    columns = {"_origin": asked.ticks(found["_start_at"])}
    columns["_event"] = asked.ticks(found["_event_at"])
    columns["_merged"] = found["_merged"] if "_merged" in found.columns else ibis.literal(0)
    if asked.end_event is not None:
        columns["_end"] = asked.ticks(found["_end_at"])
    return found.select(*asked.keys, **columns)


def _nth_event(asked: Question, event: Meaning, nth: int, starts_at: ir.Table) -> ir.Table:
    """The instant of the nth event, and how many events share an instant with another."""
    # where the origin is the first of the events counted, it counts itself
    same = event.same(asked.origin)
    events = beside_origin(asked, event, starts_at, itself=same)
    events = events if same else by_prior(asked, events)
    if nth == 1:
        return events.group_by(asked.keys).aggregate(_event_at=events["_at"].min())
    instants = events.group_by([*asked.keys, "_at"]).aggregate(_rows=events.count())
    window = ibis.window(group_by=list(asked.keys), order_by=instants["_at"])
    ranked = instants.mutate(_rank=ibis.row_number().over(window))
    return ranked.group_by(asked.keys).aggregate(
        _event_at=ranked["_at"].min(where=ranked["_rank"] == nth - 1),
        _merged=(ranked["_rows"] - 1).sum(),
    )


def _clock(asked: Question, event: str, occurrence: int, until: str | None) -> Clock:
    which = f"the {ordinal(occurrence)} {label(event)}"
    if occurrence > 1:
        kind = "days" if asked.log.window.resolution == "day" else "moments"
        which = f"{which}, counted in distinct {kind}"
    begins = start_words(asked, event)
    return Clock(
        begins,
        f"at {which}",
        censor_words(asked.log, until),
        entry_words(asked.log),
        asked.origin.name,
        int(occurrence),
    )
