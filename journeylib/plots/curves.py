"""Curves over time with their intervals, and under each the numbers it stands on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from journeylib import words
from journeylib.errors import DataError
from journeylib.estimate.curves import Curve
from journeylib.estimate.incidence import Incidence
from journeylib.estimate.recurrent import MeanCount
from journeylib.plots.legend import legend_above
from journeylib.plots.style import HEIGHT, describe, new_axes, palette, since, wrap

_MOST_POINTS = 1500
_MOST_GROUPS = 10


def plot_curve(
    curve: Curve, ax: Axes | None = None, *, show: str = "survival", horizon: float | None = None
) -> Axes:
    """Draw a survival curve, or the share that had the event, with numbers at risk below.

    Parameters
    ----------
    curve
        Result of :func:`journeylib.survival_curve`.
    ax
        Axes to draw on; new ones by default.
    show
        ``"survival"`` for the share still without the event, ``"event"`` for one
        minus it.
    horizon
        Last time shown, in the curve's unit; the whole follow-up by default.

    Returns
    -------
    matplotlib.axes.Axes
        Carries a caption and an alternative text with the numbers.

    Raises
    ------
    DataError
        When ``show`` is another word, or for another kind of result.

    Examples
    --------
    >>> import pandas as pd, journeylib as jl
    >>> spells = jl.spells_from_frame(pd.DataFrame({"time": [1, 2, 3], "event": [1, 0, 1]}))
    >>> plot_curve(jl.survival_curve(spells)).get_ylabel()
    'share without event'
    """
    if show not in ("survival", "event"):
        raise DataError(f"show={show!r} is neither 'survival' nor 'event'")
    frame = curve.frame
    event = words.event_of(curve)
    if show == "event":
        frame = frame.assign(survival=1 - frame["survival"], low=1 - frame["high"],
                             high=1 - frame["low"])  # fmt: skip
    label = f"share without {event}" if show == "survival" else f"share with {event}"
    ax = _steps(curve, frame, "survival", 1.0 if show == "survival" else 0.0, ax, horizon)
    top = 1.0 if show == "survival" else min(1.0, _shown_top(frame, ax.get_xlim()[1]) * 1.15)
    ax.set_ylim(0, max(top, 0.02))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if top > 0.06 else 1))
    ax.set_ylabel(label)
    caption = (
        f"{label.capitalize()} over time in {curve.unit}; bands are 95% intervals. "
        "Below: number at risk, in brackets events so far."
    )
    return describe(
        ax,
        f"Step curve: {label}. {words.say(curve)}",
        caption,
        _behind(frame, "survival", label, curve.unit, ax),
        result=curve,
    )


def plot_incidence(
    incidence: Incidence, ax: Axes | None = None, *, horizon: float | None = None
) -> Axes:
    """Draw cumulative incidences, one line for each group and outcome.

    Parameters
    ----------
    incidence
        Result of :func:`journeylib.cumulative_incidence`.
    ax, horizon
        As in :func:`plot_curve`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = incidence.frame
    one_group = frame["group"].nunique() == 1
    outcome = frame["outcome"].map(words.name)
    names = outcome if one_group else frame["group"] + ": " + outcome
    frame = frame.assign(group=names.astype(str))
    ax = _steps(incidence, frame, "incidence", 0.0, ax, horizon, table=False)
    ax.set_ylim(0, None)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, 0 if ax.get_ylim()[1] > 0.06 else 1))
    ax.set_ylabel("share with each outcome")
    caption = (
        f"Share with each outcome over time in {incidence.unit}, competing outcomes taken "
        f"into account; bands are 95% intervals. n = {incidence.about['n']:,}."
    )
    return describe(
        ax,
        f"Step curves: cumulative incidence. {words.say(incidence, at=horizon)}",
        caption,
        _behind(frame, "incidence", "share", incidence.unit, ax),
        result=incidence,
    )


