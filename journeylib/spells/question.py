"""What is asked of a log, with every name resolved: who, from which origin, watched until when.

Shared by the builders of spells. The rules that hold for all of them live here: an
episode is made of its own rows alone, a row that is itself the origin never stops its
own clock, and an end is looked for from the origin on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError, nearest
from journeylib.events import EventLog, Meaning
from journeylib.events.times import instant, planned_end, ticks
from journeylib.journey import FIRST_CONTACT
from journeylib.labels import label
from journeylib.spells.origin import Covariates, at_origin, covariates, need_free

PRIORS = ("exclude", "ignore", "after")
KEYS: tuple[str, ...] = ("id",)


@dataclass(frozen=True)
class Question:
    """The part of a question that all builders share.

    Parameters
    ----------
    log
        Of which it is asked.
    origin
        What starts the clock.
    prior
        What becomes of events before the origin; one of ``PRIORS``.
    keys
        ``id``, and the episode's column where there is one.
    rows
        The log's rows that belong to a key.
    by
        Columns to carry along.
    end_event, end_column
        What ends a spell besides the cutoff; at most one of them.
    """

    log: EventLog
    origin: Meaning
    prior: str
    keys: tuple[str, ...]
    rows: ir.Table
    by: Covariates
    end_event: Meaning | None = None
    end_column: str | None = None

    def instant(self, at: ir.Value) -> ir.Value:
        """What counts as one moment, by the window's resolution."""
        return instant(at, self.log.window.resolution)

    def ticks(self, at: ir.Value) -> ir.IntegerValue:
        """Ticks of a moment, by the window's resolution."""
        return ticks(at, self.log.window.resolution)

    @property
    def of(self) -> str:
        """What is counted."""
        return "customers" if len(self.keys) == 1 else "episodes"


def ask(
    log: EventLog,
    origin: Meaning,
    by: str | Sequence[str] | None = (),
    per: str | None = None,
    until: str | None = None,
    prior: str = "exclude",
) -> Question:
    """Resolve the names of a question.

    Raises
    ------
    DataError
        For a name that means nothing here.
    """
    if prior not in PRIORS:
        raise DataError(f"prior cannot be {prior!r}", fix=nearest(prior, PRIORS))
    rows, keys = log.rows, KEYS
    if per is not None:
        episode = log.column(per)
        need_free(per, [per])
        by = [name for name in covariates(log, by).names if name != per]
        rows = rows.filter(rows[episode].notnull()).mutate(**{per: rows[episode]})
        keys = ("id", per)
    end_event, end_column = _end(log, until)
    return Question(log, origin, prior, keys, rows, covariates(log, by), end_event, end_column)


def starts(log: EventLog, origin: str, besides: Meaning) -> Meaning:
    """What starts the clock: a name, or the first contact that is not what stops it."""
    return log.contact(besides=besides) if origin == FIRST_CONTACT else log.meaning(origin)


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


# ---- rows beside the origin ----------------------------------------------------------


def firsts(asked: Question) -> ir.Table:
    """One row a key: ``_start_at``, the moment of the origin; missing where there is none."""
    rows = asked.rows
    return rows.group_by(asked.keys).aggregate(
        _start_at=rows["at"].min(where=asked.origin.holds(rows))
    )


def beside_origin(
    asked: Question,
    meant: Meaning,
    starts_at: ir.Table,
    itself: bool = False,
    marks: Mapping[str, Meaning] | None = None,
) -> ir.Table:
    """Rows that ``meant`` means, beside the instant of their key's origin.

    Parameters
    ----------
    asked
        The question.
    meant
        Which rows.
    starts_at
        As :func:`firsts` makes it.
    itself
        Whether a row that is itself the origin stays among them.
    marks
        Name of a further column -> rows for which it is true.

    Returns
    -------
    Table
        The keys, ``_at`` and ``_from`` (instants of the row and of the origin), marks.
    """
    rows = asked.rows.filter(meant.holds(asked.rows))
    origin = asked.origin.holds(rows).fill_null(False)
    if itself or meant.disjoint(asked.origin):
        origin = ibis.literal(False)
    said = {name: mark.holds(rows).fill_null(False) for name, mark in (marks or {}).items()}
    events = rows.select(*asked.keys, _at=asked.instant(rows["at"]), _origin=origin, **said)
    started = starts_at.filter(starts_at["_start_at"].notnull()).select(
        *asked.keys, _from=asked.instant(starts_at["_start_at"])
    )
    joined = events.inner_join(started, list(asked.keys))
    return joined.filter(~(joined["_origin"] & (joined["_at"] == joined["_from"]))).drop("_origin")


def by_prior(asked: Question, events: ir.Table) -> ir.Table:
    """Leave out, of :func:`beside_origin`, what ``prior`` says not to look at."""
    if asked.prior == "ignore":
        return events.filter(events["_at"] >= events["_from"])
    if asked.prior == "after":
        return events.filter(events["_at"] > events["_from"])
    return events


def joined(left: ir.Table, right: ir.Table, keys: Sequence[str]) -> ir.Table:
    """``left`` with the columns of ``right``, missing where it has no row."""
    new = [name for name in right.columns if name not in keys]
    return left.left_join(right, list(keys)).select(*left.columns, *new)


def with_end_event(asked: Question, starts_at: ir.Table) -> ir.Table:
    """Add ``_end_at``, the first of the events that end a spell from the origin on."""
    if asked.end_event is None:
        return starts_at
    events = beside_origin(asked, asked.end_event, starts_at)
    after = events.filter(events["_at"] >= events["_from"])
    ends = after.group_by(asked.keys).aggregate(_end_at=after["_at"].min())
    return joined(starts_at, ends, asked.keys)


def with_origin_rows(asked: Question, base: ir.Table) -> ir.Table:
    """Add the planned end and the covariates of the row that starts the clock."""
    values: dict[str, ir.Value] = {}
    if asked.end_column is not None:
        column = asked.rows[asked.end_column]
        values["_end"] = planned_end(column, asked.log.window, asked.end_column)
    values |= {name: asked.rows[column] for name, column in asked.by.rows.items()}
    if not values:
        return base
    known = at_origin(asked.rows, asked.origin, asked.keys, values)
    return base.left_join(known, list(asked.keys)).select(*base.columns, *values)


# ---- in words ------------------------------------------------------------------------


def start_words(asked: Question, besides: str) -> str:
    """When the clock starts, in words."""
    whose = "customer" if len(asked.keys) == 1 else "episode"
    if asked.origin.name == FIRST_CONTACT:
        return f"at the {whose}'s first event of any stage that is not {label(besides)}"
    return f"at the {whose}'s first {label(asked.origin.name)}"


def censor_words(log: EventLog, until: str | None) -> str:
    """What censors, in words."""
    cutoff = f"at the cutoff, {log.window.cutoff}"
    if until is None:
        return cutoff
    return f"at {label(until)} (an event at that instant still counts), or {cutoff}"


def entry_words(log: EventLog) -> str:
    """Who enters late, in words."""
    start = log.window.start
    if start is None:
        return "nobody: every spell is watched from its origin"
    return f"whoever started before {start}, when the window opened, enters then"
