"""Sentences on experiments: what was planned, what the looks say, what could have been seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journeylib.numbers import number
from journeylib.words.parts import MOST, and_more, counted_events, estimate, name, percent

SPENDING = {"obrien-fleming": "O'Brien-Fleming", "pocock": "Pocock"}


def plan(looks: Any, at: float | None) -> str:
    """How many events, how many looks, how high the bar."""
    table, about = looks.table, looks.about
    bars = [number(b, 3) if np.isfinite(b) else "no bar" for b in table["boundary"]]
    when = ", ".join(f"{n:,} (|z| of {bar})" for n, bar in zip(table["events"], bars, strict=True))
    found = percent(float(table["power"].iloc[-1]))
    return (
        f"A hazard ratio of {number(about['hazard_ratio'])} is found in about {found} of 100 "
        f"experiments of {looks.planned_events:,} events, read at {len(table)} looks, after so "
        f"many events: {when}. Without any difference, {percent(about['alpha'])} of 100 would "
        f"cross a bar at any look ({SPENDING[about['spending']]} spending)."
    )


def sequential(found: Any, at: float | None) -> str:
    """What the looks so far say, and nothing that a single look would have said."""
    table, about = found.table, found.about
    event, planned = name(about["event"]), about["planned_events"]
    shown = table.iloc[-1] if found.stopped is None else table.iloc[found.stopped - 1]
    size = (
        f"Look {int(shown['look'])} ({int(shown['events']):,} of {planned:,} planned events, "
        f"n = {int(shown['n']):,})"
    )
    against = f"|z| = {number(abs(shown['z']), 3)}"
    bar = shown["boundary"]
    against += f" against a bar of {number(bar, 3)}" if np.isfinite(bar) else ", no bar is set yet"
    arms = f"{found.treated} against {found.reference}"
    told = [f"{size}, {arms}: {_verdict(found, event)} ({against})."]
    if not pd.isna(shown["hazard_ratio"]) and np.isfinite(shown["high"]):
        ratio, ends = estimate(shown["hazard_ratio"], shown["low"], shown["high"], ratio=True)
        told.append(
            f"Hazard ratio {ratio} ({ends}; {percent(about['level'])}% interval over all looks)."
        )
    if found.mean_difference is not None:
        end = f"At the planned end ({counted_events(found)}), mean time"
        told.append(_means(found.mean_difference.iloc[0], found.unit, event, arms, end))
    told += [f"{n[0].upper()}{n[1:]}." for n in found.notes]
    return " ".join(told)


def _verdict(found: Any, event: str) -> str:
    table = found.table
    if found.stopped is not None:
        sooner = "sooner" if table["z"].iloc[found.stopped - 1] > 0 else "later"
        arm = found.treated
        return f"the bar is crossed, those in {arm} reach {event} {sooner}; the experiment is over"
    if found.decision == "finished":
        return f"all planned events are in and no bar was crossed: no difference in {event} is seen"
    left = found.about["planned_events"] - int(table["events"].iloc[-1])
    return f"no bar is crossed so far, go on for {left:,} more events"


def _means(row: pd.Series, unit: str, event: str, arms: str, when: str) -> str:
    more, ends = estimate(row["difference"], row["low"], row["high"])
    return (
        f"{when} without {event} within the first {number(row['horizon'])} {unit}: {arms} "
        f"{more} ({ends}) {unit}."
    )


def detectable(found: Any, at: float | None) -> str:
    """How small a difference the events at hand would have shown."""
    told = []
    for row in found.table.itertuples(index=False):
        who = f"{row.group} against {row.reference} ({row.events:,} events)"
        if pd.isna(row.ratio_above):
            told.append(f"{who}: none.")
            continue
        above, below = number(row.ratio_above, 3), number(row.ratio_below, 3)
        told.append(f"{who}: {above} or more, {below} or less.")
    return (
        f"Hazard ratios of {name(found.about['event'])} that would be seen in "
        f"{percent(found.about['power'])} of 100 such studies ({counted_events(found)}): "
        f"{' '.join(told[:MOST])}{and_more(len(told))} Anything nearer to 1 would probably be "
        "missed: to see no difference is not to show that there is none."
    )
