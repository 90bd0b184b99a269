"""What every result is: immutable, printable in a notebook, and a tidy table one call away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar

import pandas as pd

from journeylib.numbers import chance, number


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

    def __repr__(self) -> str:
        shown = self.frame.drop(columns=list(self.links.values()))
        return f"{self.caption}\n{_readable(shown).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html_table(self.frame, self.caption, links=self.links)


def show(frame: pd.DataFrame, caption: str, links: Mapping[str, str] | None = None) -> Table:
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

    Examples
    --------
    >>> print(show(pd.DataFrame({"channel": ["e-mail"], "customers": [1200]}), "Channels"))
    Channels
    channel customers
     e-mail     1,200
    """
    return Table(frame, caption, links or {})


def html_table(
    frame: pd.DataFrame, caption: str, limit: int = 60, links: Mapping[str, str] | None = None
) -> str:
    """A table as HTML with a caption and scoped headers; every cell escaped.

    Examples
    --------
    >>> "<th scope='col'>n</th>" in html_table(pd.DataFrame({"n": [1]}), "one")
    True
    """

    def numeric(name: Any) -> str:
        return " class='num'" if pd.api.types.is_numeric_dtype(frame[name]) else ""

    whole, links = frame, links or {}
    frame = frame.drop(columns=list(links.values()))
    shown = _readable(frame.head(limit))
    places = {shown.columns.get_loc(c): list(whole[a].head(limit)) for c, a in links.items()}
    head = "".join(
        f"<th scope='col'>{escape(str(c).replace('_', ' '))}</th>" for c in shown.columns
    )
    classes = [numeric(c) for c in frame.columns]
    rows = []
    for number_of, values in enumerate(shown.itertuples(index=False, name=None)):
        told = [escape(str(v)) for v in values]
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


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as a reader wants them: counts whole, p-values short, others to four digits."""

    def shown(name: Any) -> list[str]:
        form = chance if re.fullmatch(r"p(_\w+)?", str(name)) else number
        return [form(v) for v in frame[name]]

    return pd.DataFrame({name: shown(name) for name in frame.columns}, index=frame.index)
