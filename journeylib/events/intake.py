"""From a source's rows to an event log: our columns, one clock, and the fate of every row.

Nothing is dropped silently: each row that came in gets one *fate*, kept or
dropped for a named reason, and the audit counts the fates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir
from ibis.common.exceptions import IbisError

from journeylib.audit import Audit
from journeylib.errors import DataError, JourneyFileError, nearest
from journeylib.events.moments import NO_OFFSET, OFFSET
from journeylib.events.moments import read as read_column
from journeylib.events.stitch import STATUS
from journeylib.events.times import Span, engine_of
from journeylib.journey import CANONICAL, Journey
from journeylib.journey.feeds import BESIDES, Feed
from journeylib.journey.where import translate
from journeylib.journey.window import DAY

NO_ID = "missing id"
NO_TIME = "missing time"
BAD_TIME = "unparsable time"
NO_EVENT = "missing event name"
EXCLUDED = "excluded by rule: {rule}"
LATE = "received after the cutoff"
AFTER = "after the cutoff"
DUPLICATE = "exact duplicate of another row"
STAGED = "in the window, mapped to a stage"
UNMAPPED = "in the window, unmapped event"
HISTORY = "before the window (history: may start a clock, never stop it)"

DROPPED = (NO_ID, NO_TIME, BAD_TIME, NO_EVENT, AFTER)
KEPT = (STAGED, UNMAPPED, HISTORY)

FATE = "_fate"
_UNREAD = "_unread"
_HOW = "_how"
_ODD = "_odd"
_INTERNAL = (FATE, _UNREAD, _HOW, _ODD, STATUS)
_NUMBERS = ("value", "score")
IDS = ("anonymous", "account", "session")  # names, whatever they are made of
_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?\s*$"
NOT_A_NUMBER = "a {name} that is not a number, taken as missing"
# in any case: to DuckDB, ID is id
TAKEN = (*CANONICAL, *BESIDES, "stage", "feed", *_INTERNAL)


def canonical(raw: ir.Table, journey: Journey, feed: Feed) -> tuple[ir.Table, dict[str, str]]:
    """All rows of a feed under our column names, on the log's clock.

    Parameters
    ----------
    raw
        The source's own table.
    journey
        Says which event is in which stage, and whose clock counts.
    feed
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
    need_columns(raw, feed.columns.values(), feed.source.label, f"{journey.file}, key {feed.key}")
    if feed.where is not None:
        raw = raw.filter(_chosen(raw, feed, journey))
    mapped = {own: ours for ours, own in reversed(list(feed.columns.items()))}
    names = {c: f"source_{c}" if c.lower() in TAKEN else c for c in raw.columns if c not in mapped}
    columns: dict[str, ir.Value] = {}
    if "id" not in feed.columns:
        columns["id"] = ibis.null("string")
    columns |= {ours: picked(raw, own) for ours, own in feed.columns.items()}
    columns |= {ours: ibis.literal(value) for ours, value in feed.constants.items()}
    own_at, form = feed.columns["at"], feed.source.time_format
    moments = read_column(columns["at"], journey.window, own_at, form)
    if "received" in columns:
        own = feed.columns["received"]
        columns["received"] = read_column(columns["received"], journey.window, own, form).at
    columns["at"] = moments.at
    columns |= _as_numbers(columns)
    columns["event"] = columns["event"].cast("string")
    columns["stage"] = _stage(columns["event"], journey.staged)
    columns |= {new: raw[own] for own, new in names.items()}
    columns |= {n: as_number(c) for n, c in columns.items() if n not in ("id", *IDS)}
    columns[_UNREAD] = picked(raw, own_at).notnull() & moments.at.isnull()
    columns[_HOW] = moments.how
    own_names = {own: new for own, new in {**names, **mapped}.items() if own != new}
    return raw.select(**columns), own_names


def _chosen(raw: ir.Table, feed: Feed, journey: Journey) -> ir.BooleanValue:
    """Which rows of a source are events of this feed."""

    def column(name: str) -> ir.Value:
        where = f"{journey.file}, key {feed.key.removesuffix('columns')}where"
        need_columns(raw, [name], feed.source.label, where)
        return picked(raw, name)

    return translate(str(feed.where), column).fill_null(False)


def picked(raw: ir.Table, own: str) -> ir.Value:
    """A column by its own name; ``outer.inner`` is a field of a nested column."""
    if own in raw.columns:
        return raw[own]
    outer, *inner = own.split(".")
    value = raw[outer]
    for name in inner:
        value = value[name]
    return value


