"""Intervals of the models under study: shapes of time, incidence, stages, who never will."""

from __future__ import annotations

from functools import partial

import pandas as pd

import journeylib as jl
from validation import designs, plateaus
from validation import designs_of_models as d
from validation.designs import BETA
from validation.study import DAYS, HORIZON, Limits, Study, Truth, log_ratio, on_days, spells_of

Z = 1.959963984540054
STAGES, MEANS, MOVES = "Share in a stage", "Mean days in a stage", "Share that makes a move"
NAMES = {
    "exponential": "Exponential",
    "weibull": "Weibull",
    "lognormal": "Log-normal",
    "loglogistic": "Log-logistic",
}


# --- accelerated failure times ----------------------------------------------------------------


def aft_limits(frame: pd.DataFrame, dist: str) -> Limits:
    """Coefficients, and what is predicted for one customer; the shape is the true one."""
    what, model = f"{NAMES[dist]} AFT", jl.aft(spells_of(frame), "x + z", dist)
    found: Limits = {}
    for row in model.frame.itertuples(index=False):
        reach = Z * row.std_err
        found[f"{what}|normal|{row.term}"] = (row.coef - reach, row.coef + reach)
    on_days(found, f"{what}: survival", "log time", model.predict(d.NEW, DAYS[1:3]))
    half = model.quantiles(d.NEW).iloc[0]
    found[f"{what}: median|log time|customer"] = (half["low"], half["high"])
    return found


def aft_truths(dist: str) -> tuple[Truth, ...]:
    """What is true of :func:`aft_limits`."""
    what = f"{NAMES[dist]} AFT"
    found = [Truth(what, "normal", k, v) for k, v in d.accelerated_truth(dist)[0].items()]
    for day in DAYS[1:3]:
        value = d.accelerated_survival(dist, day)
        found.append(Truth(f"{what}: survival", "log time", f"day {day}", value, day))
    median = d.accelerated_median(dist)
    return (*found, Truth(f"{what}: median", "log time", "customer", median, median))


def _aft() -> list[Study]:
    def one(name: str, note: str, draw: designs.Draw, dist: str, in_r: bool = True) -> Study:
        return Study(name, note, draw, aft_truths(dist), partial(aft_limits, dist=dist), in_r=in_r)

    two, late = "two covariates", "two covariates, half enter late"
    return [
        one("aft", two, designs.two_covariates, "weibull"),
        one("aft late", late, designs.two_covariates_late, "weibull", in_r=False),
        *(one(f"aft {k}", two, d.accelerated(k), k) for k in d.SPREAD),
    ]


# --- incidence and stages ---------------------------------------------------------------------


def fine_gray_limits(frame: pd.DataFrame) -> Limits:
    """Coefficients of the regression of an incidence, and what it predicts."""
    model = jl.fine_gray(spells_of(frame), "x + z")
    found = {f"Fine-Gray|robust|{term}": log_ratio(model.frame, k) for k, term in enumerate(BETA)}
    on_days(found, "Fine-Gray: incidence", "log-log", model.predict(d.NEW, DAYS[:3]))
    return found


def fine_gray_truths() -> tuple[Truth, ...]:
    """What is true of :func:`fine_gray_limits`."""
    found = [Truth("Fine-Gray", "robust", term, b) for term, b in BETA.items()]
    what = "Fine-Gray: incidence"
    days = DAYS[:3]
    return (
        *found,
        *(Truth(what, "log-log", f"day {t}", d.incidence_of_new(t), t) for t in days),
    )


def stage_limits(frame: pd.DataFrame) -> Limits:
    """Shares in the stages, mean days in them, and moves."""
    spells = jl.spells_from_frame(frame, "stop", "to", "start", "id", causes=("active", "gone"))
    places = jl.occupancy(spells)
    found = {
        f"{STAGES}: {r.stage}|log|day {r.time:g}": (r.low, r.high)
        for r in places.at(DAYS).itertuples()
    }
    for r in places.expected_time(HORIZON).itertuples():
        found[f"{MEANS}: {r.stage}|normal|{HORIZON} days"] = (r.low, r.high)
    for move in jl.flows(spells, HORIZON).frame.to_dict("records"):
        key = f"{MOVES}: {move['from']} to {move['to']}|log|day {HORIZON}"
        found[key] = (move["low"], move["high"])
    return found


