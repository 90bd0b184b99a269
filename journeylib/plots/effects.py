"""Differences between groups and effects of a model, each with its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from journeylib import words
from journeylib.estimate.cox import Effects
from journeylib.estimate.rmst import RestrictedMean
from journeylib.estimate.segments import SegmentScan
from journeylib.numbers import estimate, number
from journeylib.plots.style import describe, new_axes, palette, wrap

_NAMED = ("rfm", "persona")  # whose groups say by themselves what they are


def plot_effects(effects: Effects, ax: Axes | None = None) -> Axes:
    """Draw hazard ratios with their intervals on a logarithmic scale.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = effects.frame.rename(columns={"hazard_ratio": "value"})
    frame["label"] = [words.term(t, effects.about.get("references")) for t in frame["term"]]
    ax = ratio_dots(frame, ax)
    ax.set_xlabel("hazard ratio (1 = no difference), 95% interval")
    caption = (
        "Hazard ratios: above 1 the event comes sooner, below 1 later, all else in the model equal."
    )
    alt = f"Forest plot of hazard ratios. {words.say(effects)}"
    return describe(ax, alt, caption, _behind(frame, "hazard ratio"), result=effects)


def plot_rmst(result: RestrictedMean, ax: Axes | None = None) -> Axes:
    """Draw each group's mean time without the event up to the horizon.

    Parameters
    ----------
    result
        Result of :func:`journeylib.rmst`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = result.frame.rename(columns={"group": "label", "rmst": "value"})
    ax = dots(frame, None, ax)
    if result.by:
        ax.set_ylabel(wrap(" / ".join(words.name(column) for column in result.by), 40))
    horizon = number(result.about.get("horizon", np.nan))
    ax.set_xlabel(f"mean {result.unit} without the event, of the first {horizon}; 95% interval")
    caption = f"Mean {result.unit} without the event within the first {horizon} {result.unit}."
    alt = f"Dot plot of mean times. {words.say(result)}"
    return describe(ax, alt, caption, _behind(frame, f"mean {result.unit}"), result=result)


def plot_scan(scan: SegmentScan, ax: Axes | None = None) -> Axes:
    """Draw how much longer or shorter each group waits than all others together.

    Parameters
    ----------
    scan
        Result of :func:`journeylib.segment_scan`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = scan.frame.rename(columns={"group": "label", "difference": "value"})
    frame = frame[frame["value"].notna()].sort_values("value", ascending=False)
    ax = dots(frame, 0.0, ax)
    if scan.by and scan.by[0] not in _NAMED:
        ax.set_ylabel(wrap(" / ".join(words.name(column) for column in scan.by), 40))
    horizon = number(scan.about["horizon"])
    event = words.event_of(scan)
    ax.set_xlabel(f"extra {scan.unit} without {event}, of the first {horizon}; 95% interval")
    caption = (
        f"Mean {scan.unit} without {event} within the first {horizon}: each group less all "
        "others together. Right of the line the group waits longer."
    )
    alt = f"Dot plot of differences in mean time. {words.say(scan)}"
    return describe(ax, alt, caption, _behind(frame, f"difference in {scan.unit}"), result=scan)


def _behind(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """The numbers of dots with intervals."""
    names = [c for c in ("label", "value", "low", "high", "n", "events") if c in frame]
    return frame[names].rename(columns={"label": "group", "value": label})


def ratio_dots(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Dots on a logarithmic scale around 1, with several ticks however near they lie."""
    ax = dots(frame, 1.0, ax)
    ax.set_xscale("log")
    low, high = np.nanmin([*frame["low"], 1.0]), np.nanmax([*frame["high"], 1.0])
    ax.xaxis.set_major_locator(
        MaxNLocator(6, steps=[1, 2, 5, 10]) if high < 4 * low else LogLocator(subs=(1, 2, 5))
    )
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x, 3)))
    ax.xaxis.set_minor_locator(NullLocator())
    return ax


def dots(frame: pd.DataFrame, neutral: float | None, ax: Axes | None) -> Axes:
    """Dots with intervals, a row each: columns ``label, value, low, high``; a line at neutral."""
    ax = new_axes(ax, height=1.1 + 0.42 * max(len(frame), 1))
    rows = np.arange(len(frame))[::-1]
    colour = palette(1)[0]
    if neutral is not None:
        ax.axvline(neutral, color="#8a8f98", lw=1, zorder=1)
    ax.hlines(rows, frame["low"], frame["high"], color=colour, lw=2, zorder=2)
    ax.plot(frame["value"], rows, "o", color=colour, ms=6.5, zorder=3)
    for y, numbers in zip(rows, frame[["value", "low", "high"]].to_numpy(dtype=float)):
        value, low, high = estimate(*numbers, ratio=neutral == 1.0)
        ax.text(
            1.01,
            y,
            f"{value} ({low} to {high})",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=9,
        )
    ax.set_yticks(rows, [wrap(label, 34) for label in frame["label"]])
    ax.set_ylim(-0.7, max(len(frame) - 0.3, 0.7))
    ax.grid(axis="y", visible=False)
    sns.despine(ax=ax, left=True)
    return ax
