"""What the reports of a folder say together, as plain values: for a page about all of them.

The brief is a notebook and may read the records of the other reports, but analysis does
not know run records. So they are told here in dicts and lists that JSON knows, with what
moved since the run before judged as the index judges it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from journeylib.errors import RunError
from journeylib.reporting.changes import Change, adjust, compare, previous
from journeylib.reporting.records import RunRecord
from journeylib.reporting.store import Store
from journeylib.reporting.verdicts import headline, short

FOLDER = "JOURNEY_REPORTS"  # set by whoever runs a report
RUNS = 12  # of a report that are looked at for the run before


def digest(folder: str | Path = "", leave_out: str = "") -> dict[str, Any]:
    """Every report of a folder: its state, its findings, what moved, what was warned of.

    Parameters
    ----------
    folder
        Folder of the reports. Empty: that of the batch that runs this notebook, else the
        nearest folder ``reports`` with runs, from the working directory upwards.
    leave_out
        Notebook whose reports are left out, by the name of its file without ending: a brief
        does not read itself.

    Returns
    -------
    dict
        ``folder``, and ``reports``: a list of dicts with ``id, link, title, question, group,
        notebook, verdict, trouble, stale, simulated, started, cutoff, findings, checks,
        changes``. Findings and checks are those of the last good run. A change has
        ``name, group, was, now, shown, verdict, words, good, p``.

    Raises
    ------
    RunError
        When there is no such folder or no report in it.
    """
    store = Store(_found(folder))
    latest = [r for i in store.report_ids() if (r := store.latest(i)) is not None]
    latest = [r for r in latest if Path(r.notebook).stem != leave_out]
    if not latest:
        raise RunError(
            "there is no report to read",
            where=str(store.root),
            fix="run the other reports first: journey batch",
        )
    latest.sort(key=lambda r: (r.plan == "", r.plan, r.order, r.report_id))
    good = {r.report_id: [*islice((h for h in store.history(r.report_id) if h.ok), RUNS)]
            for r in latest}  # fmt: skip
    moved = _moved(good)
    told = [_report(r, good[r.report_id], moved.get(r.report_id, ())) for r in latest]
    return {"folder": store.root.name, "reports": told}


def contents(records: Iterable[RunRecord]) -> str:
    """One hash over what reports say, and over nothing that a mere rerun changes.

    Examples
    --------
    >>> one, same, other = (RunRecord("a", run, findings=({"value": x},))
    ...                     for run, x in (("1", 3.0), ("2", 3.0), ("3", 4.0)))
    >>> contents([one]) == contents([same]), contents([one]) == contents([other])
    (True, False)
    """
    said = sorted(
        json.dumps(
            [r.report_id, r.title, r.verdict, list(r.findings), list(r.checks), short(r)],
            sort_keys=True,
            default=str,
        )
        for r in records
    )
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _found(folder: str | Path) -> Path:
    given = str(folder) or os.environ.get(FOLDER, "")
    if given:
        found = Path(given).expanduser().resolve()
        if not (found / "runs").is_dir():
            raise RunError("this folder holds no reports", where=str(found), fix="journey batch")
        return found
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / "reports" / "runs").is_dir():
            return place / "reports"
    raise RunError(
        "there is no folder of reports", where=str(here), fix="run the other reports: journey batch"
    )


def _moved(good: Mapping[str, list[RunRecord]]) -> dict[str, tuple[Change, ...]]:
    """Report id -> changes since the run before, adjusted over all reports together."""
    pairs = [
        (name, change)
        for name, runs in good.items()
        if runs and (before := previous(runs[0], runs[1:])) is not None
        for change in compare(before, runs[0])
    ]
    found: dict[str, tuple[Change, ...]] = {}
    for (name, _), change in zip(pairs, adjust(c for _, c in pairs), strict=True):
        found[name] = (*found.get(name, ()), change)
    return found


def _report(record: RunRecord, good: list[RunRecord], changes: Iterable[Change]) -> dict[str, Any]:
    shown = good[0] if good else record
    window = shown.provenance.get("window")
    return {
        "id": record.report_id,
        "link": f"../../../{record.report_id}.html",  # as seen from the folder of a run
        "title": record.title or record.report_id,
        "question": record.question,
        "group": record.group,
        "notebook": Path(record.notebook).stem,
        "verdict": record.verdict,
        "trouble": "" if record.ok else f"{headline(record)} {short(record)}".strip(),
        "stale": not record.ok and bool(good),
        "simulated": shown.simulated,
        "started": shown.started,
        "cutoff": str(window.get("cutoff") or "") if isinstance(window, Mapping) else "",
        "findings": [dict(f) for f in shown.findings] if good else [],
        "checks": [dict(c) for c in shown.checks] if good else [],
        "changes": [_change(c) for c in changes],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "name": change.name,
        "group": change.group,
        "was": dict(change.old) if change.old else None,
        "now": dict(change.new) if change.new else None,
        "shown": change.shown,
        "verdict": change.verdict,
        "words": change.words,
        "good": change.good,
        "p": change.p if change.adjusted is None else change.adjusted,
    }
