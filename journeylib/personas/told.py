"""What a report on kinds of customers and on predictions tells: findings, a shortcut, checks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from journeylib import words
from journeylib.columns import quoted
from journeylib.errors import DataError
from journeylib.estimate.assess import Assessment
from journeylib.estimate.rmst import rmst
from journeylib.events import EventLog, any_of
from journeylib.events.times import instant
from journeylib.findings import Findings, finding
from journeylib.findings.estimand import each_row
from journeylib.ledger import Check
from journeylib.numbers import estimate, number
from journeylib.personas.history import FREQUENCY, History
from journeylib.personas.rfm import Personas, quantile_part
from journeylib.questions.contrast import Contrast
from journeylib.spells.given import spells_from_frame


def history_formula(known: History, segments: Sequence[str] = ()) -> str:
    """Right-hand side of a model of everything that is known when the clock starts.

    Parameters
    ----------
    known
        Result of :func:`journeylib.history`.
    segments
        Given segments to put beside the history.

    Returns
    -------
    str
        Counts, amounts and times as ``np.log1p``; what is below zero as it is; features on which
        all customers are alike, or which others determine, are left out.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.personas import history, landmark
    >>> log = small_log()
    >>> known = history(landmark(log, "purchase", 5, origin="purchase"), log, "purchase")
    >>> history_formula(known)
    'np.log1p(monetary) + np.log1p(tenure)'
    """
    values = known.values().astype(float)
    kept: list[str] = []
    made: list[np.ndarray] = []
    for name in values:
        x = values[name].to_numpy()
        x = np.log1p(x) if (x >= 0).all() else x
        tried = np.column_stack([np.ones(len(x)), *made, x])
        tried = tried / np.maximum(np.linalg.norm(tried, axis=0), 1e-300)
        if np.linalg.svd(tried, compute_uv=False)[-1] > 1e-6:
            made.append(x)
            kept.append(f"np.log1p({name})" if (values[name] >= 0).all() else str(name))
    terms = [*kept, *(f"C({quoted(name)})" for name in segments)]
    if not terms:
        raise DataError("all customers are alike in everything that is known of them")
    return " + ".join(terms)


def prediction_quality(assessment: Assessment, at: float) -> Findings:
    """How well risks are ordered and how close they come, on customers the model had not seen.

    Parameters
    ----------
    assessment
        Result of :func:`journeylib.assess`.
    at
        By when; the last time that could be judged, where that is earlier.
    """
    table = assessment.table[assessment.table["time"] <= at]
    if table.empty:
        return Findings()
    row, about = table.iloc[-1], assessment.about
    when = f"by {number(float(row['time']))} {assessment.unit}"
    told = []
    if math.isfinite(row["auc"]):
        auc, low, high = (100 * float(row[c]) for c in ("auc", "auc_low", "auc_high"))
        told.append(
            finding(
                f"pairs of customers in the right order, {when}",
                auc,
                low,
                high,
                unit="%",
                n=about["n"],
                events=about["events"],
                std_err=100 * float(row["auc_std_err"]),
                better="higher",
            )
        )
    measures = assessment.calibration(float(row["time"])).measures.set_index("measure")
    slope, low, high, error = (
        float(measures[c]["slope"]) for c in ("value", "low", "high", "std_err")
    )
    if math.isfinite(slope):
        told.append(
            finding(
                f"calibration slope of the predicted risks, {when} (one is right)",
                slope,
                low,
                high,
                n=about["n"],
                events=about["events"],
                std_err=error,
            )
        )
    return Findings(told)


def naive_personas(known: History, log: EventLog, horizon: float) -> Contrast | None:
    """Frequent customers told by all they ever did, beside told by what was known at the start.

    Parameters
    ----------
    known
        Result of :func:`journeylib.history`.
    log
        The event log.
    horizon
        Up to when the time without the event is averaged.

    Returns
    -------
    Contrast or None
        Difference in restricted mean time of the more frequent half from the others. Counting
        what comes after the start lets the answer into the question. None where all customers
        are alike.
    """
    rows = log.table
    acts = rows.filter(any_of([log.meaning(name) for name in known.activity]).holds(rows))
    seen = acts.select("id", _at=instant(acts["at"], log.window.resolution))
    total = seen.group_by("id").aggregate(ever=seen["_at"].nunique()).to_pandas()
    frame = known.spells.frame.merge(total, on="id", how="left").fillna({"ever": 0})
    found = []
    for column in ("ever", FREQUENCY):
        part = quantile_part(frame[column], 2)
        if len(np.unique(part)) < 2:
            return None
        made = pd.DataFrame({"time": frame["stop"], "event": (frame["cause"] > 0).astype(int)})
        made["part"] = np.where(part == 1, "often", "rarely")
        if (frame["start"] > 0).any():
            made["from"] = frame["start"]
            spells = spells_from_frame(made, start="from", unit=known.spells.unit)
        else:
            spells = spells_from_frame(made, unit=known.spells.unit)
        row = rmst(spells, horizon, by="part").differences.iloc[0]
        sign = -1.0 if str(row.iloc[0]) == "rarely" else 1.0
        found.append((sign, row))
    naive, right = ((sign, row) for sign, row in found)
    values = [right[0] * float(right[1][c]) for c in ("difference", "low", "high")]
    event = words.name(" or ".join(known.spells.causes))
    acts_named = " or ".join(words.name(a) for a in known.activity)
    return Contrast(
        f"How much longer do those wait for {event} who have {acts_named} often?",
        "often, by all they ever did",
        naive[0] * float(naive[1]["difference"]),
        "often, by what they did before the clock starts",
        values[0],
        min(values[1:]),
        max(values[1:]),
        known.spells.unit,
    )


def check_clusters(personas: Personas, level: float = 0.05) -> Check:
    """Whether clusters are more than a cut through one cloud of customers.

    Parameters
    ----------
    personas
        Result of :func:`journeylib.clusters`.
    level
        Below which a p-value speaks for groups.
    """
    p = personas.evidence.get("p", float("nan"))
    assumption = "there are separate kinds of customers, and not only more and less of something"
    if pd.isna(p):
        return Check(
            assumption,
            "warned",
            "There is one feature only.",
            "The groups are a cut through a line.",
        )
    seen = (
        f"The groups explain {number(100 * personas.evidence['statistic'], 3)}% of the spread, one "
        f"cloud without groups {number(100 * personas.evidence['null'], 3)}% ({words.chance(p)})."
    )
    if p < level:
        return Check(assumption, "passed", seen, "Read them as kinds of customers.")
    return Check(
        assumption,
        "warned",
        seen,
        "Read them as slices of one cloud: useful to describe, no kinds of their own.",
    )


def check_calibration(assessment: Assessment) -> Check:
    """Whether predicted risks come true on customers the model had not seen.

    Parameters
    ----------
    assessment
        Result of :func:`journeylib.assess`.
    """
    assumption = "predicted risks come true"
    if assessment.table.empty:
        return Check(assumption, "warned", assessment.reason, "Do not use the scores.")
    measures = assessment.calibration().measures
    off = [
        row.measure
        for row, right in zip(each_row(measures), (1, 0, 1), strict=True)
        if not row.low <= right <= row.high
    ]
    told = [
        f"{row.measure} {' ('.join(estimate(row.value, row.low, row.high)[:2])} to "
        f"{estimate(row.value, row.low, row.high)[2]})"
        for row in each_row(measures)
    ]
    seen = f"On customers the model had not seen: {'; '.join(told)}."
    if not off:
        return Check(assumption, "passed", seen, "Scores may be read as risks.")
    return Check(
        assumption,
        "warned",
        seen,
        "Scores order customers; as risks they are off by what the curves show.",
    )
