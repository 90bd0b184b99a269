"""The index, made from run records alone, and the stable links it leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from journeylib.reporting.cards import Card, cards
from journeylib.reporting.records import RunRecord, slug
from journeylib.reporting.render import date_text, fill
from journeylib.reporting.store import Store
from journeylib.reporting.story import plain
from journeylib.reporting.verdicts import LABELS, headline, short

NOTICE = "<!--journey:notice-->"
_ROWS = 7


@dataclass(frozen=True)
class Entry:
    """A report in the index.

    Parameters
    ----------
    record
        Its latest run.
    good
        Its latest good run, when that is another one.
    """

    record: RunRecord
    good: RunRecord | None = None

    @property
    def shown(self) -> RunRecord:
        """The run whose findings are shown."""
        return self.good or self.record

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
    def label(self) -> str:
        """The verdict in a word or two."""
        return "up to date" if self.record.ok else LABELS[self.record.verdict]

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
        """Day of the latest good run."""
        return date_text(self.shown.started)

    @property
    def window(self) -> str:
        """Until when the data reach."""
        window = self.shown.provenance.get("window")
        cutoff = window.get("cutoff") if isinstance(window, Mapping) else None
        return f"data to {date_text(str(cutoff))}" if cutoff else ""

    @property
    def cards(self) -> list[Card]:
        """As many findings as fit: whole cards, but of the first one the first rows."""
        found, rows = cards(self.shown.findings), 0
        for number, card in enumerate(found):
            rows += len(card.rows)
            if rows > _ROWS:
                return found[:number] or [replace(card, rows=card.rows[:_ROWS])]
        return found

    @property
    def more(self) -> int:
        """Findings that do not fit."""
        return len(self.shown.findings) - sum(len(c.rows) for c in self.cards)


def publish(store: Store, report_id: str) -> None:
    """Replace a report's stable link by its last good page, or by the page that says what failed.

    The link is a copy and no redirect: one file that opens from the file system,
    prints, and can be sent by mail.
    """
    last = store.latest(report_id)
    if last is None:
        return
    shown = last if last.ok else store.latest_good(report_id) or last
    page = (store.folder(shown) / "report.html").read_text(encoding="utf-8")
    if shown is not last and not last.ok:
        page = page.replace(NOTICE, _notice(last, shown), 1)
    store.replace(f"{report_id}.html", page.replace('href="../../../', 'href="').encode())


def write_index(store: Store) -> Path:
    """Make the index anew from the run records."""
    return store.replace("index.html", index_html(_entries(store)).encode())


def index_html(entries: list[Entry]) -> str:
    """The index as an HTML document: failed reports first, then by group.

    Parameters
    ----------
    entries
        One a report.
    """
    broken = [e for e in entries if not e.record.ok]
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=_order):
        if entry.record.ok:
            groups.setdefault(entry.record.group or "Reports", []).append(entry)
    listed = [
        (name, f"g-{number}-{slug(name)}", es) for number, (name, es) in enumerate(groups.items())
    ]
    return fill(
        "index.html.j2",
        style=("page.css", "index.css"),
        broken=sorted(broken, key=_order),
        groups=listed,
        summary=_summary(entries),
    )


def _entries(store: Store) -> list[Entry]:
    entries = []
    for report_id in store.report_ids():
        last = store.latest(report_id)
        if last is not None:
            good = None if last.ok else store.latest_good(report_id)
            entries.append(Entry(last, good))
    return entries


def _order(entry: Entry) -> tuple[Any, ...]:
    """As in the plan; runs outside a plan come last."""
    record = entry.record
    return record.plan == "", record.plan, record.order, record.report_id


def _summary(entries: list[Entry]) -> str:
    if not entries:
        return ""
    bad = sum(not e.record.ok for e in entries)
    count = f"{len(entries)} report{'' if len(entries) == 1 else 's'}"
    state = f"{bad} need{'s' if bad == 1 else ''} attention" if bad else "all up to date"
    return f"{count}, {state}, latest {date_text(max(e.record.started for e in entries))}"


def _notice(last: RunRecord, shown: RunRecord) -> str:
    """What stands above a page that is not the latest run."""
    days = [escape(date_text(r.started)) for r in (shown, last)]
    link = escape(f"../../../{Entry(last).failed_link}")
    return (
        f'<aside class="jr-notice" aria-label="Notice">This is the last good report, of {days[0]}. '
        f"A later run, of {days[1]}, did not succeed: {escape(headline(last))} "
        f'<a href="{link}">What failed</a></aside>'
    )
