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
from journeylib.journey.feeds import (
    CANONICAL,
    Feed,
    Hygiene,
    Identities,
    read_feeds,
    read_hygiene,
    read_identities,
)
from journeylib.journey.source import Source, read_source
from journeylib.journey.tomltable import Moment, Table, parse, read_moment
from journeylib.journey.window import RESOLUTIONS, Window

__all__ = ["CANONICAL", "FIRST_CONTACT", "Journey", "Source", "read_journey"]

FIRST_CONTACT = "first_contact"
UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")


@dataclass(frozen=True)
class Churn:
    """How a customer is known to have left: by silence, or by an event that says so."""

    inactivity_days: float | None = None
    end_event: str | None = None
    activity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attributes:
    """What is known of a customer at the origin.

    A table with one row an id; or, with ``valid_from``, one row each time that
    something became known: the latest not after the origin counts. ``measured_at`` names
    the column that says when a row was measured: it chooses nothing, but the bias audit
    fails a report that uses what was measured after the origin.
    """

    source: Source
    id: str
    columns: tuple[str, ...] | None = None
    valid_from: str | None = None
    measured_at: str | None = None


@dataclass(frozen=True)
class Journey:
    """A validated journey file.

    Parameters
    ----------
    name
        As shown in reports.
    unit
        Of every duration; one of ``UNITS``. A month is 30.4375 days, a year 365.25.
    feeds
        The tables of events, one or several.
    stages
        Stage -> its events, in the order of the journey.
    window
        When we watched.
    events
        Derived event -> SQL predicate on one row.
    churn, attributes, identities
        None where the file has none.
    hygiene
        Rules about rows that are no customer's doing.
    file
        The journey file itself.
    simulated
        Whether the customers are drawn from a known model; reports then say so.
    labels
        Name of an event or a stage -> plain words, as sentences and pictures have it.
    """

    name: str
    unit: str
    feeds: tuple[Feed, ...]
    stages: Mapping[str, tuple[str, ...]]
    window: Window
    file: Path
    events: Mapping[str, str] = field(default_factory=dict)
    churn: Churn | None = None
    attributes: Attributes | None = None
    identities: Identities | None = None
    hygiene: Hygiene = field(default_factory=Hygiene)
    simulated: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        """Where the events are; the first place where there are several."""
        return self.feeds[0].source

    @property
    def columns(self) -> Mapping[str, str]:
        """Our name -> the source's column; with several feeds that of the first that has it."""
        return {name: own for feed in reversed(self.feeds) for name, own in feed.columns.items()}

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
        *("name", "unit", "source", "columns", "constants", "sources", "identities", "stages"),
        *("events", "window", "churn", "attributes", "hygiene", "labels", "simulated"),
    )
    feeds = read_feeds(top)
    stages = _stages(top.table("stages", {}))
    return Journey(
        name=top.text("name"),
        unit=top.choice("unit", UNITS, "days"),
        feeds=feeds,
        stages=stages,
        window=_window(top.table("window"), start, cutoff),
        file=file,
        events=_derived(top.table("events", {}), stages),
        churn=_churn(top.table("churn")) if "churn" in top.values else None,
        attributes=(
            _attributes(top.table("attributes"), feeds) if "attributes" in top.values else None
        ),
        identities=(
            read_identities(top.table("identities")) if "identities" in top.values else None
        ),
        hygiene=read_hygiene(top.table("hygiene", {})),
        simulated=_flag(top, "simulated"),
        labels=_labels(top.table("labels", {})),
    )


# ---- one function a table of the file ------------------------------------------------


def _labels(table: Table) -> dict[str, str]:
    return {name: table.text(name) for name in table.values}


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
    from journeylib.journey.where import parse as parse_predicate

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


def _flag(table: Table, key: str) -> bool:
    value = table.values.get(key, False)
    if not isinstance(value, bool):
        raise table.bad(key, value, "true or false")
    return value


def _attributes(table: Table, feeds: tuple[Feed, ...]) -> Attributes:
    source = read_source(table, ("columns", "id", "valid_from", "measured_at"))
    if "valid_from" in table.values and "measured_at" in table.values:
        raise table.bad("measured_at", table.values["measured_at"], "valid_from or measured_at")
    ids = [feed.columns["id"] for feed in feeds if "id" in feed.columns]
    return Attributes(
        source=source,
        id=table.text("id", ids[0]) if ids else table.text("id"),
        columns=table.texts("columns") if "columns" in table.values else None,
        valid_from=table.text("valid_from") if "valid_from" in table.values else None,
        measured_at=table.text("measured_at") if "measured_at" in table.values else None,
    )
