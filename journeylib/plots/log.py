"""What is in an event log: how much of what, when, and through which channel."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from journeylib.numbers import number
from journeylib.plots.style import describe, new_axes, palette, wrap


def plot_activity(activity: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the number of events per period, a line an event.

    Parameters
    ----------
    activity
        Columns ``period`` (dates), ``event``, ``events``, as :meth:`EventLog.activity` gives.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax)
    names = list(activity.groupby("event")["events"].sum().sort_values(ascending=False).index)
    for name, colour in zip(names, palette(len(names))):
        mine = activity[activity["event"] == name]
        ax.plot(mine["period"], mine["events"], color=colour, lw=1.8, marker="o", ms=3.5,
                label=f"{wrap(name)} · {number(int(mine['events'].sum()))}")  # fmt: skip
    ax.set_ylim(0, None)
    ax.set_ylabel("events")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(int(v))))
    ax.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, fontsize=9.5, frameon=False)
    ax.figure.autofmt_xdate(rotation=0, ha="center")  # type: ignore[union-attr]
    sns.despine(ax=ax)
    first, last = activity["period"].min(), activity["period"].max()
    totals = ", ".join(
        f"{name} {int(activity.loc[activity['event'] == name, 'events'].sum()):,}" for name in names
    )
    alt = f"Lines of events over time from {first:%Y-%m-%d} to {last:%Y-%m-%d}. Totals: {totals}."
    return describe(ax, alt, "Events over time, a line for each kind of event.")


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
    counts = counts.sort_values(value, ascending=False, kind="stable")
    ax = new_axes(ax, height=1.0 + 0.42 * max(len(counts), 1))
    names = [wrap(name, 34) for name in counts[label]]
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
        ax, f"Bars of {value} by {label}: {shown}.", f"{value.capitalize()} by {label}."
    )
