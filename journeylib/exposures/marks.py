"""What is known of a customer by then: several exposures at once, amounts, the latest answer.

Each of these is :func:`journeylib.with_exposure` with the choices that a question on
repeat purchases or on the voice of the customer needs, so that a notebook says what it
asks and not how. All of it is known strictly before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import pandas as pd

from journeylib.columns import names
from journeylib.errors import DataError
from journeylib.events import EventLog
from journeylib.events.times import in_units, instant, ticks
from journeylib.exposures.asked import ORIGIN, SUM, need_fit
from journeylib.exposures.known import noted, with_exposure
from journeylib.spells.core import Spells

FIRST, LAST = "first_amount", "last_amount"
MARK = "answer_so_far"
DETRACTOR, PASSIVE, PROMOTER, SILENT = "detractor", "passive", "promoter", "no_answer"
_SCORE = "score_so_far"


def has_event(log: EventLog, event: str, column: str = "", minimum: int = 1) -> bool:
    """Whether a log holds rows that a name means, with a value in a column.

    Parameters
    ----------
    log
        As opened by ``open_log``.
    event
        An event, a derived event or a stage; empty is no event.
    column
        Of the log; empty asks for the rows only.
    minimum
        Fewest customers who must have such rows.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> [has_event(small_log(), name) for name in ("purchase", "survey", "")]
    [True, False, False]
    """
    if not event:
        return False
    try:
        rows = log.rows.filter(log.meaning(event).holds(log.rows))
        if column:
            rows = rows.filter(rows[log.column(column)].notnull())
    except DataError:
        return False
    if minimum <= 1:
        return bool(rows.limit(1).count().to_pandas())
    return bool(rows["id"].nunique().to_pandas() >= minimum)


def lacking(log: EventLog, events: str | Sequence[str]) -> tuple[str, ...]:
    """Those of some events that a log does not hold.

    Parameters
    ----------
    log
        As opened by ``open_log``.
    events
        Names, or one text with commas between them.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> lacking(small_log(), "visit, survey")
    ('survey',)
    """
    wanted = names(events) if isinstance(events, str) else events
    return tuple(event for event in wanted if not has_event(log, event))


def with_exposures(
    spells: Spells, log: EventLog, events: str | Sequence[str], minimum: int = 1
) -> Spells:
    """Add a 0/1 column for each of several events: whether it has happened by then.

    Parameters
    ----------
    spells, log
        As for :func:`journeylib.with_exposure`.
    events
        Names, or one text with commas between them; none leaves the spells as they are.
    minimum
        Fewest customers who must be at risk with it, and without it: a column of fewer is
        left out, which the audit notes. :func:`there` names those that are in.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> log = small_log()
    >>> with_exposures(time_to(log, "purchase", "ad"), log, "visit").covariates
    ('visit',)
    """
    wanted = names(events) if isinstance(events, str) else tuple(events)
    if len(wanted) > 1 and spells.origins is not None:
        return _of_enough(_at_once(spells, log, wanted), wanted, minimum)
    for event in wanted:
        spells = with_exposure(spells, log, event)
    return _of_enough(spells, wanted, minimum)


def _of_enough(spells: Spells, events: Sequence[str], minimum: int) -> Spells:
    """Without the columns of exposures that too few customers had, or were without."""
    if minimum <= 1 or not events:
        return spells
    table, audit, gone = spells.table, spells.audit, []
    frame = spells.frame
    for event in events:
        sides = frame.groupby(frame[event] == 1)["id"].nunique()
        if len(sides) < 2 or sides.min() < minimum:
            gone.append(event)
            notes = {k: n for k, n in audit.notes.items() if not k.startswith(f"{event}: ")}
            audit = replace(audit, notes=notes)
    if not gone:
        return spells
    audit = audit.note(f"too few customers to show, left out: {', '.join(gone)}", len(gone))
    table = table.drop(columns=gone) if isinstance(table, pd.DataFrame) else table.drop(*gone)
    return spells.with_table(table, audit=audit)


def there(spells: Spells, columns: str | Sequence[str]) -> tuple[str, ...]:
    """Those of some columns that the spells have.

    Parameters
    ----------
    spells
        Any.
    columns
        Names, or one text with commas between them.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> there(time_to(small_log(), "purchase", "ad", by="channel"), "channel, visit")
    ('channel',)
    """
    wanted = names(columns) if isinstance(columns, str) else columns
    return tuple(name for name in wanted if name in spells.table.columns)


def _at_once(spells: Spells, log: EventLog, events: Sequence[str]) -> Spells:
    """The same as one after another, with one question to the database for all of them."""
    for event in events:
        need_fit(spells, log, event)
    keys = ["id", *([spells.per] if spells.per else [])]
    rows = spells.frame.merge(_first_times(spells, log, events, keys), on=keys, how="left")
    audit = spells.audit
    for event in events:
        at = rows[f"_{event}"]
        inside = (at > rows["start"]) & (at < rows["stop"])
        too_late = (at == rows["stop"]) & (rows["stop"] > rows["start"]) & (rows["cause"] > 0)
        rows[event] = ((at <= rows["start"]) & (at < rows["stop"])).astype("int64")
        before = rows[inside].assign(stop=at[inside], cause=0)
        after = rows[inside].assign(start=at[inside], **{event: 1})
        late = rows.loc[too_late, keys].drop_duplicates()
        rows = pd.concat([rows[~inside], before, after], ignore_index=True)
        exposed = rows.loc[rows[event] == 1, keys].drop_duplicates()
        audit = noted(audit, event, len(exposed), len(late))
    kept = rows[[*spells.table.columns, *events]].sort_values([*keys, "start", "stop"])
    kept = kept.astype(dict.fromkeys(kept.select_dtypes("category"), object))
    return spells.with_table(ibis.memtable(kept), audit=audit, single=False)


def _first_times(
    spells: Spells, log: EventLog, events: Sequence[str], keys: Sequence[str]
) -> pd.DataFrame:
    """When each event first happened on each customer's clock; NaN where it has not."""
    resolution = log.window.resolution
    rows, at = log.rows, log.rows["at"]
    moments = {e: at.min(where=log.meaning(e).holds(rows)) for e in events}
    found = rows.group_by("id").aggregate(**moments)
    told = {e: ticks(instant(found[e], resolution), resolution) for e in events}
    assert spells.origins is not None
    met = spells.origins.left_join(found.select("id", **told), "id")
    on_clock = {f"_{e}": in_units(met[e] - met["_origin"], resolution, spells.unit) for e in events}
    return met.select(*keys, **on_clock).to_pandas()


