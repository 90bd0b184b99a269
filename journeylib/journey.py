"""The journey file: what an event log means, written down once.

``journey.toml`` names the data, says which column is the customer, the moment
and the event, orders the events into stages, and fixes the window in which we
watched. It is read into a frozen :class:`Journey`; whatever is wrong in it is
said with file, key, what it was and what is allowed. Nothing here loads pandas.
"""

from __future__ import annotations

import datetime as dt
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from journeylib.errors import JourneyFileError, nearest
from journeylib.home import find

CANONICAL = (
    *("id", "at", "event", "channel", "touchpoint"),
    *("content", "value", "score", "session", "account"),
)
REQUIRED = ("id", "at", "event")
FIRST_CONTACT = "first_contact"
UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")
RESOLUTIONS = ("day", "timestamp")

Moment = dt.date | dt.datetime


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
class Window:
    """The time in which we watched: ``start`` to ``cutoff``, both included.

    Parameters
    ----------
    start
        First moment watched; what happened earlier is history. None: we watched
        from the first event on.
    cutoff
        Last moment watched, a date (that whole day is included) or a moment;
        ``"data"`` until the log is opened: the last complete day in the data.
        Never "now", so that a report says the same tomorrow.
    resolution
        ``"day"``: both ends of a duration become dates before they are
        subtracted. ``"timestamp"``: durations are exact to the microsecond.
    timezone
        In which a day begins. Moments without an offset are read in it; moments
        with an offset are converted to it.

    Raises
    ------
    JourneyFileError
        For a cutoff before the start, an unknown resolution or time zone.

    Examples
    --------
    >>> str(Window(dt.date(2017, 1, 1), dt.date(2017, 12, 31)))
    '2017-01-01 to 2017-12-31, by day in UTC'
    """

    start: Moment | None
    cutoff: Moment | str
    resolution: str = "day"
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if self.resolution not in RESOLUTIONS:
            raise JourneyFileError(
                f"resolution is {self.resolution!r}", fix=nearest(self.resolution, RESOLUTIONS)
            )
        zone = _zone(self.timezone)
        object.__setattr__(self, "start", None if self.start is None else _local(self.start, zone))
        if self.cutoff != "data":
            object.__setattr__(self, "cutoff", _local(self.cutoff, zone))
        if self.start is not None and self.cutoff != "data":
            first, last = moment(self.start), moment(self.cutoff)
            if first > last or (not isinstance(self.cutoff, dt.datetime) and first >= last + DAY):
                raise JourneyFileError(
                    f"the cutoff {self.cutoff} lies before the start {self.start}",
                    fix="let the window begin before it ends",
                )

    def resolved(self, cutoff: Moment) -> Window:
        """The same window with a known cutoff."""
        return replace(self, cutoff=cutoff)

    def __str__(self) -> str:
        first = "the first event" if self.start is None else str(self.start)
        last = "the last complete day in the data" if self.cutoff == "data" else str(self.cutoff)
        return f"{first} to {last}, by {self.resolution} in {self.timezone}"


DAY = dt.timedelta(days=1)


def moment(value: Moment | str) -> dt.datetime:
    """A date as its midnight; a moment as it is."""
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        raise JourneyFileError(f"the cutoff {value!r} is not known before the log is opened")
    return dt.datetime.combine(value, dt.time.min)


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
    top = _Table(file, "", _parse(file))
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


def _columns(table: _Table) -> dict[str, str]:
    table.only(*CANONICAL)
    columns = {name: table.text(name) for name in table.values}
    for name in REQUIRED:
        if name not in columns:
            raise table.missing(name, "the name of a column of the source")
    return columns


def _stages(table: _Table) -> dict[str, tuple[str, ...]]:
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


