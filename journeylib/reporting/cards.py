"""Findings as a reader sees them: value, interval, who was counted, place on a scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeylib.numbers import UNKNOWN, between, bounds_only, estimate, number
from journeylib.reporting.changes import Change

_THREE = ("value", "low", "high")


@dataclass(frozen=True)
class Row:
    """One finding.

    Parameters
    ----------
    group
        The group it is about; empty where there is one.
    value, interval, counted
        As text; ``value`` is "not reached" where there is none, or the bounds where no point
        can be given between them.
    known
        Whether there is a value.
    note
        What stands where the interval of a value would: why there are bounds only.
    left, right, point
        Ends of the interval and the value on the card's scale, 0 to 100; None where unknown.
    since
        Against the previous run; None where there is none to hold it against.
    """

    group: str
    value: str
    interval: str
    counted: str
    known: bool = True
    note: str = ""
    left: float | None = None
    right: float | None = None
    point: float | None = None
    since: Change | None = None


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
    reference, neutral
        Place of "no difference" on the scale, and the number that stands for it; None and
        empty where the scale does not hold it.
    """

    name: str
    rows: tuple[Row, ...]
    unit: str = ""
    first: str = ""
    last: str = ""
    reference: float | None = None
    neutral: str = ""

    @property
    def single(self) -> bool:
        """Whether there is one number and no groups."""
        return len(self.rows) == 1


def cards(findings: Iterable[Mapping[str, Any]], changes: Sequence[Change] = ()) -> list[Card]:
    """Findings gathered by name, in the order in which names first appear.

    Parameters
    ----------
    findings
        As in a run record: ``name, value, low, high, unit, n, events, scale, group``.
    changes
        Against an earlier run, as :func:`journeylib.reporting.changes.compare` gives them.

    Examples
    --------
    >>> card, = cards([{"name": "bought", "value": 14, "low": 12.86, "high": 15.17, "unit": "%"}])
    >>> card.rows[0].value, card.rows[0].interval
    ('14.0%', '12.9 to 15.2')
    """
    byname: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for f in findings:
        byname.setdefault((str(f.get("name", "")), str(f.get("unit") or "")), []).append(f)
    # a change holds the very finding that it is about
    since = {id(c.new): c for c in changes if c.new is not None}
    return [_card(name, unit, items, since) for (name, unit), items in byname.items()]


def value_text(finding: Mapping[str, Any]) -> str:
    """The value with its unit, to the digits that its interval bears.

    Examples
    --------
    >>> value_text({"value": 17.08, "low": 8.499, "high": 32.63, "unit": "days"})
    '17 days'
    """
    unit = str(finding.get("unit") or "")
    if bounded(finding):
        return between(finding["low"], finding["high"], unit)
    if finding.get("value") is None:
        return "not reached"
    return f"{_three(finding)[0]}{unit if unit == '%' else f' {unit}' if unit else ''}"


def bounded(finding: Mapping[str, Any]) -> bool:
    """Whether there are bounds only: two ends, and no point between them.

    Examples
    --------
    >>> bounded({"value": None, "low": 0.0, "high": 34.2}), bounded({"value": None, "low": 310.0})
    (True, False)
    """
    return bounds_only(*map(finding.get, _THREE))


def note_text(finding: Mapping[str, Any]) -> str:
    """Why there are bounds only; empty for any other finding.

    Examples
    --------
    >>> note_text({"low": 0.0, "high": 34.2, "why": "the follow-up is too short"})
    'no point: the follow-up is too short'
    """
    if not bounded(finding):
        return ""
    return f"no point: {finding['why']}" if finding.get("why") else "no point is given"


def interval_text(finding: Mapping[str, Any]) -> str:
    """The interval of a value; empty where there is none.

    Examples
    --------
    >>> interval_text({"value": None, "low": 310.0, "high": None})
    '310 to beyond follow-up'
    """
    if bounded(finding) or (finding.get("low") is None and finding.get("high") is None):
        return ""
    low, high = ("beyond follow-up" if end == UNKNOWN else end for end in _three(finding)[1:])
    return f"{low} to {high}"


def _three(finding: Mapping[str, Any]) -> tuple[str, str, str]:
    value, low, high = (x if isinstance(x, int | float) else None for x in map(finding.get, _THREE))
    return estimate(value, low, high, ratio=finding.get("scale") == "log")


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


def _card(
    name: str, unit: str, items: list[Mapping[str, Any]], since: Mapping[int, Change]
) -> Card:
    scale = _Scale.over(items, unit)
    rows = tuple(
        Row(
            group=str(f.get("group") or ""),
            value=value_text(f),
            interval=interval_text(f),
            counted=counted_text(f),
            known=f.get("value") is not None,
            note=note_text(f),
            left=scale.place(f.get("low")) if scale else None,
            right=scale.place(f.get("high")) if scale else None,
            point=scale.place(f.get("value")) if scale else None,
            since=since.get(id(f)),
        )
        for f in items
    )
    if scale is None:
        return Card(name, rows, unit)
    ends = ["" if x is None else value_text({"value": x, "unit": unit}) for x in scale.ends]
    neutral = scale.neutral
    place = None if neutral is None else scale.place(neutral)
    mark = "" if neutral is None else number(neutral)
    return Card(name, rows, unit, ends[0], ends[1], place, mark)


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
        if not log:
            low = min(0.0, -_round_up(-low))
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

    @property
    def neutral(self) -> float | None:
        """The number that stands for no difference, where the scale holds it inside."""
        if self.log:
            return 1.0
        return 0.0 if self.low < 0 < self.high else None

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
