"""The event log: who, when, what, in our words, and which rows a name means.

An event log is a table of events on one clock, lazy until asked. Four kinds of
names mean rows of it:

- an *event* of the source, by its exact name;
- a *derived event* of the journey file: the rows for which its predicate holds
  (a name for rows, never a copy of them);
- a *stage*: any of its events;
- ``first_contact``: the customer's earliest event that belongs to a stage.

An event and a stage may be spelled alike; the event wins. A derived event wins over
an event that no stage has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import ibis.expr.types as ir
import pandas as pd

from journeylib import labels
from journeylib.audit import Audit
from journeylib.errors import DataError, JourneyFileError, nearest
from journeylib.events.assemble import assemble, resolved, sessions
from journeylib.events.attributes import known_attributes
from journeylib.events.intake import audit_rows, last_complete_day, usable, with_fates
from journeylib.events.meaning import Meaning, of_events
from journeylib.events.times import Span
from journeylib.journey import FIRST_CONTACT, Journey
from journeylib.journey.where import translate
from journeylib.journey.window import Window
from journeylib.results import html_table
from journeylib.sources.opening import open_source, standing_in


@dataclass(frozen=True, eq=False)
class EventLog:
    """Events on one clock; made by :func:`open_log`.

    Parameters
    ----------
    table
        Lazy ibis table, one row an event, exact duplicates left out. Columns: the
        mapped ones under our names (``id``, ``at``, ``event``, …), ``stage``
        (missing where the event is in none), and all others under their own.
        ``at`` is a timestamp without zone: by day it shows the clock of the
        window's time zone, by timestamp UTC.
    journey
        With the window's cutoff known.
    rows
        As ``table`` with exact duplicates among them. Whoever asks only for
        moments asks these: duplicates share a moment, and finding them costs.
    own_names
        A column's name in the source -> its name in ``table``, where they differ.
    attributes
        One row a customer: ``id`` and what is known of it at the origin; or None.
    remarks
        What was done to rows after they were kept, for the audit.
    """

    table: ir.Table
    journey: Journey
    rows: ir.Table = field(repr=False)
    own_names: Mapping[str, str] = field(default_factory=dict)
    attributes: ir.Table | None = field(default=None, repr=False)
    _fated: ir.Table | None = field(default=None, repr=False)
    remarks: Mapping[str, int] = field(default_factory=dict)

    @property
    def _gap(self) -> float | None:
        """Minutes of silence that tell sessions apart, where they are derived."""
        return (
            None if "session" in self.journey.columns else self.journey.hygiene.session_gap_minutes
        )

    @property
    def window(self) -> Window:
        """When we watched; the cutoff is a date or a moment."""
        return self.journey.window

    @property
    def span(self) -> Span:
        """The window as the log's clock shows it."""
        return Span.of(self.window)

    @cached_property
    def audit(self) -> Audit:
        """What happened to each row that came in; counted when first asked for."""
        assert self._fated is not None
        audit = audit_rows(self._fated, self.journey)
        if self._gap is not None:
            known = self.rows.select("id", "session").distinct().count().to_pandas()
            audit = audit.note(f"sessions, told apart by {self._gap:g} minutes", int(known))
        for reason, count in self.remarks.items():
            audit = audit.note(reason, count)
        return audit

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """Names of the source's events that occur, sorted."""
        return tuple(sorted(self.rows.select("event").distinct().to_pandas()["event"]))

    def column(self, name: str) -> str:
        """The table's name of a column that may be given by its own name in the source.

        Raises
        ------
        DataError
            When there is none; names the nearest one.
        """
        if name in self.table.columns:
            return name
        if name in self.own_names:
            return self.own_names[name]
        known = [*self.table.columns, *self.own_names]
        raise DataError(f"the log has no column {name!r}", fix=nearest(name, known))

    def meaning(self, name: str) -> Meaning:
        """The rows that a name of an event, a derived event or a stage means.

        Raises
        ------
        DataError
            When the name means nothing here; names the nearest one.
        """
        journey = self.journey
        if name in journey.staged:
            return of_events(name, {name})
        if name in journey.events:
            return self._derived(name)
        if name in self.observed:
            return of_events(name, {name})
        if name in journey.stages:
            return of_events(name, journey.stages[name])
        known = dict.fromkeys([*journey.staged, *journey.events, *journey.stages, *self.observed])
        raise DataError(
            f"no event, derived event or stage is called {name!r}",
            where=str(journey.file),
            fix=nearest(name, [*known, FIRST_CONTACT]),
        )

    def contact(self, besides: Meaning | None = None) -> Meaning:
        """The rows that belong to a stage and are not meant by ``besides``.

        Raises
        ------
        DataError
            When the journey has no stages.
        """
        staged = frozenset(self.journey.staged)
        if not staged:
            raise DataError(
                f"{FIRST_CONTACT!r} is the first event of a stage, and there are no stages",
                where=f"{self.journey.file}, key stages",
                fix="add [stages], or name another origin",
            )
        contact = of_events(FIRST_CONTACT, staged)
        return contact if besides is None else contact.besides(besides)

    def select(self, name: str) -> ir.Table:
        """The rows that a name means, as a lazy table.

        Parameters
        ----------
        name
            Of an event, a derived event or a stage; or ``"first_contact"``.

        Raises
        ------
        DataError
            When the name means nothing here; names the nearest one.
        """
        if name != FIRST_CONTACT:
            return self.table.filter(self.meaning(name).holds(self.table))
        staged = self.table.filter(self.contact().holds(self.table))
        first = staged.group_by("id").aggregate(_first=staged["at"].min())
        joined = staged.inner_join(first, "id")
        return joined.filter(joined["at"] == joined["_first"]).drop("_first")

    def counts(self) -> pd.DataFrame:
        """Events in the window by stage and event.

        Returns
        -------
        pandas.DataFrame
            ``stage, event, events, customers, first, last``; stages in the order
            of the journey, then ``(unmapped)`` events; an event of a stage that
            never occurs counts 0.
        """
        table = self.table.filter(~self.span.before(self.table["at"]))
        counted = table.group_by("event").aggregate(
            events=table.count(),
            customers=table["id"].nunique(),
            first=table["at"].min(),
            last=table["at"].max(),
        )
        found = counted.to_pandas().set_index("event")
        staged = self.journey.staged
        others = sorted(set(found.index) - set(staged))
        frame = found.reindex([*staged, *others]).rename_axis("event").reset_index()
        stage = [staged.get(event, "(unmapped)") for event in frame["event"]]
        frame.insert(0, "stage", stage)
        return frame.fillna({"events": 0, "customers": 0}).astype(
            {"events": "int64", "customers": "int64"}
        )

    @property
    def customers(self) -> int:
        """Number of customers with a usable event."""
        return int(self.rows["id"].nunique().to_pandas())

    def _derived(self, name: str) -> Meaning:
        text = self.journey.events[name]
        return Meaning(name, lambda t: translate(text, lambda c: t[self.column(c)]))

    def __repr__(self) -> str:
        return f"EventLog of {self.journey.name}: {self.window}"

    def _repr_html_(self) -> str:
        counts = self.counts()
        for name in ("first", "last"):
            counts[name] = counts[name].dt.strftime("%Y-%m-%d").fillna("–")
        caption = f"{self.journey.name}: {self.customers:,} customers, {self.window}"
        return html_table(counts, caption)


