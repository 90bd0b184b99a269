"""Intervals of what is done with models: prediction quality, weighted groups, experiments."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri
from scipy.stats import norm

import journeylib as jl
from validation import designs, looks
from validation.designs import BETA, SCALE, SHAPE, N
from validation.study import DAYS, Limits, Study, Truth, log_ratio, spells_of

# --- prediction quality: a model as it is, on ever new customers -------------------------------

TIMES = (25, 50, 75, 100)
AT, GROUPS = 50, 4
POINTS = 2000  # of z, equally likely, for the truth


@cache
def fitted() -> jl.Effects:
    """The model that is judged: a Cox model of one sample; what is true of it is exact."""
    return jl.cox(spells_of(designs.two_covariates(np.random.default_rng(1))), "x + z")


@cache
def population() -> tuple[pd.DataFrame, np.ndarray]:
    """Every kind of customer, equally likely, with the true hazard ratio."""
    z = ndtri((np.arange(POINTS) + 0.5) / POINTS)
    frame = pd.DataFrame({"x": np.repeat([0, 1], POINTS), "z": np.tile(z, 2)})
    return frame, _ratio(frame)


def _ratio(frame: pd.DataFrame) -> np.ndarray:
    x, z = (frame[name].to_numpy(dtype=float) for name in ("x", "z"))
    return np.exp(BETA["x"] * x + BETA["z"] * z)


def _true_risk(t: float, ratio: np.ndarray) -> np.ndarray:
    return 1 - np.exp(-ratio * designs.hazard(t))


@cache
def risks(t: float) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true risk by ``t`` of the population."""
    frame, ratio = population()
    predicted = 1 - fitted().predict(frame, [t])["survival"].to_numpy()
    return predicted, _true_risk(t, ratio)


def true_brier(t: float) -> float:
    """Mean squared distance of what happens from what is predicted."""
    predicted, true = risks(t)
    return float(np.mean(true * (1 - predicted) ** 2 + (1 - true) * predicted**2))


def true_auc(t: float) -> float:
    """Chance that a case was given a higher risk than somebody without the event."""
    predicted, true = risks(t)
    order = np.argsort(predicted, kind="stable")
    case, free = true[order], (1 - true)[order]
    below = np.cumsum(free) - free / 2  # the points are distinct but for themselves
    return float(case @ below / (case.sum() * free.sum()))


def true_calibration(t: float) -> dict[str, float]:
    """Observed over predicted; intercept and slope of the logistic regression of everybody."""
    predicted, true = risks(t)
    linear = logit(predicted)
    found = {"observed / predicted": float(true.mean() / predicted.mean())}
    for name, x, offset in (
        ("intercept", np.ones((len(linear), 1)), linear),
        ("slope", np.column_stack([np.ones(len(linear)), linear]), np.zeros(len(linear))),
    ):
        beta = np.zeros(x.shape[1])
        for _ in range(25):
            share = expit(offset + x @ beta)
            beta += np.linalg.solve((x.T * (share * (1 - share))) @ x, x.T @ (true - share))
        found[name] = float(beta[-1])
    return found


def assess_limits(frame: pd.DataFrame) -> Limits:
    """Brier score and AUC at each time, the integrated score, calibration.

    What is observed in a group of equal risk should be the mean true risk of those in it,
    so that this interval is told as distance from that.
    """
    judged = jl.assess(fitted(), spells_of(frame), TIMES)
    found: Limits = {}
    for r in judged.frame.itertuples(index=False):
        found[f"Brier score|normal|day {r.time:g}"] = (r.brier_low, r.brier_high)
        found[f"AUC|logit|day {r.time:g}"] = (r.auc_low, r.auc_high)
    if judged.horizon < TIMES[-1]:
        return {}
    found["Integrated Brier score|normal|everybody"] = (judged.ibs_low, judged.ibs_high)
    table = judged.calibration(AT, GROUPS)
    for m in table.measures.itertuples(index=False):
        found[f"Calibration: {m.measure}|{_scale(m.measure)}|day {AT}"] = (m.low, m.high)
    true = _true_risk_by_group(frame, table)
    for r, mean in zip(table.frame.itertuples(index=False), true, strict=True):
        key = f"Calibration: observed risk|log-log|group {r.group}"
        found[key] = (r.low - mean, r.high - mean)
    return found


def _scale(measure: str) -> str:
    return "log" if measure == "observed / predicted" else "normal"


def _true_risk_by_group(frame: pd.DataFrame, table: Any) -> np.ndarray:
    predicted = 1 - fitted().predict(frame[["x", "z"]], [AT])["survival"].to_numpy()
    true = _true_risk(AT, _ratio(frame))
    order = np.argsort(predicted, kind="stable")
    return np.array([g.mean() for g in np.split(true[order], table.frame["n"].cumsum()[:-1])])


