"""What every result is: immutable, printable in a notebook, and a tidy table one call away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar

import numpy as np
import pandas as pd


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

    def __repr__(self) -> str:
        return f"{self.caption}\n{_readable(self.frame).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html_table(self.frame, self.caption)


def show(frame: pd.DataFrame, caption: str) -> Table:
    """Show a frame as a captioned table with readable numbers, everything in it escaped.

    Examples
    --------
    >>> print(show(pd.DataFrame({"channel": ["e-mail"], "customers": [1200]}), "Channels"))
    Channels
    channel customers
     e-mail     1,200
    """
    return Table(frame, caption)


def html_table(frame: pd.DataFrame, caption: str, limit: int = 60) -> str:
    """A table as HTML with a caption and scoped headers; every cell escaped.

    Examples
    --------
    >>> "<th scope='col'>n</th>" in html_table(pd.DataFrame({"n": [1]}), "one")
    True
    """

    def numeric(name: Any) -> str:
        return " class='num'" if pd.api.types.is_numeric_dtype(frame[name]) else ""

    shown = _readable(frame.head(limit))
    head = "".join(
        f"<th scope='col'>{escape(str(c).replace('_', ' '))}</th>" for c in shown.columns
    )
    classes = [numeric(c) for c in frame.columns]
    rows = []
    for values in shown.itertuples(index=False, name=None):
        first, *rest = (escape(str(v)) for v in values)
        cells = f"<th scope='row'>{first}</th>"
        cells += "".join(f"<td{k}>{v}</td>" for k, v in zip(classes[1:], rest, strict=True))
        rows.append(f"<tr>{cells}</tr>")
    more = f"; first {limit} of {len(frame):,} rows shown" if len(frame) > limit else ""
    return (
        f"<table class='journey'><caption>{escape(caption)}{more}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as a reader wants them: counts whole, others to four significant digits."""
    return pd.DataFrame({c: [number(v) for v in frame[c]] for c in frame.columns})


def number(value: object, digits: int = 4) -> str:
    """A value as text: thousands separated, floats to significant digits, NaN as a dash.

    Examples
    --------
    >>> number(23570), number(0.123456), number(float("nan")), number(12345.678)
    ('23,570', '0.1235', '–', '12,346')
    >>> number(1e-12), number("e-mail"), number(True)
    ('1e-12', 'e-mail', 'yes')
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{int(value):,}"
    if not isinstance(value, float | np.floating):
        return str(value)
    value = float(value)
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.{max(digits - 3, 0)}g}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f"{float(text):,}".removesuffix(".0") if "e" not in text else text
