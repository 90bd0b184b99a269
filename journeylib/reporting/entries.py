"""A report as the index shows it: its state, its headline findings, and what moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from journeylib.reporting.cards import Row, cards, interval_text, note_text, value_text
from journeylib.reporting.changes import Change, adjust, compare, previous
from journeylib.reporting.records import RunRecord
from journeylib.reporting.render import date_text
from journeylib.reporting.store import Store
from journeylib.reporting.story import plain
from journeylib.reporting.verdicts import LABELS, headline, short

RUNS = 10  # of a report that the index reads and draws
_NUMBERS, _ROWS, _MOVED = 3, 5, 8
_Key = tuple[Any, ...]


@dataclass(frozen=True)
class Number:
    """A finding without groups, with what became of it since the run before."""

    name: str
    value: str
    interval: str
    change: Change | None = None
    known: bool = True
    note: str = ""


@dataclass(frozen=True)
class Strip:
    """Findings of one name side by side on one scale, a row a group."""

    name: str
    rows: tuple[tuple[Row, Change | None], ...]
    reference: float | None = None


@dataclass(frozen=True)
class Entry:
    """A report in the index.

    Parameters
    ----------
    record
        Its latest run.
    runs
        Its latest good runs, the latest first.
    changes
        Of the latest good run's findings against the run before, adjusted over the index.
    behind
        Until when other reports of the same data reach, where this one does not; else empty.
    """

    record: RunRecord
    runs: tuple[RunRecord, ...] = ()
    changes: tuple[Change, ...] = ()
    behind: str = ""

    @property
    def shown(self) -> RunRecord:
        """The run whose findings are shown: the latest good one where there is any."""
        return self.runs[0] if self.runs else self.record

    @property
    def good(self) -> RunRecord | None:
        """The good run that stands in for a latest run which is not ok."""
        return None if self.record.ok or not self.runs else self.runs[0]

    @property
    def before(self) -> RunRecord | None:
        """The run that the findings are compared with."""
        return previous(self.shown, self.runs[1:])

    @property
    def link(self) -> str:
        """The stable link."""
        return f"{self.record.report_id}.html"

    @property
    def failed_link(self) -> str:
        """The page that says what failed."""
        return f"runs/{self.record.report_id}/{self.record.run_id}/report.html"

    @property
    def question(self) -> str:
        """The question as plain text."""
        return plain(self.record.question)

    @property
    def status(self) -> str:
        """``failed``; ``stale``, where newer data or a newer run are there; or ``ok``."""
        if self.record.ok:
            return "stale" if self.behind else "ok"
        return "stale" if self.runs else "failed"

    @property
    def label(self) -> str:
        """The state in a word or two."""
        if not self.record.ok:
            return LABELS[self.record.verdict]
        return "older data" if self.behind else "up to date"

    @property
    def headline(self) -> str:
        """What failed, as a sentence."""
        return headline(self.record)

    @property
    def short(self) -> str:
        """What failed, in its own words."""
        text = short(self.record)
        return f"{text[:1].upper()}{text[1:]}" if text else ""

    @property
    def date(self) -> str:
        """Day of the latest run."""
        return date_text(self.record.started)

    @property
    def good_date(self) -> str:
        """Day of the run that is shown."""
        return date_text(self.shown.started)

    @property
    def cutoff(self) -> str:
        """Until when the data reach, in ISO 8601; empty where the run does not say it."""
        return str(_part(self.shown, "window").get("cutoff") or "")

    @property
    def window(self) -> str:
        """Until when the data reach, in words."""
        return f"data to {date_text(self.cutoff)}" if self.cutoff else ""

    @property
    def data_set(self) -> str:
        """The data set that it reads, by name."""
        name = _part(self.shown, "data").get("journey") or self.record.parameters.get("journey")
        return str(name or "no data set")

    @property
    def group(self) -> str:
        """The heading that its plan gives it."""
        return self.record.group or "Reports"

    @property
    def segment(self) -> str:
        """Its cell of a matrix in words; empty where it is of none."""
        return segment_text(self.record.cell)

    @property
    def moved(self) -> tuple[Change, ...]:
        """Findings that moved beyond noise."""
        return tuple(c for c in self.changes if c.verdict == "moved")

    @property
    def singles(self) -> list[Mapping[str, Any]]:
        """The first findings without groups, as many as are shown as numbers."""
        alone = [f for f in self.shown.findings if not f.get("group")]
        return alone[:_NUMBERS]

    @property
    def numbers(self) -> list[Number]:
        """What stands large: the first findings without groups."""
        return [self._number(f) for f in self.singles]

    def _number(self, f: Mapping[str, Any]) -> Number:
        change, known = self._known.get(_key(f)), f.get("value") is not None
        name, value = str(f.get("name", "")), value_text(f)
        return Number(name, value, interval_text(f), change, known, note_text(f))

    @property
    def strip(self) -> Strip | None:
        """The first finding that has groups, as small multiples; None where none has."""
        grouped = [f for f in self.shown.findings if f.get("group")]
        found = cards(grouped)[:1]
        if not found:
            return None
        known, card = self._known, found[0]
        same = [f for f in grouped if _named(f) == _named(grouped[0])]
        rows = tuple((row, known.get(_key(f))) for row, f in zip(card.rows, same, strict=True))
        return Strip(card.name, rows[:_ROWS], card.reference)

    @property
    def more(self) -> int:
        """Findings that do not fit."""
        strip = self.strip
        return len(self.shown.findings) - len(self.singles) - (len(strip.rows) if strip else 0)

    @property
    def _known(self) -> dict[_Key, Change]:
        return {_key(c.finding): c for c in self.changes}


def read_entries(store: Store) -> list[Entry]:
    """Every report of a folder, with what moved judged over all of them together."""
    entries = []
    for report_id in store.report_ids():
        runs = list(islice(store.history(report_id), RUNS))
        if runs:
            good = tuple(r for r in runs if r.ok)
            if not good:
                last = store.latest_good(report_id)
                good = (last,) if last else ()
            entries.append(Entry(runs[0], good))
    return with_changes(with_newer_data(entries))


def with_changes(entries: Iterable[Entry]) -> list[Entry]:
    """Entries with their changes, whose p-values are adjusted over the whole index."""
    several = list(entries)
    found = [compare(before, e.shown) if (before := e.before) else () for e in several]
    together = iter(adjust(c for changes in found for c in changes))
    return [
        replace(entry, changes=tuple(islice(together, len(changes))))
        for entry, changes in zip(several, found, strict=True)
    ]


def with_newer_data(entries: Iterable[Entry]) -> list[Entry]:
    """Entries marked where another report of the same data set, asked until when it will, has
    already seen later days."""
    several = list(entries)
    latest: dict[tuple[str, object], str] = {}
    for e in several:
        key = e.data_set, e.shown.parameters.get("cutoff")
        latest[key] = max(latest.get(key, ""), e.cutoff)
    return [_behind(e, latest[e.data_set, e.shown.parameters.get("cutoff")]) for e in several]


def _behind(entry: Entry, latest: str) -> Entry:
    behind = bool(entry.cutoff) and entry.cutoff < latest
    return replace(entry, behind=date_text(latest)) if behind else entry


def most_moved(entries: Iterable[Entry]) -> tuple[list[tuple[Entry, list[Change]]], int]:
    """The surest changes of the index by report, and how many more there are."""
    found = sorted(((e, c) for e in entries for c in e.moved), key=lambda ec: -abs(ec[1].z or 0.0))
    shown: dict[str, tuple[Entry, list[Change]]] = {}
    for e, c in found[:_MOVED]:
        shown.setdefault(e.record.report_id, (e, []))[1].append(c)
    return list(shown.values()), max(len(found) - _MOVED, 0)


def segment_text(cell: Mapping[str, Any]) -> str:
    """A cell of a matrix in words.

    Examples
    --------
    >>> segment_text({"by": "household_size", "horizon": 90}), segment_text({"segment": "A"})
    ('by household size, horizon 90', 'A')
    """
    names = {"segment": "", "cohort": ""}
    words = (f"{names.get(k, k)} {v}".strip() for k, v in cell.items() if k != "cutoff")
    return ", ".join(words).replace("_", " ")


def _named(finding: Mapping[str, Any]) -> tuple[str, str]:
    """As cards gather findings."""
    return str(finding.get("name", "")), str(finding.get("unit") or "")


def _key(finding: Mapping[str, Any]) -> _Key:
    return (*_named(finding), finding.get("group"))


def _part(record: RunRecord, name: str) -> Mapping[str, Any]:
    found = record.provenance.get(name)
    return found if isinstance(found, Mapping) else {}
