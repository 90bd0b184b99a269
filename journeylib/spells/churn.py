"""How long customers stay: churn by silence, or by an event that says so.

By silence: the clock starts at the first activity. The first gap strictly longer
than ``d`` days between activities, or a final silence of at least ``d`` days by the
cutoff (inclusive), is churn, dated last activity + ``d``. Whoever never was silent
for so long is censored at the cutoff. A customer who comes back after such a gap has
churned all the same: on that day nobody could know; the audit notes how many did.

The same customer seen at a later cutoff churns at the same time, or, where there
was no churn yet, later: the rule looks only at what happened by the cutoff.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError
from journeylib.events import EventLog, Meaning, any_of
from journeylib.events.times import days_in_ticks, instant, ticks
from journeylib.labels import label
from journeylib.spells.core import Clock, Spells
from journeylib.spells.origin import Covariates, at_origin, covariates
from journeylib.spells.question import KEYS, censor_words, entry_words
from journeylib.spells.settle import Rules, settle
from journeylib.spells.silence import first_silence, is_days

CHURN = "churn"
BACK = "came back after that silence, churned all the same"


def churn(
    log: EventLog,
    inactivity_days: float | None = None,
    by: str | Sequence[str] | None = (),
    until: str | None = None,
) -> Spells:
    """Time from the first activity until the customer is known to have left.

    Parameters
    ----------
    log
        As opened by ``open_log``. What counts as activity is the journey's
        ``[churn] activity``; any event of a stage where that is not given.
    inactivity_days
        Silence after which a customer has churned, in days whatever the journey's
        unit. Without it the journey's own rule: its ``inactivity_days``, or its
        ``end_event``.
    by
        Columns to carry along, of the first activity's row or of the attributes; or
        when that was, as text: ``origin_day``, ``origin_week`` (its Monday),
        ``origin_month``, ``origin_quarter``, ``origin_year``.
    until
        Event from which on nothing more is seen of a customer, who is censored there. Only
        where an event says that a customer left: silence after it would be no silence.

    Returns
    -------
    Spells
        One row a customer; ``cause`` is 1 for churn and 0 for censored. Lazy; its
        audit counts every customer of the log.

    Raises
    ------
    DataError
        When neither the journey nor the call says what churn is; for a number of
        days that is not above 0.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> churn(small_log()).frame
        id  start  stop  cause
    0  ann    0.0  20.0      1
    1  cat    0.0  14.0      1
    2  dan    0.0  14.0      1
    """
    rule = log.journey.churn
    asked = covariates(log, by)
    if inactivity_days is None and rule is None:
        raise DataError(
            "what churn is has not been said",
            where=f"{log.journey.file}, key churn",
            fix="add [churn] with inactivity_days or end_event, or pass inactivity_days=…",
        )
    days = inactivity_days if rule is None or inactivity_days is not None else rule.inactivity_days
    if days is None:
        assert rule is not None and rule.end_event is not None
        return _by_event(log, log.meaning(rule.end_event), asked, until)
    if until is not None:
        raise DataError(
            f"nobody is seen after {until!r}, so that silence says nothing there",
            where="until",
            fix="leave until out, or name what says that a customer left: [churn] end_event",
        )
    if not is_days(days):
        raise DataError(f"inactivity_days cannot be {days!r}", fix="a number of days above 0")
    return _by_silence(log, float(days), asked)


def _by_silence(log: EventLog, days: float, by: Covariates) -> Spells:
    active = activity_of(log, None)
    resolution = log.window.resolution
    acts = log.rows.filter(active.holds(log.rows))
    acts = acts.select("id", _day=instant(acts["at"], resolution)).distinct()
    acts = acts.select("id", _tick=ticks(acts["_day"], resolution))
    found = first_silence(acts, KEYS, days_in_ticks(days, resolution), log.span.end)
    back = (found["_final"] > found["_event"]).fill_null(False)
    ends = _all_customers(log, found.mutate(_merged=back.ifelse(1, 0)))
    words = f"{days:g} days of silence"
    clock = Clock(
        starts=f"at the customer's first activity ({label(active.name)})",
        stops=f"at {words}: {days:g} days after the last activity before the first gap longer "
        "than that, or before a final silence at least that long",
        censors=f"at the cutoff, {log.window.cutoff}",
        enters=entry_words(log),
        origin=active.name,
    )
    ends = _with_origin(log, ends, by, active)
    rules = Rules("customers", (CHURN,), KEYS, by, clock, BACK, before=False, meant={CHURN: ()})
    return settle(log, ends, rules)


def _by_event(log: EventLog, end: Meaning, by: Covariates, until: str | None) -> Spells:
    active = activity_of(log, end)
    resolution = log.window.resolution
    rows, at = log.rows, log.rows["at"]
    seen = {"_seen": at.min(where=log.meaning(until).holds(rows))} if until else {}
    found = rows.group_by("id").aggregate(
        _first=at.min(where=active.holds(rows)), _last=at.min(where=end.holds(rows)), **seen
    )
    ends = found.select(
        "id",
        _origin=ticks(found["_first"], resolution),
        _event=ticks(found["_last"], resolution),
        _merged=ibis.literal(0),
        **({"_end": ticks(found["_seen"], resolution)} if until else {}),
    )
    clock = Clock(
        starts=f"at the customer's first activity ({label(active.name)})",
        stops=f"at the first {label(end.name)}",
        censors=censor_words(log, until),
        enters=entry_words(log),
        origin=active.name,
    )
    ends = _with_origin(log, ends, by, active)
    return settle(
        log, ends, Rules("customers", (CHURN,), KEYS, by, clock, meant={CHURN: (end.name,)})
    )


def activity_of(log: EventLog, end: Meaning | None = None) -> Meaning:
    """What counts as activity; never the event that ends it."""
    named = log.journey.churn.activity if log.journey.churn is not None else ()
    if not named:
        return log.contact(besides=end)
    active = any_of([log.meaning(name) for name in named])
    return active if end is None else active.besides(end)


def _all_customers(log: EventLog, found: ir.Table) -> ir.Table:
    """Those found, and everybody else of the log without an origin."""
    everybody = log.rows.select(_everybody="id").distinct()
    joined = everybody.left_join(found, everybody["_everybody"] == found["id"])
    return joined.select(id="_everybody", _origin="_origin", _event="_event", _merged="_merged")


def _with_origin(log: EventLog, ends: ir.Table, by: Covariates, active: Meaning) -> ir.Table:
    """Add the covariates of the row that starts the clock."""
    if not by.rows:
        return ends
    values = {name: log.rows[column] for name, column in by.rows.items()}
    first = at_origin(log.rows, active, KEYS, values)
    return ends.left_join(first, "id").select(*ends.columns, *by.rows)
