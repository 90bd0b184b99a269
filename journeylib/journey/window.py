"""The window: when we watched, and by which clock.

A window never means "now", so that a report says the same tomorrow. Nothing here
loads pandas.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass, replace

from journeylib.errors import JourneyFileError, nearest
from journeylib.journey.tomltable import Moment, read_moment

RESOLUTIONS = ("day", "timestamp")
DAY = dt.timedelta(days=1)


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
            exact = isinstance(self.cutoff, dt.datetime)
            end = moment(self.cutoff) if exact else moment(self.cutoff) + DAY
            if moment(self.start) > end or (not exact and moment(self.start) == end):
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
    read = read_moment(value, "the window")
    if isinstance(read, dt.datetime) and read.tzinfo is not None:
        return read.astimezone(zone).replace(tzinfo=None)
    return read


def moment(value: Moment | str) -> dt.datetime:
    """A date as its midnight; a moment as it is."""
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        raise JourneyFileError(f"the cutoff {value!r} is not known before the log is opened")
    return dt.datetime.combine(value, dt.time.min)
