"""What is in an event log: how much of what, when, and through which channel."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from journeylib import words
from journeylib.numbers import number
from journeylib.plots.style import describe, new_axes, numbers_of, palette, stacked_axes, wrap


def plot_activity(activity: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the number of events per period, each kind of event on a scale of its own.

    Parameters
    ----------
    activity
        Columns ``period`` (dates), ``event``, ``events``, as :func:`journeylib.activity` gives.
    ax
        Axes to draw all on; by default each kind of event gets axes of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The first of them.
    """
    activity = numbers_of(activity, "period", "event", "events")
    names = list(activity.groupby("event")["events"].sum().sort_values(ascending=False).index)
    axes = [ax] if ax is not None else stacked_axes(len(names))
    for name, colour, place in zip(names, palette(len(names)), cycle(axes)):
        mine = activity[activity["event"] == name]
        label = f"{wrap(words.name(name))} · {number(int(mine['events'].sum()))}"
        place.plot(mine["period"], mine["events"], color=colour, lw=1.8, marker="o", ms=3.5,
                   label=label)  # fmt: skip
        place.margins(y=0.12)
        place.set_ylim(0, None)
        place.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        place.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(int(v))))
        place.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.98), fontsize=9.5, frameon=False)
        sns.despine(ax=place)
    first, last = activity["period"].min(), activity["period"].max()
    totals = ", ".join(
        f"{name} {int(activity.loc[activity['event'] == name, 'events'].sum()):,}" for name in names
    )
    each = _period(activity["period"])
    alt = f"Lines of events {each} from {first:%Y-%m-%d} to {last:%Y-%m-%d}. Totals: {totals}."
    caption = f"Events {each}, each kind on a scale of its own that begins at zero."
    if activity["events"].isna().any():
        caption += " Gaps: too few customers to be shown."
    return describe(axes[0], alt, caption, activity)


def _period(starts: pd.Series) -> str:
    """How long the periods are that begin on these dates."""
    steps = np.diff(np.unique(starts.to_numpy(dtype="datetime64[D]"))).astype(float)
    days = float(np.median(steps)) if len(steps) else 0.0
    known = {1: "a day", 7: "a week"}
    return known.get(round(days), "a month" if 27 < days < 32 else "over time")


def plot_counts(counts: pd.DataFrame, label: str, value: str, ax: Axes | None = None) -> Axes:
    """Draw counts as bars, largest first, with the number at each bar.

    Parameters
    ----------
    counts
        One row a bar.
    label, value
        Columns of its name and of its length.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> bars = pd.DataFrame({"channel": ["e-mail", "search"], "customers": [20, 50]})
    >>> len(plot_counts(bars, "channel", "customers").patches)
    2
    """
    counts = numbers_of(counts, label, value).sort_values(value, ascending=False, kind="stable")
    ax = new_axes(ax, height=1.0 + 0.42 * max(len(counts), 1))
    names = [wrap(words.name(name), 34) for name in counts[label]]
    bars = ax.barh(range(len(counts)), counts[value], color=palette(1)[0], height=0.68)
    ax.bar_label(bars, [f"{v:,}" for v in counts[value]], padding=4, fontsize=9.5)
    ax.set_yticks(range(len(counts)), names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(int(v))))
    ax.set_xlabel(value)
    ax.margins(x=0.12)
    sns.despine(ax=ax, left=True)
    shown = ", ".join(f"{n} {v:,}" for n, v in zip(counts[label], counts[value]))
    return describe(
        ax,
        f"Bars of {value} by {label}: {shown}.",
        f"{value.capitalize()} by {label}.",
        counts[[label, value]],
    )
