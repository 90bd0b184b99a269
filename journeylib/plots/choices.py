"""Pictures of a choice and its consequences: rules of silence; each step against all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter, NullFormatter, PercentFormatter, ScalarFormatter

from journeylib import words
from journeylib.estimate.silence import SilenceSurface
from journeylib.numbers import number
from journeylib.plots.style import describe, new_axes, numbers_of, palette, stacked_axes, wrap
from journeylib.questions.friction import StepScan


def plot_silence(surface: SilenceSurface) -> Axes:
    """Draw what each rule of silence would have said: shares, errors and hazard ratios.

    Parameters
    ----------
    surface
        Result of :func:`journeylib.churn_surface`.

    Returns
    -------
    matplotlib.axes.Axes
        The uppermost of two or three panels over one axis of days.
    """
    panels = stacked_axes(3 if len(surface.ratios) else 2, height=1.9)
    _still_there(surface, panels[0])
    _coming_back(surface, panels[1])
    if len(surface.ratios):
        _ratios(surface, panels[2])
    panels[-1].set_xlabel("days of silence that count as leaving")
    for ax in panels:
        ax.axvline(surface.rule, color="#4a505c", lw=1, ls="--")
        if surface.suggestion is not None:
            ax.axvline(surface.suggestion, color="#4a505c", lw=1, ls=":")
    _mark(panels[0], surface.rule, "rule")
    if surface.suggestion is not None and surface.suggestion != surface.rule:
        _mark(panels[0], surface.suggestion, "suggested")
    horizon = f"{number(surface.about['horizon'])} {surface.unit}"
    caption = (
        f"Above: share still there after {horizon} under each rule of silence, with 95% intervals. "
        f"Middle: of customers silent for so long, the share that comes back within {horizon}. "
        + ("Below: hazard ratios of leaving. " if len(surface.ratios) else "")
        + "Dashed: the rule of this report; dotted: what the data suggest."
    )
    return describe(panels[0], f"Rules of silence. {surface.reason}", caption, surface.frame)


def _mark(ax: Axes, at: float, text: str) -> None:
    ax.annotate(text, (at, 1), xycoords=("data", "axes fraction"), xytext=(3, 3),
                textcoords="offset points", fontsize=9, color="#4a505c")  # fmt: skip


def _still_there(surface: Any, ax: Axes) -> None:
    frame = surface.frame
    groups = list(dict.fromkeys(frame["group"]))
    for colour, group in zip(palette(len(groups)), groups):
        rows = frame[frame["group"] == group]
        bold = group == "all"
        ax.plot(rows["days"], rows["still_there"], color="black" if bold else colour,
                lw=2 if bold else 1.3, marker="o", ms=4, label=str(group))  # fmt: skip
        ax.fill_between(rows["days"], rows["low"], rows["high"], color=colour, alpha=0.15, lw=0)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("still there")
    if len(groups) > 1:
        ax.legend(fontsize=9, ncols=min(len(groups), 5), loc="upper left")


def _coming_back(surface: Any, ax: Axes) -> None:
    back = surface.frame.drop_duplicates("days")
    ax.plot(back["days"], back["back"], color=palette(4)[3], marker="o", ms=4)
    ax.axhline(surface.about["most"], color="#8a8f98", lw=1)
    ax.set_ylim(0, max(0.2, float(back["back"].max()) * 1.1))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("come back")


def _ratios(surface: Any, ax: Axes) -> None:
    ratios = surface.ratios
    terms = list(dict.fromkeys(ratios["term"]))[:8]
    for colour, term in zip(palette(len(terms)), terms):
        rows = ratios[ratios["term"] == term]
        column, level = words.term_parts(term)
        ax.plot(rows["days"], rows["hazard_ratio"], color=colour, marker="o", ms=4,
                label=level or column)  # fmt: skip
        ax.fill_between(rows["days"], rows["low"], rows["high"], color=colour, alpha=0.15, lw=0)
    ax.axhline(1, color="#8a8f98", lw=1)
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    wide = high / low > 12
    ax.yaxis.set_major_formatter(LogFormatter() if wide else ScalarFormatter())
    ax.yaxis.set_minor_formatter(NullFormatter() if wide else ScalarFormatter())
    ax.tick_params(axis="y", which="minor", labelsize=8.5)
    ax.set_ylabel("hazard ratio")
    ax.legend(fontsize=9, ncols=min(len(terms), 4))


def plot_steps(scan: StepScan, ax: Axes | None = None) -> Axes:
    """Draw how much longer each group stays in each step than all others, as a map.

    Parameters
    ----------
    scan
        Result of :func:`journeylib.step_scan`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = scan.table
    steps = list(dict.fromkeys(table["step"]))
    shown = table.pivot(index="group", columns="step", values="difference")[steps]
    sure = table.assign(sure=table["p_adjusted"] < 0.05)
    sure = sure.pivot(index="group", columns="step", values="sure")[steps].eq(True)
    most = float(np.nanmax(np.abs(shown.to_numpy()))) or 1.0
    ax = new_axes(ax, height=1.6 + 0.42 * len(shown))
    told = shown.map(
        lambda x: "" if np.isnan(x) else f"{x:+.1f}" if abs(x) >= 0.05 else "0.0"
    ) + sure.map(lambda yes: "*" if yes else "")
    sns.heatmap(shown, ax=ax, cmap="PuOr_r", vmin=-most, vmax=most, annot=told, fmt="", lw=1,
                linecolor="white", cbar=False, annot_kws={"fontsize": 10})  # fmt: skip
    ax.set_xticklabels([wrap(words.name(s), 14) for s in steps], rotation=0)
    ax.set_yticklabels([str(g.get_text()) for g in ax.get_yticklabels()], rotation=0)
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.grid(False)
    horizon = f"{number(scan.about['horizon'])} {scan.unit}"
    slow = table[sure_rows(table)].sort_values("difference", ascending=False)
    worst = "".join(
        f" Longest: {row.group} in {words.name(row.step)}, {row.difference:+.1f} {scan.unit}."
        for row in slow.head(1).itertuples()
        if row.difference > 0
    )
    caption = (
        f"Mean {scan.unit} spent in each step of the first {horizon} after entering it, less those "
        "of all others together. Orange stays longer, purple shorter; * beyond chance, adjusted "
        "for the number of comparisons."
    )
    return describe(ax, f"Map of extra time in each step.{worst}", caption, scan.frame)


