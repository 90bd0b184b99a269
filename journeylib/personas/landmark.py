"""A clock that starts a while after the first contact, so that there is a history to know.

- Time 0 is the origin plus a fixed length. What happened up to then, that instant included, is
  history; the event is looked for strictly after it.
- Whoever left before then, or is not watched so long, is not at risk and is counted.
- ``prior="exclude"`` also leaves out whoever had the event before; ``"after"`` keeps them,
  for an event that repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError, nearest
from journeylib.events import EventLog
from journeylib.events.times import UNIT_MICROSECONDS, instant, ticks
from journeylib.journey import FIRST_CONTACT
from journeylib.labels import label
from journeylib.spells.core import Clock, Spells
from journeylib.spells.question import (
    Question,
    ask,
    beside_origin,
    censor_words,
    entry_words,
    firsts,
    joined,
    start_words,
    starts,
    with_end_event,
    with_origin_rows,
)
from journeylib.spells.settle import BEFORE, END_BEFORE, Rules, settle

PRIORS = ("after", "exclude")
GONE = "left, or the log ended, before the clock could start"
HAD = "event before the clock starts"


def landmark(
    log: EventLog,
    event: str,
    after: float,
    origin: str = FIRST_CONTACT,
    by: str | Sequence[str] | None = (),
    until: str | None = None,
    prior: str = "after",
) -> Spells:
    """Time to an event, counted from a fixed length after the origin.

    Parameters
    ----------
    log, event, by
        As for :func:`journeylib.time_to`.
    after
        How long after the origin the clock starts, in the journey's unit; above 0.
    origin
        What the length is counted from, at its first occurrence.
    until
        Event after which a customer is not watched any more.
    prior
        ``"after"``: the event may have happened before and may happen again. ``"exclude"``:
        whoever had it before the clock starts is not at risk.

    Returns
    -------
    Spells
        As ``time_to`` makes them; lazy.

    Raises
    ------
    DataError
        For a length that is not above 0: at the first contact nothing is known of anybody yet.

    Notes
    -----
    Landmark analysis: Anderson, Cain and Gelber (1983), Journal of Clinical Oncology 1; van
    Houwelingen (2007), Scandinavian Journal of Statistics 34.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> landmark(small_log(), "purchase", 5, origin="purchase").frame
        id  start  stop  cause
    0  ann    0.0   1.0      1
    1  cat    0.0  21.0      0
    2  dan    0.0  19.0      0
    """
    if not after > 0:
        raise DataError(
            f"the clock cannot start {after:g} {log.journey.unit} after {origin}: at the first "
            "contact nothing is known of anybody yet",
            where="after",
            fix="give a length above 0; what happens within it is what customers are told by",
        )
    if prior not in PRIORS:
        raise DataError(f"prior cannot be {prior!r}", fix=nearest(prior, PRIORS))
    stops = log.meaning(event)
    begins = starts(log, origin, stops)
    asked = ask(log, begins, by, None, until, prior)
    first = start_words(asked, event).removeprefix("at ")
    clock = Clock(
        starts=f"{after:g} {log.journey.unit} after {first}",
        stops=f"at the first {label(event)} strictly after that",
        censors=censor_words(log, until),
        enters=entry_words(log),
        origin=f"{after:g} {log.journey.unit} after {origin}",
    )
    rules = Rules("customers", (event,), asked.keys, asked.by, clock, None, prior == "exclude")
    made = settle(log, with_origin_rows(asked, _ends(asked, event, after)), rules)
    names = {END_BEFORE: GONE, BEFORE: HAD}
    dropped = {names.get(reason, reason): n for reason, n in made.audit.dropped.items()}
    return replace(made, audit=replace(made.audit, dropped=dropped))


def _ends(asked: Question, event: str, after: float) -> ir.Table:
    """One row a customer: ``_origin`` (the landmark) and ``_event``, in ticks."""
    resolution = asked.log.window.resolution
    each = UNIT_MICROSECONDS["days"] if resolution == "day" else 1
    length = round(after * UNIT_MICROSECONDS[asked.log.journey.unit] / each)
    found = with_end_event(asked, firsts(asked))
    meant = asked.log.meaning(event)
    rows = beside_origin(asked, meant, found, itself=True)
    tick = ticks(rows["_at"], resolution)
    landed = ticks(rows["_from"], resolution) + length
    if asked.prior == "after":
        rows = rows.mutate(_tick=tick).filter(tick > landed)
    else:  # the very instant of the clock's start is history, and so before it
        rows = rows.mutate(_tick=ibis.ifelse(tick == landed, tick - 1, tick))
    events = rows.group_by(asked.keys).aggregate(_event=rows["_tick"].min())
    columns = {"_origin": asked.ticks(instant(found["_start_at"], resolution)) + length}
    if asked.end_event is not None:
        columns["_end"] = asked.ticks(found["_end_at"])
    begun = found.select(*asked.keys, **columns)
    return joined(begun, events, asked.keys).mutate(_merged=ibis.literal(0))
