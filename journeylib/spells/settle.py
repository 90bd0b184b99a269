"""From two ends to a spell: who is at risk from when, until when, and who is not.

Whatever finds the ends of spells hands them over here as ticks, one row a
customer or episode. Each row gets one fate; the audit counts the fates in one
query, and the spells are the rows that are at risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from journeylib.audit import Audit
from journeylib.errors import DataError
from journeylib.events import EventLog
from journeylib.events.attributes import KNOWN, LATER
from journeylib.events.keep import keep
from journeylib.events.times import in_units
from journeylib.spells.core import Clock, Spells
from journeylib.spells.origin import Covariates, own_names, with_attributes, with_cohorts

AT_RISK = "at risk"
NO_ORIGIN = "no origin event"
BEFORE = "event before the origin"
END_BEFORE = "planned end before the origin"
UNWATCHED = "ended before the window opened"
AT_OPENING = "ended at the instant the window opened"
FATES = (AT_RISK, NO_ORIGIN, BEFORE, END_BEFORE, UNWATCHED, AT_OPENING)  # kept by number

ZERO = "zero duration, at risk at 0"
DELAYED = "delayed entry: the origin is before the window"
NO_ATTRIBUTES = "no attributes known"
LATER_ATTRIBUTES = "attributes known only after the origin, and not used"


@dataclass(frozen=True)
class Rules:
    """How ends become spells.

    Parameters
    ----------
    of
        What is counted: ``"customers"`` or ``"episodes"``.
    causes
        Names of what stops the clock.
    keys
        ``id``, and the episode's column where there is one.
    by
        Columns to carry along.
    clock
        The rules in words.
    merged
        What the sum of the column ``_merged`` counts; None where it counts nothing.
    before
        Whether an event before the origin takes the customer out.
    meant
        Name of a cause -> what it means in the log, as in :class:`Spells`.
    """

    of: str
    causes: tuple[str, ...]
    keys: tuple[str, ...]
    by: Covariates
    clock: Clock
    merged: str | None = None
    before: bool = True
    meant: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def settle(log: EventLog, ends: ir.Table, rules: Rules) -> Spells:
    """Make spells of ends, one row each.

    Parameters
    ----------
    log
        Gives the window, the unit and the attributes.
    ends
        One row a key: ``_origin``, ``_event`` (missing where it did not happen) and
        optionally ``_end``, all in ticks; optionally ``_which`` cause the event is;
        ``_merged``; covariates of the origin's row.
    rules
        The rest.

    Returns
    -------
    Spells
        Lazy, over a result that the database keeps while the spells are in use, so
        that the events are read once however often the spells are.

    Raises
    ------
    DataError
        When nobody is at risk, or the attributes asked for know nobody who is.
    """
    kept, audit = settled(log, ends, rules)
    return as_spells(log, kept, rules, audit)


def settled(log: EventLog, ends: ir.Table, rules: Rules) -> tuple[ir.Table, Audit]:
    """Who is at risk, in ticks from the origin, and the audit of who is not.

    Returns
    -------
    Table
        One row a key at risk, kept by the database: the keys, ``_origin`` (its tick),
        ``_start, _stop`` in ticks from it, ``_cause``, ``_merged`` and what ``by`` names.
    Audit
        Of every key.

    Raises
    ------
    DataError
        As :func:`settle`.
    """
    timed = with_cohorts(log, _timed(log, ends, rules), rules.by.cohorts)
    kept = keep(with_attributes(log, timed, rules.by.attributes))
    audit = _audit(kept, rules)
    columns = ["_origin", "_start", "_stop", "_cause", "_merged", *rules.by.names]
    return kept.filter(kept["_fate"] == FATES.index(AT_RISK)).select(*rules.keys, *columns), audit


def as_spells(
    log: EventLog,
    rows: ir.Table,
    rules: Rules,
    audit: Audit,
    extra: Sequence[str] = (),
    single: bool = True,
) -> Spells:
    """Spells of rows in ticks from the origin.

    Parameters
    ----------
    rows
        The columns of :func:`settled`, one row or several a key.
    extra
        Further columns to carry along, before those of ``by``.
    single
        Whether every key has one row.
    """
    resolution, unit = log.window.resolution, log.journey.unit
    carried = [*rules.keys[1:], *extra, *rules.by.names]
    table = rows.select(
        id=rows["id"],
        start=in_units(rows["_start"], resolution, unit),
        stop=in_units(rows["_stop"], resolution, unit),
        cause=rows["_cause"],
        **{name: rows[name] for name in carried},
    )
    return Spells(
        table=table.order_by([*rules.keys, *(() if single else ("start", "stop"))]),
        unit=unit,
        causes=rules.causes,
        audit=audit,
        clock=rules.clock,
        own_names=own_names(log, [*rules.keys[1:], *rules.by.names]),
        per=rules.keys[1] if len(rules.keys) > 1 else None,
        single=single,
        meant=rules.meant,
        origins=rows.select(*rules.keys, "_origin").distinct(),
    )


def _timed(log: EventLog, ends: ir.Table, rules: Rules) -> ir.Table:
    """Add ``_start, _stop`` in ticks from the origin, ``_cause`` and ``_fate``."""
    span = log.span
    origin, event = ends["_origin"], ends["_event"]
    end = ends["_end"] if "_end" in ends.columns else ibis.null("int64")
    limit = ibis.least(ibis.coalesce(end, span.end), span.end)
    happened = event.notnull() & (event <= limit)
    stop = ibis.ifelse(happened, event, limit) - origin
    start = ibis.literal(0, "int64")
    if span.entry is not None:
        start = ibis.greatest(ibis.literal(span.entry, "int64") - origin, start)
    cause = ibis.ifelse(happened, ends["_which"] if "_which" in ends.columns else 1, 0)
    timed = ends.mutate(_start=start, _stop=stop, _cause=cause.cast("int64"), _limit=limit)
    if "_which" in ends.columns:  # causes are tied only where one of them happened
        timed = timed.mutate(_merged=ibis.ifelse(happened, timed["_merged"], 0))
    left_out = [
        (timed["_origin"].isnull(), NO_ORIGIN),
        (timed["_event"] < timed["_origin"], BEFORE),
        (timed["_limit"] < timed["_origin"], END_BEFORE),
        (timed["_stop"] < timed["_start"], UNWATCHED),
        ((timed["_stop"] == timed["_start"]) & (timed["_start"] > 0), AT_OPENING),
    ]
    number = [(where, ibis.literal(FATES.index(fate), "int8")) for where, fate in left_out]
    fate = ibis.cases(*number, else_=ibis.literal(FATES.index(AT_RISK), "int8"))
    return timed.mutate(_fate=fate).drop("_event", "_limit")


def _audit(kept: ir.Table, rules: Rules) -> Audit:
    """Count the fates, and what is to be said about who is at risk, in one query."""
    counts = (
        kept.group_by("_fate")
        .aggregate(
            rows=kept.count(),
            zero=(kept["_stop"] == 0).ifelse(1, 0).sum().fill_null(0),
            delayed=(kept["_start"] > 0).ifelse(1, 0).sum().fill_null(0),
            unknown=kept[KNOWN].ifelse(0, 1).sum().fill_null(0),
            later=kept[LATER].ifelse(1, 0).sum().fill_null(0),
            merged=kept["_merged"].fill_null(0).sum(),
        )
        .to_pandas()
    )
    counts.index = [FATES[k] for k in counts["_fate"]]
    n = {fate: int(rows) for fate, rows in counts["rows"].items()}
    reasons = [NO_ORIGIN, BEFORE, END_BEFORE, UNWATCHED, AT_OPENING]
    always = {NO_ORIGIN, *([BEFORE] if rules.before else [])}
    audit = Audit(
        rules.of,
        sum(n.values()),
        kept={AT_RISK: n.get(AT_RISK, 0)},
        dropped={reason: n.get(reason, 0) for reason in reasons if reason in n or reason in always},
    )
    if AT_RISK not in counts.index:
        raise DataError(
            f"nobody is at risk: {audit}",
            fix="check what starts the clock, what stops it, and the window",
        )
    noted = counts.loc[AT_RISK]
    if rules.by.attributes and noted["unknown"] == noted["rows"]:
        raise DataError(
            "the attributes know none of the customers at risk",
            where="by: " + ", ".join(rules.by.attributes),
            fix="check that [attributes] id holds the same ids as the log",
        )
    audit = audit.note(ZERO, int(noted["zero"])).note(DELAYED, int(noted["delayed"]))
    if rules.merged is not None:
        audit = audit.note(rules.merged, int(noted["merged"]))
    audit = audit.note(NO_ATTRIBUTES, int(noted["unknown"] - noted["later"]))
    return audit.note(LATER_ATTRIBUTES, int(noted["later"]))