def with_fates(table: ir.Table, journey: Journey, own_names: Mapping[str, str]) -> ir.Table:
    """The rows of a log's table with one more column, the fate of each."""
    span = Span.of(journey.window)
    fate = ibis.cases(
        *_dropped(table, journey, own_names),
        (span.before(table["at"]), HISTORY),
        (table["stage"].notnull(), STAGED),
        else_=UNMAPPED,
    )
    return table.mutate(**{FATE: fate})


def usable(table: ir.Table, journey: Journey, own_names: Mapping[str, str]) -> ir.Table:
    """The rows that are kept, exact duplicates still among them.

    The conditions as they are and not the fates made of them: an engine can test those
    while it reads.
    """
    dropped = _dropped(table, journey, own_names)
    return _bare(table.filter(*(~condition for condition, _ in dropped)))


def audit_rows(fated: ir.Table, journey: Journey) -> Audit:
    """Count the fates of all rows, and how those kept were read and whose they became.

    Two queries: as the rows came in, and without duplicates. Notes count rows as they
    came in, exact duplicates among them.
    """
    remarks = [name for name in (_HOW, _ODD, STATUS) if name in fated.columns]
    counted = fated.group_by([FATE, *remarks]).aggregate(
        rows=fated.count(), late=ibis.ifelse(_late(fated, journey), 1, 0).sum()
    )
    rows = counted.to_pandas()
    came = {str(fate): int(n) for fate, n in rows.groupby(FATE)["rows"].sum().items()}
    distinct = _counts(_bare(fated.filter(fated[FATE].isin(KEPT))).distinct())
    kept = {fate: distinct.get(fate, 0) for fate in KEPT}
    dropped = {fate: came.get(fate, 0) for fate in (*DROPPED, *_rules(fated, journey))}
    dropped[DUPLICATE] = sum(came.get(fate, 0) - kept[fate] for fate in KEPT)
    audit = Audit("events", int(rows["rows"].sum()), kept, dropped)
    noted = rows[rows[FATE].isin(KEPT)]
    for name in remarks:
        counts = noted.groupby(name)["rows"].sum()
        if OFFSET not in counts.index:  # nothing is mixed: that is how moments usually are
            counts = counts.drop(NO_OFFSET.format(zone=journey.window.timezone), errors="ignore")
        for remark, n in counts.items():
            audit = audit.note(str(remark), int(n))
    return audit.note(f"{LATE}, kept", int(noted["late"].fillna(0).sum()))


def last_complete_day(table: ir.Table, journey: Journey, own_names: Mapping[str, str]) -> dt.date:
    """What ``cutoff = "data"`` means for these rows; those excluded by a rule do not count.

    Where every moment is a midnight the data are dates, and the last date is
    complete. Otherwise the last day may have been cut off, and the day before is.

    Raises
    ------
    DataError
        When no row can be used.
    """
    bad = [condition for condition, _ in _broken(table, journey)]
    bad += [condition for condition, _ in _excluded(table, journey, own_names)]
    good = table.filter(~ibis.or_(*bad))
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


def need_columns(raw: ir.Table, names: Iterable[str], label: str, where: str) -> None:
    """Raise a ``DataError`` when a column named in the journey file is not in the source."""
    for own in names:
        try:
            picked(raw, own)
        except (AttributeError, KeyError, TypeError, IbisError):
            single = len(raw.columns) == 1 and any(mark in raw.columns[0] for mark in ",;|\t^~")
            raise DataError(
                f"there is no column {own!r} in {label}",
                where=where,
                fix="the file was read as a single column: check that every row has the same "
                'number of fields, or name the delimiter: [source] delimiter = ";"'
                if single
                else nearest(own, raw.columns),
            ) from None


def as_number(column: ir.Value) -> ir.Value:
    """A column of exact decimals as the numbers that every engine and file has."""
    kind = column.type()
    if not kind.is_decimal():
        return column
    whole = kind.scale == 0 and kind.precision is not None and kind.precision <= 18
    return column.cast("int64" if whole else "float64")


