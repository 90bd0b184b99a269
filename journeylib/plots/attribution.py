"""Touchpoints: their credit by the hazard beside the rules, moved touches, effects by stage."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from journeylib import words
from journeylib.estimate.attribution import Attribution, Placebo, TouchRules
from journeylib.estimate.bystage import StageEffects
from journeylib.numbers import number
from journeylib.plots.effects import dots, ratio_dots
from journeylib.plots.style import describe, new_axes, palette, wrap

_RULES = (
    ("first_touch", "first touch", "<"),
    ("last_touch", "last touch", ">"),
    ("linear", "linear", "d"),
    ("markov", "Markov removal", "s"),
)
_GREY = "#5c6470"


def plot_credit(
    credit: Attribution, rules: TouchRules | None = None, ax: Axes | None = None
) -> Axes:
    """Draw each touchpoint's share of the events by the hazard, and what rules would give it.

    Parameters
    ----------
    credit
        Result of :func:`journeylib.attribution`.
    rules
        Result of :func:`journeylib.touch_rules`, drawn as open marks; left out unless given.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = credit.frame.iloc[:-1].sort_values("credit", ascending=False, na_position="last")
    shown = frame[["customers", "events"]].copy()
    shown.insert(0, "label", [words.name(t) for t in frame["touchpoint"]])
    for name, column in (("value", "credit"), ("low", "low"), ("high", "high")):
        shown[name] = 100 * frame[column]
    given = pd.DataFrame()
    if rules is not None:
        given = 100 * rules.frame.set_index("touchpoint")[[r[0] for r in _RULES]]
        given = given.reindex(frame["touchpoint"]).reset_index(drop=True)
    drawn = ax or new_axes(None, height=1.7 + 0.5 * max(len(shown), 1))
    drawn = dots(shown, 0.0, drawn)
    rows = np.arange(len(shown))[::-1]
    for column, label, mark in _RULES if rules is not None else ():
        drawn.plot(given[column], rows - 0.26, mark, mfc="white", mec=_GREY, ms=6, label=label)
    if rules is not None:
        drawn.plot([], [], "o-", color=palette(1)[0], label="by the hazard, 95% interval")
        drawn.legend(
            loc="upper left", bbox_to_anchor=(0, -0.22), ncols=3, fontsize=9, borderaxespad=0,
            title="open marks: rules, not effects", alignment="left", title_fontsize=9,
            frameon=False,
        )  # fmt: skip
    drawn.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    event = words.event_of(credit)
    drawn.set_xlabel(f"share of the {event} events")
    caption = (
        f"Share of the {event} events that goes along with each touchpoint, by the hazard after it "
        f"(n = {credit.about['ids']:,}, {credit.about['events']:,} events)"
        + ("; rules hand out every event that came after a touch." if rules is not None else ".")
    )
    numbers = shown.rename(columns={"label": "touchpoint", "value": "by the hazard, %"})
    for column, label, _ in _RULES if rules is not None else ():
        numbers[f"{label}, %"] = given[column].to_numpy()
    return describe(drawn, f"Dot plot of credit. {words.say(credit)}", caption, numbers)


def plot_placebo(placebo: Placebo, ax: Axes | None = None) -> Axes:
    """Draw the hazard ratios of touches moved away from their own time; 1 is right.

    Parameters
    ----------
    placebo
        Result of :func:`journeylib.placebo`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = placebo.frame.rename(columns={"hazard_ratio": "value"})
    when = {"later": "moved after its time", "before": "still to come"}
    frame["label"] = [
        f"{words.name(t)}, {when[k]}" for t, k in zip(frame["touchpoint"], frame["test"])
    ]
    tested = frame[frame["value"].notna()]
    ax = _ratios(tested, ax)
    ax.set_xlabel("hazard ratio of the moved touch (1 = it earns nothing), 95% interval")
    moved = f"{number(placebo.about['moved'], 3)} {placebo.unit}"
    caption = f"Touches moved by {moved}, beside the touches themselves in one model."
    numbers = frame[["touchpoint", "test", "value", "low", "high", "events"]]
    numbers = numbers.rename(columns={"value": "hazard ratio"})
    return describe(ax, f"Forest plot of moved touches. {words.say(placebo)}", caption, numbers)


def plot_by_stage(effects: StageEffects, ax: Axes | None = None, *, only: str = "") -> Axes:
    """Draw the hazard ratios of moving on, stage by stage.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.effects_by_stage`.
    ax
        Axes to draw on; new ones by default.
    only
        Terms that contain this text; all unless given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    frame = effects.frame[effects.frame["term"].str.contains(only, regex=False)]
    frame = frame.rename(columns={"hazard_ratio": "value"})
    references = effects.about["references"]
    frame["label"] = [
        f"from {words.name(s)}, {words.term(t, references)}"
        for s, t in zip(frame["stage"], frame["term"])
    ]
    ax = _ratios(frame, ax)
    ax.set_xlabel("hazard ratio of moving on (1 = no difference), 95% interval")
    caption = (
        f"Who reaches {words.name(effects.about['event'])} sooner, from each stage, the other "
        "terms held equal."
    )
    numbers = frame[["stage", "label", "value", "low", "high", "n", "events"]]
    numbers = numbers.rename(columns={"value": "hazard ratio", "label": "term"})
    return describe(ax, f"Forest plot by stage. {words.say(effects)}", caption, numbers)


def _ratios(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Dots on a logarithmic scale; an empty picture says why."""
    if frame.empty:
        ax = new_axes(ax, height=1.6)
        ax.text(0.5, 0.5, wrap("nothing could be tested here", 60), ha="center", va="center")
        ax.set_yticks([])
        return ax
    return ratio_dots(frame, ax)
