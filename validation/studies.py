"""The intervals under study: what each should contain, and how it is made by public functions."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

import journeylib as jl
from validation import designs, studies_of_models, studies_of_use
from validation.designs import BETA
from validation.study import (
    DAYS,
    HORIZON,
    Limits,
    Study,
    Truth,
    log_ratio,
    on_days,
    one_row,
    spells_of,
)

CONF = ("log-log", "log", "plain")
SOON = 60
PARTS = (0.25, 0.5)
KM, NA, MEAN, QUANTILE = "Kaplan-Meier", "Nelson-Aalen", "Restricted mean", "Quantile of survival"
AJ, COUNT, COX = "Aalen-Johansen", "Mean cumulative count", "Cox coefficient"
AVERAGED = "Average of the curves of groups"


# --- one group --------------------------------------------------------------------------------


def curve_limits(frame: pd.DataFrame, quantiles: bool = True) -> Limits:
    """Survival, quantiles, cumulative hazard and restricted mean of one group."""
    spells = spells_of(frame)
    found: Limits = {}
    for conf in CONF:
        curve = jl.survival_curve(spells, conf=conf)
        on_days(found, KM, conf, curve.at(DAYS))
        if quantiles:
            for part, row in zip(PARTS, curve.quantile(PARTS).itertuples(), strict=True):
                found[f"{QUANTILE}|{conf}|{part:g}"] = (row.low, row.high)
    on_days(found, NA, "log", jl.cumulative_hazard(spells).at(DAYS))
    one_row(found, MEAN, "normal", f"{HORIZON} days", jl.rmst(spells, HORIZON).frame)
    return found


def curve_truths(quantiles: bool = True, by_day: bool = False) -> tuple[Truth, ...]:
    """What is true of :func:`curve_limits`."""
    found = [Truth(KM, c, f"day {d}", float(designs.survival(d)), d) for c in CONF for d in DAYS]
    if quantiles:
        for part in PARTS:
            time = designs.SCALE * (-np.log(1 - part)) ** (1 / designs.SHAPE)
            found += [Truth(QUANTILE, c, f"{part:g}", float(time), time) for c in CONF]
    rate = designs.daily_hazard if by_day else designs.hazard
    found += [Truth(NA, "log", f"day {d}", rate(d), d) for d in DAYS]
    mean = float(np.sum(designs.survival(np.arange(HORIZON))))  # in whole days
    mean = mean if by_day else designs.restricted_mean(HORIZON)
    found.append(Truth(MEAN, "normal", f"{HORIZON} days", mean, HORIZON))
    return tuple(found)


def weighted_limits(frame: pd.DataFrame) -> Limits:
    """Survival with probability weights."""
    spells = spells_of(frame)
    found: Limits = {}
    for conf in CONF:
        curve = jl.survival_curve(spells, conf=conf, weights="w")
        on_days(found, f"{KM}, weighted", conf, curve.at(DAYS[:3]))
    return found


# --- groups -----------------------------------------------------------------------------------


def difference_limits(frame: pd.DataFrame) -> Limits:
    """Difference and ratio of restricted means."""
    pairs = jl.rmst(spells_of(frame), HORIZON, by="arm").differences
    at = f"{HORIZON} days"
    found: Limits = {}
    one_row(found, f"{MEAN}: difference", "normal", at, pairs)
    columns = {"ratio_low": "low", "ratio_high": "high"}
    ratio = pairs[list(columns)].rename(columns=columns)
    one_row(found, f"{MEAN}: ratio", "log", at, ratio)
    return found


def averaged_limits(frame: pd.DataFrame) -> Limits:
    """Survival of everybody as the average of segments."""
    found: Limits = {}
    spells = spells_of(frame)
    curve = jl.averaged(jl.survival_curve(spells, by="segment"), spells)
    on_days(found, AVERAGED, "log-log", curve.at(DAYS[:3]))
    return found


def averaged_truths() -> tuple[Truth, ...]:
    """Shares of those drawn, whom it does not matter how long they are in sight."""
    slow, fast = (np.asarray(designs.survival(np.array(DAYS[:3]), r)) for r in (1, designs.FAST))
    shares = designs.LOSING * slow + (1 - designs.LOSING) * fast
    return tuple(Truth(AVERAGED, "log-log", f"day {d}", float(s), d) for d, s in zip(DAYS, shares))


def segment_limits(frame: pd.DataFrame) -> Limits:
    """Each segment against all others."""
    rows = jl.segment_scan(spells_of(frame), "segment", SOON).frame
    return {f"Segment scan|normal|segment {r.group}": (r.low, r.high) for r in rows.itertuples()}


def segment_truths() -> tuple[Truth, ...]:
    """Mean of a segment less the mean of the others, who are equally many in each segment."""
    means = {k: designs.restricted_mean(SOON, r) for k, r in designs.SEGMENTS.items()}
    others = {k: np.mean([m for j, m in means.items() if j != k]) for k in means}
    return tuple(
        Truth("Segment scan", "normal", f"segment {k}", float(means[k] - others[k]), SOON)
        for k in means
    )


# --- several outcomes, repeated outcomes ------------------------------------------------------


def incidence_limits(frame: pd.DataFrame) -> Limits:
    """Incidence of each of two causes."""
    rows = jl.cumulative_incidence(spells_of(frame)).at(DAYS)
    return {f"{AJ}, cause {r.cause}|log|day {r.time:g}": (r.low, r.high) for r in rows.itertuples()}


def incidence_truths() -> tuple[Truth, ...]:
    """The causes keep their share of the hazard."""
    shares = {1: designs.SHARE, 2: 1 - designs.SHARE}
    return tuple(
        Truth(f"{AJ}, cause {k}", "log", f"day {d}", float(share * (1 - designs.survival(d))), d)
        for k, share in shares.items()
        for d in DAYS
    )


def count_limits(frame: pd.DataFrame) -> Limits:
    """Mean count of repeated events of those without the covariate, and Andersen-Gill."""
    spells = spells_of(frame)
    found: Limits = {}
    rows = jl.mean_cumulative_count(spells, by="x").at(DAYS)
    on_days(found, COUNT, "log, robust", rows[rows["group"] == "0"])
    effects = jl.cox(spells, "x", cluster="id").frame
    found["Andersen-Gill|robust, by id|x"] = log_ratio(effects, 0)
    return found


def count_truths() -> tuple[Truth, ...]:
    """A constant rate; the customers' frailty has mean 1."""
    counts = [Truth(COUNT, "log, robust", f"day {d}", designs.RATE * d, d) for d in DAYS]
    return (*counts, Truth("Andersen-Gill", "robust, by id", "x", BETA["x"]))


