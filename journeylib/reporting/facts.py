"""Where a page's numbers come from, as headed lists of name and value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from journeylib.reporting.records import RunRecord

Pairs = list[tuple[str, str]]


def date_text(iso: str) -> str:
    """A date or time in ISO 8601 as people write it.

    Examples
    --------
    >>> date_text("2026-01-05T13:00:00+00:00"), date_text("2017-12-31"), date_text("data")
    ('5 January 2026', '31 December 2017', 'data')
    """
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{when.day} {when:%B %Y}"


def byline(record: RunRecord) -> list[str]:
    """From when the data are, and when they were looked at."""
    window = record.provenance.get("window")
    parts = []
    if isinstance(window, Mapping) and window.get("cutoff"):
        start = f"from {date_text(str(window['start']))} " if window.get("start") else ""
        parts.append(f"Data {start}to {date_text(str(window['cutoff']))}")
    parts.append(f"{'Computed' if record.ok else 'Tried'} on {date_text(record.started)}")
    return parts


def facts(record: RunRecord) -> list[tuple[str, Pairs]]:
    """Data, run and software, each as a list of name and value.

    Examples
    --------
    >>> record = RunRecord("churn", "1", seconds=4.2, git={"revision": "33d2f3d", "dirty": True})
    >>> dict(dict(facts(record))["Run"])["git revision"]
    '33d2f3d, with changes that are not committed'
    """
    about = record.provenance
    data = _pairs(about.get("data"))
    if record.fingerprint and "fingerprint" not in dict(data):
        data.append(("fingerprint", _short(record.fingerprint)))
    window = [(k, date_text(v)) for k, v in _pairs(about.get("window"))]
    run = [
        ("report", record.report_id),
        ("run", record.run_id),
        ("notebook", record.notebook),
        ("started", record.started.replace("T", " ").replace("+00:00", " UTC")),
        ("took", f"{record.seconds:.1f} s" if record.seconds else ""),
        ("git revision", revision_text(record.git)),
        ("run key", record.key[:16]),
    ]
    groups = [
        ("Data", [*data, *window]),
        ("Run", [(name, value) for name, value in run if value]),
        ("Software", _pairs(about.get("versions")) or _pairs(record.versions)),
    ]
    return [(name, pairs) for name, pairs in groups if pairs]


def revision_text(git: Mapping[str, Any]) -> str:
    """The commit of a record, and whether files differed from it."""
    commit = str(git.get("revision") or "")[:12]
    tail = ", with changes that are not committed" if git.get("dirty") else ""
    return f"{commit}{tail}" if commit else "none: not under git"


def _pairs(value: Any) -> Pairs:
    if not isinstance(value, Mapping):
        return []
    shown = {k: v for k, v in value.items() if isinstance(v, str | int | float) and v != ""}
    return [(str(k).replace("_", " "), _value(v)) for k, v in shown.items()]


def _value(value: str | int | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else _short(str(value))


def _short(text: str) -> str:
    """A long hash by its beginning, which is enough to tell two apart."""
    is_hash = len(text) >= 40 and all(c in "0123456789abcdef" for c in text)
    return f"{text[:16]}…" if is_hash else text
