"""Numbers as readers want them, the same in notebooks, pages and the index. Loads nothing heavy."""

from __future__ import annotations

import math
from numbers import Integral, Real

UNKNOWN = "–"
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth"),
    *("sixth", "seventh", "eighth", "ninth", "tenth"),
)


def number(value: object, digits: int = 4) -> str:
    """A value as text: thousands separated, floats to significant digits, NaN as a dash.

    Examples
    --------
    >>> number(23570), number(0.123456), number(float("nan")), number(12345.678)
    ('23,570', '0.1235', '–', '12,346')
    >>> number(1e-12), number("e-mail"), number(True), number(None)
    ('1e-12', 'e-mail', 'yes', '–')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if not isinstance(value, Real):
        return str(value).removesuffix(" 00:00:00")  # a date among moments
    value = float(value)
    if not math.isfinite(value):
        return UNKNOWN if math.isnan(value) else "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.{max(digits - 3, 0)}g}"
    text = f"{value:,.{_decimals(abs(value), digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ordinal(n: int) -> str:
    """Which of several, in words up to the tenth.

    Examples
    --------
    >>> ordinal(2), ordinal(11), ordinal(22), ordinal(103)
    ('second', '11th', '22nd', '103rd')
    """
    if 1 <= n <= len(_ORDINALS):
        return _ORDINALS[n - 1]
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


def _decimals(size: float, digits: int) -> int:
    """Decimals that leave so many significant digits."""
    return max(digits - 1 - math.floor(math.log10(size)), 0)


def estimate(
    value: float | None, low: float | None, high: float | None, *, ratio: bool = False
) -> tuple[str, str, str]:
    """A value and its interval with as many digits as the interval bears.

    A difference is shown to one digit of the interval's half-width, two where it
    begins with 1 or 2, all three numbers to the same decimals. A ratio is shown to
    two significant digits, more where its interval is narrow. What does not exist
    is a dash.

    Examples
    --------
    >>> estimate(14.0115, 12.93, 15.18)
    ('14.0', '12.9', '15.2')
    >>> estimate(183.2, 151.0, None)
    ('183', '151', '–')
    >>> estimate(0.4642, 0.382, 0.564, ratio=True), estimate(1.1, 0.108, 10.2, ratio=True)
    (('0.46', '0.38', '0.56'), ('1.1', '0.11', '10'))
    >>> estimate(2.04, 0.99, 4.12, ratio=True), estimate(-0.01, -0.71, 0.64)
    (('2.04', '0.99', '4.12'), ('0.0', '-0.7', '0.6'))
    """
    known = [float(x) for x in (value, low, high) if x is not None and math.isfinite(x)]
    if len(known) < 2 or all(x.is_integer() for x in known):
        return number(value, 3), number(low, 3), number(high, 3)
    places = _ratio_places(value, low, high) if ratio else [_shared_decimals(known)] * 3
    return _fixed(value, places[0]), _fixed(low, places[1]), _fixed(high, places[2])


def _shared_decimals(known: list[float]) -> int:
    half = (max(known) - min(known)) / 2
    if len(known) < 3 or not half:
        return _decimals(max(abs(x) for x in known), 3)
    size = math.floor(math.log10(half))
    return max(-size + (1 if half / 10**size < 3 else 0), 0)


def _ratio_places(value: float | None, low: float | None, high: float | None) -> list[int]:
    """Decimals of a ratio and its ends: shared, unless they are far apart; and enough to see on
    which side of one an end lies."""
    three = [x if x is not None and math.isfinite(x) else 0.0 for x in (value, low, high)]
    known = [x for x in three if x]
    digits = _ratio_digits(known)
    places = [_decimals(abs(x), digits) if x else 0 for x in three]
    if known and max(known) < 10 * min(known):
        places = [max(places)] * 3
    most = max(places) + 2
    while max(places) < most and any(
        x != 1 and round(x, p) == 1 for x, p in zip(three[1:], places[1:], strict=True)
    ):
        places = [p + 1 for p in places]
    return places


def _ratio_digits(known: list[float]) -> int:
    """Two significant digits, and one more for each tenfold narrower than a factor of 1.1."""
    if min(known) <= 0:
        return 2
    half = math.log(max(known) / min(known)) / 2
    return 2 if half >= 0.1 or not half else min(2 - math.floor(math.log10(half * 10)), 6)


def _fixed(x: float | None, decimals: int) -> str:
    if x is None or not math.isfinite(x):
        return number(x)
    text = f"{x:,.{decimals}f}"
    return text if text.strip("-0.,") else text.lstrip("-")  # there is no zero below zero


def bounds_only(value: object, low: object, high: object) -> bool:
    """Whether there are two bounds and no point between them; a median that is not reached has
    one at most.

    Examples
    --------
    >>> bounds_only(None, 0.0, 34.2), bounds_only(None, 310.0, None), bounds_only(20, 10, 30)
    (True, False, False)
    """
    return value is None and low is not None and high is not None


def between(low: float, high: float, unit: str = "") -> str:
    """Where a number lies of which no point is given.

    Examples
    --------
    >>> between(0.0, 34.21, "%"), between(12, 34, "days")
    ('between 0% and 34.2%', 'between 12 and 34 days')
    """
    _, *ends = estimate(None, low, high)
    first, last = ("0" if x == 0 else text for x, text in zip((low, high), ends, strict=True))
    if unit == "%":
        return f"between {first}% and {last}%"
    return f"between {first} and {last} {unit}".rstrip()


def chance(p: float | None) -> str:
    """A p-value: three decimals where small, two where not.

    Examples
    --------
    >>> chance(0.00001), chance(0.0312), chance(0.5), chance(float("nan"))
    ('<0.001', '0.031', '0.50', '–')
    """
    if p is None or math.isnan(p):
        return UNKNOWN
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
