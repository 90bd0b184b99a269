"""What an interval under study is: what it should contain, and how it is made of a sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import journeylib as jl
from validation.designs import Draw

Limits = dict[str, tuple[float, float]]
DAYS = (25, 50, 100, 150)
HORIZON = 100


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

    ``group`` is the column whose every level must have 20 at risk. An interval that
    ``limits`` leaves out is not asked of that sample. ``most`` bounds the samples where an
    estimate takes long; ``in_r`` says whether R computes the same limits.
    """

    name: str
    note: str
    draw: Draw
    truths: tuple[Truth, ...]
    limits: Callable[[pd.DataFrame], Limits]
    group: str | None = None
    most: int = 2000
    in_r: bool = True


def spells_of(frame: pd.DataFrame) -> jl.Spells:
    """Spells of a sample; where it says so from a later start, several rows a customer."""
    start = "start" if "start" in frame else None
    stop = "stop" if "stop" in frame else "time"
    return jl.spells_from_frame(frame, stop, "event", start, "id" if "id" in frame else None)


def one_row(found: Limits, what: str, interval: str, at: str, rows: pd.DataFrame) -> None:
    """Note the interval of the first row."""
    low, high = rows[["low", "high"]].to_numpy(dtype=float)[0]
    found[f"{what}|{interval}|{at}"] = (low, high)


def on_days(found: Limits, what: str, interval: str, rows: pd.DataFrame) -> None:
    """Note the interval of each day."""
    for day, low, high in rows[["time", "low", "high"]].itertuples(index=False):
        found[f"{what}|{interval}|day {day:g}"] = (low, high)


def log_ratio(effects: pd.DataFrame, row: int) -> tuple[float, float]:
    """Interval of a coefficient from that of its hazard ratio."""
    return float(np.log(effects["low"][row])), float(np.log(effects["high"][row]))
