"""The intervals under study: what each should contain, and how it is made by public functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

import journeylib as jl
from validation import designs
from validation.designs import BETA, Draw

Limits = dict[str, tuple[float, float]]
CONF = ("log-log", "log", "plain")
DAYS = (25, 50, 100, 150)
HORIZON, SOON = 100, 60
PARTS = (0.25, 0.5)
KM, NA, MEAN, QUANTILE = "Kaplan-Meier", "Nelson-Aalen", "Restricted mean", "Quantile of survival"
AJ, COUNT, COX = "Aalen-Johansen", "Mean cumulative count", "Cox coefficient"
STAGES = "Share in a stage"


@dataclass(frozen=True)
class Truth:
    """A number that an interval should contain.

    ``day`` (None where it does not matter) is when at least 20 must be at risk.
    """

    what: str
    interval: str
    at: str
    value: float
    day: float | None = None

    @property
    def key(self) -> str:
        """Name of the interval within its study, the same in R's script."""
        return f"{self.what}|{self.interval}|{self.at}"


@dataclass(frozen=True)
class Study:
    """A design, what is true of it, and the intervals made of each sample.

    ``group`` is the column whose every level must have 20 at risk.
    """

    name: str
    note: str
    draw: Draw
    truths: tuple[Truth, ...]
    limits: Callable[[pd.DataFrame], Limits]
    group: str | None = None


def _spells(frame: pd.DataFrame) -> jl.Spells:
    start = "start" if "start" in frame else None
    stop = "stop" if "stop" in frame else "time"
    return jl.spells_from_frame(frame, stop, "event", start, "id" if "id" in frame else None)


def _at(found: Limits, what: str, interval: str, at: str, rows: pd.DataFrame) -> None:
    low, high = rows[["low", "high"]].to_numpy(dtype=float)[0]
    found[f"{what}|{interval}|{at}"] = (low, high)


def _days(found: Limits, what: str, interval: str, rows: pd.DataFrame) -> None:
    for day, low, high in rows[["time", "low", "high"]].itertuples(index=False):
        found[f"{what}|{interval}|day {day:g}"] = (low, high)


# --- one group --------------------------------------------------------------------------------


def curve_limits(frame: pd.DataFrame, quantiles: bool = True) -> Limits:
    """Survival, quantiles, cumulative hazard and restricted mean of one group."""
    spells = _spells(frame)
    found: Limits = {}
    for conf in CONF:
        curve = jl.survival_curve(spells, conf=conf)
        _days(found, KM, conf, curve.at(DAYS))
        if quantiles:
            for part, row in zip(PARTS, curve.quantile(PARTS).itertuples(), strict=True):
                found[f"{QUANTILE}|{conf}|{part:g}"] = (row.low, row.high)
    _days(found, NA, "log", jl.cumulative_hazard(spells).at(DAYS))
    _at(found, MEAN, "normal", f"{HORIZON} days", jl.rmst(spells, HORIZON).frame)
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
    spells = _spells(frame)
    found: Limits = {}
    for conf in CONF:
        curve = jl.survival_curve(spells, conf=conf, weights="w")
        _days(found, f"{KM}, weighted", conf, curve.at(DAYS[:3]))
    return found


# --- groups -----------------------------------------------------------------------------------


def difference_limits(frame: pd.DataFrame) -> Limits:
    """Difference and ratio of restricted means."""
    pairs = jl.rmst(_spells(frame), HORIZON, by="arm").differences
    at = f"{HORIZON} days"
    found: Limits = {}
    _at(found, f"{MEAN}: difference", "normal", at, pairs)
    columns = {"ratio_low": "low", "ratio_high": "high"}
    ratio = pairs[list(columns)].rename(columns=columns)
    _at(found, f"{MEAN}: ratio", "log", at, ratio)
    return found


def segment_limits(frame: pd.DataFrame) -> Limits:
    """Each segment against all others."""
    rows = jl.segment_scan(_spells(frame), "segment", SOON).frame
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
    rows = jl.cumulative_incidence(_spells(frame)).at(DAYS)
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
    spells = _spells(frame)
    found: Limits = {}
    rows = jl.mean_cumulative_count(spells, by="x").at(DAYS)
    _days(found, COUNT, "log, robust", rows[rows["group"] == "0"])
    effects = jl.cox(spells, "x", cluster="id").frame
    found["Andersen-Gill|robust, by id|x"] = log_ratio(effects, 0)
    return found


