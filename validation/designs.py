"""Simulated studies with a known truth: who is drawn, and what is true of them.

Every study has 400 customers (or more rows of 400 customers), of whom 30 to 50% are
censored where being censored means something. Durations are Weibull with an
increasing hazard and a median of 100 days, unless stated.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.integrate import quad

N = 400
SHAPE, MEDIAN = 1.3, 100.0
SCALE = MEDIAN / np.log(2) ** (1 / SHAPE)
BETA = {"x": 0.5, "z": -0.3}
SEGMENTS = {"a": 0.7, "b": 1.0, "c": 1.3, "d": 1.8}  # segment -> hazard ratio
LOSING, FAST = 0.4, 2.0  # share of the segment that is soon out of sight; hazard of the other
SHARE = 0.6  # of the events that are of cause 1
RATE, SPREAD = 0.012, 0.5  # of repeated events a day; variance of the customers' frailty
AHEAD, ON, OFF = 0.012, 0.010, 0.004  # moves a day: new -> active, active -> gone, new -> gone
EVER = 0.5  # share that ends by cause 1 in the end, without the covariate
RICH, POOR = 0.9, 0.3  # chance to be in the sample, of the two halves of a population
Draw = Callable[[np.random.Generator], pd.DataFrame]


def survival(t: float | np.ndarray, ratio: float = 1.0) -> float | np.ndarray:
    """True share without the event by ``t``, with the hazard times ``ratio``."""
    return np.exp(-ratio * (np.asarray(t) / SCALE) ** SHAPE)


def hazard(t: float, ratio: float = 1.0) -> float:
    """True cumulative hazard."""
    return float(-np.log(survival(t, ratio)))


def restricted_mean(horizon: float, ratio: float = 1.0) -> float:
    """True mean time without the event within a horizon."""
    return float(quad(survival, 0, horizon, args=(ratio,), epsabs=1e-10)[0])


def daily_hazard(days: int) -> float:
    """True hazard of durations rounded up to days: the sum of the shares lost each day."""
    s = np.asarray(survival(np.arange(days + 1.0)))
    return float(np.sum(1 - s[1:] / s[:-1]))


def durations(rng: np.random.Generator, ratio: float | np.ndarray, n: int) -> np.ndarray:
    """Durations of ``n`` customers."""
    return SCALE * (rng.exponential(size=n) / ratio) ** (1 / SHAPE)


def watched(event: np.ndarray, until: np.ndarray, **more: np.ndarray) -> pd.DataFrame:
    """Times until the event or the end of watching, and which it was."""
    columns = {"time": np.minimum(event, until), "event": (event <= until).astype(int)}
    return pd.DataFrame(columns | more)


def one_group(rng: np.random.Generator) -> pd.DataFrame:
    """One group, in fractional days."""
    return watched(durations(rng, 1.0, N), rng.uniform(20, 280, N))


def by_day(rng: np.random.Generator) -> pd.DataFrame:
    """One group, durations rounded up to whole days, so that many are tied."""
    return watched(np.ceil(durations(rng, 1.0, N)), np.ceil(rng.uniform(20, 280, N)))


def two_groups(rng: np.random.Generator) -> pd.DataFrame:
    """Two groups, the second with 1.6 times the hazard."""
    arm = rng.integers(0, 2, N)
    event = durations(rng, np.where(arm == 1, 1.6, 1.0), N)
    return watched(event, rng.uniform(20, 240, N), arm=arm)


def segments(rng: np.random.Generator) -> pd.DataFrame:
    """Four segments of about 100 customers, with different hazards."""
    place = rng.integers(0, len(SEGMENTS), N)
    ratio = np.array(list(SEGMENTS.values()))[place]
    frame = watched(durations(rng, ratio, N), rng.uniform(20, 250, N))
    return frame.assign(segment=np.array(list(SEGMENTS))[place])


def _late(
    event: np.ndarray, entry: np.ndarray, until: np.ndarray, **more: np.ndarray
) -> pd.DataFrame:
    """The first 400 who are still without the event when they come under observation."""
    frame = watched(event, entry + until, start=entry, **more)
    return frame[event > entry].head(N).reset_index(drop=True)


def late(rng: np.random.Generator) -> pd.DataFrame:
    """Half the customers come under observation up to 80 days late."""
    n = 2 * N
    entry = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 80, n))
    return _late(durations(rng, 1.0, n), entry, rng.uniform(20, 240, n))


def parted(rng: np.random.Generator, late: bool = False) -> pd.DataFrame:
    """Two segments: one with half the hazard of the other, and sooner out of sight."""
    n = 2 * N if late else N
    slow = rng.random(n) < LOSING
    event = durations(rng, np.where(slow, 1.0, FAST), n)
    until = np.where(slow, rng.uniform(20, 180, n), rng.uniform(60, 320, n))
    if not late:
        return watched(event, until, segment=slow)
    entry = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 50, n))
    return _late(event, entry, until, segment=slow)


def parted_late(rng: np.random.Generator) -> pd.DataFrame:
    """The same, half the customers late."""
    return parted(rng, late=True)


def competing(rng: np.random.Generator) -> pd.DataFrame:
    """Two causes."""
    frame = one_group(rng)
    first = rng.random(N) < SHARE
    return frame.assign(event=frame["event"] * np.where(first, 1, 2))


def competing_late(rng: np.random.Generator) -> pd.DataFrame:
    """Two causes, half the customers late."""
    frame = late(rng)
    first = rng.random(len(frame)) < SHARE
    return frame.assign(event=frame["event"] * np.where(first, 1, 2))


def repeated(rng: np.random.Generator, late: bool = False) -> pd.DataFrame:
    """Repeated events: a Poisson process a customer, at a pace of the customer's own.

    Followed for 100 to 300 days; ``x`` multiplies the pace by ``exp(.5)``.
    """
    x = rng.integers(0, 2, N)
    pace = RATE * np.exp(BETA["x"] * x) * rng.gamma(1 / SPREAD, SPREAD, N)
    begin = np.where(rng.random(N) < 0.5, 0.0, rng.uniform(0, 80, N)) if late else np.zeros(N)
    end = rng.uniform(100, 300, N)
    count = rng.poisson(pace * (end - begin))
    who = np.repeat(np.arange(N), count)
    when = begin[who] + rng.random(count.sum()) * (end - begin)[who]
    rows = pd.DataFrame({"id": who, "stop": when, "event": 1})
    last = pd.DataFrame({"id": np.arange(N), "stop": end, "event": 0})
    rows = pd.concat([rows, last]).sort_values(["id", "stop"], ignore_index=True)
    first = rows["id"].ne(rows["id"].shift())
    rows["start"] = np.where(first, begin[rows["id"]], rows["stop"].shift())
    return rows.assign(x=x[rows["id"]])


def repeated_late(rng: np.random.Generator) -> pd.DataFrame:
    """Repeated events, half the customers late."""
    return repeated(rng, late=True)


def sampled(rng: np.random.Generator) -> pd.DataFrame:
    """A sample in which one half of the population is three times as likely as the other.

    ``w`` is the inverse of the chance to be in it; the halves differ in their hazard.
    """
    n = 4 * N
    half = rng.integers(0, 2, n)
    chance = np.where(half == 1, RICH, POOR)
    taken = np.flatnonzero(rng.random(n) < chance)[:N]
    ratio = np.where(half == 1, 2.0, 1.0)
    frame = watched(durations(rng, ratio, n), rng.uniform(20, 190, n), w=1 / chance)
    return frame.iloc[taken].reset_index(drop=True)


def _ratio(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.exp(BETA["x"] * x + BETA["z"] * z)


def two_covariates(rng: np.random.Generator) -> pd.DataFrame:
    """Proportional hazards of a yes-or-no and a normal covariate; ``w`` are weights by chance."""
    x, z = rng.integers(0, 2, N), rng.normal(size=N)
    frame = watched(durations(rng, _ratio(x, z), N), rng.uniform(20, 220, N), x=x, z=z)
    return frame.assign(w=rng.choice([0.5, 1.25, 2.5], N))


def two_covariates_by_day(rng: np.random.Generator) -> pd.DataFrame:
    """The same in whole days."""
    frame = two_covariates(rng)
    return frame.assign(time=np.ceil(frame["time"]))


def two_covariates_late(rng: np.random.Generator) -> pd.DataFrame:
    """The same, half the customers up to 80 days late."""
    n = 2 * N
    x, z = rng.integers(0, 2, n), rng.normal(size=n)
    entry = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 80, n))
    return _late(durations(rng, _ratio(x, z), n), entry, rng.uniform(20, 200, n), x=x, z=z)


def changing(rng: np.random.Generator) -> pd.DataFrame:
    """A touchpoint on a random day multiplies the hazard by ``exp(.5)`` from then on.

    Two rows a customer who was touched, one before and one after.
    """
    touch = rng.exponential(60, N)
    due = rng.exponential(size=N)  # cumulative hazard at which the event happens
    before = (touch / SCALE) ** SHAPE
    jump = np.exp(BETA["x"])
    power = np.where(due <= before, due, before + (due - before) / jump)
    event, until = SCALE * power ** (1 / SHAPE), rng.uniform(20, 220, N)
    end = np.minimum(event, until)
    happened = (event <= until).astype(int)
    split = touch < end
    who = np.arange(N)
    first = pd.DataFrame(
        {"id": who, "start": 0.0, "stop": np.where(split, touch, end), "x": 0, "z": split}
    )
    first["event"] = np.where(split, 0, happened)
    second = pd.DataFrame({"id": who, "start": touch, "stop": end, "x": 1, "event": happened})
    rows = pd.concat([first.drop(columns="z"), second[split]])
    return rows.sort_values(["id", "start"], ignore_index=True)


def subdistribution(rng: np.random.Generator) -> pd.DataFrame:
    """Two causes; ``x`` and ``z`` act proportionally on the share that ends by the first.

    Fine and Gray (1999): the incidence of cause 1 is ``1 - (1 - p (1 - exp(-H)))^ratio``,
    with H the Weibull cumulative hazard.
    """
    x, z = rng.integers(0, 2, N), rng.normal(size=N)
    event, cause = by_share(rng, x, z)
    frame = watched(event, rng.uniform(20, 240, N), x=x, z=z)
    return frame.assign(event=frame["event"] * cause)


def by_share(
    rng: np.random.Generator, x: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Times and causes of :func:`subdistribution`."""
    ratio, n = _ratio(x, z), len(x)
    share = 1 - (1 - EVER) ** ratio
    first = rng.random(n) < share
    part = 1 - (1 - rng.random(n) * share) ** (1 / ratio)  # p (1 - exp(-H)) at the event
    event = SCALE * (-np.log(1 - part / EVER)) ** (1 / SHAPE)
    return np.where(first, event, durations(rng, 1.0, n)), np.where(first, 1, 2)