def plot_mean_count(
    count: MeanCount, ax: Axes | None = None, *, horizon: float | None = None
) -> Axes:
    """Draw the mean cumulative number of events per customer.

    Parameters
    ----------
    count
        Result of :func:`journeylib.mean_cumulative_count`.
    ax, horizon
        As in :func:`plot_curve`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    event = words.event_of(count)
    ax = _steps(count, count.frame, "mean_count", 0.0, ax, horizon)
    ax.set_ylim(0, None)
    ax.set_ylabel(f"mean times {event} per customer")
    caption = f"How often {event} has happened per customer, on average; bands are 95% intervals."
    numbers = _behind(count.frame, "mean_count", f"mean {event}", count.unit, ax, share=False)
    return describe(
        ax, f"Step curve: mean count. {words.say(count)}", caption, numbers, result=count
    )


def _behind(
    frame: pd.DataFrame, value: str, label: str, unit: str, ax: Axes, share: bool = True
) -> pd.DataFrame:
    """The numbers of the steps shown, shares in percent; without the group where there is one."""
    counted = [c for c in ("at_risk", "events") if c in frame]
    three = [value, "low", "high"]
    shown = frame.loc[frame["time"] <= ax.get_xlim()[1], ["group", "time", *three, *counted]].copy()
    mark = " (%)" if share else ""
    if share:
        shown[three] = 100 * shown[three]
    if "events" in shown:
        shown["events"] = shown.groupby("group")["events"].cumsum()
    if set(shown["group"]) == {"all"}:
        shown = shown.drop(columns="group")
    new = {"time": unit, value: label + mark, "low": f"low{mark}", "high": f"high{mark}"}
    return shown.rename(columns={**new, "events": "events so far"})


def _steps(
    result: Any,
    frame: pd.DataFrame,
    value: str,
    at_zero: float,
    ax: Axes | None,
    horizon: float | None,
    *,
    table: bool = True,
) -> Axes:
    groups = list(frame["group"].unique())
    shown = groups[:_MOST_GROUPS]
    rows = len(shown) if table else 0
    ax = new_axes(ax, height=HEIGHT + 0.24 * rows)
    last = float(frame["time"].max()) if horizon is None else float(horizon)
    for name, colour in zip(shown, palette(len(shown))):
        mine = frame[frame["group"] == name]
        line = _thin(mine, last)
        time = np.concatenate([[0.0], line["time"].to_numpy(), [min(last, mine["time"].max())]])
        heights = {c: _padded(line[c].to_numpy(), at_zero) for c in (value, "low", "high")}
        ax.plot(time, heights[value], drawstyle="steps-post", color=colour, lw=1.8,
                label=_legend(result, frame, name))  # fmt: skip
        ax.fill_between(time, heights["low"], heights["high"], step="post", color=colour,
                        alpha=0.15, lw=0)  # fmt: skip
    ax.set_xlim(0, last if last > 0 else 1)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=last >= 7, steps=[1, 2, 3, 5, 6, 10]))
    ax.set_xlabel(since(result))
    if len(groups) > 1 or table:
        legend_above(ax, 2 if len(shown) > 1 else 1, handlelength=1.2, borderaxespad=0.2,
                     columnspacing=1.4, title=_title(result, groups), alignment="left",
                     title_fontsize=9.5)  # fmt: skip
    if table:
        _numbers_at_risk(ax, frame, shown)
    sns.despine(ax=ax)
    return ax


def _padded(values: np.ndarray, at_zero: float) -> np.ndarray:
    """Start at time 0 and end at the last time shown; an undefined band has no height."""
    return np.concatenate([[at_zero], values, values[-1:]])


def _thin(frame: pd.DataFrame, last: float) -> pd.DataFrame:
    """No more steps than a screen has pixels: the last row of each of many small bins."""
    frame = frame[frame["time"] <= last] if (frame["time"] <= last).any() else frame.head(1)
    if len(frame) <= _MOST_POINTS:
        return frame
    bins = np.floor(frame["time"].to_numpy() / max(last, 1e-300) * _MOST_POINTS)
    return frame[np.append(bins[1:] != bins[:-1], True)]


def _legend(result: Any, frame: pd.DataFrame, name: str) -> str:
    mine = frame[frame["group"] == name]
    if "events" not in mine:
        return wrap(name)
    n = words.counted(result).get(name)
    who = f"n = {n:,}, " if n is not None else ""
    label = "" if name == "all" else f"{wrap(name)} · "
    return f"{label}{who}{int(mine['events'].sum()):,} events"


def _title(result: Any, groups: list[str]) -> str | None:
    """What the groups are told by, and how many of them are left out."""
    by = wrap(" / ".join(words.name(column) for column in result.by), 60) if result.by else ""
    more = len(groups) - _MOST_GROUPS
    left = f"the first {_MOST_GROUPS} of {len(groups)} groups" if more > 0 else ""
    return ", ".join(filter(None, [by, left])) or None


def _shown_top(frame: pd.DataFrame, last: float) -> float:
    top = frame.loc[frame["time"] <= last, ["survival", "high"]].max().max()
    return float(top) if np.isfinite(top) else 1.0


def _numbers_at_risk(ax: Axes, frame: pd.DataFrame, groups: list[str]) -> None:
    ticks = [t for t in ax.get_xticks() if 0 <= t <= ax.get_xlim()[1]]
    place = ax.get_xaxis_transform()
    figure = ax.get_figure(root=True)
    assert figure is not None
    height = figure.get_size_inches()[1] * ax.get_position().height
    step = 0.22 / height
    top = -0.62 / height
    ax.text(0, top, "at risk (events so far)", transform=ax.transAxes, fontsize=8.5,
            color="#4a505c", style="italic", ha="left", va="center")  # fmt: skip
    for row, (name, colour) in enumerate(zip(groups, palette(len(groups))), start=1):
        mine = frame[frame["group"] == name]
        for tick in ticks:
            ax.text(tick, top - row * step, _at_risk(mine, tick), transform=place, fontsize=8.5,
                    color=[0.6 * shade for shade in colour], ha="center", va="center")  # fmt: skip


def _at_risk(frame: pd.DataFrame, time: float) -> str:
    """At risk just before ``time``, and events up to it."""
    times = frame["time"].to_numpy()
    so_far = int(frame["events"].to_numpy()[times <= time].sum())
    if "entered" in frame and not (frame["entered"] > 0).any() and time <= times[0]:
        at_risk = frame["at_risk"].iloc[0]
    else:
        later = times >= time
        at_risk = frame["at_risk"].to_numpy()[later][0] if later.any() else 0
    return f"{at_risk:,.0f} ({so_far:,})"
