"""Moments as ibis expressions: reading them, comparing them, subtracting them.

One clock rules a log. With resolution ``"day"`` every moment is shown by the wall
clock of the window's time zone, and an *instant* is a date. With resolution
``"timestamp"`` every moment is in UTC, so that an hour stays an hour through a
change to summer time, and an *instant* is the moment itself, to the microsecond.

Durations are whole *ticks* first (days, or microseconds) and become the journey's
unit in one exact division at the end.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as types
import ibis.expr.types as ir
from ibis.common.exceptions import IbisError

from journeylib.errors import DataError
from journeylib.journey.window import DAY, Window, moment

_MICROSECOND = 1
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
UNIT_MICROSECONDS = {
    "seconds": _SECOND,
    "minutes": 60 * _SECOND,
    "hours": 3_600 * _SECOND,
    "days": _DAY,
    "weeks": 7 * _DAY,
    "months": int(30.4375 * _DAY),
    "years": int(365.25 * _DAY),
}
_NAIVE = types.Timestamp(scale=6)
_AWARE = types.Timestamp(timezone="UTC", scale=6)
PERIODS = ("day", "week", "month", "quarter", "year")
# a clock time followed by Z or an offset
_OFFSET = r"\d:\d\d.*([zZ]|UTC|GMT|[+-]\d\d(:?\d\d)?)\s*$"


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", _NAIVE), _AWARE))
def _aware(zone: str, wall: dt.datetime) -> dt.datetime:  # type: ignore[empty-body]
    """The moment at which the clock on the wall of ``zone`` shows ``wall``."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", _AWARE), _NAIVE))
def _wall(zone: str, moment: dt.datetime) -> dt.datetime:  # type: ignore[empty-body]
    """What the clock on the wall of ``zone`` shows at ``moment``."""


@ibis.udf.scalar.builtin(name="convert_timezone", signature=(("string", "string", _NAIVE), _NAIVE))
def _convert(source: str, target: str, wall: dt.datetime) -> dt.datetime:  # type: ignore[empty-body]
    """What the wall of ``target`` shows while that of ``source`` shows ``wall``; in Spark."""


@ibis.udf.scalar.builtin(name="unix_micros", signature=((_AWARE,), "int64"))
def _unix_micros(moment: dt.datetime) -> int:  # type: ignore[empty-body]
    """Microseconds since 1970; in Spark."""


def from_wall(zone: str, wall: ir.TimestampValue) -> ir.TimestampValue:
    """The moment at which the clock on the wall of a zone shows ``wall``.

    A time that is skipped is read as an hour later, one that is shown twice as the later.
    """
    if not _on_spark(wall):
        return _aware(zone, wall)
    wall = wall.cast(_NAIVE)
    first = _convert(zone, "UTC", wall)
    # of a time shown twice, Spark takes the earlier and all others take the later
    second = first + ibis.interval(hours=1)
    again = _convert("UTC", zone, second) == wall
    return ibis.ifelse(again, second, first).cast(_AWARE)


def to_wall(zone: str, moment: ir.TimestampValue) -> ir.TimestampValue:
    """What the clock on the wall of a zone shows at a moment."""
    if not _on_spark(moment):
        return _wall(zone, moment)
    return _convert("UTC", zone, moment.cast(_NAIVE))


def engine_of(value: ir.Value) -> str:
    """Name of the engine that will answer; empty where that is not known."""
    try:
        return str(value._find_backend(use_default=True).name)
    except IbisError:
        return ""


def _on_spark(value: ir.Value) -> bool:
    """Whether Spark will answer, whose functions for zones have names of their own."""
    return engine_of(value) == "pyspark"


def shown_zone(window: Window) -> str:
    """The zone whose clock a log shows: the window's by day, UTC by timestamp."""
    return window.timezone if window.resolution == "day" else "UTC"


def read_moments(column: ir.Value, window: Window, name: str) -> ir.TimestampValue:
    """A column of moments of any kind as one clock shows them; missing where unreadable.

    Parameters
    ----------
    column
        Timestamps with or without a zone, dates, or text in ISO 8601.
    window
        Gives the zone in which moments without an offset are read.
    name
        Of the column, for the message.

    Raises
    ------
    DataError
        When the column can hold no moments, for instance numbers.
    """
    kind = column.type()
    if kind.is_string():
        aware = column.re_search(_OFFSET)
        full = _with_seconds(column) if _on_spark(column) else column
        return ibis.cases(
            (aware, _shown(full.try_cast(_AWARE), window)),
            else_=_shown(column.try_cast(_NAIVE), window),
        )
    if kind.is_date() or kind.is_timestamp():
        return _shown(column.cast(_AWARE if getattr(kind, "timezone", None) else _NAIVE), window)
    raise DataError(
        f"column {name!r} holds {kind}, not moments in time",
        fix="give timestamps, dates, or text such as 2017-01-31 or 2017-01-31T12:00:00+01:00",
    )


def _with_seconds(column: ir.StringValue) -> ir.StringValue:
    """``2017-01-31T12:00+01:00`` with seconds, without which Spark reads no offset."""
    short = column.re_search(r"^.{11}\d\d:\d\d\s?([zZ]|UTC|GMT|[+-])")
    return ibis.ifelse(short, column.left(16) + ":00" + column.substr(16), column)


