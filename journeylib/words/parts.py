"""The pieces that sentences are made of: names, terms, shares, p-values, who was counted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from journeylib import numbers
from journeylib.labels import label

MOST = 8  # groups or terms told one by one
LIST_FROM = 3  # as many groups are told in a list
BULLET = "• "
NOTE_MIME = "application/vnd.journey.note+json"


class Sentence(str):
    """Text that a notebook shows as a paragraph and not as a quoted string.

    Lines that begin with a bullet are shown as a list.
    """

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        html = ""
        for line in self.split("\n"):
            told = escape(line.removeprefix(BULLET))
            html += f"<li>{told}</li>" if line.startswith(BULLET) else f"<p>{told}</p>"
        html = re.sub(r"((?:<li>.*?</li>)+)", r"<ul class='journey say'>\1</ul>", html)
        return html.replace("<p>", "<p class='journey say'>")


class Note(Sentence):
    """A sentence in place of a result: a page tells a section that holds no more in one line."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = {NOTE_MIME: {"note": str(self)}, "text/html": self._repr_html_()}
        return {**bundle, "text/plain": repr(self)}


def name(event: object) -> str:
    """An event's or column's name as words: its label in the journey file, or without underscores.

    Examples
    --------
    >>> name("coupon_redeemed")
    'coupon redeemed'
    """
    return label(event)


def event_of(result: Any) -> str:
    """The event that a result is about, as words; which of them, where it is not the first.

    Examples
    --------
    >>> from types import SimpleNamespace as Result
    >>> event_of(Result(about={"event": "coupon_redeemed"}))
    'coupon redeemed'
    >>> event_of(Result(about={"event": "purchase", "clock": Result(nth=2)}))
    'the second purchase'
    """
    told = name(result.about.get("event", "event"))
    nth = getattr(result.about.get("clock"), "nth", 1)
    return told if nth == 1 else f"the {numbers.ordinal(nth)} {told}"


def term(text: object, references: Mapping[str, str] | None = None) -> str:
    """A model term as words: the column, its level, and the level it is held against.

    Parameters
    ----------
    text
        As the formula names it.
    references
        Factor -> reference level, as ``effects.about["references"]`` has them.

    Examples
    --------
    >>> term("C(campaign_type)[T.Type B]", {"C(campaign_type)": "Type A"})
    'campaign type: Type B against Type A'
    >>> term("log(age)"), term("number_of_visits"), term("C(`page-view`)[T.2]")
    ('log(age)', 'number of visits', 'page-view: 2')
    """
    column, level = term_parts(text, references)
    return f"{column}: {level}" if level else column


# C(a), C(a, …) or a, where a name of several words stands between backticks; then its level
_FACTOR = r"((?:C\()?`?([^`\[\](),]+?)`?(?:,.*)?\)?)\[T?\.?(.+)\]"