# --- regression -------------------------------------------------------------------------------


def cox_limits(frame: pd.DataFrame) -> Limits:
    """Coefficients with model-based and robust errors, with weights, and predicted survival."""
    frame = frame.assign(id=np.arange(len(frame)))
    spells = spells_of(frame)
    found: Limits = {}
    model = jl.cox(spells, "x + z")
    tables = {"model": model.frame, "robust": jl.cox(spells, "x + z", cluster="id").frame}
    if "w" in frame:
        tables["robust, weighted"] = jl.cox(spells, "x + z", weights="w").frame
    for name, table in tables.items():
        for k, term in enumerate(BETA):
            found[f"{COX}|{name}|{term}"] = log_ratio(table, k)
    new = pd.DataFrame({"x": [1], "z": [0.5]})
    for conf in ("log", "log-log"):
        rows = model.predict(new, DAYS[1:3], conf=conf)
        on_days(found, "Cox: predicted survival", conf, rows)
    return found


def cox_truths(weighted: bool) -> tuple[Truth, ...]:
    """What is true of :func:`cox_limits`."""
    kinds = ["model", "robust", *(["robust, weighted"] if weighted else [])]
    found = [Truth(COX, kind, term, b) for kind in kinds for term, b in BETA.items()]
    ratio = float(np.exp(BETA["x"] + 0.5 * BETA["z"]))
    what = "Cox: predicted survival"
    found += [
        Truth(what, c, f"day {d}", float(designs.survival(d, ratio)), d)
        for c in ("log", "log-log")
        for d in DAYS[1:3]
    ]
    return tuple(found)


def changing_limits(frame: pd.DataFrame) -> Limits:
    """A covariate that changes, two rows a customer."""
    spells = spells_of(frame)
    return {
        f"{COX}, changing covariate|{name}|x": log_ratio(jl.cox(spells, "x", **how).frame, 0)
        for name, how in {"model": {}, "robust, by id": {"cluster": "id"}}.items()
    }


