"""Moments as exports really have them: counts since 1970, days before months, any offset.

Each way of reading is named, so that the audit can count it. What fits none is
missing and is counted as unparsable; nothing is guessed from a single value that
could mean two things.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from journeylib.events.times import from_wall, read_moments, to_wall
from journeylib.journey.window import Window

# A count since 1970 is told by its number of digits, each from 1973 to 2286: 9 or 10 are
# seconds, 12 or 13 milliseconds, and so on. Eight digits are a date, 20170131.
EPOCHS = {"seconds": 10, "milliseconds": 13, "microseconds": 16, "nanoseconds": 19}
OFFSET = "with an offset of their own"
NO_OFFSET = "without an offset, read in {zone}"
DATE_NUMBER = "written as eight digits, 20170131"
SKIPPED = "in the hour that the clocks of {zone} skip, read as an hour later"
REPEATED = "in the hour that the clocks of {zone} show twice, read as one of the two"
_COUNT = r"^(\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(\.\d*)?$"
_SHORT = r"^(\d{9}|\d{12}|\d{15}|\d{18})(\.|$)"  # by one digit
_DATE = r"^\d{8}(\.0*)?$"
_NUMBER = r"^\d{8,19}(\.\d*)?$"
_HAS_OFFSET = r"\d:\d\d.*([zZ]|UTC|GMT|[+-]\d\d(:?\d\d)?)\s*$"
# A day that exists and a time of day. Not every engine has a cast that fails quietly, so
# that what it is given must be right; and so all engines read the same texts.
_LEAP = r"(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)[-/]02[-/]29"
_DAY = (
    r"(\d{4}[-/]((0[13578]|1[02])[-/](0[1-9]|[12]\d|3[01])"
    r"|(0[469]|11)[-/](0[1-9]|[12]\d|30)|02[-/](0[1-9]|1\d|2[0-8]))|" + _LEAP + ")"
)
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?"
_ZONE = r"\s?([zZ]|UTC|GMT|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_ISO = rf"^\s*{_DAY}([T ]{_CLOCK}({_ZONE})?)?\s*$"
_PARTS = {"d": r"(\d{1,2})", "m": r"(\d{1,2})", "Y": r"(\d{4})"}


@dataclass(frozen=True)
class Moments:
    """A column of moments.

    Parameters
    ----------
    at
        On the log's clock; missing where unreadable.
    how
        How each was read, as text; missing where there is nothing to say.
    """

    at: ir.TimestampValue
    how: ir.StringValue


def read(column: ir.Value, window: Window, name: str, time_format: str | None = None) -> Moments:
    """A column of moments of any kind.

    Parameters
    ----------
    column
        Timestamps, dates, numbers, or text: ISO 8601, digits, or ``time_format``.
    window
        Gives the log's clock, and the zone in which moments without an offset are read.
    name
        Of the column, for messages.
    time_format
        Of text that is not ISO 8601, for instance ``"%d/%m/%Y %H:%M"``.

    Raises
    ------
    DataError
        When the column can hold no moments, for instance booleans.
    """
    kind = column.type()
    if kind.is_numeric() and not kind.is_boolean():
        return _numbers(_digits(column), window, name)
    if not kind.is_string():
        at = read_moments(column, window, name)
        naive = kind.is_timestamp() and not kind.timezone and _changes_clocks(window)
        return Moments(at, _clock_change(column, window) if naive else ibis.null("string"))
    if time_format is None:
        return _texts(column, window, name)
    text = _iso(column, time_format)
    exists = ibis.ifelse(text.re_search(_ISO), text, ibis.null("string"))
    return read(exists.try_cast("timestamp(6)"), window, name)


def _texts(column: ir.StringValue, window: Window, name: str) -> Moments:
    """Text, of which some may be digits and some may carry an offset."""
    number = column.re_search(_NUMBER)
    numbers = _numbers(column, window, name)
    offset = column.re_search(_HAS_OFFSET)
    how = ibis.cases(
        (number, numbers.how),
        (offset, OFFSET),
        (column.re_search(r"\d:\d\d"), NO_OFFSET.format(zone=window.timezone)),
        else_=ibis.null("string"),
    )
    plain = ibis.ifelse(column.re_search(_ISO), column, ibis.null("string")).strip()
    plain = plain.replace("/", "-").replace(" -", "-").replace(" +", "+")
    if _changes_clocks(window):
        wall = ibis.ifelse(offset, ibis.null("string"), plain).try_cast("timestamp(6)")
        how = ibis.coalesce(_clock_change(wall, window), how)
    at = ibis.ifelse(number, numbers.at, read_moments(plain, window, name))
    return Moments(at, how)


def _numbers(digits: ir.StringValue, window: Window, name: str) -> Moments:
    """Digits as counts since 1970, which are moments of UTC, or as dates."""
    first = ibis.ifelse(digits.re_search(_SHORT), "0", "")
    micros = (first + digits.replace(".", "")).rpad(16, "0").left(16)
    counted = ibis.ifelse(digits.re_search(_COUNT), micros, ibis.null("string"))
    since = ibis.timestamp("1970-01-01") + counted.try_cast("int64").as_interval("us")
    iso = digits.left(4) + "-" + digits.substr(4, 2) + "-" + digits.substr(6, 2)
    exists = digits.re_search(_DATE) & iso.re_search(rf"^{_DAY}$")
    date = ibis.ifelse(exists, iso, ibis.null("string")).try_cast("date")
    at = ibis.coalesce(
        read_moments(since.cast("timestamp('UTC', 6)"), window, name),
        read_moments(date, window, name),
    )
    length = digits.re_extract(r"^(\d+)", 1).length()  # to Spark a point splits anywhere
    units = [(length <= most, f"counted in {unit} since 1970") for unit, most in EPOCHS.items()]
    how = ibis.cases((length == 8, DATE_NUMBER), *units, else_=ibis.null("string"))
    return Moments(at, how)


def _digits(column: ir.NumericValue) -> ir.StringValue:
    """Numbers as their digits, with those after the point where they are no integers."""
    if column.type().is_integer():
        return column.cast("string")
    if column.type().is_floating():
        column = ibis.ifelse(column.isnan() | column.isinf(), ibis.null(column.type()), column)
    return column.cast("decimal(38, 6)").cast("string")


def _iso(column: ir.StringValue, time_format: str) -> ir.StringValue:
    """Text in a format of days and months as ISO 8601; missing where it does not fit."""
    order = re.findall(r"%(.)", time_format)
    pattern = "".join(
        _PARTS.get(part[1:], r"(\d{1,2})") if part.startswith("%") else re.escape(part)
        for part in re.split(r"(%.)", time_format)
        if part
    )
    pattern = rf"^\s*{pattern}\s*$"
    fits = column.re_search(pattern)

    def part(letter: str, width: int) -> ir.StringValue:
        if letter not in order:
            return ibis.literal("0" * width)
        return column.re_extract(pattern, order.index(letter) + 1).lpad(width, "0")

    day = part("Y", 4) + "-" + part("m", 2) + "-" + part("d", 2)
    clock = part("H", 2) + ":" + part("M", 2) + ":" + part("S", 2)
    text = day + " " + clock if "H" in order else day
    return ibis.ifelse(fits, text, ibis.literal("?"))


def _clock_change(wall: ir.TimestampValue, window: Window) -> ir.StringValue:
    """What is to be said of moments that the clocks of the zone skip, or show twice."""
    zone = window.timezone
    wall = wall.cast("timestamp(6)")
    moment = from_wall(zone, wall)
    hour = ibis.interval(hours=1)
    earlier, later = to_wall(zone, moment - hour), to_wall(zone, moment + hour)
    return ibis.cases(
        (to_wall(zone, moment) != wall, SKIPPED.format(zone=zone)),
        ((earlier == wall) | (later == wall), REPEATED.format(zone=zone)),
        else_=ibis.null("string"),
    )


def _changes_clocks(window: Window) -> bool:
    """Whether it matters that clocks change: exact durations, in a zone that changes them."""
    if window.resolution != "timestamp":
        return False
    zone = zoneinfo.ZoneInfo(window.timezone)
    months = [dt.datetime(y, m, 1, tzinfo=zone) for y in range(1990, 2031) for m in range(1, 13)]
    return len({month.utcoffset() for month in months}) > 1
