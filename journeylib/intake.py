"""From a source's rows to an event log: our columns, one clock, and the fate of every row.

Nothing is dropped silently: each row that came in gets one *fate*, kept or
dropped for a named reason, and the audit counts the fates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest
from journeylib.journey import CANONICAL, Journey
from journeylib.times import Span, read_moments
from journeylib.window import DAY, Window

NO_ID = "missing id"
NO_TIME = "missing time"
BAD_TIME = "unparsable time"
NO_EVENT = "missing event name"
AFTER = "after the cutoff"
DUPLICATE = "exact duplicate of another row"
STAGED = "in the window, mapped to a stage"
UNMAPPED = "in the window, unmapped event"
HISTORY = "before the window (history: may start a clock, never stop it)"

DROPPED = (NO_ID, NO_TIME, BAD_TIME, NO_EVENT, AFTER)
KEPT = (STAGED, UNMAPPED, HISTORY)

FATE = "_fate"
_UNREAD = "_unread"
TAKEN = (*CANONICAL, "stage", FATE, _UNREAD)  # in any case: to DuckDB, ID is id


def canonical(raw: ir.Table, journey: Journey) -> tuple[ir.Table, dict[str, str]]:
    """All rows of a source under our column names, on the log's clock.

    Parameters
    ----------
    raw
        The source's own table.
    journey
        Says which column is which.

    Returns
    -------
    table
        The mapped columns under our names, ``stage``, and every other column
        under its own name; one that would clash with a name of ours becomes
        ``source_…``.
    own_names
        The source's name of a column -> its name in ``table``.

    Raises
    ------
    DataError
        When a mapped column is not in the source, or cannot hold moments.
    """
    need_columns(raw, journey.columns.values(), journey, "columns")
    mapped = {own: ours for ours, own in reversed(list(journey.columns.items()))}
    names = {c: f"source_{c}" if c.lower() in TAKEN else c for c in raw.columns if c not in mapped}
    columns = {ours: raw[own] for ours, own in journey.columns.items()}
    columns["at"] = read_moments(columns["at"], journey.window, journey.columns["at"])
    columns["event"] = columns["event"].cast("string")
    columns["stage"] = _stage(columns["event"], journey.staged)
    columns |= {new: raw[own] for own, new in names.items()}
    columns[_UNREAD] = raw[journey.columns["at"]].notnull() & columns["at"].isnull()
    own_names = {own: new for own, new in {**names, **mapped}.items() if own != new}
    return raw.select(**columns), own_names


def with_fates(table: ir.Table, window: Window) -> ir.Table:
    """The rows of :func:`canonical` with one more column, the fate of each."""
    span = Span.of(window)
    broken = _broken(table)
    fate = ibis.cases(
        *broken,
        (span.after(table["at"]), AFTER),
        (span.before(table["at"]), HISTORY),
        (table["stage"].notnull(), STAGED),
        else_=UNMAPPED,
    )
    return table.mutate(**{FATE: fate})


def usable(fated: ir.Table) -> ir.Table:
    """The rows that are kept, exact duplicates still among them."""
    return fated.filter(fated[FATE].isin(KEPT)).drop(FATE, _UNREAD)


def audit_rows(fated: ir.Table) -> Audit:
    """Count the fates of all rows in two queries: as they came in, and without duplicates."""
    came, distinct = (_counts(t) for t in (fated, fated.filter(fated[FATE].isin(KEPT)).distinct()))
    kept = {fate: distinct.get(fate, 0) for fate in KEPT}
    dropped = {fate: came.get(fate, 0) for fate in DROPPED}
    dropped[DUPLICATE] = sum(came.get(fate, 0) - kept[fate] for fate in KEPT)
    return Audit("events", sum(came.values()), kept, dropped)


def last_complete_day(table: ir.Table, journey: Journey) -> dt.date:
    """What ``cutoff = "data"`` means for these rows of :func:`canonical`.

    Where every moment is a midnight the data are dates, and the last date is
    complete. Otherwise the last day may have been cut off, and the day before is.

    Raises
    ------
    DataError
        When no row can be used.
    """
    good = table.filter(~ibis.or_(*(condition for condition, _ in _broken(table))))
    at = good["at"]
    answer = good.aggregate(
        last=at.max().cast("string"), clocked=(at != at.truncate("D")).any()
    ).to_pandas()
    if answer["last"].isna()[0]:
        raise DataError(
            "no event can be used, so the last day in the data is not known",
            where=journey.source.label,
            fix="check [columns]: id, at and event",
        )
    last = dt.datetime.fromisoformat(answer["last"][0]).date()
    return last - DAY if answer["clocked"][0] else last


def need_columns(raw: ir.Table, names: Iterable[str], journey: Journey, key: str) -> None:
    """Raise a ``DataError`` when a column named in the journey file is not in the source."""
    for own in names:
        if own not in raw.columns:
            raise DataError(
                f"there is no column {own!r} in {journey.source.label}"
                if key == "columns"
                else f"there is no column {own!r} in the attributes",
                where=f"{journey.file}, key {key}",
                fix=nearest(own, raw.columns),
            )


def _stage(event: ir.StringValue, staged: Mapping[str, str]) -> ir.StringValue:
    if not staged:
        return ibis.null("string")
    stages: dict[str, list[str]] = {}
    for name, stage in staged.items():
        stages.setdefault(stage, []).append(name)
    return ibis.cases(*((event.isin(events), stage) for stage, events in stages.items()))


def _broken(table: ir.Table) -> list[tuple[ir.BooleanValue, str]]:
    """What makes a row unusable whatever the window, in the order in which it is asked."""
    return [
        (_blank(table["id"]), NO_ID),
        (table[_UNREAD], BAD_TIME),
        (table["at"].isnull(), NO_TIME),
        (_blank(table["event"]), NO_EVENT),
    ]


def _blank(column: ir.Value) -> ir.BooleanValue:
    """Missing, not a number, or nothing but blanks."""
    kind = column.type()
    if kind.is_string():
        return column.isnull() | (column.strip() == "")
    if kind.is_floating():
        return column.isnull() | column.isnan()
    return column.isnull()


def _counts(fated: ir.Table) -> dict[str, int]:
    counts = fated.group_by(FATE).aggregate(rows=fated.count()).to_pandas()
    return {str(fate): int(n) for fate, n in zip(counts[FATE], counts["rows"], strict=True)}
