"""Experiments without any effect, read several times: how often is something found?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from journeylib.estimate.boundaries import boundaries
from journeylib.estimate.compare import compare
from journeylib.estimate.sequential import as_of
from journeylib.spells import Spells, spells_from_frame


def experiment(rng: np.random.Generator, n: int, hazard_ratio: float = 1.0) -> pd.DataFrame:
    """Customers of two arms who arrive over 60 days and purchase at a constant rate."""
    arm = rng.permutation(np.resize(["control", "treatment"], n))
    rate = np.where(arm == "treatment", hazard_ratio, 1.0) / 40
    time = rng.exponential(1 / rate)
    return pd.DataFrame({"time": time, "event": 1, "arm": arm, "day": rng.uniform(0, 60, n)})


def looks(frame: pd.DataFrame, planned: int, count: int) -> list[Spells]:
    """The spells as known at equally spaced numbers of events."""
    spells = spells_from_frame(frame, unit="days")
    moments = np.sort(frame["day"] + frame["time"])
    at = [moments[round(planned * k / count) - 1] + 1e-9 for k in range(1, count + 1)]
    return [as_of(spells, "day", t) for t in at]


def false_alarms(
    runs: int, seed: int, *, n: int = 240, planned: int = 200, count: int = 5, spending: str
) -> dict[str, float]:
    """Share of null experiments in which something is found: by the test, and by peeking."""
    rng = np.random.default_rng(seed)
    bounds = boundaries(np.arange(1, count + 1) / count, 0.05, spending)
    guarded = peeked = final = 0
    for _ in range(runs):
        frame = experiment(rng, n)
        z = np.sqrt([float(compare(s, "arm").statistic) for s in looks(frame, planned, count)])
        guarded += bool((z >= bounds).any())
        peeked += bool((z >= norm.isf(0.025)).any())
        final += bool(z[-1] >= norm.isf(0.025))
    return {"sequential": guarded / runs, "peeking": peeked / runs, "one look": final / runs}


def found(runs: int, seed: int, planned: int, hazard_ratio: float, count: int = 5) -> float:
    """Share of experiments with an effect in which the test finds it at any look."""
    rng = np.random.default_rng(seed)
    bounds = boundaries(np.arange(1, count + 1) / count)
    seen = 0
    for _ in range(runs):
        frame = experiment(rng, round(1.25 * planned), hazard_ratio)
        z = np.sqrt([float(compare(s, "arm").statistic) for s in looks(frame, planned, count)])
        seen += bool((z >= bounds).any())
    return seen / runs
