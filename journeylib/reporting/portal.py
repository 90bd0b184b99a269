"""The index, made from run records alone, and the stable links it leads to."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from journeylib.reporting.cards import value_text
from journeylib.reporting.crosstab import matrices
from journeylib.reporting.entries import Entry, most_moved, read_entries
from journeylib.reporting.records import RunRecord, slug
from journeylib.reporting.render import date_text, fill
from journeylib.reporting.store import Store
from journeylib.reporting.timeline import Panel, panels
from journeylib.reporting.verdicts import headline

NOTICE = "<!--journey:notice-->"


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
    return store.replace("index.html", index_html(read_entries(store)).encode())


def index_html(entries: list[Entry]) -> str:
    """The index as an HTML document: what moved and what needs attention first.

    Parameters
    ----------
    entries
        One a report, as :func:`read_entries` makes them.
    """
    several = sorted(entries, key=_order)
    broken = [e for e in several if e.status != "ok"]
    moved, others = most_moved(several)
    judged = [c for e in several for c in e.changes if c.p is not None]
    return fill(
        "index.html.j2",
        style=("page.css", "index.css"),
        script=("index.js",),
        value_text=value_text,
        entries=several,
        broken=broken,
        groups=_headed(e for e in several if e.status == "ok"),
        summary=_summary(several),
        moved=moved,
        others=others,
        movements=sum(len(e.moved) for e in several),
        judged=len(judged),
        matrices=matrices(several),
        history={e.record.report_id: _history(e) for e in several},
        data_sets=sorted({e.data_set for e in several}),
    )


def _headed(entries: Iterable[Entry]) -> list[tuple[str, str, list[Entry]]]:
    """Heading, its id and its entries, in the order in which headings first appear."""
    groups: dict[str, list[Entry]] = {}
    for e in entries:
        groups.setdefault(e.group, []).append(e)
    return [(n, f"g-{k}-{slug(n)}", es) for k, (n, es) in enumerate(groups.items())]


def _history(entry: Entry) -> tuple[Panel, ...]:
    """Of the finding that stands first, in each of its groups where it has no other row."""
    followed = entry.singles[:1] or entry.shown.findings
    name = followed[0].get("name") if followed else None
    return panels(entry.runs, [f for f in followed if f.get("name") == name])


def _order(entry: Entry) -> tuple[Any, ...]:
    """As in the plan; runs outside a plan come last."""
    record = entry.record
    return record.plan == "", record.plan, record.order, record.report_id


def _summary(entries: list[Entry]) -> str:
    if not entries:
        return ""
    bad = sum(e.status != "ok" for e in entries)
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
