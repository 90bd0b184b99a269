"""A picture on a page: its words, and the numbers behind it as a table and as a file."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from journeylib.numbers import UNKNOWN, number
from journeylib.reporting.records import slug
from journeylib.reporting.sanitise import NO_ALT

MOST_ROWS = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Twin:
    """The numbers behind a picture.

    Parameters
    ----------
    columns
        Names.
    rows
        Values, each row as long as ``columns``.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def read(cls, given: Any) -> Twin | None:
        """From the metadata of an output; None where it holds no such table."""
        if not isinstance(given, Mapping):
            return None
        columns, rows = given.get("columns"), given.get("rows")
        if not isinstance(columns, Sequence) or not isinstance(rows, Sequence) or not rows:
            return None
        kept = tuple(tuple(row) for row in rows if isinstance(row, list | tuple))
        whole = tuple(row for row in kept if len(row) == len(columns))
        return cls(tuple(map(str, columns)), whole[:MOST_ROWS]) if columns and whole else None


def picture(output: Mapping[str, Any], mime: str) -> str:
    """A picture with the words and the numbers that its output metadata holds.

    Examples
    --------
    >>> table = {"columns": ["day", "share"], "rows": [[0, 0.0], [30, 0.14]]}
    >>> html = picture({"data": {"image/png": "AAAA"}, "metadata": {"image/png":
    ...                 {"alt": "a curve", "caption": "A < B", "table": table}}}, "image/png")
    >>> "alt='a curve'" in html, "<figcaption>A &lt; B</figcaption>" in html, "0.14</td>" in html
    (True, True, True)
    """
    about = output.get("metadata", {}).get(mime, {})
    data = output["data"][mime]
    text = "".join(data) if isinstance(data, list) else str(data)
    # an SVG inside an image element can neither run script nor load anything
    coded = base64.b64encode(text.encode()).decode() if mime == "image/svg+xml" else text
    coded = "".join(coded.split())
    caption = str(about.get("caption") or "")
    alt = str(about.get("alt") or caption or NO_ALT)
    size = "".join(
        f" {side}='{int(about[side])}'"
        for side in ("width", "height")
        if isinstance(about.get(side), int | float)
    )
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    image = f"<img src='data:{mime};base64,{escape(coded)}' alt='{escape(alt)}'{size}>"
    twin = Twin.read(about.get("table"))
    # on a phone a picture keeps a size at which it can be read, and its box scrolls
    label = escape(f"Picture: {caption or alt}"[:120])
    box = f"<div class='jr-picture' role='group' tabindex='0' aria-label='{label}'>{image}</div>"
    return f"<figure>{box}{below}{twin_html(twin, caption or alt) if twin else ''}</figure>"


def twin_html(twin: Twin, caption: str) -> str:
    """The numbers behind a picture, folded away, with the file to take along."""
    numeric = [all(_is_number(row[k]) for row in twin.rows) for k in range(len(twin.columns))]
    marks = [" class='num'" if is_number else "" for is_number in numeric]
    head = "".join(
        f"<th scope='col'{mark}>{escape(name.replace('_', ' '))}</th>"
        for name, mark in zip(twin.columns, marks, strict=True)
    )
    rows = []
    for first, *rest in twin.rows:
        cells = f"<th scope='row'{marks[0]}>{escape(_shown(first))}</th>"
        cells += "".join(
            f"<td{mark}>{escape(_shown(value))}</td>"
            for mark, value in zip(marks[1:], rest, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>")
    name = f"{slug(caption, 50)}.csv"
    coded = base64.b64encode(as_csv(twin).encode()).decode()
    label, short = (escape(f"Numbers behind: {text}") for text in (caption, caption[:120]))
    return (
        "<details class='jr-data'><summary>Numbers behind this picture</summary>"
        f"<p><a class='jr-download' download='{name}' href='data:text/csv;base64,{coded}'>"
        f"Download as CSV</a> <span>{len(twin.rows):,} rows</span></p>"
        f"<div class='jr-scroll' role='group' tabindex='0' aria-label='{short}'>"
        f"<table class='journey'><caption class='jr-sr'>{label}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def as_csv(twin: Twin) -> str:
    """The numbers as a CSV file, with a text that a spreadsheet would compute made harmless.

    Examples
    --------
    >>> print(as_csv(Twin(("group", "share"), (("=1+1", 0.5), ("a, b", None)))))
    group,share
    '=1+1,0.5
    "a, b",
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_harmless(name) for name in twin.columns])
    writer.writerows([_harmless(value) for value in row] for row in twin.rows)
    # a byte that text files cannot hold is shown, and does not end the file
    return text.getvalue().replace("\0", "\ufffd").rstrip("\n")


def _harmless(value: Any) -> Any:
    text = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if text else value


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _shown(value: Any) -> str:
    return UNKNOWN if value is None else number(value)
