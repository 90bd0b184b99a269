"""The matrix view of the index: segments down, questions across, the headline finding in a cell."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from journeylib.reporting.cards import Row, cards, interval_text, note_text, value_text
from journeylib.reporting.changes import Change
from journeylib.reporting.entries import Entry


@dataclass(frozen=True)
class Cell:
    """A report in its place.

    Parameters
    ----------
    entry
        The report.
    row
        Its headline finding on the scale of its column; None where it has none.
    change
        Of that finding since the run before; None where there is none to compare with.
    """

    entry: Entry
    row: Row | None
    change: Change | None = None


@dataclass(frozen=True)
class Column:
    """A question, with the finding that its cells show."""

    question: str
    finding: str
    reference: float | None = None


@dataclass(frozen=True)
class Matrix:
    """The reports of one group that come from matrices of a plan.

    Parameters
    ----------
    name
        The group.
    columns
        The questions.
    rows
        A segment's words, and its cell in each column; None where there is no such report.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


def matrices(entries: Iterable[Entry]) -> list[Matrix]:
    """The matrices of an index, one a group, in the order of the entries.

    Only a ``[[report]]`` of a plan that makes two reports or more has a column.
    """
    groups: dict[str, dict[tuple[str, str], list[Entry]]] = {}
    for e in entries:
        if e.record.base and e.segment:
            family = groups.setdefault(e.group, {})
            family.setdefault((e.record.plan, e.record.base), []).append(e)
    made = []
    for name, families in groups.items():
        several = [es for es in families.values() if len(es) > 1]
        if several:
            made.append(_matrix(name, several))
    return made


def _matrix(name: str, families: list[list[Entry]]) -> Matrix:
    columns = [_column(entries) for entries in families]
    segments = dict.fromkeys(e.segment for entries in families for e in entries)
    rows = tuple((s, tuple(cells.get(s) for _, cells in columns)) for s in segments)
    return Matrix(name, tuple(column for column, _ in columns), rows)


def _column(entries: list[Entry]) -> tuple[Column, dict[str, Cell]]:
    """A question and its cells by segment, on one scale where they show one finding."""
    heads = {e.segment: f for e in entries if (f := _head(e)) is not None}
    named = {(str(f.get("name", "")), f.get("unit")) for f in heads.values()}
    placed: dict[str, Row] = {}
    reference = None
    if len(named) == 1:
        card = cards({**f, "group": segment} for segment, f in heads.items())[0]
        placed = dict(zip(heads, card.rows, strict=True))
        reference = card.reference
    cells = {}
    for e in entries:
        f = heads.get(e.segment)
        row = placed.get(e.segment) or (f and _row(f))
        cells[e.segment] = Cell(e, row or None, _change(e, f))
    finding = next(iter(named))[0] if len(named) == 1 else ""
    return Column(_shared_question(entries), finding, reference), cells


def _head(entry: Entry) -> Mapping[str, Any] | None:
    return next(iter(entry.singles or entry.shown.findings), None)


def _row(f: Mapping[str, Any]) -> Row:
    """A finding that has no scale in common with the others of its column."""
    known = f.get("value") is not None
    return Row("", value_text(f), interval_text(f), "", known=known, note=note_text(f))


def _change(entry: Entry, finding: Mapping[str, Any] | None) -> Change | None:
    return next((c for c in entry.changes if c.new is finding), None)


def _shared_question(entries: list[Entry]) -> str:
    """The question that all of a column ask, or what their titles begin with.

    A title such as "Churn, by {by}" leaves "Churn".
    """
    questions = {e.question for e in entries}
    if len(questions) == 1 and "" not in questions:
        return questions.pop()
    words = [e.record.title.split() for e in entries]
    same = itertools.takewhile(lambda found: len(set(found)) == 1, zip(*words, strict=False))
    start = " ".join(found[0] for found in same).strip(" ,:;-")
    return start.removesuffix(" by").strip(" ,:;-") or entries[0].record.title