def changing_truths() -> tuple[Truth, ...]:
    """What is true of :func:`changing_limits`."""
    what = f"{COX}, changing covariate"
    return tuple(Truth(what, kind, "x", BETA["x"]) for kind in ("model", "robust, by id"))


def concordance_limits(frame: pd.DataFrame) -> Limits:
    """Concordance of the true score."""
    found = _concordance(frame)
    return {"Concordance|normal|true score": (found.low, found.high)}


def _concordance(frame: pd.DataFrame) -> jl.Concordance:
    score = BETA["x"] * frame["x"] + BETA["z"] * frame["z"]
    zero, stop = np.zeros(len(frame)), frame["time"].to_numpy()
    return jl.concordance_index(zero, stop, frame["event"].to_numpy() > 0, score.to_numpy())


@cache
def _true_concordance(seed: int = 1, samples: int = 1000) -> float:
    """Concordance in 400,000 customers of the same design."""
    rng = np.random.default_rng(seed)
    many = (designs.two_covariates(rng) for _ in range(samples))
    return _concordance(pd.concat(many, ignore_index=True)).value


def concordance_truths() -> tuple[Truth, ...]:
    """What is true of :func:`concordance_limits`."""
    return (Truth("Concordance", "normal", "true score", _true_concordance()),)


# --- all --------------------------------------------------------------------------------------


def _means() -> tuple[Truth, ...]:
    first, second = designs.restricted_mean(HORIZON), designs.restricted_mean(HORIZON, 1.6)
    at = f"{HORIZON} days"
    return (
        Truth(f"{MEAN}: difference", "normal", at, second - first, HORIZON),
        Truth(f"{MEAN}: ratio", "log", at, second / first, HORIZON),
    )


def _weighted() -> tuple[Truth, ...]:
    def share(d: int) -> float:
        return float(designs.survival(d) + designs.survival(d, 2.0)) / 2

    what = f"{KM}, weighted"
    return tuple(Truth(what, c, f"day {d}", share(d), d) for c in CONF for d in DAYS[:3])


def averaging(name: str, note: str, draw: designs.Draw) -> Study:
    """The average of groups; R has no function for it."""
    return Study(name, note, draw, averaged_truths(), averaged_limits, "segment", in_r=False)


def studies() -> tuple[Study, ...]:
    """Every study, in the order of the document."""
    d = designs
    one, whole = curve_truths(), curve_truths(quantiles=False, by_day=True)
    two, counts = incidence_truths(), count_truths()
    late = "half enter late"
    return (
        Study("one", "one group", d.one_group, one, curve_limits),
        Study("day", "one group, whole days", d.by_day, whole, _without_quantiles),
        Study("late", f"one group, {late}", d.late, one, curve_limits),
        Study("weighted", "unequal sampling", d.sampled, _weighted(), weighted_limits),
        Study("arms", "two groups", d.two_groups, _means(), difference_limits, "arm"),
        Study("scan", "four segments", d.segments, segment_truths(), segment_limits, "segment"),
        averaging("averaged", "leaving by segment", d.parted),
        averaging("averaged late", f"leaving by segment, {late}", d.parted_late),
        Study("competing", "two causes", d.competing, two, incidence_limits),
        Study("competing late", f"two causes, {late}", d.competing_late, two, incidence_limits),
        Study("repeated", "repeated events", d.repeated, counts, count_limits, "x"),
        Study("repeated late", f"repeated, {late}", d.repeated_late, counts, count_limits, "x"),
        Study("cox", "two covariates", d.two_covariates, cox_truths(True), cox_limits),
        Study(
            "cox late",
            f"two covariates, {late}",
            d.two_covariates_late,
            cox_truths(False),
            cox_limits,
        ),
        Study(
            "cox changing", "two rows a customer", d.changing, changing_truths(), changing_limits
        ),
        Study(
            "concordance",
            "two covariates",
            d.two_covariates,
            concordance_truths(),
            concordance_limits,
        ),
        *studies_of_models.studies(),
        *studies_of_use.studies(),
    )


def _without_quantiles(frame: pd.DataFrame) -> Limits:
    return curve_limits(frame, quantiles=False)