def _derived(table: _Table, stages: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    from journeylib.where import parse

    taken = {FIRST_CONTACT, *stages, *(e for events in stages.values() for e in events)}
    derived = {}
    for name in table.values:
        entry = table.table(name)
        entry.only("where")
        derived[name] = entry.text("where")
        if name in taken:
            raise table.bad(name, name, "a name that is no stage and no event of a stage")
        try:
            parse(derived[name])
        except JourneyFileError as error:
            raise JourneyFileError(error.what, where=entry.at("where"), fix=error.fix) from None
    return derived


def _window(table: _Table, start: Moment | str | None, cutoff: Moment | str | None) -> Window:
    table.only("start", "cutoff", "resolution", "timezone")
    first = table.moment("start") if "start" in table.values else None
    if "cutoff" not in table.values:
        raise table.missing("cutoff", 'a date, or "data": the last complete day in the data')
    last = table.moment("cutoff", also=("data",))
    if start is not None:
        first = _read_moment(start, "the argument start")
    if cutoff is not None:
        last = cutoff if cutoff == "data" else _read_moment(cutoff, "the argument cutoff")
    resolution = table.choice("resolution", RESOLUTIONS, "day")
    timezone = table.text("timezone", "UTC")
    try:
        return Window(first, last, resolution, timezone)
    except JourneyFileError as error:
        raise JourneyFileError(error.what, where=table.at(""), fix=error.fix) from None


def _churn(table: _Table) -> Churn:
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


def _attributes(table: _Table, columns: Mapping[str, str]) -> Attributes:
    table.only("path", "url", "table", "columns", "id")
    return Attributes(
        source=_source(table, ("path", "url", "table", "columns", "id")),
        id=table.text("id", columns["id"]),
        columns=table.texts("columns") if "columns" in table.values else None,
    )


def _source(table: _Table, allowed: tuple[str, ...]) -> Source:
    table.only(*allowed)
    if ("path" in table.values) == ("url" in table.values):
        raise table.bad("", dict(table.values), "either path, or url and table")
    if "path" in table.values:
        path = Path(table.text("path")).expanduser()
        return Source(path=(table.file.parent / path).resolve())
    if "table" not in table.values:
        raise table.missing("table", "the name of a table in that database")
    return Source(url=table.text("url"), table=table.text("table"))


# ---- reading values, with errors that name the key -----------------------------------

_NO_DEFAULT: Any = object()


@dataclass(frozen=True)
class _Table:
    """A table of the file, so that a message can say which key of which file."""

    file: Path
    key: str
    values: Mapping[str, Any]

    def at(self, name: str) -> str:
        """File and dotted key."""
        key = ".".join(part for part in (self.key, name) if part)
        return f"{self.file}, key {key}" if key else str(self.file)

    def bad(self, name: str, was: object, allowed: str) -> JourneyFileError:
        return JourneyFileError(
            f"{name or self.key} cannot be {was!r}", where=self.at(name), fix=f"allowed: {allowed}"
        )

    def missing(self, name: str, allowed: str) -> JourneyFileError:
        return JourneyFileError(
            f"the key {name!r} is missing", where=self.at(name), fix=f"add it: {allowed}"
        )

    def only(self, *allowed: str) -> None:
        for name in self.values:
            if name not in allowed:
                raise JourneyFileError(
                    f"there is no key {name!r}", where=self.at(name), fix=nearest(name, allowed)
                )

    def table(self, name: str, default: Mapping[str, Any] = _NO_DEFAULT) -> _Table:
        value = self._get(name, default, "a table")
        if not isinstance(value, Mapping):
            raise self.bad(name, value, f"a table, [{name}]")
        return _Table(self.file, ".".join(p for p in (self.key, name) if p), value)

    def text(self, name: str, default: str = _NO_DEFAULT) -> str:
        value = self._get(name, default, "a text")
        if not isinstance(value, str) or not value.strip():
            raise self.bad(name, value, "a text that is not blank")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values[name]
        good = isinstance(value, list) and value
        if not good or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.bad(name, value, 'a list of texts, for instance ["basket"]')
        if len(set(value)) < len(value):
            raise self.bad(name, value, "each text once")
        return tuple(value)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise JourneyFileError(
                f"{name} cannot be {value!r}", where=self.at(name), fix=nearest(value, allowed)
            )
        return value

    def moment(self, name: str, also: tuple[str, ...] = ()) -> Moment | str:
        value = self.values[name]
        if value in also:
            return str(value)
        return _read_moment(value, self.at(name), also)

    def _get(self, name: str, default: Any, kind: str) -> Any:
        if name in self.values:
            return self.values[name]
        if default is _NO_DEFAULT:
            raise self.missing(name, kind)
        return default


def _read_moment(value: object, where: str, also: tuple[str, ...] = ("data",)) -> Moment:
    if isinstance(value, str):
        try:
            bare = len(value) == len("2017-12-31")
            return dt.date.fromisoformat(value) if bare else dt.datetime.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, dt.date):
        hint = "" if value not in ("now", "today") else "; never now: a report must stay repeatable"
        words = "".join(f', or "{word}"' for word in also)
        raise JourneyFileError(
            f"{value!r} is not a date", where=where, fix=f"a date such as 2017-12-31{words}{hint}"
        )
    return value


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(zoneinfo.available_timezones())
        close = nearest(name, known).split("allowed:")[0]
        raise JourneyFileError(
            f"there is no time zone {name!r}",
            fix=f"{close}a name such as 'UTC' or 'Europe/Amsterdam'",
        ) from None


def _local(value: Moment | str, zone: zoneinfo.ZoneInfo) -> Moment:
    """A date as it is; a moment as the clock on the wall shows it in the zone."""
    if isinstance(value, str) or not isinstance(value, dt.date):
        value = _read_moment(value, "the window")
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(zone).replace(tzinfo=None)
    return value


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise JourneyFileError(
            f"this is not TOML: {error}", where=str(file), fix="see toml.io for the syntax"
        ) from None
    except UnicodeDecodeError as error:
        raise JourneyFileError(
            f"the file is not UTF-8: {error.reason} at byte {error.start}", where=str(file)
        ) from None
    except OSError as error:
        raise JourneyFileError(
            f"the file cannot be read: {error.strerror}", where=str(file)
        ) from None
