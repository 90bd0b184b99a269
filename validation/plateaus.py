"""Follow-up that ends before, or after, the plateau: what the gate of ``cure`` says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import gamma, norm

from journeylib.estimate.cure import cure
from journeylib.estimate.curefit import CureRows
from journeylib.estimate.followup import check_follow_up
from journeylib.spells import Spells, spells_from_frame

# time at which a share u has not yet had the event
SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exponential": lambda u: -np.log(u),
    "weibull 0.5": lambda u: (-np.log(u)) ** 2,
    "weibull 2": lambda u: (-np.log(u)) ** 0.5,
    "lognormal 1": lambda u: np.exp(norm.isf(u)),
    "loglogistic": lambda u: ((1 - u) / u) ** 0.6,
    "gamma 0.5": lambda u: gamma.isf(u, 0.5),
    "gamma 2": lambda u: gamma.isf(u, 2),
}
# name -> (share cured, follow-up until this share of the others is left, entry over how much of it)
PLANS = {
    "nobody cured, until S = 0.4": (0.0, 0.4, 0.0),
    "nobody cured, until S = 0.4, entered over time": (0.0, 0.4, 1.0),
    "nobody cured, until S = 0.2": (0.0, 0.2, 0.0),
    "30% cured, all past the 99th percentile": (0.3, 0.01, 0.0),
    "30% cured, past the 99th percentile, entered over time": (0.3, 0.01, -1.0),
}
CURED = 0.3
LONG = {
    "all followed to the 99th percentile": "30% cured, all past the 99th percentile",
    "followed to once or twice it": "30% cured, past the 99th percentile, entered over time",
}


def followed(rng: np.random.Generator, n: int, shape: str, plan: str) -> pd.DataFrame:
    """Customers followed for the same time, or (entered over time) less or more of it."""
    cured, left, spread = PLANS[plan]
    end = float(SHAPES[shape](np.array(left)))
    time = SHAPES[shape](rng.uniform(size=n))
    time = np.where(rng.uniform(size=n) < cured, np.inf, time)
    # spread 1: followed for 0 to 1.3 times end; spread -1: for end to twice that
    share = rng.uniform(size=n)
    until = end * {0.0: np.full(n, 1.001), 1.0: 1.3 * share, -1.0: 1 + share}[spread]
    return pd.DataFrame({"time": np.minimum(time, until), "event": time <= until})


def follow_up(rng: np.random.Generator, n: int, shape: str, plan: str) -> Spells:
    """The same as spells."""
    return spells_from_frame(followed(rng, n, shape, plan), unit="days")


def opened(runs: int, seed: int, shape: str, plan: str, n: int = 1000) -> float:
    """Share of replications in which the gate is open."""
    rng = np.random.default_rng(seed)
    told = 0
    for _ in range(runs):
        frame = followed(rng, n, shape, plan)
        one, time = np.ones((n, 1)), frame["time"].to_numpy()
        told += check_follow_up(CureRows(one, one, 0 * time, time, frame["event"].to_numpy())).open
    return told / runs


def says(runs: int, seed: int, shape: str, plan: str, n: int = 1000) -> dict[str, float]:
    """Over replications: how often there is a point, how often its interval (or the bounds)
    holds the truth, and how often Maller and Zhou's alpha calls the follow-up sufficient."""
    rng = np.random.default_rng(seed)
    cured = PLANS[plan][0]
    points = covered = bounded = alpha = 0
    for _ in range(runs):
        got = cure(follow_up(rng, n, shape, plan), "1")
        row = got.share.iloc[0]
        inside = row["low"] <= cured <= row["high"]
        points += got.supported
        covered += got.supported and inside
        bounded += not got.supported and inside
        alpha += got.gate.alpha < 0.05
    shut = runs - points
    return {
        "point": points / runs,
        "coverage of the point's interval": covered / points if points else float("nan"),
        "coverage of the bounds": bounded / shut if shut else float("nan"),
        "alpha says sufficient": alpha / runs,
    }
