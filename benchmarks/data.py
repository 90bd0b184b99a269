"""The frames that everybody is timed on, seeded."""

from __future__ import annotations

import numpy as np
import pandas as pd

COVARIATES = ("x1", "x2", "x3", "x4", "x5")
BETA = np.array([0.4, -0.3, 0.2, 0.1, 0.0])


def customers(n: int, by_day: bool, covariates: bool = False) -> pd.DataFrame:
    """One row a customer: time, event, cause and two groupings; 35% censored.

    By day there are some hundred distinct times, otherwise as many as customers.
    """
    rng = np.random.default_rng([n, by_day])
    x = rng.normal(size=(n, len(COVARIATES)))
    ratio = np.exp(x @ BETA)
    event = 130 * (rng.exponential(size=n) / ratio) ** (1 / 1.3)
    until = rng.uniform(20, 400, n)
    time = np.minimum(event, until)
    happened = event <= until
    frame = pd.DataFrame(
        {
            "time": np.ceil(time) if by_day else time,
            "event": happened.astype(np.int64),
            "cause": np.where(happened, np.where(rng.random(n) < 0.6, 1, 2), 0),
            "two": rng.integers(0, 2, n),
            "six": rng.integers(0, 6, n),
        }
    )
    return frame.assign(**dict(zip(COVARIATES, x.T))) if covariates else frame


def episodes(n: int, by_day: bool) -> pd.DataFrame:
    """``n`` rows ``(start, stop]``, five a customer, with repeated events and covariates."""
    rng = np.random.default_rng([n, 5, by_day])
    who = np.arange(n) // 5
    width = rng.exponential(30, n) + 1
    width = np.ceil(width) if by_day else width
    stop = pd.Series(width).groupby(who).cumsum().to_numpy()
    first = np.arange(n) % 5 == 0
    x = rng.normal(size=(n, len(COVARIATES)))
    chance = 0.4 * np.exp(0.5 * (x @ BETA))
    return pd.DataFrame(
        {
            "id": who,
            "start": np.where(first, 0.0, np.concatenate([[0.0], stop[:-1]])),
            "stop": stop,
            "event": (rng.random(n) < chance).astype(np.int64),
            **dict(zip(COVARIATES, x.T)),
        }
    )
