"""What the columns of an unknown table are, by their names, types and values.

Nothing is asked and nothing is hidden: what was guessed is written into the journey
file with the reason beside it, for its reader to correct.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import pandas as pd

from journeylib.errors import DataError
from journeylib.events.intake import as_number

SAMPLE = 50_000  # rows looked at
_MOST_EVENTS = 60  # kinds of events that a column of events may have
_NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        *("customer_id", "customerid", "customer", "cust_id", "cust", "client_id", "client"),
        *("user_id", "userid", "user", "uid"),
        *("household_id", "member_id", "subscriber_id", "contact_id", "person_id", "patient_id"),
        *("visitor_id", "account_id", "card", "email", "id", "case_id", "case"),
    ),
    "at": (
        *("at", "timestamp", "event_time", "event_timestamp", "datetime", "occurred_at", "time"),
        *("moment", "ts", "when", "date", "day", "event_date", "created_at", "created"),
        *("order_date", "purchase_date", "invoicedate", "invoice_date", "transaction_date"),
    ),
    "event": (
        *("event", "event_name", "event_type", "action", "activity", "what", "verb"),
        *("type", "status", "stage", "interaction"),
    ),
    "channel": ("channel", "utm_medium", "medium", "channel_name", "traffic_source", "source"),
    "touchpoint": ("touchpoint", "campaign", "utm_campaign", "campaign_id", "utm_source", "ad_id"),
    "content": ("content", "creative", "message", "subject", "utm_content", "coupon"),
    "value": ("value", "amount", "revenue", "total", "sales", "sales_value", "price", "spend"),
    "score": ("score", "nps", "rating", "nps_score", "satisfaction"),
    "session": ("session", "session_id", "visit_id", "sessionid"),
    "account": ("account", "account_id", "company_id", "company", "organisation", "organization"),
}
# words in the names of events -> stage; the first that fits counts
_STAGES = (
    ("lost", r"cancel|churn|unsub|refund|return(ed)?$|lost|declin|uninstall|end(ed)?$"),
    ("advocacy", r"refer|review|share|recommend|survey|advoc"),
    ("retention", r"renew|repeat|reorder|upgrade|login|log_in|signin"),
    (
        "purchase",
        r"purchas|order|buy|bought|paid|payment|transaction|subscri|checkout_comp|conver|sale",
    ),
    ("decision", r"cart|basket|checkout|trial|quote|wish|add_to|demo|lead|offer"),
    ("consideration", r"product|search|view_item|compare|detail|download|pricing"),
    (
        "awareness",
        r"ad(s|_|$)|impress|campaign|mail|visit|page|view|click|session|contact|call|open",
    ),
)
_ORDER = ("awareness", "consideration", "decision", "purchase", "retention", "advocacy", "lost")
_SLASHED = re.compile(
    r"^\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[ T](\d{1,2}):(\d{2})(:\d{2})?)?\s*$"
)
_ISO = re.compile(r"^\s*\d{4}[-/]\d{2}[-/]\d{2}([T ]\d{2}:\d{2}.*)?\s*$")
_COUNT = re.compile(r"^\s*(\d{8}|\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(\.\d*)?\s*$")


@dataclass(frozen=True)
class Guess:
    """What the columns of a table seem to be.

    Parameters
    ----------
    columns
        Our name -> the source's column.
    why
        Our name -> the reason in words.
    constants
        Our name -> value, for what the table does not say because it is always the same.
    stages
        Stage -> its events, in the order of a journey; ``unmapped`` are the others.
    time_format
        Of moments that are text with the day or the month first.
    """

    columns: Mapping[str, str]
    why: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    time_format: str | None = None


def guess(table: ir.Table) -> Guess:
    """Guess who, when and what from the first rows of a table.

    Raises
    ------
    DataError
        When no column can be the customer, or none the moment; says what there is.
    """
    table = table.mutate(**{name: as_number(table[name]) for name in table.columns})
    sample = table.limit(SAMPLE).to_pandas()
    if sample.empty:
        raise DataError("the table has no rows", fix="there is nothing to describe yet")
    _need_names(list(map(str, sample.columns)))
    at, form = _moment(sample)
    who = _customer(sample, at)
    event = _event(sample, {at, who})
    columns = {"id": who, "at": at, **({"event": event} if event else {})}
    why = {
        "id": f"{sample[who].nunique():,} different ones in the first {len(sample):,} rows",
        "at": f"moments such as {_shown(sample[at].dropna().iloc[0])}",
    }
    for ours in ("channel", "touchpoint", "content", "value", "score", "session", "account"):
        found = _named(sample, ours, set(columns.values()))
        if found is not None:
            columns[ours], why[ours] = found, "by its name"
    if event is None:
        name = "purchase" if "value" in columns else "event"
        return Guess(columns, why, {"event": name}, _staged([name])[0], time_format=form)
    why["event"] = f"{sample[event].nunique():,} kinds"
    kinds = table.group_by(event).aggregate(n=table.count()).to_pandas()
    kinds = kinds[kinds[event].notna()].sort_values(["n", event], ascending=[False, True])
    stages, unmapped = _staged([str(kind) for kind in kinds[event]])
    return Guess(columns, why, {}, stages, unmapped, form)


def _need_names(columns: Sequence[str]) -> None:
    """Raise where the first row cannot be names of columns."""
    values = [name for name in columns if _ISO.match(name) or _SLASHED.match(name)]
    if values:
        raise DataError(
            f"the first row holds values, such as {values[0]!r}, and not the names of columns",
            where="columns: " + ", ".join(columns),
            fix="write names into the first row, for instance customer_id,timestamp,event",
        )
    if len(columns) == 1 and any(mark in columns[0] for mark in ",;|\t"):
        raise DataError(
            "the file was read as a single column",
            where=f"columns: {columns[0]}",
            fix="check that every row has the same number of fields",
        )


def _moment(sample: pd.DataFrame) -> tuple[str, str | None]:
    """The column of moments, and its format where it is not one that reads itself."""
    candidates = {}
    for name in sample.columns:
        readable, form = _readable(sample[name])
        if readable:
            candidates[name] = form
    if not candidates:
        raise DataError(
            "no column holds moments in time",
            where="columns: " + ", ".join(map(str, sample.columns)),
            fix="there must be dates, moments such as 2017-01-31T12:00:00Z, or seconds since 1970",
        )
    best = min(candidates, key=lambda name: (_place(name, "at"), list(candidates).index(name)))
    return best, candidates[best]


def _readable(column: pd.Series) -> tuple[bool, str | None]:
    """Whether a column holds moments, and in which format where that must be said."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return True, None
    values = column.dropna()
    if values.empty or pd.api.types.is_bool_dtype(column):
        return False, None
    if pd.api.types.is_numeric_dtype(column):
        likely = _place(str(column.name), "at") < _FAR
        whole = values.map(lambda value: bool(_COUNT.match(f"{value:.0f}")))
        return bool(likely and whole.mean() > 0.9), None
    texts = values.astype(str)
    if (texts.map(lambda text: bool(_ISO.match(text)))).mean() > 0.9:
        return True, None
    found = texts.map(_SLASHED.match).dropna()
    if len(found) > 0.9 * len(texts):
        return True, _format(found)
    return False, None


