"""Sentences on touchpoints: what their hazard adds, what rules say, what moved touches earn."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journeylib.numbers import number
from journeylib.words.parts import chance, estimate, event_of, name, percent, term, told_as


def attribution(credit: Any, at: float | None) -> str:
    """Share of the events that each touchpoint's hazard adds."""
    event = event_of(credit)
    told = []
    for row in credit.table.iloc[:-1].sort_values("credit", ascending=False).itertuples():
        if pd.isna(row.credit):
            told.append(f"{name(row.touchpoint)}: no finite estimate")
            continue
        share, ends = _shares(row.credit, row.low, row.high)
        clear = "" if row.low > 0 or row.high < 0 else ", no more than chance would explain"
        told.append(f"{name(row.touchpoint)}: {share} ({ends}){clear}")
    together = credit.together
    head = (
        f"Of 100 {event} events, so many go along with a touchpoint, as the raised hazard after it "
        f"says (n = {credit.about['ids']:,}, {credit.about['events']:,} events; 95% intervals, "
        f"{credit.about['conf']}):"
    )
    tail = ""
    if not pd.isna(together["credit"]):
        share, ends = _shares(together["credit"], together["low"], together["high"])
        tail = f"All of them together: {share} ({ends}); the rest goes along with none."
    return told_as(head, told, tail)


def _shares(value: float, low: float, high: float) -> tuple[str, str]:
    return estimate(100 * value, 100 * low, 100 * high)


def rules(found: Any, at: float | None) -> str:
    """What the rules hand out; never an effect."""
    table, event = found.table, event_of(found)
    touched = table.iloc[:-1].sort_values("last_touch", ascending=False)
    told = [
        f"{name(row.touchpoint)}: first {percent(row.first_touch)}, "
        f"last {percent(row.last_touch)}, linear {percent(row.linear)}, "
        f"Markov removal {percent(row.markov)}"
        for row in touched.itertuples()
    ]
    rest = percent(float(table["last_touch"].iloc[-1]))
    head = (
        f"Rules, not effects: of 100 {event} events each rule hands out all that came after any "
        f"touch, among the touches before them (n = {found.about['n']:,} journeys, "
        f"{found.about['events']:,} events; {rest} of 100 without a touch):"
    )
    return told_as(head, told)


def placebo(found: Any, at: float | None) -> str:
    """Whether moved touches earn nothing."""
    moved = f"{number(found.about['moved'], 3)} {found.unit}"
    told = []
    for test, what, good, bad in (
        (
            "later",
            f"A touch moved to {moved} after its time",
            "earns nothing, as it should",
            "earns something, though nothing happened then: effects wear off or build up",
        ),
        (
            "before",
            f"In the {moved} before a touch, when it is still to come,",
            "the event is no likelier than for others at risk, as it should be",
            "the event is likelier or less likely already than for others at risk, which the "
            "touch cannot have brought about",
        ),
    ):
        rows = found.table[found.table["test"] == test]
        row = found.tests.set_index("test").loc[test]
        if pd.isna(row.p):
            told.append(f"{what} nothing can be tested here: {rows['note'].iloc[0]}.")
            continue
        untold = int(rows["p"].isna().sum())
        rest = f"; {untold} touchpoint(s) could not be tested" if untold else ""
        told.append(
            f"{what} {good if row.p >= 0.05 else bad} (chi-squared "
            f"{number(float(row.chisq))} on {number(int(row.df))} df, "
            f"{chance(float(row.p))}{rest})."
        )
    head = f"Placebo tests (n = {found.about['n']:,}). "
    return head + " ".join(told)


def by_stage(found: Any, at: float | None) -> str:
    """Which terms go along with moving on, from which stage."""
    left = "".join(f" Nothing is said of {name(s)}: {why}." for s, why in found.left_out.items())
    if found.table.empty:
        return f"Nothing can be estimated stage by stage.{left}"
    clear = found.table[found.table["p_adjusted"] < 0.05]
    told = []
    for row in clear.itertuples():
        ratio, ends = estimate(row.hazard_ratio, row.low, row.high, ratio=True)
        way = "sooner" if row.hazard_ratio > 1 else "later"
        told.append(
            f"From {name(row.stage)}, {term(row.term, found.about['references'])}: hazard ratio "
            f"{ratio} ({ends}; {row.events:,} events), {way}"
        )
    head = (
        f"Of {len(found.table)} ratios, {len(clear)} differ from one by more than chance would "
        f"explain with so many looks (reaching {name(found.about['event'])} from each of "
        f"{len(found.stages)} stages, the other terms held equal; n = {found.about['n']:,})"
        f"{':' if told else '.'}"
    )
    apart = found.differences[found.differences["p"] < 0.05]
    tail = ""
    if not apart.empty:
        terms = ", ".join(
            f"{term(r.term, found.about['references'])} ({chance(r.p)})" for r in apart.itertuples()
        )
        tail = f"Not the same from every stage: {terms}."
    return told_as(head, told, f"{tail}{left}".strip())
