"""What every result is: immutable, printable in a notebook, and a tidy table one call away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar

import pandas as pd

from journeylib.numbers import UNKNOWN, chance, estimate, number


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """A frozen result that carries its numbers as a tidy table.

    Parameters
    ----------
    table
        The numbers. Read it as ``.frame``, which hands out a copy.
    unit
        Unit of every duration in it, for instance ``"days"``.
    by
        Names of the columns that made the groups; empty when there is one group.
    about
        Words that pictures and sentences need: ``event``, ``origin``, ``of`` and the like.
    """

    table: pd.DataFrame = field(repr=False)
    unit: str
    by: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    title: ClassVar[str] = "Result"

    @property
    def frame(self) -> pd.DataFrame:
        """The tidy table, as a copy that may be changed freely."""
        return self.table.copy()

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups in the order of the table."""
        return tuple(self.table["group"].unique()) if "group" in self.table else ()

    def _summary(self) -> pd.DataFrame:
        """What a notebook prints; the whole table where a result has no shorter form."""
        return self.frame

    def _headline(self) -> str:
        return f"{self.title} ({self.unit})"

    def __repr__(self) -> str:
        return f"{self._headline()}\n{_readable(self._summary()).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html_table(self._summary(), self._headline())


@dataclass(frozen=True, eq=False)
class Table:
    """A frame with a caption, as a report shows it; made by :func:`show`."""

    frame: pd.DataFrame
    caption: str
    links: Mapping[str, str] = field(default_factory=dict)
    each: str = ""

    def __repr__(self) -> str:
        return "\n\n".join(
            f"{caption}\n{_readable(part.drop(columns=list(self.links.values()))).to_string(index=False)}"
            for caption, part in self._parts()
        )

    def _repr_html_(self) -> str:
        return "".join(html_table(part, told, links=self.links) for told, part in self._parts())

    def _parts(self) -> list[tuple[str, pd.DataFrame]]:
        """Caption and frame of each table."""
        if not self.each:
            return [(self.caption, self.frame)]
        parts = self.frame.groupby(self.each, sort=False)
        return [(f"{self.caption}: {of}", part.drop(columns=self.each)) for of, part in parts]


def show(
    frame: pd.DataFrame, caption: str, links: Mapping[str, str] | None = None, each: str = ""
) -> Table:
    """Show a frame as a captioned table with readable numbers, everything in it escaped.

    Parameters
    ----------
    frame
        What is shown.
    caption
        What it is.
    links
        Of each column that leads somewhere, the column that holds the addresses; that one is
        not shown itself. Pages follow links to other reports and to the web.
    each
        Column that makes a table of its own of each of its values, in the order in which they
        first appear; one table unless given.

    Examples
    --------
    >>> print(show(pd.DataFrame({"channel": ["e-mail"], "customers": [1200]}), "Channels"))
    Channels
    channel customers
     e-mail     1,200
    """
    return Table(frame, caption, links or {}, each)


