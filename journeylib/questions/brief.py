"""One page on all reports: what they found, what moved, what to worry about, what to ask next.

A brief reads what the other reports said about themselves, as the dicts of
``journeylib.reporting.digest``; it estimates nothing. Which finding is told first and
which question follows is decided by rules that stand here and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pandas as pd

from journeylib.errors import DataError
from journeylib.findings import Findings, finding
from journeylib.ledger.core import Check
from journeylib.provenance import Provenance, _versions
from journeylib.questions.asking import asked
from journeylib.questions.inbrief import (
    has_bounds_only,
    headline,
    interval_length,
    named,
    valued,
)

MOST, DOUBTS = 8, 4  # questions; how many of them on assumptions in doubt, which repeat the risks
WIDE = 2.0  # a group's interval is wide when so many times as long as that of the typical group


@dataclass(frozen=True, eq=False)
class Brief:
    """All reports of a folder in tables; made by :func:`brief`.

    Parameters
    ----------
    reports
        As ``digest`` tells them.
    """

    reports: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def headlines(self) -> pd.DataFrame:
        """``data, report, finding, value, counted, groups, link``: a row a report, its first
        estimate. Reports of one data set stand together, simulated ones last.
        """
        first = {r["group"]: k for k, r in reversed([*enumerate(self.reports)])}
        ordered = sorted(self.reports, key=lambda r: (bool(r["simulated"]), first[r["group"]]))
        rows = [(r["group"], r["title"], *headline(r["findings"]), _link(r)) for r in ordered]
        columns = ["data", "report", "finding", "value", "counted", "groups", "link"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def moved(self) -> pd.DataFrame:
        """``report, finding, was, now, change, judged, link``: what moved beyond noise, worse
        first."""
        rows = []
        for report, change in self._changes():
            if change["verdict"] == "moved":
                was, now = (valued(change[k]) for k in ("was", "now"))
                judged = {True: "better", False: "worse", None: "neither"}[change["good"]]
                told = (report["title"], named(change), was, now, change["shown"], judged)
                rows.append((*told, _link(report)))
        columns = ["report", "finding", "was", "now", "change", "judged", "link"]
        frame = pd.DataFrame(rows, columns=columns)
        order = frame["judged"].map({"worse": 0, "neither": 1, "better": 2})
        return frame.iloc[order.argsort(kind="stable")].reset_index(drop=True)

    @property
    def compared(self) -> dict[str, int]:
        """Verdict of a change -> how many findings have it."""
        return dict(Counter(change["verdict"] for _, change in self._changes()))

    @property
    def risks(self) -> pd.DataFrame:
        """``what, state, where, follows``: reports that failed, checks that failed or warned."""
        rows = []
        for r in self.reports:
            if r["verdict"] != "ok":
                kept = "The last good run is shown." if r["stale"] else "There is no good run."
                rows.append((r["trouble"], "report failed", r["title"], kept))
        for verdict, state in (("failed", "failed"), ("warned", "with care")):
            for (assumption, follows), where in self._checks(verdict).items():
                rows.append((assumption, state, _several(where), follows))
        return pd.DataFrame(rows, columns=["what", "state", "where", "follows"])

    @property
    def questions(self) -> pd.DataFrame:
        """``question, why``: what to ask next, the most pressing first."""
        rows = [*self._why_failed(), *self._why_moved(), *islice(self._if_not(), DOUBTS)]
        rows += [*self._who_is_unclear(), *self._too_early()]
        frame = pd.DataFrame(rows, columns=["question", "why"]).drop_duplicates("question")
        return frame.head(MOST).reset_index(drop=True)

    # ---- rules ------------------------------------------------------------------------

    def _why_failed(self) -> Iterator[tuple[str, str]]:
        for r in self.reports:
            if r["verdict"] != "ok":
                yield f"What stopped the report “{r['title']}”?", r["trouble"]

    def _why_moved(self) -> Iterator[tuple[str, str]]:
        for row in self.moved.itertuples(index=False):
            why = f"It went from {row.was} to {row.now}, more than chance would explain."
            yield f"What is behind the change in “{row.finding}” ({row.report})?", why

    def _if_not(self) -> Iterator[tuple[str, str]]:
        for verdict in ("failed", "warned"):
            checks = self._checks(verdict)
            for (assumption, follows), where in sorted(checks.items(), key=lambda c: -len(c[1])):
                yield asked(assumption), f"In doubt in {_several(where)}. {follows}"

    def _who_is_unclear(self) -> Iterator[tuple[str, str]]:
        """Of each finding told by group, the group that is known much less well than the others."""
        for r in self.reports:
            for name, several in _by_name(r["findings"]).items():
                lengths = {f["group"]: interval_length(f) for f in several}
                known = sorted(x for x in lengths.values() if x is not None)
                if len(known) < 3:
                    continue
                widest = max(several, key=lambda f: lengths[f["group"]] or 0.0)
                if (lengths[widest["group"]] or 0.0) >= WIDE * known[len(known) // 2]:
                    n = f" on n = {widest['n']:,}" if widest.get("n") is not None else ""
                    yield (
                        f"How is it really with {widest['group']} ({r['title']})?",
                        f"{name}: {valued(widest)}{n}, the least sure of {len(several)} groups.",
                    )

    def _too_early(self) -> Iterator[tuple[str, str]]:
        for r in self.reports:
            late = [f for f in r["findings"] if f.get("value") is None]
            if late and has_bounds_only(late[0]):
                why = f"Bounds only, {valued(late[0])}."
            else:
                why = "It is not reached within the time that customers have been followed."
            if late:
                yield f"When can “{named(late[0])}” be told ({r['title']})?", why

    # ---- parts ------------------------------------------------------------------------

    def _changes(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        for report in self.reports:
            for change in report["changes"]:
                yield report, change

    def _checks(self, verdict: str) -> dict[tuple[str, str], list[str]]:
        """Assumption and what follows -> titles of the reports in which it fared so."""
        found: dict[tuple[str, str], list[str]] = {}
        for r in self.reports:
            for check in r["checks"]:
                if check.get("verdict") == verdict:
                    key = (str(check.get("assumption", "")), str(check.get("follows", "")))
                    found.setdefault(key, []).append(r["title"])
        return found

    def __repr__(self) -> str:
        return told(self)

    def _repr_html_(self) -> str:
        from journeylib.words import note

        return note(told(self))._repr_html_()


def brief(facts: Mapping[str, Any]) -> Brief:
    """Make a brief of what the other reports say.

    Parameters
    ----------
    facts
        From ``journeylib.reporting.digest``.

    Raises
    ------
    DataError
        When there is no report.

    Examples
    --------
    >>> share = {"name": "bought", "value": 30.0, "low": 28.0, "high": 32.0, "unit": "%"}
    >>> report = {"id": "a", "title": "Buying", "group": "Shop", "verdict": "ok", "trouble": "",
    ...           "stale": False, "simulated": False, "cutoff": "2024-06-30", "question": "",
    ...           "findings": [share], "checks": [], "changes": []}
    >>> brief({"reports": [report]}).headlines[["report", "finding", "value"]]
       report finding           value
    0  Buying  bought  30% (28 to 32)
    """
    if not facts.get("reports"):
        raise DataError("there is no report to make a brief of", fix="run the other reports first")
    return Brief(tuple(facts["reports"]))


def told(found: Brief) -> str:
    """The state of all reports in a few sentences."""
    bad = [r for r in found.reports if r["verdict"] != "ok"]
    sets = len({r["group"] for r in found.reports})
    state = f"{len(bad)} did not succeed" if bad else "all succeeded"
    text = f"{len(found.reports)} reports on {sets} data set{'' if sets == 1 else 's'}, {state}."
    counts = found.compared
    judged = counts.get("moved", 0) + counts.get("noise", 0)
    if judged:
        text += (
            f" Of {judged:,} findings that could be judged against the run before, "
            f"{counts.get('moved', 0):,} moved beyond noise and {counts.get('noise', 0):,} within."
        )
    elif counts:
        text += " Nothing could be judged against the run before: the data are the same."
    else:
        text += " There is no earlier run on other data to compare with."
    checks = Counter(c.get("verdict") for r in found.reports for c in r["checks"])
    if checks["failed"] or checks["warned"]:
        text += (
            f" Of the assumptions that they rest on, {checks['failed']:,} failed and "
            f"{checks['warned']:,} are to be read with care."
        )
    made = [r for r in found.reports if r["simulated"]]
    if made:
        text += f" {len(made)} of the reports are on simulated data, in which no customer is real."
    return text


def states(found: Brief) -> Findings:
    """The brief's own numbers: reports that succeeded, findings that moved, checks that fared ill.

    Counts of what is there; they are not estimates and have no interval.
    """
    ok = sum(r["verdict"] == "ok" for r in found.reports)
    checks = Counter(c.get("verdict") for r in found.reports for c in r["checks"])
    return Findings(
        (
            finding("reports that succeeded", ok, n=len(found.reports)),
            finding("findings that moved beyond noise", found.compared.get("moved", 0)),
            finding("assumptions that failed", checks.get("failed", 0), better="lower"),
            finding("assumptions that warn", checks.get("warned", 0), better="lower"),
        )
    )


def check_reports(found: Brief) -> Check:
    """Fail when a report did not succeed; its last good run is shown instead, if there is one."""
    bad = [r for r in found.reports if r["verdict"] != "ok"]
    return Check(
        "every report is up to date",
        "failed" if bad else "passed",
        f"{len(found.reports) - len(bad)} of {len(found.reports)} succeeded"
        + (f"; not {_several([r['title'] for r in bad])}." if bad else "."),
        "Their numbers are older than the others', or missing." if bad else "Nothing.",
    )


def check_cutoffs(found: Brief) -> Check:
    """Warn when reports of one data set look at different days."""
    until: dict[str, set[str]] = {}
    for r in found.reports:
        if r["cutoff"]:
            until.setdefault(r["group"], set()).add(r["cutoff"])
    apart = {group: sorted(days) for group, days in until.items() if len(days) > 1}
    shown = "; ".join(f"{group} to {' and '.join(days)}" for group, days in apart.items())
    return Check(
        "reports of one data set look at the same days",
        "warned" if apart else "passed",
        f"{shown}." if apart else f"{len(until)} data sets, one last day each.",
        "Do not hold their numbers against each other." if apart else "Nothing.",
    )


def check_judged(found: Brief) -> Check:
    """State how many findings were judged together, so that few are called changed by chance."""
    counts = found.compared
    judged = counts.get("moved", 0) + counts.get("noise", 0)
    rest = sum(counts.values()) - judged
    return Check(
        "what is called changed is beyond chance",
        "passed",
        f"{judged:,} findings judged together (Benjamini and Hochberg), {rest:,} not to be judged.",
        "Of those called changed, about one of twenty may be noise.",
    )


def brief_provenance(found: Brief) -> Provenance:
    """Where the numbers of a brief come from: the reports, and until when their data reach."""
    days = sorted({r["cutoff"] for r in found.reports if r["cutoff"]})
    data = {
        "journey": _several(sorted({r["group"] for r in found.reports if r["group"]})),
        "reports read": len(found.reports),
        "simulated": all(r["simulated"] for r in found.reports),
    }
    return Provenance(data, {"cutoff": days[-1]} if days else {}, _versions())


def _link(report: Mapping[str, Any]) -> str:
    """Where the report is found, as seen from the folder of a run; empty where that is unknown."""
    return str(report.get("link") or "")


def _by_name(findings: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for f in findings:
        if f.get("group"):
            found.setdefault(f["name"], []).append(f)
    return found


def _several(names: Sequence[str], most: int = 2) -> str:
    """A few names, and how many more there are."""
    once = list(dict.fromkeys(names))
    more = len(once) - most
    return "; ".join(once[:most]) + (f" and {more} more" if more > 0 else "")