def _as_numbers(columns: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    """Values and scores that came as text as numbers, and which of them are none."""
    texts = [n for n in _NUMBERS if n in columns and columns[n].type().is_string()]
    if not texts:
        return {}
    numbers: dict[str, ir.Value] = {
        n: ibis.ifelse(columns[n].re_search(_NUMBER), columns[n], ibis.null("string")).try_cast(
            "float64"
        )
        for n in texts
    }
    odd = [(numbers[n].isnull() & ~_blank(columns[n]), NOT_A_NUMBER.format(name=n)) for n in texts]
    return {**numbers, _ODD: ibis.cases(*odd, else_=ibis.null("string"))}


def _stage(event: ir.StringValue, staged: Mapping[str, str]) -> ir.StringValue:
    if not staged:
        return ibis.null("string")
    stages: dict[str, list[str]] = {}
    for name, stage in staged.items():
        stages.setdefault(stage, []).append(name)
    return ibis.cases(*((event.isin(events), stage) for stage, events in stages.items()))


def _broken(table: ir.Table, journey: Journey) -> list[tuple[ir.BooleanValue, str]]:
    """What makes a row unusable whatever the window, in the order in which it is asked."""
    nobody = _blank(table["id"])
    if journey.identities is not None and "anonymous" in table.columns:
        nobody = nobody & _blank(table["anonymous"])  # which stands in, once ids are stitched
    return [
        (nobody, NO_ID),
        (table[_UNREAD], BAD_TIME),
        (table["at"].isnull(), NO_TIME),
        (_blank(table["event"]), NO_EVENT),
    ]


def _excluded(
    table: ir.Table, journey: Journey, own_names: Mapping[str, str]
) -> list[tuple[ir.BooleanValue, str]]:
    """Rows that a rule of ``[hygiene] exclude`` takes out, in the order of the rules."""

    def column(name: str) -> ir.Value:
        known = [*table.columns, *own_names]
        ours = name if name in table.columns else own_names.get(name)
        if ours is None:
            raise DataError(f"the log has no column {name!r}", fix=nearest(name, known))
        return table[ours]

    conditions = []
    for rule, text in journey.hygiene.exclude.items():
        try:
            holds = translate(text, column).fill_null(False)
        except JourneyFileError as error:
            where = f"{journey.file}, key hygiene.exclude"
            raise JourneyFileError(error.what, where=where, fix=error.fix) from None
        conditions.append((holds, EXCLUDED.format(rule=rule)))
    return conditions


def _dropped(
    table: ir.Table, journey: Journey, own_names: Mapping[str, str]
) -> list[tuple[ir.BooleanValue, str]]:
    """What takes a row out, in the order in which it is asked; missing means that it does."""
    span = Span.of(journey.window)
    found = [*_broken(table, journey), *_excluded(table, journey, own_names)]
    found.append((span.after(table["at"]), AFTER))
    if "received" in table.columns and journey.hygiene.late == "drop":
        found.append((span.after(table["received"]).fill_null(False), LATE))
    return found


def _rules(fated: ir.Table, journey: Journey) -> list[str]:
    """Reasons that only some journeys have."""
    rules = [EXCLUDED.format(rule=rule) for rule in journey.hygiene.exclude]
    drops = "received" in fated.columns and journey.hygiene.late == "drop"
    return [*rules, *([LATE] if drops else [])]


def _late(fated: ir.Table, journey: Journey) -> ir.BooleanValue:
    """Whether a row was received after the cutoff; of a log that does not say so, never."""
    if "received" not in fated.columns:
        return fated[FATE].isnull()  # never
    return Span.of(journey.window).after(fated["received"]).fill_null(False)


def _bare(fated: ir.Table) -> ir.Table:
    """Without the columns that say how a row was read, in which equal rows may differ."""
    return fated.drop(*(name for name in (_UNREAD, _HOW, _ODD, STATUS) if name in fated.columns))


def _blank(column: ir.Value) -> ir.BooleanValue:
    """Missing, not a number, or nothing but blanks."""
    kind = column.type()
    if kind.is_string():
        empty = column.strip() == ""
        if engine_of(column) == "duckdb":  # by its bytes a blank text comes before "!"
            empty = (column < "!") & empty  # which spares the others their trimming
        return column.isnull() | empty
    if kind.is_floating():
        return column.isnull() | column.isnan()
    return column.isnull()


def _counts(fated: ir.Table) -> dict[str, int]:
    counts = fated.group_by(FATE).aggregate(rows=fated.count()).to_pandas()
    return {str(fate): int(n) for fate, n in zip(counts[FATE], counts["rows"], strict=True)}
