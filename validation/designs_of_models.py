"""Simulated samples for the models, with what is true of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri
from scipy.stats import norm

from validation import designs
from validation.designs import AHEAD, BETA, EVER, OFF, ON, SCALE, SHAPE, Draw, N

# --- accelerated failure times: log T = MIDDLE + .4 x - .25 z + scale * W -----------------------

MIDDLE, STRETCH = float(np.log(90)), {"x": 0.4, "z": -0.25}
SPREAD = {"exponential": 1.0, "lognormal": 0.9, "loglogistic": 0.5}
NEW = pd.DataFrame({"x": [1], "z": [0.5]})
_ERROR = {
    "exponential": lambda u: np.log(-np.log(u)),
    "lognormal": lambda u: -ndtri(u),
    "loglogistic": lambda u: logit(1 - u),
}
_LEFT = {
    "exponential": lambda w: np.exp(-np.exp(w)),
    "lognormal": norm.sf,
    "loglogistic": lambda w: 1 / (1 + np.exp(w)),
}


def accelerated(dist: str) -> Draw:
    """Times of a shape, stretched by ``x`` and ``z``."""

    def draw(rng: np.random.Generator) -> pd.DataFrame:
        x, z = rng.integers(0, 2, N), rng.normal(size=N)
        middle = MIDDLE + STRETCH["x"] * x + STRETCH["z"] * z
        event = np.exp(middle + SPREAD[dist] * _ERROR[dist](rng.random(N)))
        return designs.watched(event, rng.uniform(20, 240, N), x=x, z=z)

    return draw


def accelerated_truth(dist: str) -> tuple[dict[str, float], float]:
    """Coefficients, and the linear predictor of ``NEW``. A Weibull hazard ratio of exp(b) is a
    time ratio of exp(-b / shape)."""
    if dist == "weibull":
        found = {"(Intercept)": float(np.log(SCALE)), **{k: -b / SHAPE for k, b in BETA.items()}}
        found["Log(scale)"] = -float(np.log(SHAPE))
    else:
        found = {"(Intercept)": MIDDLE, **STRETCH}
        if dist != "exponential":
            found["Log(scale)"] = float(np.log(SPREAD[dist]))
    return found, found["(Intercept)"] + found["x"] + 0.5 * found["z"]


def accelerated_survival(dist: str, day: float) -> float:
    """True share of customers like ``NEW`` without the event."""
    if dist == "weibull":
        return float(designs.survival(day, np.exp(BETA["x"] + 0.5 * BETA["z"])))
    middle = accelerated_truth(dist)[1]
    return float(_LEFT[dist]((np.log(day) - middle) / SPREAD[dist]))


def accelerated_median(dist: str) -> float:
    """Time by which half of the customers like ``NEW`` have had the event."""
    if dist == "weibull":
        ratio = np.exp(BETA["x"] + 0.5 * BETA["z"])
        return float(SCALE * (np.log(2) / ratio) ** (1 / SHAPE))
    return float(np.exp(accelerated_truth(dist)[1] + SPREAD[dist] * _ERROR[dist](0.5)))


# --- incidence and stages, also with half the customers late ----------------------------------


def subdistribution_late(rng: np.random.Generator) -> pd.DataFrame:
    """The design of Fine and Gray; half the customers come under watch up to 80 days late."""
    n = 2 * N
    x, z = rng.integers(0, 2, n), rng.normal(size=n)
    event, cause = designs.by_share(rng, x, z)
    entry = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 80, n))
    frame = designs.watched(event, entry + rng.uniform(20, 220, n), start=entry, x=x, z=z)
    frame["event"] *= cause
    return frame[event > entry].head(N).reset_index(drop=True)


def incidence_of_new(day: float) -> float:
    """True share of customers like ``NEW`` that has ended by cause 1."""
    ratio = float(np.exp(BETA["x"] + 0.5 * BETA["z"]))
    return float(1 - (1 - EVER * (1 - designs.survival(day))) ** ratio)


def stages_late(rng: np.random.Generator) -> pd.DataFrame:
    """Three stages; half the customers come under watch up to 60 days late, unless gone."""
    rows = designs.stages(rng, 2 * N)
    entry = np.where(rng.random(2 * N) < 0.5, 0.0, rng.uniform(0, 60, 2 * N))[rows["id"]]
    rows = rows[rows["stop"] > entry].assign(start=np.maximum(rows["start"], entry))
    first = rows["id"].drop_duplicates().head(N)
    return rows[rows["id"].isin(first)].reset_index(drop=True)


def days_in_stage(horizon: float) -> dict[str, float]:
    """True mean days in each stage within a horizon: integrals of ``designs.in_stage``."""
    out = AHEAD + OFF
    new = (1 - np.exp(-out * horizon)) / out
    active = AHEAD / (ON - out) * (new - (1 - np.exp(-ON * horizon)) / ON)
    return {"new": float(new), "active": float(active), "gone": float(horizon - new - active)}


def moved_by(horizon: float) -> dict[tuple[str, str], float]:
    """True share that makes each move within a horizon."""
    out, there = AHEAD + OFF, designs.in_stage(horizon)
    left = 1 - there["new"]
    return {
        ("new", "active"): left * AHEAD / out,
        ("new", "gone"): left * OFF / out,
        ("active", "gone"): left * AHEAD / out - there["active"],
    }


# --- mixture cure -----------------------------------------------------------------------------

MANY = 1000
ODDS, PACE = {"(Intercept)": 0.8, "x": -0.9}, {"(Intercept)": float(np.log(8)), "z": 0.5}


def cured(rng: np.random.Generator) -> pd.DataFrame:
    """Whether depends on ``x``, when on ``z``: Weibull times of shape 1.3."""
    x, z = rng.integers(0, 2, MANY), rng.normal(size=MANY)
    ever = rng.random(MANY) < expit(ODDS["(Intercept)"] + ODDS["x"] * x)
    when = np.exp(PACE["(Intercept)"] + PACE["z"] * z) * rng.weibull(SHAPE, MANY)
    return designs.watched(np.where(ever, when, np.inf), rng.uniform(48, 72, MANY), x=x, z=z)


def never(x: float) -> float:
    """True share of those with ``x`` that never will."""
    return float(1 - expit(ODDS["(Intercept)"] + ODDS["x"] * x))