def _shown(column: ir.TimestampValue, window: Window) -> ir.TimestampValue:
    zone = shown_zone(window)
    if column.type().timezone:
        return to_wall(zone, column)
    if zone == window.timezone:
        return column
    return to_wall(zone, from_wall(window.timezone, column))


@dataclass(frozen=True)
class Span:
    """A window as the log's clock shows it.

    Parameters
    ----------
    first
        First moment watched; None: from the first event on.
    last
        First moment no longer watched, or the last one watched where ``inclusive``.
    inclusive
        True for a cutoff that is a moment; a cutoff that is a date ends with the
        next midnight.
    resolution
        Of the window.
    """

    first: dt.datetime | None
    last: dt.datetime
    inclusive: bool
    resolution: str

    @classmethod
    def of(cls, window: Window) -> Span:
        """The span of a window whose cutoff is known."""
        exact = isinstance(window.cutoff, dt.datetime)
        last = moment(window.cutoff)
        first = None if window.start is None else _as_shown(moment(window.start), window)
        end = _as_shown(last if exact else last + DAY, window)
        return cls(first, end, exact, window.resolution)

    def after(self, at: ir.TimestampValue) -> ir.BooleanValue:
        """Whether a moment is after the cutoff."""
        return at > self.last if self.inclusive else at >= self.last

    def before(self, at: ir.TimestampValue) -> ir.BooleanValue:
        """Whether a moment is before the window opens."""
        return ibis.literal(False) if self.first is None else at < self.first

    @property
    def entry(self) -> int | None:
        """Tick at which watching begins."""
        return None if self.first is None else _tick(self.first, self.resolution)

    @property
    def end(self) -> int:
        """Tick at which whoever is left is censored.

        By day it is the cutoff's date. By timestamp it is the cutoff, or the next
        midnight where the cutoff is a date, because that whole day was watched.
        """
        if self.resolution == "timestamp" or self.inclusive:
            return _tick(self.last, self.resolution)
        return _tick(self.last, self.resolution) - 1


def _as_shown(wall: dt.datetime, window: Window) -> dt.datetime:
    """A moment of the window's own clock on the log's clock."""
    zones = zoneinfo.ZoneInfo(window.timezone), zoneinfo.ZoneInfo(shown_zone(window))
    return wall.replace(tzinfo=zones[0]).astimezone(zones[1]).replace(tzinfo=None)


_EPOCH = dt.datetime(1970, 1, 1)


def _tick(value: dt.datetime, resolution: str) -> int:
    since = value - _EPOCH
    return since.days if resolution == "day" else since // dt.timedelta(microseconds=1)


def instant(at: ir.TimestampValue, resolution: str) -> ir.Value:
    """What counts as one moment: the date by day, the moment itself by timestamp."""
    return at.date() if resolution == "day" else at


def ticks(value: ir.Value, resolution: str) -> ir.IntegerValue:
    """Whole days, or microseconds, since 1970 of an instant or a moment."""
    if resolution == "day":
        day = value if value.type().is_date() else value.date()
        return day.delta(ibis.date("1970-01-01"), unit="day").cast("int64")
    if _on_spark(value):
        return _unix_micros(value.cast(_AWARE))
    seconds = value.truncate("s").epoch_seconds().cast("int64")
    return seconds * _SECOND + value.microsecond().cast("int64")


def in_units(tick_count: ir.IntegerValue, resolution: str, unit: str) -> ir.FloatingValue:
    """Ticks as durations in the journey's unit."""
    each = _DAY if resolution == "day" else _MICROSECOND
    whole = UNIT_MICROSECONDS[unit]
    if whole % each == 0:  # one exact division
        return tick_count.cast("float64") / (whole // each)
    return tick_count.cast("float64") * each / whole


def days_in_ticks(days: float, resolution: str) -> float:
    """A length given in days, in ticks."""
    return days if resolution == "day" else days * _DAY


def planned_end(column: ir.Value, window: Window, name: str) -> ir.IntegerValue:
    """Tick at which an episode was planned to end; a date includes its whole day."""
    shown = read_moments(column, window, name)
    if window.resolution == "timestamp" and column.type().is_date():
        shown = read_moments(column + ibis.interval(days=1), window, name)
    return ticks(shown, window.resolution)


def period_text(tick: ir.IntegerValue, period: str, window: Window) -> ir.StringValue:
    """The calendar period of a tick by the clock of the window's zone, as text.

    Parameters
    ----------
    tick
        Days or microseconds since 1970, as :func:`ticks` counts them.
    period
        One of ``PERIODS``: ``1997-02-17``, the Monday that begins the week,
        ``1997-02``, ``1997-Q1`` or ``1997``.
    window
        Gives the resolution and the zone.
    """
    seconds = tick * (_DAY // _SECOND) if window.resolution == "day" else tick // _SECOND
    moment_ = ibis.timestamp("1970-01-01") + seconds.cast("int64").as_interval("s")
    if window.resolution == "timestamp":
        moment_ = to_wall(window.timezone, moment_.cast(_AWARE))
    day = moment_.date()
    if period == "quarter":
        return day.cast("string").left(4) + "-Q" + day.quarter().cast("string")
    if period == "week":
        return moment_.truncate("W").date().cast("string")
    return day.cast("string").left({"day": 10, "month": 7, "year": 4}[period])
