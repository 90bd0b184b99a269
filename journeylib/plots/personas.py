"""Kinds of customers, and predicted beside observed curves."""

from __future__ import annotations

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from journeylib import words
from journeylib.numbers import number
from journeylib.personas.individual import Fifths
from journeylib.personas.rfm import Personas
from journeylib.plots.style import describe, new_axes, since, wrap


def plot_personas(personas: Personas, ax: Axes | None = None) -> Axes:
    """Draw what sets each kind of customer apart: its mean of each feature against everybody's.

    Parameters
    ----------
    personas
        Result of :func:`journeylib.rfm` or :func:`journeylib.clusters`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = personas.frame
    features = list(personas.about["features"])
    everybody = personas.spells.frame[features]
    spread = everybody.std(ddof=0).replace(0, 1)
    apart = (table[features] - everybody.mean()) / spread
    ax = new_axes(ax, height=1.5 + 0.46 * len(table), width=4.6 + 0.95 * len(features))
    limit = max(1.0, float(np.nanmax(np.abs(apart.to_numpy()))))
    shown = table[features].map(lambda x: number(float(x), 3))
    sns.heatmap(
        apart.to_numpy(), annot=shown.to_numpy(), fmt="", ax=ax, center=0, vmin=-limit, vmax=limit,
        cmap=sns.color_palette("vlag", as_cmap=True), linewidths=1.5, linecolor="white",
        cbar=False, annot_kws={"fontsize": 9.5},
    )  # fmt: skip
    names = [f"{g}\n(n = {n:,})" for g, n in zip(table["group"], table["n"])]
    ax.set_yticklabels([wrap(g.split("\n")[0], 32) + "\n" + g.split("\n")[1] for g in names],
                       rotation=0)  # fmt: skip
    labels = [wrap(_feature(f, personas.unit), 14) for f in features]
    ax.set_xticklabels(labels, rotation=0)
    ax.grid(visible=False)
    caption = (
        "Mean of each feature in each group, as known when the clock starts; red above the mean "
        f"of all {personas.about['n']:,} customers, blue below."
    )
    return describe(ax, f"Table in colours. {words.say(personas)}", caption, table)


def _feature(name: str, unit: str) -> str:
    """A feature in words."""
    known = {
        "recency": f"{unit} since the latest",
        "frequency": "how often so far",
        "monetary": "mean value",
        "tenure": f"{unit} since the first",
    }
    if name.startswith("n_"):
        return f"{words.name(name.removeprefix('n_'))}, how often"
    return known.get(name, words.name(name))


def plot_fifths(fifths: Fifths, ax: Axes | None = None) -> Axes:
    """Draw the mean predicted curve of each risk group beside what was observed.

    Parameters
    ----------
    fifths
        Result of :func:`journeylib.fifths`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = fifths.frame
    groups = list(table["group"].unique())
    colours = sns.color_palette("crest", n_colors=len(groups))
    ax = new_axes(ax)
    for colour, group in zip(colours, groups):
        part = table[table["group"] == group]
        ends = ", lowest risk" if group == groups[0] else ""
        ends = ", highest risk" if group == groups[-1] and len(groups) > 1 else ends
        label = f"{group}{ends} (n = {int(part['n'].iloc[0]):,})"
        ax.plot(part["time"], 1 - part["predicted"], "--", color=colour, lw=1.6)
        ax.plot(part["time"], 1 - part["observed"], "-", color=colour, lw=1.8, label=label)
        ax.fill_between(
            part["time"], 1 - part["high"], 1 - part["low"], color=colour, alpha=0.16, lw=0
        )
    ax.plot([], [], "--", color="#5c6470", label="predicted")
    ax.set_xlim(0, float(table["time"].max()))
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    event = words.event_of(fifths)
    ax.set_ylabel(f"share with {event}")
    ax.set_xlabel(since(fifths))
    ax.legend(
        title="predicted risk", alignment="left", loc="upper left", bbox_to_anchor=(1.01, 1),
        fontsize=9, frameon=False,
    )  # fmt: skip
    sns.despine(ax=ax)
    caption = (
        "Groups of customers the model had not seen, by predicted risk: observed curves with 95% "
        "bands, the mean of their own predicted curves dashed."
    )
    return describe(ax, f"Curves by predicted risk. {words.say(fifths)}", caption, table)
