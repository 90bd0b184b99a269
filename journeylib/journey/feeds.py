"""What a journey file says of its data: where they are, which column is what, who is who.

A *feed* is one table of events with its own columns. A journey has one, under
``[source]`` and ``[columns]``, or several, each under ``[[sources]]``. Nothing here
loads pandas or opens anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from journeylib.errors import JourneyFileError
from journeylib.journey.source import Source, read_source
from journeylib.journey.tomltable import Table

CANONICAL = (
    *("id", "at", "event", "channel", "touchpoint"),
    *("content", "value", "score", "session", "account"),
)
# used on the way to the log: who it was before they said so, and when we heard of it
BESIDES = ("anonymous", "received")


@dataclass(frozen=True)
class Feed:
    """One table of events.

    Parameters
    ----------
    name
        In audits and in the column ``feed`` of a log with several.
    source
        Where it is.
    columns
        Our name -> the source's column. A field of a nested column is ``outer.inner``.
    constants
        Our name -> the value that all rows have.
    where
        SQL predicate on the source's own columns: which of its rows are such events.
    key
        Of the journey file, for messages.
    """

    name: str
    source: Source
    columns: Mapping[str, str]
    constants: Mapping[str, str | float] = field(default_factory=dict)
    where: str | None = None
    key: str = "columns"


@dataclass(frozen=True)
class Identities:
    """Which anonymous ids are which customers.

    Parameters
    ----------
    anonymous, customer
        Columns: of ``source``, or of the log's own rows where there is none.
    source
        A table of pairs; None where logins in the log tell.
    event
        The login; None: any row that has both ids.
    since
        Column of ``source``: when the pair became known. Later than the cutoff is not known.
    """

    anonymous: str
    customer: str
    source: Source | None = None
    event: str | None = None
    since: str | None = None


@dataclass(frozen=True)
class Hygiene:
    """Rows that are no customer's doing, and what is derived before anything is counted.

    Parameters
    ----------
    exclude
        Name of a rule -> SQL predicate on one row.
    session_gap_minutes
        A silence longer than this begins a new session; None: none is derived.
    late
        ``"drop"`` or ``"keep"`` events that were received after the cutoff.
    """

    exclude: Mapping[str, str] = field(default_factory=dict)
    session_gap_minutes: float | None = None
    late: str = "drop"


# ---- reading -------------------------------------------------------------------------


def read_columns(table: Table, constants: Table, *, anonymous: bool) -> dict[str, str]:
    """The mapping of a feed; ``id, at, event`` must be there or be constant.

    ``anonymous``: whether an anonymous id may stand in for the id.
    """
    table.only(*CANONICAL, *BESIDES)
    columns = {name: table.text(name) for name in table.values}
    for name in ("id", "at", "event"):
        constant = name == "event" and name in constants.values
        stands_in = name == "id" and anonymous and "anonymous" in columns
        if name not in columns and not constant and not stands_in:
            raise table.missing(name, "the name of a column of the source")
    return columns


def read_constants(table: Table, columns: Mapping[str, str]) -> dict[str, str | float]:
    """The constants of a feed: texts and numbers for names that no column has."""
    table.only(*(name for name in CANONICAL if name not in ("id", "at")))
    found: dict[str, str | float] = {}
    for name, value in table.values.items():
        if name in columns:
            raise table.bad(name, value, "a name that is not in columns, too")
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise table.bad(name, value, "a text or a number")
        found[name] = value if isinstance(value, str) else float(value)
    return found


def read_feeds(top: Table) -> tuple[Feed, ...]:
    """The feeds of a journey file: one of ``[source]``, or all of ``[[sources]]``."""
    if ("source" in top.values) == ("sources" in top.values):
        raise top.bad("source", _keys(top), "one [source], or several [[sources]]")
    known = "identities" in top.values
    if "source" in top.values:
        columns, constants = top.table("columns"), top.table("constants", {})
        mapped = read_columns(columns, constants, anonymous=known)
        fixed = read_constants(constants, mapped)
        source = top.table("source")
        return (Feed("events", read_source(source, ("where",)), mapped, fixed, _where(source)),)
    for name in ("columns", "constants"):
        if name in top.values:
            raise top.bad(name, dict(top.values[name]), "columns inside each of [[sources]]")
    feeds = [_feed(table, known) for table in top.tables("sources")]
    names = [feed.name for feed in feeds]
    for name in names:
        if names.count(name) > 1:
            raise top.bad("sources", names, "a different name for each")
    return tuple(feeds)


def read_identities(table: Table) -> Identities:
    """The table ``[identities]``."""
    if "login" in table.values:
        table.only("login")
        login = table.table("login")
        login.only("event", "anonymous", "customer")
        event = login.text("event") if "event" in login.values else None
        return Identities(login.text("anonymous"), login.text("customer"), event=event)
    source = read_source(table, ("anonymous", "customer", "since"))
    since = table.text("since") if "since" in table.values else None
    return Identities(table.text("anonymous"), table.text("customer"), source, since=since)


def read_hygiene(table: Table) -> Hygiene:
    """The table ``[hygiene]``."""
    table.only("exclude", "session_gap_minutes", "late")
    gap = table.values.get("session_gap_minutes")
    number = isinstance(gap, int | float) and not isinstance(gap, bool)
    if gap is not None and not (number and 0 < gap < float("inf")):
        raise table.bad("session_gap_minutes", gap, "a number of minutes above 0")
    return Hygiene(
        exclude=_rules(table),
        session_gap_minutes=None if gap is None else float(gap),
        late=table.choice("late", ("drop", "keep"), "drop"),
    )


# ---- one function a key --------------------------------------------------------------


def _feed(table: Table, anonymous: bool) -> Feed:
    columns, constants = table.table("columns"), table.table("constants", {})
    mapped = read_columns(columns, constants, anonymous=anonymous)
    source = read_source(table, ("name", "columns", "constants", "where"))
    fixed = read_constants(constants, mapped)
    name = table.text("name")
    return Feed(name, source, mapped, fixed, _where(table), f"{table.key}.columns")


def _where(table: Table) -> str | None:
    """The predicate that says which rows of a source are its events."""
    if "where" not in table.values:
        return None
    return _predicate(table.text("where"), table.at("where"))


def _predicate(text: str, where: str) -> str:
    from journeylib.journey.where import parse

    try:
        parse(text)
    except JourneyFileError as error:
        raise JourneyFileError(error.what, where=where, fix=error.fix) from None
    return text


def _rules(table: Table) -> dict[str, str]:
    """``exclude`` as a table of named predicates, or as a list that names them by their text."""
    if "exclude" not in table.values:
        return {}
    if isinstance(table.values["exclude"], list):
        rules = {text: text for text in table.texts("exclude")}
    else:
        named = table.table("exclude")
        rules = {name: named.text(name) for name in named.values}
    return {name: _predicate(text, table.at("exclude")) for name, text in rules.items()}


def _keys(top: Table) -> str:
    return "both" if "source" in top.values else "absent"