def term_parts(text: object, references: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The column of a model term, and its level against the reference; no level for a number."""
    found = re.fullmatch(_FACTOR, str(text))
    if not found:
        log = re.fullmatch(r"(?:np\.log1p\(|log\(1 \+ )(\w+)\)", str(text))
        return (f"{name(log[1])} (log)" if log else name(str(text).replace("`", ""))), ""
    reference = (references or {}).get(found[1])
    return name(found[2]), found[3] + (f" against {reference}" if reference else "")


def percent(share: float) -> str:
    """A share as "about n of 100": one decimal below ten, none above.

    Examples
    --------
    >>> percent(0.143), percent(0.0312), percent(0.0), percent(float("nan"))
    ('14', '3.1', '0', 'unknown')
    """
    if np.isnan(share):
        return "unknown"
    value = 100 * share
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def chance(p: float) -> str:
    """A p-value with its sign, as a sentence has it.

    Examples
    --------
    >>> chance(0.00001), chance(0.5)
    ('p < 0.001', 'p = 0.50')
    """
    shown = numbers.chance(p)
    return f"p {shown[0]} {shown[1:]}" if shown.startswith("<") else f"p = {shown}"


def counted(result: Any) -> Mapping[str, int]:
    """Group -> spells counted in it."""
    return {group: int(size["n"]) for group, size in result.about.get("sizes", {}).items()}


def counted_events(result: Any) -> str:
    """Who was counted and how many events they had, for a sentence's brackets."""
    return f"n = {result.about['n']:,}, {result.about['events']:,} events"


def shares(*shares: float) -> list[str]:
    """Shares "of 100", whole where they are large; an end without a number is said so."""
    return ["unknown" if pd.isna(x) else percent(x) for x in shares]


def estimate(value: float, low: float, high: float, ratio: bool = False) -> tuple[str, str]:
    """A value and its interval in words, to as many digits as the interval bears."""
    shown, *ends = numbers.estimate(value, low, high, ratio=ratio)
    told = ["beyond follow-up" if end == numbers.UNKNOWN else end for end in ends]
    return shown, f"{told[0]} to {told[1]}"


def longer(row: Any) -> tuple[str, str]:
    """A difference in time without its sign, as longer or shorter, and its interval likewise.

    The place of the unit is left open.

    Examples
    --------
    >>> from types import SimpleNamespace as Row
    >>> longer(Row(difference=-1.2, low=-1.7, high=-0.7))
    ('1.2 {} shorter', '0.7 to 1.7')
    """
    sign = -1.0 if row.difference < 0 else 1.0
    said, ends = estimate(sign * row.difference, *sorted((sign * row.low, sign * row.high)))
    return f"{said} {{}} {'longer' if sign > 0 else 'shorter'}", ends


def in_group(group: str) -> str:
    """The group as part of a sentence; nothing where there is one group."""
    return "" if group == "all" else f" in {group}"


def of_group(result: Any, group: str) -> str:
    """The group by what its columns say of it; nothing where there is one group.

    Examples
    --------
    >>> from types import SimpleNamespace as Result
    >>> of_group(Result(by=("campaign_type", "age")), "Type A / 45-54")
    ' with campaign type Type A and age 45-54'
    >>> of_group(Result(by=()), "all")
    ''
    """
    levels = group.split(" / ") if len(result.by) > 1 else [group]
    if group == "all" or len(levels) != len(result.by):
        return in_group(group)
    return " with " + " and ".join(
        f"{name(column)} {level}" for column, level in zip(result.by, levels, strict=True)
    )


def whom(result: Any) -> str:
    """Who is counted, in the plural: customers, or episodes where one customer has several."""
    n = result.about.get("n", 0)
    several = result.about.get("ids", n) < n
    return "episodes" if several else "customers"


_UNITS = {"hours": (24.0, "days"), "days": (30.4375, "months"), "weeks": (4.3482, "months")}


def span(time: float, unit: str) -> str:
    """A time with its unit, and in a coarser one where the number is too large to picture.

    Examples
    --------
    >>> span(30, "days"), span(180.0, "days"), span(72, "hours")
    ('30 days', '180 days (about 6 months)', '72 hours (about 3 days)')
    """
    told = f"{numbers.number(time)} {unit}"
    size, coarser = _UNITS.get(unit, (math.inf, ""))
    many = time / size
    if not coarser or not many >= 2:
        return told
    if coarser == "months" and many >= 24:
        many, coarser = many / 12, "years"
    rounded = round(2 * many) / 2 if many < 4 else float(round(many))
    return f"{told} (about {numbers.number(rounded)} {coarser})"


def listed(head: str, lines: Sequence[str], tail: str = "", most: int = MOST) -> str:
    """A sentence over several groups, one a line.

    Examples
    --------
    >>> print(listed("Of 100, so many buy:", ["a: 3", "b: 4"], "95% intervals."))
    Of 100, so many buy:
    • a: 3
    • b: 4
    95% intervals.
    """
    told = [f"{BULLET}{line}" for line in lines[:most]]
    end = f"{and_more(len(lines), most).strip()} {tail}".strip()
    return "\n".join([head, *told, *([end] if end else [])])


def told_as(head: str, lines: Sequence[str], tail: str = "", most: int = MOST) -> str:
    """A list where there are several lines, one paragraph where there are few.

    Examples
    --------
    >>> told_as("So many buy:", ["a: 3", "b: 4"], "More.")
    'So many buy: a: 3. b: 4. More.'
    """
    if len(lines) >= LIST_FROM:
        return listed(head, lines, tail, most)
    return " ".join([head, *(f"{line}." for line in lines), *([tail] if tail else [])])


def and_more(total: int, most: int = MOST) -> str:
    """How many groups were left untold."""
    more = total - most
    return f" {more} more {'is' if more == 1 else 'are'} in the table." if more > 0 else ""
