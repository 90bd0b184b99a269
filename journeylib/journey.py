"""The journey file: what an event log means, written down once.

``journey.toml`` names the data, says which column is the customer, the moment
and the event, orders the events into stages, and fixes the window in which we
watched. It is read into a frozen :class:`Journey`; whatever is wrong in it is
said with file, key, what it was and what is allowed. Nothing here loads pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from journeylib.errors import JourneyFileError
from journeylib.home import find
from journeylib.tomltable import Moment, Table, parse, read_moment
from journeylib.window import RESOLUTIONS, Window

CANONICAL = (
    *("id", "at", "event", "channel", "touchpoint"),
    *("content", "value", "score", "session", "account"),
)
REQUIRED = ("id", "at", "event")
FIRST_CONTACT = "first_contact"
UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")


@dataclass(frozen=True)
class Source:
    """Where rows are: a file, or a table of a database.

    Parameters
    ----------
    path
        Absolute path of a file; None for a database.
    url
        Of a database; ``"env:NAME"`` reads it from the environment when it is opened.
    table
        In that database.
    """

    path: Path | None = None
    url: str | None = None
    table: str | None = None

    @property
    def label(self) -> str:
        """What to call it in a message; never the address of a database."""
        return str(self.path) if self.path is not None else f"table {self.table!r}"


@dataclass(frozen=True)
class Churn:
    """How a customer is known to have left: by silence, or by an event that says so."""

    inactivity_days: float | None = None
    end_event: str | None = None
    activity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attributes:
    """What is known of a customer at the origin: a table with one row an id."""

    source: Source
    id: str
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Journey:
    """A validated journey file.

    Parameters
    ----------
    name
        As shown in reports.
    unit
        Of every duration; one of ``UNITS``. A month is 30.4375 days, a year 365.25.
    source
        Where the events are.
    columns
        Our name -> the source's column; ``id``, ``at`` and ``event`` at least.
    stages
        Stage -> its events, in the order of the journey.
    window
        When we watched.
    events
        Derived event -> SQL predicate on one row.
    churn, attributes
        None where the file has none.
    file
        The journey file itself.
    """

    name: str
    unit: str
    source: Source
    columns: Mapping[str, str]
    stages: Mapping[str, tuple[str, ...]]
    window: Window
    file: Path
    events: Mapping[str, str] = field(default_factory=dict)
    churn: Churn | None = None
    attributes: Attributes | None = None

    @property
    def staged(self) -> dict[str, str]:
        """Event -> its stage."""
        return {event: stage for stage, events in self.stages.items() for event in events}


def read_journey(
    path: str | Path,
    *,
    start: Moment | str | None = None,
    cutoff: Moment | str | None = None,
) -> Journey:
    """Read and validate a journey file.

    Parameters
    ----------
    path
        Path or bare name, found from any working directory (see ``home.find``).
    start, cutoff
        Replace those of the file: a date, a moment, or either as ISO text;
        ``cutoff`` may be ``"data"``.

    Returns
    -------
    Journey
        Frozen. Paths in it are absolute.

    Raises
    ------
    JourneyFileError
        When the file is absent or is no TOML; for an unknown or missing key, a
        wrong type or a bad value: says file, key, what it was, what is allowed.

    Examples
    --------
    >>> journey = read_journey("cdnow", cutoff="1998-03-31")
    >>> journey.unit, str(journey.window.cutoff)
    ('days', '1998-03-31')
    """
    file = find(path)
    top = Table(file, "", parse(file))
    top.only(
        "name", "unit", "source", "columns", "stages", "events", "window", "churn", "attributes"
    )
    columns = _columns(top.table("columns"))
    stages = _stages(top.table("stages", {}))
    return Journey(
        name=top.text("name"),
        unit=top.choice("unit", UNITS, "days"),
        source=_source(top.table("source"), ("path", "url", "table")),
        columns=columns,
        stages=stages,
        window=_window(top.table("window"), start, cutoff),
        file=file,
        events=_derived(top.table("events", {}), stages),
        churn=_churn(top.table("churn")) if "churn" in top.values else None,
        attributes=(
            _attributes(top.table("attributes"), columns) if "attributes" in top.values else None
        ),
    )


# ---- one function a table of the file ------------------------------------------------


def _columns(table: Table) -> dict[str, str]:
    table.only(*CANONICAL)
    columns = {name: table.text(name) for name in table.values}
    for name in REQUIRED:
        if name not in columns:
            raise table.missing(name, "the name of a column of the source")
    return columns


def _stages(table: Table) -> dict[str, tuple[str, ...]]:
    stages: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for stage in table.values:
        if stage == FIRST_CONTACT:
            raise table.bad(stage, stage, f"any name but {FIRST_CONTACT!r}, which is built in")
        stages[stage] = table.texts(stage)
        for event in stages[stage]:
            if event in owner:
                raise table.bad(
                    stage,
                    event,
                    f"an event in one stage only; {event!r} is already in {owner[event]!r}",
                )
            owner[event] = stage
    return stages


def _derived(table: Table, stages: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    from journeylib.where import parse as parse_predicate

    taken = {FIRST_CONTACT, *stages, *(e for events in stages.values() for e in events)}
    derived = {}
    for name in table.values:
        entry = table.table(name)
        entry.only("where")
        derived[name] = entry.text("where")
        if name in taken:
            raise table.bad(name, name, "a name that is no stage and no event of a stage")
        try:
            parse_predicate(derived[name])
        except JourneyFileError as error:
            raise JourneyFileError(error.what, where=entry.at("where"), fix=error.fix) from None
    return derived


def _window(table: Table, start: Moment | str | None, cutoff: Moment | str | None) -> Window:
    table.only("start", "cutoff", "resolution", "timezone")
    if "cutoff" not in table.values:
        raise table.missing("cutoff", 'a date, or "data": the last complete day in the data')
    last = _cutoff(table.values["cutoff"], table.at("cutoff"))
    if cutoff is not None:
        last = _cutoff(cutoff, "the argument cutoff")
    first = (
        read_moment(table.values["start"], table.at("start")) if "start" in table.values else None
    )
    if start is not None:
        first = read_moment(start, "the argument start")
    resolution = table.choice("resolution", RESOLUTIONS, "day")
    timezone = table.text("timezone", "UTC")
    try:
        return Window(first, last, resolution, timezone)
    except JourneyFileError as error:
        raise JourneyFileError(error.what, where=table.at(""), fix=error.fix) from None


def _cutoff(value: object, where: str) -> Moment | str:
    return "data" if value == "data" else read_moment(value, where, also=("data",))


def _churn(table: Table) -> Churn:
    table.only("inactivity_days", "end_event", "activity")
    if ("inactivity_days" in table.values) == ("end_event" in table.values):
        raise table.bad("", dict(table.values), "either inactivity_days or end_event, and not both")
    activity = table.texts("activity") if "activity" in table.values else ()
    if "end_event" in table.values:
        return Churn(end_event=table.text("end_event"), activity=activity)
    days = table.values["inactivity_days"]
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days < float("inf"):
        raise table.bad("inactivity_days", days, "a number of days above 0")
    return Churn(inactivity_days=float(days), activity=activity)


def _attributes(table: Table, columns: Mapping[str, str]) -> Attributes:
    table.only("path", "url", "table", "columns", "id")
    return Attributes(
        source=_source(table, ("path", "url", "table", "columns", "id")),
        id=table.text("id", columns["id"]),
        columns=table.texts("columns") if "columns" in table.values else None,
    )


def _source(table: Table, allowed: tuple[str, ...]) -> Source:
    table.only(*allowed)
    if ("path" in table.values) == ("url" in table.values):
        raise table.bad("", dict(table.values), "either path, or url and table")
    if "path" in table.values:
        path = Path(table.text("path")).expanduser()
        return Source(path=(table.file.parent / path).resolve())
    if "table" not in table.values:
        raise table.missing("table", "the name of a table in that database")
    return Source(url=table.text("url"), table=table.text("table"))
