"""Small questions on stays in stages: whether anybody moves, and stages group by group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from journeylib import words
from journeylib.estimate.flows import Flows
from journeylib.estimate.occupancy import Occupancy
from journeylib.findings.estimand import each_row
from journeylib.numbers import number
from journeylib.privacy import hide_small
from journeylib.questions.contrast import Contrast, Contrasts
from journeylib.questions.reach import reached
from journeylib.spells.core import Spells
from journeylib.words.parts import estimate

LOST = "lost"


def moving(stays: Spells) -> bool:
    """Whether there are two stages or more, and anybody moves from one to another.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import stages
    >>> moving(stages(small_log()))
    True
    """
    return len(stays.causes) > 1 and bool((stays.frame["cause"] > 0).any())


def without_small(flows: Flows, minimum: int = 20) -> Any:
    """Moves without those that fewer customers are seen to make, as :func:`hide_small` does it.

    Parameters
    ----------
    flows
        Result of :func:`journeylib.flows`.
    minimum
        Fewest customers that a shown move may hold.
    """
    return replace(flows, table=hide_small(flows.table, "moved", minimum))


def side_by_group(occupancy: Occupancy, horizon: float) -> pd.DataFrame:
    """Mean time in each stage up to a horizon, one row a group, with its interval.

    Parameters
    ----------
    occupancy
        Result of :func:`journeylib.occupancy` with groups.
    horizon
        In its unit.

    Returns
    -------
    DataFrame
        ``group`` and the stages, as text.
    """
    times = occupancy.expected_time(horizon)
    told = [
        " ".join([said, f"({ends})"])
        for said, ends in (estimate(r.mean_time, r.low, r.high) for r in each_row(times))
    ]
    wide = times.assign(told=told).pivot(index="group", columns="stage", values="told")
    order = list(dict.fromkeys(times["stage"]))
    groups = list(dict.fromkeys(times["group"]))
    shown = wide.reindex(index=groups, columns=order).rename(columns=words.name).reset_index()
    return shown.rename_axis(None, axis=1)


def naive_funnel(stays: Spells, horizon: float) -> Contrasts:
    """A funnel of those seen to arrive, beside the share that arrives.

    Parameters
    ----------
    stays
        As :func:`journeylib.stages` makes them, with forward movement.
    horizon
        Time by which customers should have arrived, in the unit of the stays.

    Returns
    -------
    Contrasts
        One for each stage but the first, in percent. The funnel takes whoever came late
        and is still on the way for somebody who never arrives, which makes it too low.
    """
    names = [c for c in stays.causes if c != LOST]
    frame = stays.frame.sort_values(["id", "start", "stop"], kind="stable", ignore_index=True)
    place = {name: k for k, name in enumerate(names)}
    frame["_from"] = frame[stays.column("stage")].map(place).fillna(len(names))
    code = {k + 1: place.get(name, -1) for k, name in enumerate(stays.causes)}
    frame["_to"] = frame["cause"].map(code).fillna(-2)
    told = []
    for k, name in enumerate(names[1:], start=1):
        spells = _to_stage(stays, frame, k, name)
        if not (spells.frame["cause"] == 1).any():
            continue
        there = spells.frame
        seen = ((there["cause"] == 1) & (there["stop"] <= horizon)).mean()
        right = reached(spells).at([horizon]).iloc[0]
        told.append(
            Contrast(
                f"How many get to {words.name(name)} or beyond within {number(horizon)} "
                f"{stays.unit}?",
                "a funnel: those seen to arrive, of all who came",
                100 * float(seen),
                "incidence: whoever is still on the way counts for as long as seen",
                100 * (1 - float(right["survival"])),
                100 * (1 - float(right["high"])),
                100 * (1 - float(right["low"])),
                "%",
            )
        )
    return Contrasts(told)


def _to_stage(stays: Spells, frame: pd.DataFrame, k: int, name: str) -> Spells:
    """Time until a stage or a later one is entered, getting lost competing."""
    first = frame.groupby("id", sort=False).first()
    last = frame.groupby("id", sort=False).last()
    hit = frame[frame["_to"] >= k].groupby("id", sort=False)["stop"].first()
    stop = hit.reindex(first.index).to_numpy(dtype=float)
    began = first["start"].to_numpy(dtype=float)
    at_once = (first["_from"] >= k).to_numpy() & (first["_from"] < len(stays.causes)).to_numpy()
    stop = np.where(at_once, began, stop)
    there = ~np.isnan(stop)
    gone = (last["_to"] == -1).to_numpy()
    made = pd.DataFrame(
        {
            "id": first.index.to_numpy(),
            "start": began,
            "stop": np.where(there, stop, last["stop"].to_numpy(dtype=float)),
            "cause": np.where(there, 1, np.where(gone, 2, 0)),
        }
    )
    # who was there before being watched says nothing about getting there
    made = made[~(at_once & (began > 0))].reset_index(drop=True)
    return stays.with_table(made, causes=(name, LOST), single=True)
