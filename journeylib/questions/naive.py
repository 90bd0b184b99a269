"""The shortcut beside the right number, on the reader's own data, with the size of the error.

Five shortcuts are common in reports on customers: averaging over those who
converted, reading competing outcomes off one minus Kaplan-Meier, counting late
entrants from the start, calling a customer exposed before the exposure, and comparing
groups that were not alike to begin with.
Each function here computes both numbers from the same spells.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from journeylib import words
from journeylib.columns import quoted
from journeylib.errors import DataError
from journeylib.estimate.cohorts import CohortTrend
from journeylib.estimate.cox import cox
from journeylib.estimate.curves import survival_curve
from journeylib.estimate.incidence import cumulative_incidence
from journeylib.estimate.weights import weights
from journeylib.numbers import number
from journeylib.questions.contrast import Contrast, Contrasts
from journeylib.questions.reach import reached
from journeylib.spells.core import Spells


def naive_average(spells: Spells) -> Contrast:
    """Average over those who got there, beside the median of everybody.

    Parameters
    ----------
    spells
        One row a spell.

    Returns
    -------
    Contrast
        In the unit of the spells. Those still waiting are left out of the average,
        so it is too short; the median is NaN where fewer than half get there.

    Examples
    --------
    >>> import journeylib as jl
    >>> days = pd.DataFrame({"time": [2, 4, 9, 9, 9], "event": [1, 1, 1, 0, 0]})
    >>> naive_average(jl.spells_from_frame(days, unit="days")).naive
    5.0
    """
    frame = _single(spells)
    curve = reached(spells)
    median = curve.median.iloc[0]
    event = words.event_of(curve)
    there = frame.loc[frame["cause"] == 1, "stop"]
    return Contrast(
        f"How long until {event}?",
        "average over those who got there",
        float(there.mean()) if len(there) else math.nan,
        "median over everybody, the waiting included",
        float(median["quantile"]),
        float(median["low"]),
        float(median["high"]),
        spells.unit,
    )


def naive_incidence(spells: Spells, at: float) -> Contrasts:
    """One minus Kaplan-Meier of each cause, beside its cumulative incidence.

    Parameters
    ----------
    spells
        With two causes or more.
    at
        Time at which both are read, in the unit of the spells.

    Returns
    -------
    Contrasts
        One a cause, in percent. Taking competing outcomes for censoring says how many
        would get there if nothing else could happen, which is always more.

    Raises
    ------
    DataError
        When there is only one cause: then both numbers are the same.
    """
    if len(spells.causes) < 2:
        raise DataError(
            "there is one cause only, so nothing competes", fix="build the spells with exits"
        )
    right = cumulative_incidence(spells).at([at]).set_index("cause")
    frame = spells.frame
    told = []
    for k, outcome in enumerate(spells.causes, start=1):
        alone = frame.assign(cause=(frame["cause"] == k).astype(int))
        curve = survival_curve(replace(spells, table=alone, causes=(outcome,)))
        row = right.loc[k]
        told.append(
            Contrast(
                f"For how many does {words.name(outcome)} come first within {number(at)} "
                f"{spells.unit}?",
                "one minus Kaplan-Meier, other outcomes taken for censoring",
                100 * (1 - float(curve.at([at])["survival"].iloc[0])),
                "cumulative incidence (Aalen-Johansen)",
                100 * float(row["incidence"]),
                100 * float(row["low"]),
                100 * float(row["high"]),
                "%",
            )
        )
    return Contrasts(told)


def naive_entry(spells: Spells, at: float) -> Contrast | None:
    """The curve with everybody counted from the start, beside the one that knows entries.

    Parameters
    ----------
    spells
        One row a spell.
    at
        Time at which both are read, in the unit of the spells.

    Returns
    -------
    Contrast or None
        In percent; None where nobody enters late. Whoever enters late has survived
        until then by selection, so counting them from the start makes staying look easier.
    """
    frame = _single(spells)
    if not (frame["start"] > 0).any():
        return None
    right = reached(spells).at([at]).iloc[0]
    ignored = reached(spells.with_table(frame.assign(start=0.0))).at([at]).iloc[0]
    event = words.name(spells.causes[0])
    return Contrast(
        f"How many are still without {event} after {number(at)} {spells.unit}?",
        "late entrants counted from the start",
        100 * float(ignored["survival"]),
        "each counted from their entry on",
        100 * float(right["survival"]),
        100 * float(right["low"]),
        100 * float(right["high"]),
        "%",
    )


def naive_exposure(spells: Spells, exposure: str, cause: str | int | None = None) -> Contrast:
    """Ever exposed as if known from the start, beside exposed from the exposure on.

    Parameters
    ----------
    spells
        As :func:`journeylib.with_exposure` makes them: several rows a spell, and a
        column that turns from 0 to 1.
    exposure
        That column.
    cause
        Which cause the hazard ratio is about, where there are several.

    Returns
    -------
    Contrast
        Hazard ratios. Whoever is exposed later had to last until then, so "ever
        exposed" lends the exposure that time for free (immortal time).

    Raises
    ------
    DataError
        When the column holds anything but 0 and 1.
    """
    column = spells.column(exposure)
    frame = spells.frame
    if not set(frame[column].dropna().unique()) <= {0, 1}:
        raise DataError(f"column {exposure!r} must hold 0 before the exposure and 1 after it")
    keys = ["id"] if spells.per is None else ["id", spells.column(spells.per)]
    whole = frame.groupby(keys, sort=False).agg(
        start=("start", "min"), stop=("stop", "max"), cause=("cause", "max"), ever=(column, "max")
    )
    ever = spells.with_table(whole.reset_index(), single=True)
    model = cox(ever, "ever", cause=cause)
    naive = model.table.iloc[0]
    many = spells.with_table(frame.rename(columns={column: "exposed"}))
    right = cox(many, "exposed", cause=cause).table.iloc[0]
    return Contrast(
        f"How does the hazard of {words.event_of(model)} go along with {words.name(exposure)}?",
        "ever exposed, as if known from the start",
        float(naive["hazard_ratio"]),
        "exposed from the exposure on",
        float(right["hazard_ratio"]),
        float(right["low"]),
        float(right["high"]),
    )


def naive_before_after(trend: CohortTrend) -> Contrast | None:
    """A plain before and after, beside the step beyond the trend that was there already.

    Parameters
    ----------
    trend
        Result of :func:`journeylib.cohort_trend`.

    Returns
    -------
    Contrast or None
        In the unit of the means; None without a change, or with too few cohorts for a line.
        What rose all along rises at the change, too.
    """
    if trend.step is None or trend.difference is None or math.isnan(trend.step["value"]):
        return None
    event = words.event_of(trend)
    return Contrast(
        f"What changed at {trend.change} in the mean time without {event}?",
        "cohorts after it less cohorts before it",
        trend.difference["value"],
        "step beyond the trend",
        trend.step["value"],
        trend.step["low"],
        trend.step["high"],
        trend.unit,
    )


def naive_treatment(
    spells: Spells, treatment: str, formula: str, cause: str | int | None = None
) -> Contrasts:
    """Groups compared as they are, beside the same made alike in what is known of them.

    Parameters
    ----------
    spells
        One row a spell.
    treatment
        Column of the group: who got an offer and who did not.
    formula
        What the groups are made alike in, known at the origin.
    cause
        Which cause the hazard ratio is about, where there are several.

    Returns
    -------
    Contrasts
        Hazard ratios, one for each group against the first. Where those more likely to buy
        are also more likely to be treated, the crude ratio credits the treatment with it.
        Weighting mends that only for what is in the formula.

    Raises
    ------
    DataError, ModelError
        As :func:`journeylib.weights`.
    """
    model = f"C({quoted(treatment)})"
    weighted = weights(spells, formula, treatment)
    crude = cox(spells, model, cause=cause)
    right = cox(weighted.spells, model, cause=cause, weights=weighted.column)
    held = ", ".join(words.name(c) for c in weighted.about["covariates"])
    told = []
    rows: Any = zip(crude.table.itertuples(), right.table.itertuples(), strict=True)
    for naive, row in rows:
        _, level = words.term_parts(row.term, right.about.get("references"))
        told.append(
            Contrast(
                f"How does the hazard of {words.name(right.about['event'])} go along with "
                f"{words.name(treatment)}, {level}?",
                "crude: the groups as they are",
                float(naive.hazard_ratio),
                f"weighted: made alike in {held}",
                float(row.hazard_ratio),
                float(row.low),
                float(row.high),
            )
        )
    return Contrasts(told)


def _single(spells: Spells) -> pd.DataFrame:
    if not spells.single:
        raise DataError(
            "this contrast needs one row a spell", fix="pass the spells before with_exposure"
        )
    return spells.frame
