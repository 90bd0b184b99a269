"""Which sections of a notebook a page shows: those with nothing to show are told in a line.

A section is a second-level heading and the cells up to the next. One whose code brought
nothing but a note, such as that no groups were asked for, is left out with its prose, and the
note stands at the end of the page. One without prose whose code brought nothing at all, such
as the truth beside real customers, is left out without a word.
"""

from __future__ import annotations

import re
from typing import Any

from journeylib.reporting.records import source

NOTE_MIME = "application/vnd.journey.note+json"
LEFT_OUT = "Not in this report"
HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_MARKS = re.compile(r"([\\`*_{}\[\]<>#&|~])")


def arrange(cells: list[Any]) -> list[Any]:
    """The cells of a story without sections that show nothing; what those noted comes last.

    Parameters
    ----------
    cells
        In the notebook format, their outputs as they are shown.
    """
    kept: list[Any] = []
    noted: list[tuple[str, str]] = []
    note_cell = None
    for section in _sections(_without_empty_headings(cells)):
        titled = _first_level(section[0]) == 2
        outputs = [output for cell in section for output in cell.get("outputs", [])]
        notes = [_note(output) for output in outputs]
        if titled and notes and all(notes):
            noted.append((_title(section[0]), " ".join(dict.fromkeys(notes))))
            note_cell = note_cell or section[0]
        elif not (titled and not outputs and len(section) > 1 and _only_heading(section[0])):
            kept += section
    if note_cell is not None:
        lines = [
            f"- **{title}**{'' if title.endswith('?') else ':'} {_plain(text)}"
            for title, text in noted
        ]
        note_cell.source = "\n".join([f"## {LEFT_OUT}", "", *lines])
        kept.append(note_cell)
    return kept


def _sections(cells: list[Any]) -> list[list[Any]]:
    sections: list[list[Any]] = []
    for cell in cells:
        if not sections or 0 < _first_level(cell) <= 2:
            sections.append([])
        sections[-1].append(cell)
    return sections


def _note(output: Any) -> str:
    """What an output notes; empty for any other output."""
    payload = output.get("data", {}).get(NOTE_MIME)
    return str(payload.get("note", "")) if isinstance(payload, dict) else ""


def _plain(text: str) -> str:
    """Text as Markdown that means itself."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _title(cell: Any) -> str:
    match = HEADING.match(source(cell).strip().splitlines()[0])
    return match[2] if match else ""


def _without_empty_headings(cells: list[Any]) -> list[Any]:
    """Drop headings under which nothing is left because it was lifted out."""
    kept: list[Any] = []
    for cell in reversed(cells):
        level = _only_heading(cell)
        after = _first_level(kept[-1]) if kept else 1
        if level and (not kept or 0 < after <= level):
            continue
        kept.append(cell)
    return kept[::-1]


def _only_heading(cell: Any) -> int:
    """Level of the last heading of a text cell that holds headings only; 0 for any other cell."""
    if cell.cell_type != "markdown":
        return 0
    lines = [line for line in source(cell).splitlines() if line.strip()]
    levels = [HEADING.match(line) for line in lines]
    return len(levels[-1][1]) if levels and all(levels) and levels[-1] else 0


def _first_level(cell: Any) -> int:
    if cell.cell_type != "markdown":
        return 0
    match = HEADING.match((source(cell).strip().splitlines() or [""])[0])
    return len(match[1]) if match else 0
