"""Outputs that a page shows in its own way: findings and the ledger of assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from journeylib.reporting.cards import counted_text, interval_text, note_text, value_text
from journeylib.reporting.records import FINDING_MIME, LEDGER_MIME
from journeylib.reporting.story import read_checks

WORDS = {"passed": "passed", "warned": "with care", "failed": "failed", "overruled": "overruled"}
SIGNS = {"passed": "✓", "warned": "!", "failed": "✕", "overruled": "✕"}


def block(output: Mapping[str, Any]) -> str:
    """An output of one of our own types as HTML; empty for a type that pages do not know."""
    for mime, made in ((FINDING_MIME, findings_table), (LEDGER_MIME, ledger_table)):
        payload = output.get("data", {}).get(mime)
        if isinstance(payload, Mapping):
            return made(payload)
    return ""


def findings_table(payload: Mapping[str, Any]) -> str:
    """Findings in their place in the story, as a table with all their numbers.

    Examples
    --------
    >>> html = findings_table({"findings": [{"name": "bought", "value": 14, "unit": "%"}]})
    >>> "<td>14%</td><td>–</td>" in html
    True
    """
    items = [f for f in payload.get("findings", []) if isinstance(f, Mapping)]
    grouped = any(f.get("group") for f in items)
    names = ["finding", *(["group"] if grouped else []), "value", "95% interval", "who was counted"]
    head = "".join(f"<th scope='col'>{n}</th>" for n in names)
    rows = []
    for f in items:
        cells = [str(f.get("group") or "all")] if grouped else []
        cells += [value_text(f), interval_text(f) or note_text(f) or "–", counted_text(f)]
        row = f"<th scope='row'>{escape(str(f.get('name', '')))}</th>"
        kind = " class='jr-note'" if note_text(f) else ""
        rows.append(f"<tr>{row}{''.join(f'<td{kind}>{escape(c)}</td>' for c in cells)}</tr>")
    return (
        "<table class='journey jr-full'><caption>The findings of this report</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def ledger_table(payload: Mapping[str, Any]) -> str:
    """Assumptions with how they fared; the sign is repeated in words.

    Examples
    --------
    >>> check = {"assumption": "ties are few", "verdict": "warned", "seen": "9.", "follows": "<>"}
    >>> html = ledger_table({"checks": [check]})
    >>> "1 with care" in html, "<td>&lt;&gt;</td>" in html
    (True, True)
    """
    checks = read_checks(payload)
    rows = []
    for check in checks:
        verdict = check["kind"] if check["kind"] in WORDS else check["verdict"]
        badge = (
            f"<span class='jr-verdict jr-is-{check['verdict']}'><span aria-hidden='true'>"
            f"{SIGNS[verdict]}</span> {WORDS[verdict]}</span>"
        )
        rows.append(
            f"<tr><th scope='row'>{escape(check['assumption'])}</th><td>{badge}</td>"
            f"<td>{escape(check['seen'])}</td><td>{escape(check['follows'])}</td></tr>"
        )
    seen = [check["verdict"] for check in checks]
    tally = ", ".join(f"{seen.count(v)} {WORDS[v]}" for v in WORDS if v in seen)
    heads = ("assumption", "verdict", "what was seen", "what follows")
    head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
    return (
        f"<table class='journey jr-ledger'><caption>Assumptions: {tally}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
