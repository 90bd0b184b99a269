"""Pictures of what comes after the purchase: rates, answers, looks at an experiment, cohorts."""

from __future__ import annotations

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from journeylib import words
from journeylib.estimate.cohorts import CohortTrend
from journeylib.estimate.promoters import PromoterScore
from journeylib.estimate.rates import Rates
from journeylib.estimate.sequential import Sequential
from journeylib.numbers import number
from journeylib.plots.effects import dots
from journeylib.plots.legend import legend_above
from journeylib.plots.style import describe, new_axes, palette, wrap

_ANSWERS = (("detractors", "#c44e52"), ("passives", "#c9ccd1"), ("promoters", "#0173b2"))


def plot_rates(rates: Rates, ax: Axes | None = None) -> Axes:
    """Draw events per time at risk, a row each group.

    Parameters
    ----------
    rates
        Result of :func:`journeylib.event_rates`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = rates.frame
    event = words.event_of(rates)
    shown = frame[["rate", "low", "high"]].mul(100).set_axis(["value", "low", "high"], axis=1)
    shown["label"] = [f"{words.name(g)} (n = {n:,})" for g, n in zip(frame["group"], frame["n"])]
    ax = dots(shown, None, ax)
    ax.set_xlim(left=0)
    what = f"{event} per 100 customers and {number(rates.per)} {rates.unit}"
    ax.set_xlabel(f"{what}; 95% interval")
    caption = f"{what[:1].upper()}{what[1:]} at risk, by what was known of them at the time."
    return describe(ax, f"Dot plot of rates. {words.say(rates)}", caption, frame)


def plot_promoters(score: PromoterScore, ax: Axes | None = None) -> Axes:
    """Draw what customers answered, a bar each group, with the net promoter score beside it.

    Parameters
    ----------
    score
        Result of :func:`journeylib.promoter_score`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = score.frame
    ax = new_axes(ax, height=1.5 + 0.42 * len(frame))
    rows = np.arange(len(frame))[::-1]
    left = np.zeros(len(frame))
    for name, colour in _ANSWERS:
        share = (frame[name] / frame["answered"].where(frame["answered"] > 0)).fillna(0).to_numpy()
        ax.barh(rows, share, left=left, color=colour, height=0.62, label=name)
        for y, x, width in zip(rows, left, share):
            if width > 0.06:
                shade = "#1f2430" if name == "passives" else "white"
                ax.text(x + width / 2, y, f"{width:.0%}", ha="center", va="center", color=shade,
                        fontsize=9)  # fmt: skip
        left = left + share
    for y, row in zip(rows, frame.itertuples(index=False)):
        ax.text(1.01, y, f"score {number(row.score, 2)}", va="center", fontsize=9,
                transform=ax.get_yaxis_transform())  # fmt: skip
    groups = ["all who answered" if g == "all" else wrap(words.name(g), 34) for g in frame["group"]]
    ax.set_yticks(rows, [f"{g}\n(n = {n:,})" for g, n in zip(groups, frame["answered"])])
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_xlabel("share of those who answered")
    ax.grid(axis="y", visible=False)
    legend_above(ax, 3)
    sns.despine(ax=ax, left=True)
    caption = "What customers answered first; the net promoter score is promoters less detractors."
    return describe(ax, f"Stacked bars of answers. {words.say(score)}", caption, frame)


def plot_looks(found: Sequential, ax: Axes | None = None) -> Axes:
    """Draw each look at an experiment against the bar that it has to cross.

    Parameters
    ----------
    found
        Result of :func:`journeylib.sequential`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = found.table
    ax = new_axes(ax)
    blue, _, _, red = palette(4)
    bars = np.minimum(table["boundary"].to_numpy(dtype=float), 8.0)
    information = table["information"].to_numpy(dtype=float)
    top = max(4.0, float(np.abs(table["z"]).max()) + 0.6, min(float(bars.max()), 5.0) + 0.5)
    for side in (1, -1):
        ax.plot(information, side * bars, "--", color=red, lw=1.6,
                label="bar at each look" if side == 1 else None)  # fmt: skip
        ax.plot(information, side * bars, "_", color=red, ms=14, mew=2)
    ax.axhspan(-1.96, 1.96, color="#eef0f2", zorder=0, label="a single look would not be sure here")
    ax.plot(information, table["z"], "o-", color=blue, lw=1.8, ms=6.5, label="what was seen")
    ax.set_ylim(-top, top)
    ax.set_xlim(0, max(1.02, float(information.max()) + 0.02))
    ax.axhline(0, color="#8a8f98", lw=1)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_xlabel(f"planned events that are in, of {found.about['planned_events']:,}")
    ax.set_ylabel(f"z: {wrap(found.treated, 18)} sooner  \N{RIGHTWARDS ARROW}")
    legend_above(ax, 3)
    sns.despine(ax=ax)
    caption = (
        "Log-rank statistic at each planned look. Only a point beyond the bar of its look counts; "
        "the bars keep false alarms over all looks at the promised rate."
    )
    return describe(ax, f"Looks at the experiment. {words.say(found)}", caption, table)


def plot_cohorts(found: CohortTrend, ax: Axes | None = None) -> Axes:
    """Draw the mean time of each cohort with the line through them.

    Parameters
    ----------
    found
        Result of :func:`journeylib.cohort_trend`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = found.table
    ax = new_axes(ax)
    blue, orange = palette(2)
    x = table["number"].to_numpy(dtype=float)
    ax.vlines(x, table["low"], table["high"], color=blue, lw=2)
    ax.plot(x, table["rmst"], "o", color=blue, ms=6.5, label="cohort, 95% interval")
    after = table["after"].to_numpy(dtype=bool)
    for number_of, side in enumerate((~after, after)):
        if side.any() and table["fitted"].notna().all():
            ax.plot(x[side], table["fitted"][side], color=orange, lw=1.8,
                    label=None if number_of else "trend and step" if after.any() else "trend",
                    )  # fmt: skip
    if after.any():
        edge = (x[~after].max() + x[after].min()) / 2
        ax.axvline(edge, color="#8a8f98", lw=1, ls=":")
        ax.text(edge, 1.0, f" change: {found.change}", transform=ax.get_xaxis_transform(),
                fontsize=9, va="top")  # fmt: skip
    ax.set_xticks(x, table["group"], rotation=30 if len(x) > 6 else 0,
                  ha="right" if len(x) > 6 else "center")  # fmt: skip
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6))
    event, horizon = words.event_of(found), number(found.horizon)
    ax.set_ylabel(f"mean {found.unit} without {event},\nof the first {horizon}")
    ax.set_xlabel("cohort: when their clock started")
    legend_above(ax, 2)
    sns.despine(ax=ax)
    caption = (
        f"Mean {found.unit} without {event} within the first {horizon}, by cohort; cohorts that "
        "are not followed so long are left out."
    )
    return describe(ax, f"Cohort after cohort. {words.say(found)}", caption, table)
