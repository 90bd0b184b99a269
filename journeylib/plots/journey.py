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
from journeylib.estimate.flows import Flows
from journeylib.estimate.occupancy import Occupancy
from journeylib.numbers import number
from journeylib.plots.effects import dots
from journeylib.plots.style import describe, new_axes, palette, wrap

_POINTS = 120
_LOST = "#b9bdc4"
_LEADER = "#8a8f98"
_LINE = 9.5 / 72  # inches


def plot_occupancy(
    occupancy: Occupancy, ax: Axes | None = None, *, horizon: float | None = None
) -> Axes:
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
    ax = new_axes(ax, height=4.8, width=6.6)
    group = occupancy.table["group"].iloc[0]
    last = float(horizon or occupancy.table["time"].max())
    shares = occupancy.at(list(np.linspace(0, last, _POINTS)))
    shares = shares[shares["group"] == group]
    wide = shares.pivot(index="time", columns="stage", values="probability")
    stages = [s for s in occupancy.stages if s in wide]
    colours = _colours(stages)
    heights = [wide[s].to_numpy() for s in stages]
    ax.stackplot(wide.index, heights, colors=[colours[s] for s in stages], lw=0)
    ax.set_xlim(0, last)
    ax.set_ylim(0, 1)
    _name_layers(ax, {s: float(np.nan_to_num(wide[s].iloc[-1])) for s in stages}, colours)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("share of customers")
    ax.set_xlabel(f"{occupancy.unit} since the first contact")
    ax.grid(visible=False)
    sns.despine(ax=ax)
    caption = (
        f"Where customers are over time in {occupancy.unit}; the layers add up to everybody. "
        f"At the right, the shares after {number(last)} {occupancy.unit}. "
        f"n = {occupancy.about['n']:,}; the intervals are in the table."
    )
    numbers = occupancy.at(list(np.linspace(0, last, 13)))
    numbers = numbers.loc[
        numbers["group"] == group, ["time", "stage", "probability", "low", "high"]
    ]
    alt = f"Stacked layers. {words.say(occupancy, at=last)}"
    return describe(ax, alt, caption, numbers, lines=True)


def plot_times(occupancy: Occupancy, horizon: float, ax: Axes | None = None) -> Axes:
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
    return describe(
        ax, alt, f"Mean {occupancy.unit} in each stage, of {first}.", numbers, result=occupancy
    )


def plot_flows(flows: Flows, ax: Axes | None = None) -> Axes:
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
    ax.set_ylim(min(0.0, *(tops[s] - sizes[s] for s in names)) - 0.05, 1.22)
    ax.axis("off")
    horizon = number(flows.about["horizon"])
    caption = (
        f"Moves within {horizon} {flows.unit} of the first contact, each as wide as the share of "
        f"all customers that makes it; n = {flows.about['n']:,}. Not drawn: whoever stays. "
        "The intervals are in the table."
    )
    return describe(
        ax, f"Bands between stages. {words.say(flows)}", caption, flows.frame, lines=True
    )


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


def _name_layers(ax: Axes, shares: dict[str, float], colours: dict[str, Any]) -> None:
    """Each layer's name and share at the end, beside it; pushed apart where layers are thin."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    line = _LINE / (figure.get_size_inches()[1] * ax.get_position().height)
    names = [f"{wrap(words.name(s), 22)} {_percent(share)}" for s, share in shares.items()]
    tops = np.cumsum(list(shares.values()))
    middles = tops - np.array(list(shares.values())) / 2
    room = line * np.array([1.25 * (name.count("\n") + 1) for name in names])
    beside = ax.get_yaxis_transform()
    for s, name, middle, y in zip(shares, names, middles, apart(middles, room, 0.0, 1.0)):
        ax.plot([1.0, 1.035], [middle, y], transform=beside, clip_on=False, color=_LEADER, lw=0.9)
        ax.plot([1.05], [y], "s", ms=7, color=colours[s], transform=beside, clip_on=False)
        ax.text(1.07, y, name, fontsize=9.5, va="center", transform=beside)


def _percent(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def apart(wanted: np.ndarray, room: np.ndarray, low: float, high: float) -> np.ndarray:
    """Places as near as may be to those wanted, none in the room of its neighbour.

    Parameters
    ----------
    wanted
        Ascending.
    room
        What each needs, half of it on either side.
    low, high
        Between which all stand; where they need more than that, all get less alike.

    Returns
    -------
    ndarray
        The least squares solution: pool adjacent violators on what is left of the distances.

    Examples
    --------
    >>> apart(np.array([0.1, 0.5, 0.51, 0.52]), np.full(4, 0.1), 0, 1).round(2).tolist()
    [0.1, 0.41, 0.51, 0.61]
    >>> apart(np.array([0.99, 1.0]), np.full(2, 0.1), 0, 1).round(2).tolist()
    [0.85, 0.95]
    """
    room = room * min(1.0, (high - low) / room.sum())
    offset = np.concatenate([[0.0], np.cumsum((room[1:] + room[:-1]) / 2)])
    blocks: list[list[float]] = []  # sums and counts
    for x in wanted - offset:
        blocks.append([float(x), 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    free = np.concatenate([np.full(int(count), total / count) for total, count in blocks])
    free = np.clip(free, low + room[0] / 2, high - room[-1] / 2 - offset[-1])
    return np.asarray(free + offset)