def sure_rows(table: Any) -> Any:
    """Rows that differ beyond chance."""
    return table["p_adjusted"] < 0.05


def plot_moves(moves: pd.DataFrame, column: str, ax: Axes | None = None) -> Axes:
    """Draw where customers are seen next, as a map of shares.

    Parameters
    ----------
    moves
        As :func:`journeylib.moves_between` counts them.
    column
        What is moved between, for the caption.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    moves = numbers_of(moves, "from", "to", "moves", "share")
    largest = moves.groupby("from")["moves"].sum().nlargest(10).index
    kept = moves[moves["from"].isin(largest) & moves["to"].isin(largest)]
    shown = kept.pivot(index="from", columns="to", values="share")
    ax = new_axes(ax, height=1.6 + 0.36 * len(shown))
    told = shown.map(lambda x: "" if np.isnan(x) else f"{x:.0%}")
    sns.heatmap(shown, ax=ax, cmap="Blues", vmin=0, vmax=1, annot=told, fmt="", lw=1,
                linecolor="white", cbar=False, annot_kws={"fontsize": 9.5})  # fmt: skip
    ax.set_xticklabels([wrap(words.name(t.get_text()), 12) for t in ax.get_xticklabels()],
                       rotation=0)  # fmt: skip
    ax.set_yticklabels([words.name(t.get_text()) for t in ax.get_yticklabels()], rotation=0)
    ax.set_xlabel(f"next {words.name(column)}")
    ax.set_ylabel("")
    ax.grid(False)
    top = kept[kept["from"] != kept["to"]].nlargest(1, "moves")
    most = "".join(f" Most often from {r[0]} to {r[1]}." for r in top.itertuples(index=False))
    caption = (
        f"Of 100 who move on from the {words.name(column)} at the left, how many are next seen at "
        "the one below. Whoever is not seen again is not in it; rare moves are left out."
    )
    alt = f"Map of where customers are seen next, by {words.name(column)}.{most}"
    return describe(ax, alt, caption, moves)