def stages(rng: np.random.Generator, n: int = N) -> pd.DataFrame:
    """From new to active to gone, or from new to gone, at constant rates; a row a stay.

    ``to`` is the stage entered, 1 for active, 2 for gone, 0 for censored.
    """
    until = rng.uniform(20, 330, n)
    leave = rng.exponential(1 / (AHEAD + OFF), n)
    ahead = rng.random(n) < AHEAD / (AHEAD + OFF)
    gone = leave + rng.exponential(1 / ON, n)
    who = np.arange(n)
    first = pd.DataFrame({"id": who, "start": 0.0, "stop": np.minimum(leave, until)})
    first["to"] = np.where(leave > until, 0, np.where(ahead, 1, 2))
    second = pd.DataFrame({"id": who, "start": leave, "stop": np.minimum(gone, until)})
    second["to"] = np.where(gone > until, 0, 2)
    second = second[ahead & (leave < until)]
    rows = pd.concat([first.assign(stage="new"), second.assign(stage="active")])
    return rows.sort_values(["id", "start"], ignore_index=True)


def in_stage(t: float) -> dict[str, float]:
    """True share in each stage at ``t``."""
    out = AHEAD + OFF
    new = float(np.exp(-out * t))
    active = float(AHEAD / (ON - out) * (np.exp(-out * t) - np.exp(-ON * t)))
    return {"new": new, "active": active, "gone": 1 - new - active}