def with_amounts(spells: Spells, log: EventLog, event: str, column: str) -> Spells:
    """Add what the event was worth at the origin, and what it was worth the last time.

    Parameters
    ----------
    spells
        Of an event that comes again, as :func:`journeylib.repeats` makes them.
    log
        That made them.
    event
        Whose worth.
    column
        Of the log; several rows of one instant add up, as the lines of an order do, exact
        duplicates included.

    Returns
    -------
    Spells
        With ``first_amount`` and ``last_amount``, the latter that of the latest event
        strictly before.
    """
    spells = with_exposure(spells, log, event, FIRST, column, known=ORIGIN, together=SUM)
    return with_exposure(spells, log, event, LAST, column, together=SUM)


def with_answers(
    spells: Spells,
    log: EventLog,
    event: str,
    score: str = "score",
    *,
    low: float = 6.0,
    high: float = 9.0,
    minimum: int = 1,
) -> Spells:
    """Mark each row by the latest answer so far: detractor, passive, promoter or none yet.

    Parameters
    ----------
    spells, log
        As for :func:`journeylib.with_exposure`.
    event
        The event that carries a score.
    score
        Column of the score.
    low, high
        At most ``low`` is a detractor, at least ``high`` a promoter. 6 and 9 are those of
        the net promoter score, on a scale from 0 to 10.
    minimum
        Fewest customers who must ever be so; the column of fewer is left out.

    Returns
    -------
    Spells
        With ``answer_so_far`` as text, and 0/1 columns ``detractor``, ``passive``,
        ``promoter`` and ``no_answer``, of which one is 1.

    Raises
    ------
    DataError
        When ``low`` is not below ``high``, or as :func:`journeylib.with_exposure` says.

    Notes
    -----
    Reichheld (2003), Harvard Business Review 81: the net promoter score. The mark holds
    from strictly after the answer until the next one.
    """
    if not low < high:
        raise DataError(
            f"a detractor scores at most {low:g} and a promoter at least {high:g}: they overlap",
            where="low, high",
            fix="give low below high, for instance 6 and 9",
        )
    scored = with_exposure(spells, log, event, _SCORE, score)
    found = scored.table
    table = ibis.memtable(found) if not isinstance(found, ir.Table) else found
    value = table[_SCORE]
    mark = ibis.cases(
        (value.isnull(), SILENT), (value <= low, DETRACTOR), (value >= high, PROMOTER),
        else_=PASSIVE,
    )  # fmt: skip
    marked = table.mutate(**{MARK: mark}).drop(_SCORE)
    flags = {name: (marked[MARK] == name).cast("int64") for name in _MARKS}
    return _of_enough(scored.with_table(marked.mutate(**flags)), _MARKS, minimum)


_MARKS = (DETRACTOR, PASSIVE, PROMOTER, SILENT)
