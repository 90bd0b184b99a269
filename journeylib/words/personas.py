"""Sentences on kinds of customers and on predictions for each of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journeylib.numbers import number
from journeylib.words.parts import MOST, and_more, chance, event_of, name, percent


def personas(found: Any, at: float | None) -> str:
    """Which groups there are, how large, and whether they are more than a cut."""
    acts = " or ".join(name(a) for a in found.about["activity"])
    told = [
        f"{row.group}: {row.n:,} ({percent(row.share)} of 100)" for row in found.table.itertuples()
    ]
    head = (
        f"{len(found.table)} kinds of customers (n = {found.about['n']:,}), by what they did up to "
        f"the start of the clock and by nothing later ({acts}): {'; '.join(told[:MOST])}."
    )
    p = found.evidence.get("p", float("nan"))
    if pd.isna(p):
        return head + and_more(len(told))
    whole, null = (percent(found.evidence[key]) for key in ("statistic", "null"))
    verdict = (
        "more than a cut through one cloud of customers"
        if p < 0.05
        else "no more than a cut through one cloud of customers would explain"
    )
    return (
        f"{head}{and_more(len(told))} They explain {whole} of 100 parts of the spread, against "
        f"{null} in a cloud without groups ({chance(p)}): {verdict}."
    )


def fifths(found: Any, at: float | None) -> str:
    """Whether predicted curves come true in groups of equal risk."""
    event = event_of(found)
    last = found.table[found.table["time"] == found.table["time"].max()].dropna(subset=["observed"])
    told = [
        f"group {r.group}: predicted {percent(1 - r.predicted)}, observed "
        f"{percent(1 - r.observed)} ({percent(1 - r.high)} to {percent(1 - r.low)}; n = {r.n:,})"
        for r in last.itertuples()
    ]
    when = f"{number(found.about['horizon'])} {found.unit}"
    return (
        f"Of 100 customers the model had not seen, in {found.about['groups']} groups from the "
        f"lowest predicted risk to the highest, who reach {event} by {when}: "
        f"{'; '.join(told) or 'nobody was followed so long'} (n = {found.about['n']:,}, "
        f"{found.about['events']:,} events; 95% intervals)."
    )


def scores(found: Any, at: float | None) -> str:
    """Where the scores are, and how far they spread."""
    table = found.table
    event, when = event_of(found), f"{number(found.about['at'])} {found.unit}"
    where = (
        f"The scores of {found.about['n']:,} customers were written beside this run "
        f"({', '.join(found.about['names'])}); they are not in this page."
        if found.files
        else f"Scores of {found.about['n']:,} customers were made and not kept: this was no run of "
        "a batch, and no folder was named."
    )
    spread = (
        f" The predicted risk of {event} by {when} is {percent(float(table['risk'].iloc[0]))} of "
        f"100 in the tenth with the lowest risk and {percent(float(table['risk'].iloc[-1]))} in "
        "the highest."
        if len(table) == 10
        else f" The mean predicted risk of {event} by {when} is "
        f"{percent(float((table['risk'] * table['n']).sum() / table['n'].sum()))} of 100."
    )
    left = found.about["left_out"]
    missing = f" {left:,} customers lack a value that the model needs." if left else ""
    return where + spread + missing
