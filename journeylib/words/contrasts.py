"""Sentences on differences between groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from journeylib.numbers import number
from journeylib.words.parts import chance, event_of, longer, name, term, told_as

_TESTS = {
    "logrank": "log-rank",
    "peto": "Peto's",
    "fleming-harrington": "Fleming-Harrington",
    "gray": "Gray's",
}


def comparison(test: Any, at: float | None) -> str:
    """Whether groups differ by more than chance."""
    told, used = [], test.about.get("test", "log-rank")
    apart = np.ndim(test.p_value) > 0  # one test a cause; otherwise any of them is the event
    for event, statistic, df, p in zip(
        map(name, test.about["causes"]) if apart else [event_of(test)],
        *(np.atleast_1d(x) for x in (test.statistic, test.df, test.p_value)),
    ):
        verdict = (
            "differ by more than chance would explain"
            if p < 0.05
            else "do not differ by more than chance would explain"
        )
        told.append(
            f"The {len(test.groups)} groups {verdict} in their time to {event} "
            f"({_TESTS.get(used, used)} test: chi-squared {number(float(statistic), 3)} "
            f"on {number(float(df))} df, {chance(float(p))}; n = {test.about['n']:,})."
        )
    return " ".join(told)


def scan(scan: Any, at: float | None) -> str:
    """Which groups wait longer or shorter than all others."""
    horizon, event = number(scan.about["horizon"]), event_of(scan)
    clear = scan.table[scan.table["p_adjusted"] < 0.05].sort_values("difference", ascending=False)
    told = []
    for row in clear.itertuples(index=False):
        more, ends = longer(row)
        told.append(f"{row.group}: {more.format(scan.unit)} ({ends}; n = {row.n:,})")
    tail = (
        f"than all others together, by more than chance would explain with so many groups "
        f"(mean {scan.unit} without {event} within the first {horizon}; "
        f"n = {scan.about['n']:,}, {scan.about['events']:,} events)"
    )
    if clear.empty:
        return f"None of the {len(scan.table)} groups waits longer or shorter {tail}."
    waits = "waits" if len(clear) == 1 else "wait"
    head = f"Of {len(scan.table)} groups, {len(clear)} {waits} longer or shorter {tail}:"
    return told_as(head, told)


def weighting(found: Any, at: float | None) -> str:
    """What weights did to the balance, and who is left to count."""
    table, group = found.table, name(found.about["treatment"])
    before, after = (float(table[c].abs().max()) for c in ("smd_before", "smd_after"))
    worst = table.loc[table["smd_after"].abs().idxmax(), "term"]
    worth = "; ".join(
        f"{label}: {n:,} worth {number(size, 3)} equally weighted ones"
        for label, n, size, *_ in found.sizes.itertuples(index=False)
    )
    cut = found.about["truncated"]
    told = [
        f"The groups of {group} are weighted to be alike in "
        f"{', '.join(map(name, found.about['covariates']))} (n = {found.about['n']:,}). "
        "The largest standardised difference of means was "
        f"{number(before, 2)} before and is {number(after, 2)} after weighting ({term(worst)}); "
        "below 0.1 is taken for alike.",
        f"{worth}.",
        "What is not among these covariates may still differ between the groups.",
    ]
    if cut:
        told.insert(2, f"{cut:,} weights were truncated.")
    return " ".join([*told, *(f"{w[0].upper()}{w[1:]}." for w in found.warnings)])
