"""Findings as a reader sees them: value, interval, who was counted, place on a scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One finding.

    Parameters
    ----------
    group
        The group it is about; empty where there is one.
    value, interval, counted
        As text; ``value`` is "not reached" where there is none.
    left, right, point
        Ends of the interval and the value on the card's scale, 0 to 100; None where unknown.
    """

    group: str
    value: str
    interval: str
    counted: str
    left: float | None = None
    right: float | None = None
    point: float | None = None


@dataclass(frozen=True)
class Card:
    """Findings of one name, one row a group.

    Parameters
    ----------
    name
        What was found.
    rows
        One a group.
    unit
        Of the values, as shown behind a number.
    first, last
        Ends of the scale as text; empty where there is no scale.
    reference
        Place of "no difference" on a ratio's scale; None elsewhere.
    """

    name: str
    rows: tuple[Row, ...]
    unit: str = ""
    first: str = ""
    last: str = ""
    reference: float | None = None

    @property
    def single(self) -> bool:
        """Whether there is one number and no groups."""
        return len(self.rows) == 1


def cards(findings: Iterable[Mapping[str, Any]]) -> list[Card]:
    """Findings gathered by name, in the order in which names first appear.

    Parameters
    ----------
    findings
        As in a run record: ``name, value, low, high, unit, n, events, scale, group``.

    Examples
    --------
    >>> card, = cards([{"name": "bought", "value": 14, "low": 12.86, "high": 15.17, "unit": "%"}])
    >>> card.rows[0].value, card.rows[0].interval
    ('14.0%', '12.9 to 15.2')
    """
    byname: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for f in findings:
        byname.setdefault((str(f.get("name", "")), str(f.get("unit") or "")), []).append(f)
    return [_card(name, unit, items) for (name, unit), items in byname.items()]


def number(value: Any, digits: int = 4) -> str:
    """A number as the analysis writes it: thousands separated, four significant digits.

    Examples
    --------
    >>> number(23570), number(0.123456), number(12345.678), number(None)
    ('23,570', '0.1235', '12,346', '–')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float) or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.{max(digits - 3, 0)}g}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f"{float(text):,}".removesuffix(".0") if "e" not in text else text


def value_text(finding: Mapping[str, Any]) -> str:
    """The value with its unit."""
    value, unit = finding.get("value"), str(finding.get("unit") or "")
    if value is None:
        return "not reached"
    return f"{_rounded(value, finding)}{unit if unit == '%' else f' {unit}' if unit else ''}"


def interval_text(finding: Mapping[str, Any]) -> str:
    """The interval; empty where there is none.

    Examples
    --------
    >>> interval_text({"value": None, "low": 310.0, "high": None})
    '310 to beyond follow-up'
    """
    low, high = finding.get("low"), finding.get("high")
    if low is None and high is None:
        return ""
    ends = ["beyond follow-up" if x is None else _rounded(x, finding) for x in (low, high)]
    return f"{ends[0]} to {ends[1]}"


def counted_text(finding: Mapping[str, Any]) -> str:
    """Who was counted.

    Examples
    --------
    >>> counted_text({"n": 3647, "events": 604})
    '3,647 counted, 604 events'
    """
    n, events = finding.get("n"), finding.get("events")
    parts = [f"{number(n)} counted"] if isinstance(n, int) else []
    if isinstance(events, int):
        parts.append(f"{number(events)} event{'' if events == 1 else 's'}")
    return ", ".join(parts)


def _rounded(x: Any, finding: Mapping[str, Any]) -> str:
    """A number with as many decimals as its interval warrants: two digits of the width.

    Examples
    --------
    >>> wide = {"value": 17.08, "low": 8.499, "high": 32.63}
    >>> [_rounded(wide[k], wide) for k in wide]
    ['17', '8', '33']
    """
    low, high = finding.get("low"), finding.get("high")
    if not isinstance(low, int | float) or not isinstance(high, int | float) or high <= low:
        return number(x)
    places = min(max(1 - math.floor(math.log10(high - low)), 0), 4)
    return f"{x:,.{places}f}"


def _card(name: str, unit: str, items: list[Mapping[str, Any]]) -> Card:
    scale = _Scale.over(items, unit)
    rows = tuple(
        Row(
            group=str(f.get("group") or ""),
            value=value_text(f),
            interval=interval_text(f),
            counted=counted_text(f),
            left=scale.place(f.get("low")) if scale else None,
            right=scale.place(f.get("high")) if scale else None,
            point=scale.place(f.get("value")) if scale else None,
        )
        for f in items
    )
    if scale is None:
        return Card(name, rows, unit)
    ends = ["" if x is None else value_text({"value": x, "unit": unit}) for x in scale.ends]
    return Card(name, rows, unit, ends[0], ends[1], scale.place(1.0) if scale.log else None)


@dataclass(frozen=True)
class _Scale:
    """Where a number lies between 0 and 100."""

    low: float
    high: float
    log: bool

    @classmethod
    def over(cls, items: list[Mapping[str, Any]], unit: str) -> _Scale | None:
        log = all(f.get("scale") == "log" for f in items)
        seen = [f.get(k) for f in items for k in ("low", "value", "high")]
        numbers = [float(x) for x in seen if isinstance(x, int | float)]
        if log:
            numbers = [x for x in numbers if x > 0] + [1.0]
        if len(numbers) < 2:
            return None
        low, high = min(numbers), max(numbers)
        if unit == "%" and low >= 0 and high <= 100:
            # a share is read against the whole, several small ones against a round part of it
            parts = (5, 10, 20, 25, 50, 100) if len(items) > 1 else (100,)
            return cls(0.0, float(next(x for x in parts if x >= high)), log=False)
        if len(items) == 1 and not log:
            return None
        if not log and low >= 0:
            low = 0.0
        if high <= low:
            return None
        if log:
            room = (high / low) ** 0.08
            return cls(low / room, high * room, log=True)
        return cls(low, _round_up(high), log=False)

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Numbers to print at the ends; none for a ratio, whose mark is the reference."""
        return (None, None) if self.log else (self.low, self.high)

    def place(self, x: Any) -> float | None:
        """0 to 100."""
        if not isinstance(x, int | float) or (self.log and x <= 0):
            return None
        ends = (math.log(self.low), math.log(self.high), math.log(x)) if self.log else None
        low, high, at = ends or (self.low, self.high, float(x))
        return round(min(max(100 * (at - low) / (high - low), 0.0), 100.0), 2)


def _round_up(x: float) -> float:
    """The next number with one or two digits, for the end of a scale.

    Examples
    --------
    >>> _round_up(47.3), _round_up(213), _round_up(0.071)
    (50.0, 250.0, 0.08)
    """
    if x <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(x))
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return float(f"{next(s for s in steps if s * power >= x * (1 - 1e-12)) * power:.6g}")