def open_log(journey: Journey, table: pd.DataFrame | ir.Table | None = None) -> EventLog:
    """Open the events of a journey.

    Parameters
    ----------
    journey
        As read by ``read_journey``.
    table
        Events to use instead of the journey's only source: a pandas frame, or an
        ibis table of any connection, with the source's own columns.

    Returns
    -------
    EventLog
        Lazy: opening looks at columns, at the predicates of derived events, and
        whether there is any event at all; with ``cutoff = "data"`` also at the
        last moment, so that the cutoff is a known date from here on.

    Raises
    ------
    SourceError
        When the data cannot be opened.
    DataError
        For a missing column, or when no event is left to look at; says why.
    JourneyFileError
        For a derived event whose predicate does not fit the columns.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> log = small_log()
    >>> log
    EventLog of A small shop: the first event to 2024-03-31, by day in UTC
    >>> log.select("purchase").count().to_pandas()
    4
    """
    opened = open_source(journey, table)
    if table is not None:
        journey = standing_in(journey, table)
    rows, own_names = assemble(opened.events, journey)
    if journey.window.cutoff == "data":
        window = journey.window.resolved(last_complete_day(rows, journey, own_names))
        journey = replace(journey, window=window)
    rows = resolved(rows, opened.identities, journey, own_names)
    fated = with_fates(rows, journey, own_names)
    rows = sessions(usable(rows, journey, own_names), journey)
    known = known_attributes(opened.attributes, journey)
    log = EventLog(rows.distinct(), journey, rows, own_names, known, fated)
    for name in journey.events:
        _check_derived(log, name)
    if rows.limit(1).count().to_pandas() == 0:
        raise DataError(
            f"no event is left: {log.audit}",
            where=journey.source.label,
            fix="check [columns] and [window]",
        )
    labels.use(journey.labels)
    return log


def _check_derived(log: EventLog, name: str) -> None:
    try:
        log.meaning(name).holds(log.rows)
    except JourneyFileError as error:
        where = f"{log.journey.file}, key events.{name}.where"
        raise JourneyFileError(error.what, where=where, fix=error.fix) from None
