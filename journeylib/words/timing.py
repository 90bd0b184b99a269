"""Sentences on how times are spread: time ratios, shapes beside each other, who never will."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journeylib.numbers import number
from journeylib.words.parts import (
    MOST,
    and_more,
    counted_events,
    estimate,
    event_of,
    shares,
    term,
)

SHAPES = {
    "exponential": "exponential",
    "weibull": "Weibull",
    "lognormal": "log-normal",
    "loglogistic": "log-logistic",
}
INTERCEPT, SCALE = "(Intercept)", "Log(scale)"
LITTLE = 2.0  # difference in AIC that says next to nothing (Burnham and Anderson 2002)


def aft(model: Any, at: float | None) -> str:
    """Time ratios, one a term; without covariates the median."""
    event, shape = event_of(model), SHAPES[model.dist]
    rows = model.table[~model.table["term"].isin([INTERCEPT, SCALE])]
    warned = " ".join(f"{w[0].upper()}{w[1:]}." for w in model.warnings)
    if rows.empty:
        half = model.quantiles(pd.DataFrame(index=[0])).iloc[0]
        median, ends = estimate(half["time"], half["low"], half["high"])
        known = (
            f"If the times are {shape}, half reach {event} within {median} {model.unit} "
            f"(95% interval {ends}; {counted_events(model)})."
        )
        return f"{known} {warned}".strip()
    told = [ratio(row, "time ratio", model.about.get("references")) for _, row in rows.iterrows()]
    head = (
        f"What goes along with a longer or shorter time to {event}, if the times are {shape}, per "
        f"unit of each term, the others held equal ({counted_events(model)}): "
    )
    return f"{head}{' '.join(told[:MOST])}{and_more(len(told))} {warned}".strip()


def ratio(row: pd.Series, what: str, references: Any) -> str:
    """One ratio of times with its interval and what it means."""
    shown = term(row["term"], references)
    value = row["time_ratio"] if "time_ratio" in row else row["ratio"]
    if pd.isna(value):
        return f"{shown}: no finite estimate."
    sure = not pd.isna(row["low"]) and not row["low"] <= 1 <= row["high"]
    more, less = ("likelier", "less likely") if what == "odds ratio" else ("longer", "shorter")
    reading = (more if value > 1 else less) if sure else "no difference beyond chance"
    said, ends = estimate(value, row["low"], row["high"], ratio=True)
    return f"{shown}: {what} {said} ({ends}), {reading}."


def aft_choice(choice: Any, at: float | None) -> str:
    """Which shape fits best, and whether that says much."""
    first, *others = choice.table.to_dict("records")
    event, best = event_of(choice), SHAPES[first["dist"]]
    told = ", ".join(f"{SHAPES[o['dist']]} {number(o['delta'], 3)} above it" for o in others)
    close = [SHAPES[o["dist"]] for o in others if o["delta"] < LITTLE]
    verdict = "The others fit worse."
    if close:
        verdict = f"A difference below 2 says little: {' or '.join(close)} fits about as well."
    return (
        f"Of {len(choice.table)} shapes of the time to {event}, {best} has the lowest AIC, "
        f"{number(first['aic'], 6)}; {told} ({counted_events(choice)}). {verdict}"
    )


def cure(found: Any, at: float | None) -> str:
    """How many never will, or between which bounds; what goes along with whether and when."""
    event, row = event_of(found), found.share.iloc[0]
    reason = f"{found.gate.reason[0].upper()}{found.gate.reason[1:]}."
    if not found.supported:
        high = shares(row["high"])[0]
        return (
            f"The follow-up supports no number for how many will never reach {event}: anything "
            f"from 0 to {high} of 100 agrees with it ({counted_events(found)}). {reason}"
        )
    share, low, high = shares(row["estimate"], row["low"], row["high"])
    told = [
        f"Of 100, about {share} ({low} to {high}) will never reach {event}, the times of the "
        f"others taken as {SHAPES[found.dist]} ({counted_events(found)}). {reason}"
    ]
    references = found.about.get("references")
    for part, what, head in (
        ("whether", "odds ratio", f"What goes along with ever reaching {event}"),
        ("when", "time ratio", "What goes along with when, among those who will"),
    ):
        rows = found.table[found.table["part"] == part]
        rows = rows[~rows["term"].isin([INTERCEPT, SCALE])]
        said = [ratio(r, what, references) for _, r in rows.iterrows()]
        if said:
            told.append(f"{head}: {' '.join(said[:MOST])}{and_more(len(said))}")
    return " ".join([*told, *(f"{w[0].upper()}{w[1:]}." for w in found.warnings)])
