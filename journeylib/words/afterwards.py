"""Sentences on what comes after the purchase: rates, scores, cohorts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journeylib.numbers import number
from journeylib.words.parts import (
    LIST_FROM,
    MOST,
    chance,
    estimate,
    event_of,
    listed,
    name,
    of_group,
)


def rates(found: Any, at: float | None) -> str:
    """How often per time at risk."""
    told = []
    for row in found.table.itertuples(index=False):
        who = "" if row.group == "all" else f"{name(row.group)}: "
        if not row.events:
            told.append(f"{who}none (n = {row.n:,}, 0 events)")
            continue
        rate, ends = estimate(*(100 * x for x in (row.rate, row.low, row.high)))
        told.append(f"{who}{rate} ({ends}; n = {row.n:,}, {row.events:,} events)")
    head = (
        f"How often {name(found.about['event'])} happens among 100 customers at risk, in "
        f"{number(found.per)} {found.unit}:"
    )
    if len(told) < LIST_FROM:
        return f"{head} {'. '.join(told)}."
    return listed(head, told, "95% intervals.")


def promoter_score(found: Any, at: float | None) -> str:
    """Promoters less detractors, and who is behind it."""
    told, tail = [], ""
    for row in found.table.itertuples(index=False):
        share = number(100 * row.answered / row.customers, 2) if row.customers else "0"
        whose = of_group(found, row.group)
        who = f"{row.answered:,} of {row.customers:,} customers{whose} ({share}%)"
        if pd.isna(row.score):
            told.append(f"{who} answered.")
            continue
        score, ends = estimate(row.score, row.low, row.high)
        told.append(
            f"{who} answered: {row.promoters:,} promoters, {row.passives:,} passives, "
            f"{row.detractors:,} detractors, a net promoter score of {score} ({ends})."
        )
    every = found.everybody
    if not pd.isna(every["score"]):
        score, ends = estimate(every["score"], every["low"], every["high"])
        tail = (
            f"If the others of each group were like those who answered, it would be {score} "
            f"({ends}) among all {found.about['n']:,}."
        )
    if len(told) < LIST_FROM:
        return " ".join([*told, tail]).strip()
    return listed("Of those asked:", told, tail)


def cohorts(found: Any, at: float | None) -> str:
    """The trend from cohort to cohort, and the step at a change."""
    event, horizon = event_of(found), number(found.horizon)
    size = f"n = {found.about['n']:,}, {found.about['events']:,} events"
    head = f"Mean time without {event} within the first {horizon} {found.unit}"
    count = f"{len(found.table)} cohort{'' if len(found.table) == 1 else 's'} ({size})"
    line = not pd.isna(found.trend["value"])
    moved = f"from one to the next it moves by {_moved(found.trend, found.unit)}" if line else ""
    told = [f"{head}, in {count}: {moved or 'too few for a trend'}."]
    if line and found.step is not None and found.difference is not None:
        told.append(
            f"At {found.change} it steps by {_moved(found.step, found.unit)} beyond that trend; "
            f"a plain before and after shows {_moved(found.difference, found.unit)}, in which the "
            "trend counts as the change."
        )
    fit = found.lack_of_fit
    if line and fit["p"] < 0.05:
        told.append(
            f"The cohorts scatter about this line more than chance explains ({chance(fit['p'])}): "
            "something else moved, too, and the intervals are widened for it."
        )
    if found.left_out:
        shown = ", ".join(found.left_out[:MOST])
        told.append(f"Left out, as not followed so long or not watched from the start: {shown}.")
    return " ".join(told)


def _moved(part: dict[str, float], unit: str) -> str:
    value, ends = estimate(part["value"], part["low"], part["high"])
    sure = not part["low"] <= 0 <= part["high"]
    return f"{value} ({ends}) {unit}{'' if sure else ', no more than chance would explain'}"
