"""Fine and Gray's regression against a brute-force expansion of every row, on random data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylib as jl
from journeylib.estimate.finegray.sets import staying_sets
from journeylib.estimate.finegray.staying import Stays


def draw(seed: int, n: int, whole: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    t, c = rng.exponential(np.exp(-0.4 * x)), rng.exponential(1.4, n)
    time = np.minimum(t, c)
    cause = np.where(t <= c, 1 + (rng.random(n) < 0.4), 0)
    if whole:
        time = np.ceil(time * 6)
    cause[:4] = [1, 2, 1, 0]  # each kind occurs
    return pd.DataFrame({"time": time, "cause": cause, "x": x, "z": rng.integers(0, 2, n)})


def expanded(d: pd.DataFrame) -> pd.DataFrame:
    """Every row after another cause cut at every event, with its weight; plain loops."""
    stay = {0.0: 1.0}  # chance not to be censored, just after each time
    chance = 1.0
    for t in np.unique(d["time"]):
        here = d[d["time"] == t]
        at_risk = (d["time"] >= t).sum() - (here["cause"] > 0).sum()
        censored = (here["cause"] == 0).sum()
        chance *= 1 - censored / at_risk if at_risk else 1
        stay[t] = chance

    def before(t: float) -> float:
        return stay[max((u for u in stay if u < t), default=0.0)]

    events = np.unique(d.loc[d["cause"] == 1, "time"])
    rows = []
    for i, r in enumerate(d.itertuples()):
        rows.append((i, 0.0, r.time, int(r.cause == 1), 1.0, r.x, r.z))
        if r.cause == 2:
            start = r.time
            for t in events[events > r.time]:
                rows.append((i, start, t, 0, before(t) / before(r.time), r.x, r.z))
                start = t
    names = ["customer", "begin", "end", "now", "weight", "x", "z"]
    return pd.DataFrame(rows, columns=names)


def weighted_cox(rows: pd.DataFrame, ties: str) -> jl.Effects:
    # each piece is a spell of its own; the customer is the cluster
    s = jl.spells_from_frame(rows, "end", "now", "begin")
    return jl.cox(s, "x + z", weights="weight", cluster="customer", ties=ties)


@settings(max_examples=15)
@given(
    st.integers(0, 10**6), st.integers(40, 90), st.booleans(), st.sampled_from(["efron", "breslow"])
)
def test_equals_cox_on_expanded_rows(seed: int, n: int, whole: bool, ties: str) -> None:
    d = draw(seed, n, whole)
    ours = jl.fine_gray(jl.spells_from_frame(d, "time", "cause"), "x + z", ties=ties)
    brute = weighted_cox(expanded(d), ties)
    columns = ["coef", "std_err", "robust_std_err"]
    np.testing.assert_allclose(ours.frame[columns], brute.frame[columns], rtol=1e-7)
    assert ours.log_likelihood == pytest.approx(brute.log_likelihood, rel=1e-10)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(5, 60), st.booleans())
def test_weighted_risk_sets_give_aalen_and_johansen(seed: int, n: int, whole: bool) -> None:
    """The product over 1 - events / weighted risk set is one less the incidence (Geskus 2011)."""
    d = draw(seed, n, whole)
    yes = np.ones(n, dtype=bool)
    stays = Stays(np.zeros(n), d["time"].to_numpy(), d["cause"].to_numpy(), yes, yes)
    sets = staying_sets(stays, 1, None)
    left = np.cumprod(1 - np.diff(sets.death_start) / sets.at_risk(np.ones(len(sets.rows))))
    spells = jl.spells_from_frame(d, "time", "cause", causes=("a", "b"))
    incidence = jl.cumulative_incidence(spells).at(sets.times)
    expected = incidence.query("outcome == 'a'")["incidence"]
    np.testing.assert_allclose(1 - left, expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(20, 60))
def test_the_two_operations_are_adjoint(seed: int, n: int) -> None:
    d = draw(seed, n, whole=True)
    rng = np.random.default_rng(seed)
    start = np.where(rng.random(n) < 0.5, 0.0, np.maximum(d["time"] - 2, 0))
    yes = np.ones(n, dtype=bool)
    stays = Stays(start, d["time"].to_numpy(), d["cause"].to_numpy(), yes, yes)
    stratum = np.arange(n) % 2
    stays.cause[:4] = [1, 1, 2, 2]
    try:
        sets = staying_sets(stays, 1, stratum)
    except jl.errors.ModelError:  # nobody under observation in between
        return
    values, steps = rng.normal(size=len(sets.rows)), rng.normal(size=sets.m)
    assert sets.at_risk(values) @ steps == pytest.approx(values @ sets.over_stay(steps), abs=1e-9)


@settings(max_examples=6)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(["efron", "breslow"]))
def test_error_of_the_predicted_share_is_the_jackknife(seed: int, whole: bool, ties: str) -> None:
    """Each customer's weight a little up and down, everything fitted anew."""
    d = draw(seed, 30, whole)
    new, times = pd.DataFrame({"x": [0.5], "z": [1]}), [0.3 * (6 if whole else 1)]
    s = jl.spells_from_frame(d, "time", "cause")
    ours = jl.fine_gray(s, "x + z", ties=ties).predict(new, times)
    rows, eps = expanded(d), 1e-4

    def share(customer: int, by: float) -> float:
        weight = rows["weight"] * (1 + by * (rows["customer"] == customer))
        fit = weighted_cox(rows.assign(weight=weight), ties)
        return 1 - float(fit.predict(new, times)["survival"].iloc[0])

    assert ours["incidence"][0] == pytest.approx(share(-1, 0), rel=1e-8)
    influence = [(share(i, eps) - share(i, -eps)) / (2 * eps) for i in range(len(d))]
    assert ours["std_err"][0] == pytest.approx(np.sqrt(np.sum(np.square(influence))), rel=1e-4)


def test_intervals_cover() -> None:
    """200 samples of 400 from a known subdistribution hazard, a third of them censored.

    1 - (1 - p (1 - exp(-t))) ** exp(b x) is the share of cause 1 (Fine and Gray 1999). With
    200 replications chance alone moves a coverage of 95% by 3 points up or down.
    """
    b, p, at = 0.5, 0.6, 1.0
    rng = np.random.default_rng(21)
    new = pd.DataFrame({"x": [-1.0, 1.0]})
    truth = 1 - (1 - p * (1 - np.exp(-at))) ** np.exp(b * new["x"].to_numpy())
    hits = []
    for _ in range(200):
        x = rng.normal(size=400)
        share = 1 - (1 - p) ** np.exp(b * x)
        one, u = rng.random(400) < share, rng.random(400) * share
        first = -np.log(1 - (1 - (1 - u) ** np.exp(-b * x)) / p)
        t = np.where(one, first, rng.exponential(np.exp(0.5 * x)))
        c = rng.uniform(0.2, 2.5, 400)
        cause = np.where(t <= c, np.where(one, 1, 2), 0)
        d = pd.DataFrame({"time": np.minimum(t, c), "event": cause, "x": x})
        fit = jl.fine_gray(jl.spells_from_frame(d), "x")
        ratio, found = fit.frame.iloc[0], fit.predict(new, [at])
        inside = (found["low"] <= truth) & (truth <= found["high"])
        hits.append([ratio["low"] <= np.exp(b) <= ratio["high"], *inside])
    shares = np.mean(hits, axis=0)
    assert ((shares >= 0.91) & (shares <= 0.985)).all(), shares
