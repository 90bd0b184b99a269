"""Weighted estimates against brute force and simulation, on random data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylib as jl


def draw(rng: np.random.Generator, n: int, effect: float = 0.0) -> pd.DataFrame:
    """Older customers buy sooner and are in the arm b more often."""
    age = rng.normal(size=n)
    b = rng.random(n) < 1 / (1 + np.exp(-age))
    t = rng.exponential(np.exp(-0.8 * age - effect * b))
    c = rng.exponential(2.5, n)
    return pd.DataFrame(
        {
            "time": np.minimum(t, c),
            "event": (t <= c).astype(int),
            "age": age,
            "arm": np.where(b, "b", "a"),
        }
    )


def product_limit(d: pd.DataFrame, weight: np.ndarray, t: float) -> float:
    """Weighted Kaplan-Meier from its definition."""
    left = 1.0
    for u in np.unique(d.loc[(d["event"] == 1) & (d["time"] <= t), "time"]):
        at_risk = weight[d["time"] >= u].sum()
        left *= 1 - weight[(d["time"] == u) & (d["event"] == 1)].sum() / at_risk
    return left


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.booleans())
def test_error_of_a_weighted_curve_is_the_jackknife(seed: int, whole: bool) -> None:
    """Each customer's weight a little up and down: the influence, squared and summed."""
    d = draw(np.random.default_rng(seed), 40)
    if whole:
        d["time"] = np.ceil(d["time"] * 4)
    found = jl.weights(jl.spells_from_frame(d), "age", "arm")
    t = float(d["time"].median())
    curve = jl.survival_curve(found.spells, by="arm", weights="weight").at(t).set_index("group")
    for arm in ("a", "b"):
        own = found.spells.frame.query("arm == @arm").rename(columns={"stop": "time"})
        own = own.assign(event=own["cause"])
        w = own["weight"].to_numpy()
        assert curve.loc[arm, "survival"] == pytest.approx(product_limit(own, w, t), rel=1e-10)
        influence = []
        for i in range(len(w)):
            by = np.zeros(len(w))
            by[i] = 1e-5 * w[i]
            up, down = (product_limit(own, w + s * by, t) for s in (1, -1))
            influence.append((up - down) / 2e-5)
        brute = np.sqrt(np.sum(np.square(influence)))
        assert curve.loc[arm, "std_err"] == pytest.approx(brute, rel=1e-5, abs=1e-9)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_everybody_twice_changes_no_estimate(seed: int) -> None:
    d = draw(np.random.default_rng(seed), 60)
    one = jl.weights(jl.spells_from_frame(d), "age", "arm")
    two = jl.weights(jl.spells_from_frame(pd.concat([d, d])), "age", "arm")
    np.testing.assert_allclose(
        two.spells.frame["weight"], np.tile(one.spells.frame["weight"], 2), rtol=1e-7
    )
    np.testing.assert_allclose(two.sizes["effective_n"], 2 * one.sizes["effective_n"], rtol=1e-7)
    np.testing.assert_allclose(two.frame["smd_after"], one.frame["smd_after"], rtol=0.05, atol=1e-6)
    single = jl.survival_curve(one.spells, by="arm", weights="weight")
    double = jl.survival_curve(two.spells, by="arm", weights="weight")
    np.testing.assert_allclose(double.frame["survival"], single.frame["survival"], rtol=1e-7)
    np.testing.assert_allclose(
        double.frame["std_err"], single.frame["std_err"] / np.sqrt(2), rtol=1e-6, atol=1e-9
    )


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.integers(2, 3))
def test_order_of_rows_and_scale_of_covariates_do_not_matter(seed: int, arms: int) -> None:
    rng = np.random.default_rng(seed)
    d = draw(rng, 90)
    if arms == 3:
        d["arm"] = np.where(rng.random(90) < 0.3, "c", d["arm"])
    d["years"] = 40 + 1e4 * d["age"]
    mixed = d.sample(frac=1, random_state=seed)
    one = jl.weights(jl.spells_from_frame(d), "age", "arm").spells.frame["weight"]
    two = jl.weights(jl.spells_from_frame(mixed), "years", "arm").spells.frame["weight"]
    np.testing.assert_allclose(two, one[mixed.index], rtol=1e-5)


def test_weighting_undoes_what_groups_that_chose_themselves_differ_in() -> None:
    """200 samples of 400, where the arm goes with age alone and changes nothing.

    The weighted ratio covers 1, if anything too often (the weights are taken as known);
    the crude one almost never does. The same for the curve of arm b at time 0.5.
    """
    rng = np.random.default_rng(8)
    everybody = rng.normal(size=400_000)
    truth = float(np.exp(-0.5 * np.exp(0.8 * everybody)).mean())
    hits = np.zeros((200, 4), dtype=bool)
    for row in hits:
        found = jl.weights(jl.spells_from_frame(draw(rng, 400)), "age", "arm")
        s = found.spells
        for k, column in enumerate((None, "weight")):
            ratio = jl.cox(s, "arm", weights=column).frame.iloc[0]
            row[k] = ratio["low"] <= 1 <= ratio["high"]
            b = jl.survival_curve(s, by="arm", weights=column).at(0.5).set_index("group").loc["b"]
            row[2 + k] = b["low"] <= truth <= b["high"]
    crude, weighted, crude_curve, weighted_curve = hits.mean(axis=0)
    assert weighted >= 0.93 and weighted_curve >= 0.93, hits.mean(axis=0)
    assert crude < 0.2 and crude_curve < 0.5, hits.mean(axis=0)
