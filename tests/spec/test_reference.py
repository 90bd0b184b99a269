"""The plain-Python reference must itself obey the literal tables."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import reference
from cases import CHURN, TIME_TO, Case
from logs import STAGES, expected_table, rows_of

PLAIN = ("events", "stages", "window", "churn")


def is_plain(case: Case) -> bool:
    """Whether a case is about the clock alone: no units, zones, covariates or attributes."""
    return (
        "by" not in case.ask
        and set(case.file) <= set(PLAIN)
        and "timezone" not in case.file.get("window", {})
        and "end_event" not in case.file.get("churn", {})
    )


def watch_of(case: Case) -> reference.Watch:
    window = case.file.get("window", {"cutoff": "@2020-01-31"})
    text = window["cutoff"][1:]
    read = dt.datetime if "T" in text else dt.date
    start = dt.datetime.fromisoformat(window["start"][1:]) if "start" in window else None
    return reference.Watch(read.fromisoformat(text), start, window.get("resolution", "day"))


def rows(case: Case) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [dict(row) for row in rows_of(case.log)]
    midnight_after = watch_of(case).resolution == "timestamp"
    for row in found:
        row["at"] = dt.datetime.fromisoformat(row["at"])
        if row.get("ends"):  # a planned end that is a date includes its whole day
            ends = dt.datetime.fromisoformat(row["ends"])
            row["ends"] = ends + reference.DAY if midnight_after else ends
    return found


def meaning(case: Case, name: str) -> Callable[[dict[str, Any]], bool]:
    stages = case.file.get("stages", STAGES)
    if name == "big":
        return lambda r: r["event"] == "purchase" and float(r["value"] or 0) >= 100
    if name == "first_contact":
        staged = {e for events in stages.values() for e in events}
        stops = meaning(case, case.ask["event"])
        return lambda r: r["event"] in staged and not stops(r)
    exact = any(name in events for events in stages.values())
    names = [name] if exact else stages[name]
    return lambda r: r["event"] in names


def agrees(case: Case, answer: dict[tuple[Any, ...], reference.Outcome]) -> bool:
    names, expected = expected_table(case.spells)
    keys = [n for n in names if n not in ("start", "stop", "cause")]
    ours = {k: o for k, o in answer.items() if o.reason == "at risk"}
    theirs = {
        tuple(row[names.index(k)] for k in keys): [
            float(row[names.index(n)]) for n in ("start", "stop", "cause")
        ]
        for row in expected
    }
    assert {k: pytest.approx([o.start, o.stop, o.cause]) for k, o in ours.items()} == theirs
    dropped = Counter(o.reason for o in answer.values() if o.reason != "at risk")
    return dropped == Counter(case.dropped)


@pytest.mark.parametrize("case", [c for c in TIME_TO if is_plain(c)], ids=str)
def test_time_to(case: Case) -> None:
    ask = {"origin": "first_contact", **case.ask}
    same = ask["origin"] == ask["event"]
    stops, starts = meaning(case, ask.pop("event")), meaning(case, ask.pop("origin"))
    if ask.get("until") not in (None, "ends"):
        ask["until"] = meaning(case, ask["until"])
    found = reference.time_to(rows(case), watch_of(case), stops, starts, same=same, **ask)
    assert agrees(case, found)


@pytest.mark.parametrize("case", [c for c in CHURN if is_plain(c)], ids=str)
def test_churn(case: Case) -> None:
    rule = case.file["churn"]
    staged = {e for events in STAGES.values() for e in events}
    active = rule.get("activity", staged)
    days = case.ask.get("inactivity_days", rule.get("inactivity_days"))
    found = reference.churn(rows(case), watch_of(case), lambda r: r["event"] in active, days)
    assert agrees(case, found)
