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
from dataclasses import dataclass
from numbers import Integral

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError, nearest
from journeylib.events import EventLog, Meaning
from journeylib.journey import FIRST_CONTACT
from journeylib.spells.core import Clock, Spells
from journeylib.spells.origin import Covariates, at_origin, covariates, need_free
from journeylib.spells.settle import Rules, settle
from journeylib.times import instant, planned_end, ticks

PRIORS = ("exclude", "ignore")
KEYS: tuple[str, ...] = ("id",)


@dataclass(frozen=True)
class _Question:
    """What ``time_to`` was asked, with every name resolved."""

    log: EventLog
    event: Meaning
    origin: Meaning
    nth: int
    prior: str
    keys: tuple[str, ...]
    rows: ir.Table
    by: Covariates
    end_event: Meaning | None
    end_column: str | None

    @property
    def one_pass(self) -> bool:
        """Whether one group-by finds both ends."""
        return self.nth == 1 and self.prior == "exclude" and self.event.disjoint(self.origin)

    @property
    def same(self) -> bool:
        """Whether the origin is the first of the events that are counted."""
        return self.event.same(self.origin)

    def instant(self, at: ir.Value) -> ir.Value:
        return instant(at, self.log.window.resolution)

    def ticks(self, at: ir.Value) -> ir.IntegerValue:
        return ticks(at, self.log.window.resolution)


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
        origin on.

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
    asked = _resolve(log, event, origin, by, occurrence, per, until, prior)
    base = _ends(asked)
    if asked.by.rows or asked.end_column:
        base = base.left_join(_origin_rows(asked), list(asked.keys)).select(
            *base.columns, *(["_end"] if asked.end_column else []), *asked.by.rows
        )
    rules = Rules(
        of="customers" if per is None else "episodes",
        causes=(event,),
        keys=asked.keys,
        by=asked.by,
        clock=_clock(asked, occurrence, until),
        merged=f"{event} events at one instant with another, merged" if occurrence > 1 else None,
        before=prior == "exclude" and not asked.same,
    )
    return settle(log, base, rules)


# ---- resolving the question ----------------------------------------------------------


def _resolve(
    log: EventLog,
    event: str,
    origin: str,
    by: str | Sequence[str] | None,
    occurrence: int,
    per: str | None,
    until: str | None,
    prior: str,
) -> _Question:
    if isinstance(occurrence, bool) or not isinstance(occurrence, Integral) or occurrence < 1:
        raise DataError(f"occurrence cannot be {occurrence!r}", fix="allowed: 1, 2, 3, …")
    if prior not in PRIORS:
        raise DataError(f"prior cannot be {prior!r}", fix=nearest(prior, PRIORS))
    stops = log.meaning(event)
    starts = log.contact(besides=stops) if origin == FIRST_CONTACT else log.meaning(origin)
    if stops.same(starts) and occurrence == 1:
        raise DataError(
            f"the clock starts and stops at the same event, {event!r}",
            fix="pass occurrence=2 for the time from the first to the second, or another origin",
        )
    rows, keys = log.rows, KEYS
    if per is not None:
        episode = log.column(per)
        need_free(per, [per])
        by = [name for name in covariates(log, by).names if name != per]
        rows = rows.filter(rows[episode].notnull()).mutate(**{per: rows[episode]})
        keys = ("id", per)
    end_event, end_column = _end(log, until)
    return _Question(
        log=log,
        event=stops,
        origin=starts,
        nth=int(occurrence),
        prior=prior,
        keys=keys,
        rows=rows,
        by=covariates(log, by),
        end_event=end_event,
        end_column=end_column,
    )


def _end(log: EventLog, until: str | None) -> tuple[Meaning | None, str | None]:
    """``until`` as an event or as a column; a column wins."""
    if until is None:
        return None, None
    if until in log.table.columns or until in log.own_names:
        return None, log.column(until)
    try:
        return log.meaning(until), None
    except DataError:
        journey = log.journey
        known = [*journey.staged, *journey.events, *journey.stages, *log.observed]
        known += [*log.table.columns, *log.own_names]
        raise DataError(
            f"until cannot be {until!r}: there is no such event and no such column",
            fix=nearest(until, known),
        ) from None


# ---- finding both ends ---------------------------------------------------------------