def assess_truths() -> tuple[Truth, ...]:
    """What is true of :func:`assess_limits`."""
    found = []
    for t in TIMES:
        found.append(Truth("Brier score", "normal", f"day {t}", true_brier(t), t))
        found.append(Truth("AUC", "logit", f"day {t}", true_auc(t), t))
    share = np.array([1, 2, 2, 1]) / 6  # trapezoids over equally spaced times
    mean = float(share @ [true_brier(t) for t in TIMES])
    found.append(Truth("Integrated Brier score", "normal", "everybody", mean, TIMES[-1]))
    for name, value in true_calibration(AT).items():
        found.append(Truth(f"Calibration: {name}", _scale(name), f"day {AT}", value, AT))
    what = "Calibration: observed risk"
    found += [Truth(what, "log-log", f"group {g}", 0.0, AT) for g in range(1, GROUPS + 1)]
    return tuple(found)


# --- weighted groups --------------------------------------------------------------------------

RATIO, TIE = 1.6, 0.5  # hazard ratio of the treated; correlation of luck with x and with z


def confounded(rng: np.random.Generator) -> pd.DataFrame:
    """Who has large x and z is treated more often and has the event sooner, in either group.

    Luck is normal and correlated with x and z, so that over everybody the hazards of the two
    groups keep their ratio: a marginal hazard ratio that is exact.
    """
    x, z = rng.normal(size=(2, N))
    luck = TIE * x + TIE * z + np.sqrt(1 - 2 * TIE**2) * rng.normal(size=N)
    treated = (rng.random(N) < expit(0.5 * x + 0.5 * z)).astype(int)
    due = -norm.logcdf(luck)  # exponential: large luck, soon
    event = SCALE * (due / np.where(treated, RATIO, 1.0)) ** (1 / SHAPE)
    return designs.watched(event, rng.uniform(20, 240, N), x=x, z=z, treated=treated)


def weighted_limits(frame: pd.DataFrame) -> Limits:
    """Weighted curves of both groups and the weighted Cox model."""
    found: Limits = {}
    spells = jl.weights(spells_of(frame), "x + z", "treated").spells
    for r in jl.survival_curve(spells, "treated", weights="weight").at(DAYS[:3]).itertuples():
        who = "treated" if r.group == "1" else "others"
        found[f"Kaplan-Meier, adjusted: {who}|log-log|day {r.time:g}"] = (r.low, r.high)
    effects = jl.cox(spells, "treated", weights="weight").frame
    found["Cox coefficient, adjusted by weights|robust|treated"] = log_ratio(effects, 0)
    return found


def weighted_truths() -> tuple[Truth, ...]:
    """What is true of :func:`weighted_limits`."""
    what, days = "Kaplan-Meier, adjusted", DAYS[:3]
    curves = [
        Truth(f"{what}: {who}", "log-log", f"day {t}", float(designs.survival(t, ratio)), t)
        for who, ratio in (("others", 1.0), ("treated", RATIO))
        for t in days
    ]
    effect = float(np.log(RATIO))
    return (*curves, Truth("Cox coefficient, adjusted by weights", "robust", "treated", effect))


# --- experiments read several times -----------------------------------------------------------

EFFECT, PLANNED, LOOKS, SPAN = 1.3, 200, 5, 40


def experiment(rng: np.random.Generator) -> pd.DataFrame:
    """Two arms who arrive over 60 days."""
    return looks.experiment(rng, 300, EFFECT)


def sequential_limits(frame: pd.DataFrame) -> Limits:
    """Repeated intervals: the truth must lie in those of all looks. Restricted means at the end."""
    seen = jl.sequential(looks.looks(frame, PLANNED, LOOKS), "arm", PLANNED, horizon=SPAN)
    rows = seen.frame[np.isfinite(seen.frame["high"])]
    found = {
        "Repeated intervals|log|all looks": (
            float(np.log(rows["low"].max())),
            float(np.log(rows["high"].min())),
        )
    }
    if seen.mean_difference is not None:
        row = seen.mean_difference.iloc[0]
        key = f"Restricted mean at the last look|normal|{SPAN} days"
        found[key] = (row["low"], row["high"])
    return found


def sequential_truths() -> tuple[Truth, ...]:
    """Exponential times."""

    def mean(rate: float) -> float:
        return float((1 - np.exp(-rate * SPAN)) / rate)

    gap = mean(EFFECT / 40) - mean(1 / 40)
    last = "Restricted mean at the last look"
    return (
        Truth("Repeated intervals", "log", "all looks", float(np.log(EFFECT))),
        Truth(last, "normal", f"{SPAN} days", gap, SPAN),
    )


def studies() -> tuple[Study, ...]:
    """Every study of what is done with models."""
    two, tests = designs.two_covariates, "two covariates, a fitted model"
    return (
        Study("assess", tests, two, assess_truths(), assess_limits, in_r=False),
        Study("adjusted", "confounded groups", confounded, weighted_truths(), weighted_limits),
        Study(
            "sequential",
            "two arms, five looks",
            experiment,
            sequential_truths(),
            sequential_limits,
            most=500,
            in_r=False,
        ),
    )
