"""Events that come again: each customer's time from one to the next, as counting-process rows.

- The clock starts once and runs on: rows are ``(start, stop]`` on one clock, each ends with
  an event (cause 1), the last one at the cutoff (cause 0).
- Events at one instant are one (audited): nobody buys twice at the same time.
- A row without length is left out: whoever bought on the day of the cutoff is not at risk
  after it (audited). Only an event at the origin's very instant keeps its row at 0.
- What happened before the origin, or before the window opened, is history: it makes no
  rows, and only what came after the origin is counted by ``enum``.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError
from journeylib.events import EventLog
from journeylib.events.keep import keep
from journeylib.labels import label
from journeylib.spells.core import Clock, Spells
from journeylib.spells.question import (
    KEYS,
    Question,
    ask,
    beside_origin,
    censor_words,
    entry_words,
    firsts,
    start_words,
    starts,
    with_end_event,
    with_origin_rows,
)
from journeylib.spells.settle import Rules, as_spells, settled

NUMBER = "enum"
MERGED = "events at one instant with another, merged"
EARLY = "events before the origin: history, not counted"
EMPTY = "last rows without length (an event at the end), left out"


def repeats(
    log: EventLog,
    event: str,
    origin: str | None = None,
    by: str | Sequence[str] | None = (),
    until: str | None = None,
) -> Spells:
    """Times of an event that comes again and again, several rows a customer.

    Parameters
    ----------
    log
        As opened by ``open_log``.
    event
        What is counted: an event, a derived event, or a stage (any of its events).
    origin
        What starts the clock, at its first occurrence, and is never counted itself: an
        event, a derived event, a stage or ``"first_contact"``. Without it the customer's
        first ``event``.
    by
        Columns to carry along, as in ``time_to``; the same in every row of a customer.
    until
        What ends a customer's follow-up besides the cutoff: a column of the row that
        starts the clock, or an event (for instance the end of a contract).

    Returns
    -------
    Spells
        Rows ``id, start, stop, cause``, then ``enum`` and ``by``: ``cause`` is 1 where the
        event came again and 0 for the last row; ``enum`` is 1 before the first event
        counted, 2 before the second, and so on. Lazy; its audit counts customers.

    Raises
    ------
    DataError
        For a name that means nothing, or when nobody is at risk.

    Notes
    -----
    The counting-process style of Andersen and Gill (1982); with ``strata="enum"`` the
    total-time model of Prentice, Williams and Peterson (1981). What ends follow-up is
    censoring: a rate is then that of customers who have not left.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> repeats(small_log(), "purchase").frame
        id  start  stop  cause  enum
    0  ann    0.0   6.0      1     1
    1  ann    6.0  27.0      0     2
    2  cat    0.0  26.0      0     1
    3  dan    0.0  24.0      0     1
    """
    counted = log.meaning(event)
    begins = counted if origin is None else starts(log, origin, counted)
    asked = ask(log, begins, by, until=until, prior="ignore")
    if NUMBER in asked.by.names:
        raise DataError(f"repeats make a column {NUMBER!r} of their own", where="by")
    words = Clock(
        starts=start_words(asked, event),
        stops=f"at each {label(event)} after that, and runs on",
        censors=censor_words(log, until),
        enters=entry_words(log),
        origin=asked.origin.name,
    )
    rules = Rules("customers", (event,), KEYS, asked.by, words, before=False)
    found = with_end_event(asked, firsts(asked))
    ends = {"_origin": asked.ticks(found["_start_at"]), "_event": ibis.null("int64")}
    if asked.end_event is not None:
        ends["_end"] = asked.ticks(found["_end_at"])
    base = found.select("id", **ends, _merged=ibis.literal(0))
    whole, audit = settled(log, with_origin_rows(asked, base), rules)
    events = beside_origin(asked, counted, found).semi_join(whole, "id")
    early = events["_at"] < events["_from"]
    rows = keep(_rows(asked, whole, events.filter(~early)))
    notes = rows.aggregate(
        empty=rows["_counts"].ifelse(0, 1).sum(),
        merged=rows["_merged"].sum(),
    ).to_pandas()
    audit = audit.note(f"{event} {MERGED}", int(notes["merged"][0]))
    audit = audit.note(EMPTY, int(notes["empty"][0]))
    if origin is not None:
        audit = audit.note(f"{event} {EARLY}", int(events.filter(early).count().to_pandas()))
    rows = rows.filter(rows["_counts"])
    return as_spells(log, rows, rules, audit, extra=[NUMBER], single=False)


def _rows(asked: Question, whole: ir.Table, events: ir.Table) -> ir.Table:
    """The follow-up of each customer cut at each event.

    Parameters
    ----------
    whole
        One row a customer at risk, as ``settled`` makes it.
    events
        ``id`` and ``_at``, from the origin on.

    Returns
    -------
    Table
        The columns of ``whole``, ``enum``, and whether the row ``_counts``.
    """
    instants = events.group_by(["id", "_at"]).aggregate(_rows=events.count())
    ticked = instants.select("id", _tick=asked.ticks(instants["_at"]), _rows=instants["_rows"])
    seen = whole.inner_join(ticked, "id")
    at = seen["_tick"] - seen["_origin"]
    kept = ["id", "_origin", "_start", *asked.by.names]
    again = seen.filter(at <= seen["_stop"]).select(
        *kept,
        _stop=(seen["_tick"] - seen["_origin"]).cast("float64"),
        _cause=ibis.literal(1, "int64"),
        _merged=(seen["_rows"] - 1).cast("int64"),
    )
    last = whole.select(
        *kept,
        _stop=whole["_stop"].cast("float64"),
        _cause=ibis.literal(0, "int64"),
        _merged=ibis.literal(0, "int64"),
    )
    rows = again.union(last)
    # an event at the end comes before the censoring there
    window = ibis.window(group_by="id", order_by=[rows["_stop"], rows["_cause"].desc()])
    rows = rows.mutate(
        _before=rows["_stop"].lag().over(window),
        enum=(ibis.row_number().over(window) + 1).cast("int64"),
    )
    entry = rows["_start"].cast("float64")
    begin = ibis.greatest(ibis.coalesce(rows["_before"], entry), entry)
    rows = rows.mutate(_start=begin)
    at_origin = rows["_before"].isnull() & (rows["_stop"] == 0)
    rows = rows.mutate(_counts=(rows["_stop"] > rows["_start"]) | at_origin)
    # rows that ended before the window opened are history, and no loss
    return rows.filter(rows["_counts"] | (rows["_cause"] == 0)).drop("_before")