def count_truths() -> tuple[Truth, ...]:
    """A constant rate; the customers' frailty has mean 1."""
    counts = [Truth(COUNT, "log, robust", f"day {d}", designs.RATE * d, d) for d in DAYS]
    return (*counts, Truth("Andersen-Gill", "robust, by id", "x", BETA["x"]))


# --- regression -------------------------------------------------------------------------------


def log_ratio(effects: pd.DataFrame, row: int) -> tuple[float, float]:
    """Interval of a coefficient from that of its hazard ratio."""
    return float(np.log(effects["low"][row])), float(np.log(effects["high"][row]))


def cox_limits(frame: pd.DataFrame) -> Limits:
    """Coefficients with model-based and robust errors, with weights, and predicted survival."""
    frame = frame.assign(id=np.arange(len(frame)))
    spells = _spells(frame)
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
        _days(found, "Cox: predicted survival", conf, rows)
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
    spells = _spells(frame)
    return {
        f"{COX}, changing covariate|{name}|x": log_ratio(jl.cox(spells, "x", **how).frame, 0)
        for name, how in {"model": {}, "robust, by id": {"cluster": "id"}}.items()
    }


def changing_truths() -> tuple[Truth, ...]:
    """What is true of :func:`changing_limits`."""
    what = f"{COX}, changing covariate"
    return tuple(Truth(what, kind, "x", BETA["x"]) for kind in ("model", "robust, by id"))


def fine_gray_limits(frame: pd.DataFrame) -> Limits:
    """Coefficients of the regression of an incidence."""
    table = jl.fine_gray(_spells(frame), "x + z").frame
    return {f"Fine-Gray|robust|{term}": log_ratio(table, k) for k, term in enumerate(BETA)}


def fine_gray_truths() -> tuple[Truth, ...]:
    """What is true of :func:`fine_gray_limits`."""
    return tuple(Truth("Fine-Gray", "robust", term, b) for term, b in BETA.items())


def stage_limits(frame: pd.DataFrame) -> Limits:
    """Shares in the stages."""
    spells = jl.spells_from_frame(frame, "stop", "to", "start", "id", causes=("active", "gone"))
    rows = jl.occupancy(spells).at(DAYS)
    return {f"{STAGES}: {r.stage}|log|day {r.time:g}": (r.low, r.high) for r in rows.itertuples()}


def stage_truths() -> tuple[Truth, ...]:
    """What is true of :func:`stage_limits`."""
    return tuple(
        Truth(f"{STAGES}: {stage}", "log", f"day {d}", designs.in_stage(d)[stage], d)
        for stage in designs.in_stage(0)
        for d in DAYS
    )


def aft_limits(frame: pd.DataFrame) -> Limits:
    """Coefficients of the Weibull model, which is the true one."""
    table = jl.aft(_spells(frame), "x + z", "weibull").frame.set_index("term")
    z = 1.959963984540054
    return {
        f"Weibull AFT|normal|{term}": (
            row["coef"] - z * row["std_err"],
            row["coef"] + z * row["std_err"],
        )
        for term, row in table.loc[list(BETA)].iterrows()
    }


def aft_truths() -> tuple[Truth, ...]:
    """A hazard ratio of exp(b) is a time ratio of exp(-b / shape)."""
    return tuple(
        Truth("Weibull AFT", "normal", term, -b / designs.SHAPE) for term, b in BETA.items()
    )


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
        Study("competing", "two causes", d.competing, two, incidence_limits),
        Study("competing late", f"two causes, {late}", d.competing_late, two, incidence_limits),
        Study("stages", "three stages", d.stages, stage_truths(), stage_limits),
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
        Study("fine gray", "two causes", d.subdistribution, fine_gray_truths(), fine_gray_limits),
        Study("aft", "two covariates", d.two_covariates, aft_truths(), aft_limits),
        Study(
            "concordance",
            "two covariates",
            d.two_covariates,
            concordance_truths(),
            concordance_limits,
        ),
    )


def _without_quantiles(frame: pd.DataFrame) -> Limits:
    return curve_limits(frame, quantiles=False)
