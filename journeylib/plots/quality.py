"""How good predictions are, and how alike weighted groups have become."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from journeylib import words
from journeylib.estimate.assess import Assessment, Calibration
from journeylib.estimate.weights import Weighting
from journeylib.numbers import number
from journeylib.plots.style import RC, WIDTH, describe, new_axes, palette, since, wrap

NEUTRAL = "#8a8f98"


def plot_calibration(calibration: Calibration | Assessment, ax: Axes | None = None) -> Axes:
    """Draw observed against predicted risk in groups of customers with about the same risk.

    Parameters
    ----------
    calibration
        Result of :meth:`journeylib.Assessment.calibration`, or an assessment, which is
        then read at its horizon.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    if hasattr(calibration, "calibration"):
        calibration = calibration.calibration()
    table = calibration.frame.dropna(subset=["observed"])
    ax = new_axes(ax, height=5.2, width=6.2)
    colour = palette(1)[0]
    most = float(np.nanmax([table["predicted"].max(), table["high"].max(), 0.01]))
    ax.plot([0, most], [0, most], color=NEUTRAL, lw=1, ls="--", label="prediction = observation")
    ax.vlines(table["predicted"], table["low"], table["high"], color=colour, lw=1.6, alpha=0.7)
    n, events = (int(table[c].sum()) for c in ("n", "events"))
    size = f"groups of customers (n = {n:,}, {events:,} events)"
    ax.plot(table["predicted"], table["observed"], "o", color=colour, ms=6, label=size)
    event = words.event_of(calibration)
    when = f"{number(calibration.at)} {calibration.unit}"
    ax.set_xlabel(f"predicted risk of {event} by {when}")
    ax.set_ylabel("observed, 95% interval")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0 if most > 0.1 else 1))
    ax.set_xlim(-0.02 * most, 1.04 * most)
    ax.set_ylim(-0.02 * most, 1.04 * most)
    ax.legend(loc="upper left")
    sns.despine(ax=ax)
    caption = f"Points on the dashed line: predicted risks of {event} by {when} come true."
    numbers = table[["predicted", "observed", "low", "high", "n", "events"]]
    return describe(ax, f"Calibration plot. {words.say(calibration)}", caption, numbers)


def plot_quality(assessment: Assessment) -> Axes:
    """Draw Brier score and AUC by time, with the null model beside the former.

    Parameters
    ----------
    assessment
        Result of :func:`journeylib.assess`.

    Returns
    -------
    matplotlib.axes.Axes
        The upper of two panels.
    """
    table = assessment.frame
    with sns.axes_style("whitegrid", rc=RC), mpl.rc_context(RC):
        _, (upper, lower) = plt.subplots(2, sharex=True, figsize=(WIDTH, 5.6), layout="constrained")
    model, null = palette(2)
    _band(upper, table, "brier", model, "model")
    upper.plot(table["time"], table["brier_null"], color=null, ls="--", label="one risk for all")
    upper.set_ylabel("Brier score\n(0 is best)")
    upper.set_ylim(bottom=0)
    n, events = assessment.about["n"], assessment.about["events"]
    upper.legend(title=f"n = {n:,}, {events:,} events", alignment="left")
    _band(lower, table, "auc", model, "model")
    lower.axhline(0.5, color=NEUTRAL, lw=1)
    lower.set_ylabel("AUC\n(0.5 is chance)")
    lower.set_xlabel(f"{since(assessment)}; 95% intervals")
    caption = f"How close and how well ordered predicted risks are. {assessment.reason}"
    alt = f"Prediction quality by time. {words.say(assessment)}"
    return describe(upper, alt, caption, table)


def _band(ax: Axes, table: Any, score: str, colour: Any, label: str) -> None:
    style = "o-" if len(table) < 20 else "-"
    ax.plot(table["time"], table[score], style, color=colour, ms=4, label=label)
    ax.fill_between(
        table["time"], table[f"{score}_low"], table[f"{score}_high"], color=colour, alpha=0.18, lw=0
    )
    sns.despine(ax=ax)


def plot_balance(weighting: Weighting, ax: Axes | None = None) -> Axes:
    """Draw standardised differences of the covariates before and after weighting.

    Parameters
    ----------
    weighting
        Result of :func:`journeylib.weights`. With more than two groups, the largest
        difference between any two is drawn.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = weighting.frame
    gaps = table[["smd_before", "smd_after"]].abs().groupby(table["term"], sort=False).max()
    gaps = gaps.sort_values("smd_before")
    ax = new_axes(ax, height=1.5 + 0.36 * len(gaps))
    rows = np.arange(len(gaps))
    before, after = palette(2)[::-1]
    ax.hlines(rows, gaps["smd_after"], gaps["smd_before"], color="#d3d6db", lw=1.5, zorder=1)
    ax.plot(gaps["smd_before"], rows, "o", mfc="white", color=before, ms=7, label="before")
    ax.plot(gaps["smd_after"], rows, "o", color=after, ms=7, label="after weighting")
    ax.axvline(0.1, color=NEUTRAL, lw=1, ls="--")
    ax.set_yticks(rows, [wrap(words.term(t), 34) for t in gaps.index])
    ax.set_ylim(-0.7, len(gaps) - 0.3)
    ax.set_xlim(left=0)
    largest = "" if len(weighting.sizes) == 2 else "largest "
    ax.set_xlabel(f"{largest}standardised difference of means (left of the dashed line: alike)")
    ax.legend(loc="lower right", title=f"n = {weighting.about['n']:,}", alignment="left")
    ax.grid(axis="y", visible=False)
    sns.despine(ax=ax, left=True)
    caption = "How different the groups are in each covariate, before and after weighting."
    numbers = gaps.rename(index=words.term).rename_axis("covariate").reset_index()
    return describe(ax, f"Balance plot. {words.say(weighting)}", caption, numbers)
