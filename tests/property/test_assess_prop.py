"""Scores against plain loops, their errors against numerical derivatives and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylib as jl
from journeylib.estimate.assess.censoring import at_time, outcomes
from journeylib.estimate.assess.scores import auc, brier, still_sorted


def draw(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tied times, three kinds of ends, tied risks."""
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(3, n))
    cause = rng.choice([0, 1, 2], n, p=[0.4, 0.4, 0.2])
    return time, cause, rng.integers(1, 9, n) / 10


def by_loops(
    time: np.ndarray, cause: np.ndarray, risk: np.ndarray, t: float, w: np.ndarray
) -> tuple[float, float]:
    """Brier score and AUC with case weights, from their definitions."""

    def stays(upto: float, including: bool) -> float:
        g = 1.0
        for u in np.unique(time):
            if u < upto or (including and u == upto):
                here = time == u
                at_risk = w[time >= u].sum() - w[here & (cause > 0)].sum()
                lost = w[here & (cause == 0)].sum()
                g *= 1 - lost / at_risk if at_risk > 0 else 1
        return g

    weight = np.zeros(len(time))
    for i in range(len(time)):
        if time[i] > t:
            weight[i] = w[i] / stays(t, including=True)
        elif cause[i] > 0:
            weight[i] = w[i] / stays(time[i], including=False)
    case = (time <= t) & (cause == 1)
    score = float((weight * (case - risk) ** 2).sum() / w.sum())
    right = pairs = 0.0
    for i in np.flatnonzero(case):
        for j in np.flatnonzero(~case & (weight > 0)):
            pair = weight[i] * weight[j]
            pairs += pair
            right += pair * ((risk[i] > risk[j]) + (risk[i] == risk[j]) / 2)
    return score, right / pairs if pairs else np.nan


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(15, 40), st.integers(1, 4))
def test_scores_and_influence(seed: int, n: int, t: int) -> None:
    time, cause, risk = draw(seed, n)
    time[:2], cause[:2] = 50, 0  # somebody is watched beyond t
    seen = outcomes(time, cause)
    now, ordered = at_time(seen, t), risk[seen.order]
    close = brier(seen, now, ordered)
    ranked = auc(seen, now, ordered, still_sorted(ordered, None))
    ones = np.ones(n)
    expected = by_loops(time, cause, risk, t, ones)
    assert close.value == pytest.approx(expected[0], rel=1e-12)
    assert (ranked is None) == np.isnan(expected[1])
    if ranked is not None:
        assert ranked.value == pytest.approx(expected[1], rel=1e-12)
    eps = 1e-5
    for place, i in enumerate(seen.order[:8]):
        up, down = ones.copy(), ones.copy()
        up[i] += eps
        down[i] -= eps
        slope = np.subtract(
            by_loops(time, cause, risk, t, up), by_loops(time, cause, risk, t, down)
        ) / (2 * eps)
        assert close.influence[place] == pytest.approx(slope[0], abs=1e-7)
        if ranked is not None:
            assert ranked.influence[place] == pytest.approx(slope[1], abs=1e-7)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_the_order_of_customers_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=150)
    d = pd.DataFrame({"time": np.ceil(rng.exponential(9 * np.exp(-x))), "x": x})
    d["event"] = rng.integers(0, 2, 150)
    fit = jl.cox(jl.spells_from_frame(d), "x")
    one = jl.assess(fit, jl.spells_from_frame(d), [2, 5])
    two = jl.assess(fit, jl.spells_from_frame(d.sample(frac=1, random_state=seed)), [5, 2])
    pd.testing.assert_frame_equal(one.frame, two.frame)
    left, right = one.calibration(5), two.calibration(5)
    pd.testing.assert_frame_equal(left.frame, right.frame)
    pd.testing.assert_frame_equal(left.measures, right.measures, rtol=1e-6)


def test_intervals_cover() -> None:
    """300 test sets of 300 customers, half of them censored; the truth from 200,000 uncensored.

    Each interval should cover in 95%; with 300 replications chance alone moves that by
    2.5 points up or down.
    """
    rng = np.random.default_rng(11)

    def customers(n: int, censored: bool) -> pd.DataFrame:
        x = rng.normal(size=n)
        t = rng.exponential(np.exp(-0.8 * x))
        c = rng.exponential(1.6, n) if censored else np.full(n, np.inf)
        return pd.DataFrame({"time": np.minimum(t, c), "event": (t <= c).astype(int), "x": x})

    fit = jl.cox(jl.spells_from_frame(customers(500, True)), "x")
    times = [0.3, 0.6, 0.9]
    truth = jl.assess(fit, jl.spells_from_frame(customers(200_000, False)), times)
    calibrated = truth.calibration(0.9).measures.set_index("measure")["value"]
    hits: dict[str, list[bool]] = {}

    def count(name: str, low: float, high: float, value: float) -> None:
        hits.setdefault(name, []).append(low <= value <= high)

    for _ in range(300):
        found = jl.assess(fit, jl.spells_from_frame(customers(300, True)), times)
        row, true = found.frame.iloc[-1], truth.frame.iloc[-1]
        count("brier", row.brier_low, row.brier_high, true.brier)
        count("auc", row.auc_low, row.auc_high, true.auc)
        count("ibs", found.ibs_low, found.ibs_high, truth.ibs)
        for m in found.calibration(0.9).measures.itertuples():
            count(m.measure, m.low, m.high, calibrated[m.measure])
    shares = {name: float(np.mean(found)) for name, found in hits.items()}
    assert all(0.92 <= share <= 0.98 for share in shares.values()), shares
