"""Sentences on what customers are worth, on rules of silence, and on steps that take long."""

from __future__ import annotations

from typing import Any

from journeylib.numbers import number
from journeylib.words.parts import MOST, and_more, estimate, longer, name, of_group, told_as


def value(worth: Any, at: float | None) -> str:
    """One sentence a group: the mean value up to the horizon."""
    horizon = f"{number(worth.about['horizon'])} {worth.unit}"
    what = name(worth.about["value"])
    what = f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
    told = []
    for row in worth.table.itertuples(index=False):
        said, ends = estimate(row.value, row.low, row.high)
        told.append(
            f"A customer{of_group(worth, row.group)} is expected to bring {what} of {said} "
            f"({ends}) through {name(worth.about['of'])} during the first {horizon} after the "
            f"start, those who leave before included (n = {row.n:,}, {row.events:,} payments)."
        )
    return " ".join(told[:MOST]) + and_more(len(told))


def silence(surface: Any, at: float | None) -> str:
    """What the data suggest, and why."""
    return str(surface.reason)


def steps(scan: Any, at: float | None) -> str:
    """Which group stays longer in which step, beyond chance."""
    sure = scan.table[scan.table["p_adjusted"] < 0.05]
    if sure.empty:
        return "No group stays longer or shorter in any step than the others, beyond chance."
    told = []
    for row in sure.sort_values("difference", ascending=False).itertuples(index=False):
        said, ends = longer(row)
        told.append(f"{row.group} in {name(row.step)}: {said.format(scan.unit)} ({ends})")
    return told_as("Beyond chance, against all others in the same step:", told)


def rule(found: Any, at: float | None) -> str:
    """What counts as leaving."""
    return str(found)
