"""The journey as a whole: who is where over time, and who moves where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import PercentFormatter

from journeylib import words
from journeylib.numbers import number
from journeylib.plots.effects import dots
from journeylib.plots.style import describe, new_axes, palette, wrap

_POINTS = 400
_LOST = "#b9bdc4"


def plot_occupancy(occupancy: Any, ax: Axes | None = None, *, horizon: float | None = None) -> Axes:
    """Draw the share of customers in each stage over time, stacked to the whole.

    Parameters
    ----------
    occupancy
        Result of :func:`journeylib.occupancy`; of several groups the first is drawn.
    ax
        Axes to draw on; new ones by default.
    horizon
        Last time shown; the whole follow-up by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax, height=4.8)
    group = occupancy.table["group"].iloc[0]
    last = float(horizon or occupancy.table["time"].max())
    shares = occupancy.at(np.linspace(0, last, _POINTS))
    shares = shares[shares["group"] == group]
    wide = shares.pivot(index="time", columns="stage", values="probability")
    stages = [s for s in occupancy.stages if s in wide]
    colours = _colours(stages)
    heights = [wide[s].to_numpy() for s in stages]
    ax.stackplot(wide.index, heights, colors=[colours[s] for s in stages], lw=0)
    _name_layers(ax, stages, heights, last)
    ax.set_xlim(0, last)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("share of customers")
    ax.set_xlabel(f"{occupancy.unit} since the first contact")
    ax.grid(visible=False)
    sns.despine(ax=ax)
    caption = (
        f"Where customers are over time in {occupancy.unit}; the layers add up to everybody. "
        f"n = {occupancy.about['n']:,}; the intervals are in the table."
    )
    numbers = occupancy.at(np.linspace(0, last, 13))
    numbers = numbers.loc[
        numbers["group"] == group, ["time", "stage", "probability", "low", "high"]
    ]
    alt = f"Stacked layers. {words.say(occupancy, at=last)}"
    return describe(ax, alt, caption, numbers)


def plot_times(occupancy: Any, horizon: float, ax: Axes | None = None) -> Axes:
    """Draw the mean time in each stage up to a horizon, with its interval.

    Parameters
    ----------
    occupancy
        Result of :func:`journeylib.occupancy`; of several groups the first is drawn.
    horizon
        In its unit.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    times = occupancy.expected_time(horizon)
    times = times[times["group"] == times["group"].iloc[0]]
    frame = times.rename(columns={"mean_time": "value"})
    frame["label"] = [words.name(s) for s in frame["stage"]]
    ax = dots(frame, None, ax)
    first = f"the first {number(horizon)} {occupancy.unit}"
    ax.set_xlabel(f"mean {occupancy.unit} in the stage, of {first}; 95% interval")
    told = ", ".join(
        f"{r.label} {number(r.value, 3)} ({number(r.low, 3)} to {number(r.high, 3)})"
        for r in frame.itertuples()
    )
    alt = f"Dot plot of mean {occupancy.unit} in each stage: {told}."
    numbers = frame[["label", "value", "low", "high"]]
    numbers = numbers.rename(columns={"label": "stage", "value": f"mean {occupancy.unit}"})
    return describe(ax, alt, f"Mean {occupancy.unit} in each stage, of {first}.", numbers)


def plot_flows(flows: Any, ax: Axes | None = None) -> Axes:
    """Draw the moves between stages as bands as wide as the share that makes them.

    Parameters
    ----------
    flows
        Result of :func:`journeylib.flows`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = flows.table
    names = [s for s in flows.about["stages"] if s in set(table["from"]) | set(table["to"])]
    names.sort(key=lambda s: flows.about["order"].get(s, -1))
    ax = new_axes(ax, height=4.6, width=9.0)
    colours = _colours(names)
    sizes = {s: _size(table, s) for s in names}
    tops = {s: 1.0 if _goes_on(table, s, names) else 0.42 for s in names}
    place = {s: float(k) for k, s in enumerate(names)}
    out, into = dict(tops), dict(tops)
    ways_out = table["to"].map(tops) < 1  # drawn last, from the latest stage down
    latest = table["from"].map(place).where(ways_out, 0)
    table = table.assign(out=ways_out, latest=-latest, least=-table["share"])
    for row in table.sort_values(["out", "latest", "least"]).itertuples(index=False):
        source, target, share = str(row[0]), str(row[1]), float(row[2])
        _band(ax, (place[source] + 0.08, out[source]), (place[target], into[target]), share,
              _LOST if tops[target] < 1 else colours[source])  # fmt: skip
        out[source] -= share
        into[target] -= share
    for s in names:
        ax.add_patch(Rectangle((place[s], tops[s] - sizes[s]), 0.08, sizes[s], color=colours[s]))
        ax.text(place[s] + 0.04, tops[s] + 0.03, f"{wrap(words.name(s), 14)}\n{sizes[s]:.0%}",
                ha="center", va="bottom", fontsize=9.5)  # fmt: skip
    ax.set_xlim(-0.25, len(names) - 0.6)
    ax.set_ylim(-0.05, 1.22)
    ax.axis("off")
    horizon = number(flows.about["horizon"])
    caption = (
        f"Moves within {horizon} {flows.unit} of the first contact, each as wide as the share of "
        f"all customers that makes it; n = {flows.about['n']:,}. Not drawn: whoever stays. "
        "The intervals are in the table."
    )
    return describe(ax, f"Bands between stages. {words.say(flows)}", caption, flows.frame)


def _colours(names: list[str]) -> dict[str, Any]:
    """One colour a stage; the last, where it is the way out, is grey."""
    shades = dict(zip(names, palette(len(names)), strict=True))
    return {s: _LOST if s == "lost" else c for s, c in shades.items()}


def _size(table: pd.DataFrame, stage: str) -> float:
    """Share that ever enters a stage; everybody enters the first."""
    into = float(table.loc[table["to"] == stage, "share"].sum())
    away = float(table.loc[table["from"] == stage, "share"].sum())
    return max(into, away) if into else 1.0


def _goes_on(table: pd.DataFrame, stage: str, names: list[str]) -> bool:
    return stage != "lost" and (stage in set(table["from"]) or stage != names[-1])


def _band(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], width: float, colour: Any
) -> None:
    (x0, y0), (x1, y1) = start, end
    bend = (x0 + x1) / 2
    upper = [(x0, y0), (bend, y0), (bend, y1), (x1, y1)]
    lower = [(x1, y1 - width), (bend, y1 - width), (bend, y0 - width), (x0, y0 - width)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
    ax.add_patch(PathPatch(Path(upper + lower, codes), color=colour, alpha=0.45, lw=0))


def _name_layers(ax: Axes, stages: list[str], heights: list[np.ndarray], last: float) -> None:
    """Each layer's name where it is thickest, if it is thick enough to hold it."""
    below = np.zeros(_POINTS)
    for stage, height in zip(stages, heights):
        margin = _POINTS // 12
        inner = np.nan_to_num(height[margin:-margin])
        at = margin + int(np.argmax(inner))
        if height[at] > 0.05:
            middle = below[at] + height[at] / 2
            ax.text(last * at / (_POINTS - 1), middle, words.name(stage), fontsize=9.5,
                    ha="center", va="center", color="#14171f")  # fmt: skip
        below = below + np.nan_to_num(height)