def _ends(asked: _Question) -> ir.Table:
    """One row a key: ``_origin`` and ``_event`` in ticks, ``_end`` where an event ends it."""
    rows, at = asked.rows, asked.rows["at"]
    firsts = rows.group_by(asked.keys).aggregate(
        _start_at=at.min(where=asked.origin.holds(rows)),
        **({"_event_at": at.min(where=asked.event.holds(rows))} if asked.one_pass else {}),
    )
    if not asked.one_pass:
        firsts = _joined(firsts, _nth_event(asked, firsts), asked.keys)
    if asked.end_event is not None:
        firsts = _joined(firsts, _end_event(asked, asked.end_event, firsts), asked.keys)
    columns = {"_origin": asked.ticks(firsts["_start_at"])}
    columns["_event"] = asked.ticks(firsts["_event_at"])
    columns["_merged"] = firsts["_merged"] if "_merged" in firsts.columns else ibis.literal(0)
    if asked.end_event is not None:
        columns["_end"] = asked.ticks(firsts["_end_at"])
    return firsts.select(*asked.keys, **columns)


def _candidates(
    asked: _Question, meant: Meaning, firsts: ir.Table, itself: bool = False
) -> ir.Table:
    """Instants of the rows ``meant`` beside the origin's, unless they are ``itself`` it."""
    rows = asked.rows.filter(meant.holds(asked.rows))
    origin = asked.origin.holds(rows).fill_null(False)
    if itself or meant.disjoint(asked.origin):
        origin = ibis.literal(False)
    events = rows.select(*asked.keys, _at=asked.instant(rows["at"]), _origin=origin)
    started = firsts.filter(firsts["_start_at"].notnull()).select(
        *asked.keys, _from=asked.instant(firsts["_start_at"])
    )
    joined = events.inner_join(started, list(asked.keys))
    return joined.filter(~(joined["_origin"] & (joined["_at"] == joined["_from"])))


def _nth_event(asked: _Question, firsts: ir.Table) -> ir.Table:
    """The instant of the nth event, and how many events share an instant with another."""
    events = _candidates(asked, asked.event, firsts, itself=asked.same)
    if asked.prior == "ignore":
        events = events.filter(events["_at"] >= events["_from"])
    if asked.nth == 1:
        return events.group_by(asked.keys).aggregate(_event_at=events["_at"].min())
    instants = events.group_by([*asked.keys, "_at"]).aggregate(_rows=events.count())
    window = ibis.window(group_by=list(asked.keys), order_by=instants["_at"])
    ranked = instants.mutate(_rank=ibis.row_number().over(window))
    return ranked.group_by(asked.keys).aggregate(
        _event_at=ranked["_at"].min(where=ranked["_rank"] == asked.nth - 1),
        _merged=(ranked["_rows"] - 1).sum(),
    )


def _end_event(asked: _Question, meant: Meaning, firsts: ir.Table) -> ir.Table:
    events = _candidates(asked, meant, firsts)
    after = events.filter(events["_at"] >= events["_from"])
    return after.group_by(asked.keys).aggregate(_end_at=after["_at"].min())


def _joined(left: ir.Table, right: ir.Table, keys: Sequence[str]) -> ir.Table:
    new = [name for name in right.columns if name not in keys]
    return left.left_join(right, list(keys)).select(*left.columns, *new)


def _origin_rows(asked: _Question) -> ir.Table:
    """One row a key: the planned end and the covariates of the row that starts the clock."""
    values: dict[str, ir.Value] = {}
    if asked.end_column is not None:
        column = asked.rows[asked.end_column]
        values["_end"] = planned_end(column, asked.log.window, asked.end_column)
    values |= {name: asked.rows[column] for name, column in asked.by.rows.items()}
    return at_origin(asked.rows, asked.origin, asked.keys, values)


# ---- in words ------------------------------------------------------------------------


def _clock(asked: _Question, occurrence: int, until: str | None) -> Clock:
    window = asked.log.window
    whose = "customer" if len(asked.keys) == 1 else "episode"
    starts = f"at the {whose}'s first {asked.origin.name}"
    if asked.origin.name == FIRST_CONTACT:
        starts = f"at the {whose}'s first event of any stage that is not {asked.event.name}"
    which = f"the first {asked.event.name}"
    if occurrence > 1:
        kind = "days" if window.resolution == "day" else "moments"
        which = f"{asked.event.name} number {occurrence}, counted in distinct {kind}"
    censors = f"at the cutoff, {window.cutoff}"
    if until is not None:
        censors = f"at {until} (an event at that instant still counts), or {censors}"
    return Clock(starts, f"at {which}", censors, entry_words(asked.log))


def entry_words(log: EventLog) -> str:
    """Who enters late, in words."""
    start = log.window.start
    if start is None:
        return "nobody: every spell is watched from its origin"
    return f"whoever started before {start}, when the window opened, enters then"