def _format(found: pd.Series) -> str:
    """Whether days or months come first: only a part above 12 can tell.

    Raises
    ------
    DataError
        When nothing tells.
    """
    first, mark, second = (found.map(operator.methodcaller("group", i)) for i in (1, 2, 3))
    days_first, months_first = first.astype(int).max() > 12, second.astype(int).max() > 12
    if days_first == months_first:
        raise DataError(
            f"{found.iloc[0].group(0)!r} could be a day of two months, and no row tells which",
            fix="write the moments as 2017-01-31, or write the journey file by hand with "
            '[source] time_format = "%d/%m/%Y" or "%m/%d/%Y"',
        )
    day = mark.iloc[0].join(("%d", "%m", "%Y") if days_first else ("%m", "%d", "%Y"))
    clock = found.iloc[0].group(5)
    seconds = found.iloc[0].group(7)
    return day + (" %H:%M" if clock else "") + (":%S" if seconds else "")


def _customer(sample: pd.DataFrame, at: str) -> str:
    """The column of customers: by its name, else one whose values come back."""
    known = _named(sample, "id", {at})
    if known is not None:
        return known
    rows = len(sample)

    def likely(name: str) -> bool:
        values = sample[name]
        whole = not pd.api.types.is_float_dtype(values) and not pd.api.types.is_bool_dtype(values)
        different = values.nunique() if values.map(_hashable).all() else 0
        named = any(_place(str(name), ours) < _FAR for ours in _NO_ONE)
        return (
            name != at and whole and not named and max(2, rows // 1000) <= different < 0.95 * rows
        )

    candidates = [name for name in sample.columns if likely(name)]
    if not candidates:
        raise DataError(
            "no column can be the customer: none has values that come back and yet differ",
            where="columns: " + ", ".join(map(str, sample.columns)),
            fix="name it customer_id, or write the journey file by hand",
        )
    return max(
        candidates,
        key=lambda name: (name.lower().endswith(("id", "_no", "number")), sample[name].nunique()),
    )


def _event(sample: pd.DataFrame, taken: set[str]) -> str | None:
    """The column of events: text of few kinds, by its name; None where there is none."""
    found = _named(sample, "event", taken)
    if found is None:
        return None
    values = sample[found]
    few = 1 <= values.nunique() <= _MOST_EVENTS
    return found if few and not pd.api.types.is_float_dtype(values) else None


_FAR = 1_000
_NO_ONE = ("event", "channel", "content", "value", "score")  # whoever is called so is nobody


def _named(sample: pd.DataFrame, ours: str, taken: set[str]) -> str | None:
    """The column whose name is nearest to what ``ours`` is usually called."""
    free = [n for n in sample.columns if n not in taken and _place(str(n), ours) < _FAR]
    if ours in ("value", "score"):
        free = [n for n in free if pd.api.types.is_numeric_dtype(sample[n])]
    free = [n for n in free if sample[n].notna().any() and sample[n].dropna().map(_hashable).all()]
    return min(free, key=lambda name: _place(str(name), ours), default=None)


def _place(name: str, ours: str) -> int:
    """How early a name comes in the list of usual ones; ``_FAR`` when it does not."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    names = _NAMES[ours]
    for candidate in (plain, plain.replace("_", "")):
        if candidate in names:
            return names.index(candidate)
    ends = [i for i, usual in enumerate(names) if len(usual) > 3 and plain.endswith(f"_{usual}")]
    return len(names) + min(ends) if ends else _FAR


def _staged(events: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Events by the stage that their names suggest, and those whose names suggest none."""
    found: dict[str, list[str]] = {}
    unmapped = []
    for event in events[:_MOST_EVENTS]:
        plain = re.sub(r"[^a-z0-9]+", "_", event.lower())
        stage = next((stage for stage, words in _STAGES if re.search(words, plain)), None)
        if stage is None:
            unmapped.append(event)
        else:
            found.setdefault(stage, []).append(event)
    return {s: tuple(found[s]) for s in _ORDER if s in found}, tuple(unmapped)


def _hashable(value: object) -> bool:
    return not isinstance(value, list | dict | set) and not hasattr(value, "__array__")


def _shown(value: object) -> str:
    return str(value)[:40]