def stage_truths() -> tuple[Truth, ...]:
    """What is true of :func:`stage_limits`."""
    found = [
        Truth(f"{STAGES}: {stage}", "log", f"day {t}", designs.in_stage(t)[stage], t)
        for stage in designs.in_stage(0)
        for t in DAYS
    ]
    for stage, mean in d.days_in_stage(HORIZON).items():
        found.append(Truth(f"{MEANS}: {stage}", "normal", f"{HORIZON} days", mean, HORIZON))
    for (a, b), share in d.moved_by(HORIZON).items():
        found.append(Truth(f"{MOVES}: {a} to {b}", "log", f"day {HORIZON}", share, HORIZON))
    return tuple(found)


# --- who never will ---------------------------------------------------------------------------


def cure_limits(frame: pd.DataFrame) -> Limits:
    """Share that never will, coefficients, and the share of two customers; nothing where the
    follow-up supports no number. The shape is the one that the data choose."""
    model = jl.cure(spells_of(frame), "x", "z")
    if not model.supported:
        return {}
    row = model.share.iloc[0]
    found = {"Share that never will|logit|everybody": (row["low"], row["high"])}
    for r in model.frame.itertuples(index=False):
        if r.term in ("x", "z"):
            reach = Z * r.std_err
            found[f"Mixture cure: {r.part}|normal|{r.term}"] = (r.coef - reach, r.coef + reach)
    two = model.cured(pd.DataFrame({"x": [0, 1]}))
    for x, low, high in zip((0, 1), two["low"], two["high"], strict=True):
        found[f"Share that never will|logit, one customer|x = {x}"] = (low, high)
    return found


def cure_truths() -> tuple[Truth, ...]:
    """What is true of :func:`cure_limits`."""
    share = (d.never(0) + d.never(1)) / 2
    one = "logit, one customer"
    return (
        Truth("Share that never will", "logit", "everybody", share),
        Truth("Mixture cure: whether", "normal", "x", d.ODDS["x"]),
        Truth("Mixture cure: when", "normal", "z", d.PACE["z"]),
        *(Truth("Share that never will", one, f"x = {x}", d.never(x)) for x in (0, 1)),
    )


def plateau_limits(frame: pd.DataFrame) -> Limits:
    """Share that never will, without covariates."""
    model = jl.cure(spells_of(frame), "1")
    row = model.share.iloc[0]
    key = "Share that never will|logit|everybody"
    return {key: (row["low"], row["high"])} if model.supported else {}


def _plateaus() -> list[Study]:
    truth = (Truth("Share that never will", "logit", "everybody", plateaus.CURED),)

    def draw(shape: str, plan: str) -> designs.Draw:
        return lambda rng: plateaus.followed(rng, d.MANY, shape, plan)

    return [
        Study(
            f"cure {shape}, {when}",
            f"{shape}, {when}",
            draw(shape, plan),
            truth,
            plateau_limits,
            most=500,
            in_r=False,
        )
        for shape in plateaus.SHAPES
        for when, plan in plateaus.LONG.items()
    ]


def studies() -> tuple[Study, ...]:
    """Every study of a model."""
    late, gray = "half enter late", fine_gray_truths()
    return (
        Study("stages", "three stages", designs.stages, stage_truths(), stage_limits),
        Study("stages late", f"three stages, {late}", d.stages_late, stage_truths(), stage_limits),
        Study("fine gray", "two causes", designs.subdistribution, gray, fine_gray_limits),
        Study(
            "fine gray late", f"two causes, {late}", d.subdistribution_late, gray, fine_gray_limits
        ),
        *_aft(),
        Study("cure", "some never will", d.cured, cure_truths(), cure_limits, most=500, in_r=False),
        *_plateaus(),
    )