def html_table(
    frame: pd.DataFrame, caption: str, limit: int = 60, links: Mapping[str, str] | None = None
) -> str:
    """A table as HTML with a caption and scoped headers; every cell escaped.

    Ends of an interval share a column, to as many digits as it bears; a group that is
    everybody, and standard errors beside an interval, are left to the frame.

    Examples
    --------
    >>> "<th scope='col'>n</th>" in html_table(pd.DataFrame({"n": [1]}), "one")
    True
    >>> share = pd.DataFrame({"group": ["all"], "share": [0.14], "low": [0.129], "high": [0.152]})
    >>> "<th scope='row'>0.140</th><td class='num'>0.129 to 0.152</td>" in html_table(share, "s")
    True
    """
    whole, links = frame, links or {}
    frame = frame.drop(columns=list(links.values()))
    shown, numbers = _for_readers(frame.head(limit))
    places = {shown.columns.get_loc(c): list(whole[a].head(limit)) for c, a in links.items()}
    classes = [" class='num'" if c in numbers else "" for c in shown.columns]
    classes = ["", *classes[1:]] if classes else []  # what heads the rows stands at the left
    head = "".join(
        f"<th scope='col'{k}>{escape(_HEADS.get(str(c), str(c).replace('_', ' ')))}</th>"
        for c, k in zip(shown.columns, classes, strict=True)
    )
    rows = []
    for number_of, values in enumerate(shown.itertuples(index=False, name=None)):
        told = [_IN_BRACKETS.sub(_unbroken, escape(str(v))) for v in values]
        for place, addresses in places.items():
            if addresses[number_of]:
                told[place] = f"<a href='{escape(addresses[number_of])}'>{told[place]}</a>"
        first, *rest = told
        cells = f"<th scope='row'>{first}</th>"
        cells += "".join(f"<td{k}>{v}</td>" for k, v in zip(classes[1:], rest, strict=True))
        rows.append(f"<tr>{cells}</tr>")
    more = f"; first {limit} of {len(frame):,} rows shown" if len(frame) > limit else ""
    return (
        f"<table class='journey'><caption>{escape(caption)}{more}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


_HEADS = {
    "std_err": "std. error",
    "p_adjusted": "p, adjusted",
    "p_holm": "p (Holm)",
    "p_bh": "p (Benjamini-Hochberg)",
    "chisq": "chi-squared",
    "information": "share of the events",
    "come": "has come",
    "rmst": "mean time",
    "detectable": "difference found with 80% power",
}
_SHORT = ("rmst", "others", "detectable", "duration", "after", "chisq")  # three digits will do
_DIGITS = {
    **dict.fromkeys(("share", "rmst", "mean_time", "others"), 3),
    "detectable": 2,
}
_STATISTICS = ("statistic", "chisq")
_RATIOS = ("hazard_ratio", "ratio", "time_ratio", "odds_ratio")
_ERRORS = ("std_err", "robust_std_err")
_IN_BRACKETS = re.compile(r"\([^\s()]+ to [^\s()]+\)")


def _unbroken(found: re.Match[str]) -> str:
    """An interval in brackets stays on one line."""
    return found[0].replace(" ", "\N{NO-BREAK SPACE}")


def _for_readers(frame: pd.DataFrame) -> tuple[pd.DataFrame, set[Any]]:
    """A table as text, each interval in one column; and which columns hold numbers."""
    from journeylib.words.parts import name as in_words
    from journeylib.words.parts import term  # words tell results, and results show terms

    frame = _without_repeats(frame)
    shown = _readable(frame)
    for column in (c for c in _SHORT if c in frame):
        shown[column] = [number(value, 3) for value in frame[column]]
    if "term" in shown:
        shown["term"] = [term(text) for text in shown["term"]]
    if "touchpoint" in shown:
        shown["touchpoint"] = [in_words(text) for text in shown["touchpoint"]]
    numbers = {c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])}
    for value, low, high in _triples(frame, numbers):
        rows = frame[[value, low, high]].astype(float).itertuples(index=False, name=None)
        told = [estimate(*row, ratio=value in _RATIOS) for row in rows]
        shown[value] = [v for v, _, _ in told]
        ends = [UNKNOWN if a == b == UNKNOWN else f"{a} to {b}" for _, a, b in told]
        shown[low] = ends
        name = str(low).removesuffix("low") + "interval"
        shown = shown.rename(columns={low: name}).drop(columns=high)
        shown = shown.drop(columns=[c for c in _ERRORS if c in shown and low == "low"])
        numbers |= {name}
    if len(shown.columns) > 1 and "group" in shown and set(shown["group"]) == {"all"}:
        shown = shown.drop(columns="group")
    return shown, numbers


def _without_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the columns whose levels make the group, which says them already."""
    columns = list(frame.columns)
    if columns[:1] != ["group"]:
        return frame
    for last in range(3, min(len(columns), 6)):
        levels = frame[columns[1:last]].astype(str).agg(" / ".join, axis=1)
        if (levels == frame["group"].astype(str)).all():
            return frame.drop(columns=columns[1:last])
    return frame


def _triples(frame: pd.DataFrame, numbers: set[Any]) -> list[tuple[Any, Any, Any]]:
    """Columns of a value and of the ends of its interval."""
    found = []
    columns = list(frame.columns)
    for place, low in enumerate(columns):
        high = str(low).removesuffix("low") + "high"
        if not re.fullmatch(r"(\w+_)?low", str(low)) or not {low, high} <= numbers:
            continue
        before = [c for c in columns[:place] if c in numbers and c not in _ERRORS]
        own = before[-1:] if low == "low" else [str(low).removesuffix("_low")]
        value = own[0] if own and own[0] in numbers else None
        if value is not None:
            found.append((value, low, high))
    return found


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as a reader wants them: counts whole, p-values short, others to few digits."""

    def shown(name: Any) -> list[str]:
        if re.fullmatch(r"p(_\w+)?", str(name)):
            return [chance(v) for v in frame[name]]
        if str(name) in _STATISTICS:  # a small one is as good as none
            return [number(round(v, 2), 3) for v in frame[name]]
        return [number(v, _DIGITS.get(str(name), 4)) for v in frame[name]]

    return pd.DataFrame({name: shown(name) for name in frame.columns}, index=frame.index)
