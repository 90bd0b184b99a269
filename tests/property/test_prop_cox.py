"""What must hold for any data: invariances, and agreement with independent programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter, CoxTimeVaryingFitter
from lifelines.utils import concordance_index as lifelines_concordance
from statsmodels.duration.hazard_regression import PHReg

import journeylib as jl

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=20, deadline=None)


def rows(seed: int, n: int = 80, days: int = 12) -> pd.DataFrame:
    """Heavily tied rows with a normal and a binary covariate."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.integers(0, 2, n)
    time = np.ceil(rng.exponential(6 * np.exp(-0.5 * x + 0.4 * z)))
    event = (time <= days) & (rng.random(n) < 0.85)
    group = rng.choice(["a", "b"], n)
    return pd.DataFrame(
        {"time": np.minimum(time, days), "event": event.astype(int), "x": x, "z": z, "g": group}
    )


def late(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    d = rows(seed)
    d["start"] = np.floor(rng.random(len(d)) * d["time"]).clip(upper=d["time"] - 1)
    return d


def fit(d: pd.DataFrame, **how: Any) -> jl.Effects:
    start = "start" if "start" in d else None
    who = "who" if "who" in d else None
    return jl.cox(jl.spells_from_frame(d, start=start, id=who), "x + z", **how)


def same(a: jl.Effects, b: jl.Effects, rel: float = 1e-8) -> None:
    for column in ("coef", "std_err", "robust_std_err"):
        np.testing.assert_allclose(a.frame[column], b.frame[column], rtol=rel, atol=1e-10)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=rel)


@FEW
@given(SEEDS)
def test_row_order_does_not_matter(seed: int) -> None:
    d = late(seed).assign(who=np.arange(80))
    shuffled = d.sample(frac=1, random_state=seed).reset_index(drop=True)
    a, b = (fit(each, cluster="who", strata="g") for each in (d, shuffled))
    same(a, b)
    c, e = a.concordance(), b.concordance()
    assert (c.value, c.std_err) == pytest.approx((e.value, e.std_err), rel=1e-9)


@FEW
@given(SEEDS, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_units_of_time_and_covariates_do_not_matter(
    seed: int, scale: float, shift: float, clock: float
) -> None:
    d = rows(seed)
    a, b = fit(d), fit(d.assign(x=d["x"] * scale + shift, time=d["time"] * clock))
    np.testing.assert_allclose(b.frame["coef"] * [scale, 1], a.frame["coef"], rtol=1e-6)
    np.testing.assert_allclose(b.frame["std_err"] * [scale, 1], a.frame["std_err"], rtol=1e-6)
    np.testing.assert_allclose(b.frame["p"], a.frame["p"], rtol=1e-5)
    ours, theirs = (jl.check_proportionality(e, "rank").frame["chisq"] for e in (a, b))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@FEW
@given(SEEDS, st.integers(1, 10))
def test_splitting_rows_at_a_time_does_not_change_the_fit(seed: int, cut: int) -> None:
    d = late(seed).assign(who=np.arange(80))
    over = (d["start"] < cut) & (d["time"] > cut)
    first = d[over].assign(time=cut, event=0)
    split = pd.concat([d[~over], first, d[over].assign(start=cut)], ignore_index=True)
    for ties in ("efron", "breslow"):
        a = fit(d, ties=ties, cluster="who")
        b = fit(split, ties=ties, cluster="who")
        same(a, b)
        assert a.concordance().value == pytest.approx(b.concordance().value, rel=1e-12)
        np.testing.assert_allclose(
            jl.check_proportionality(a, "identity").frame["chisq"],
            jl.check_proportionality(b, "identity").frame["chisq"],
            rtol=1e-8,
        )
        once = a.residuals("martingale").groupby("id")["martingale"].sum()
        pieces = b.residuals("martingale").groupby("id")["martingale"].sum()
        np.testing.assert_allclose(once, pieces, atol=1e-9)


@FEW
@given(SEEDS)
def test_a_row_twice_is_a_row_of_weight_two(seed: int) -> None:
    """With Breslow's ties; Efron's tell two events from one event of weight two."""
    d = late(seed)
    twice = pd.concat([d, d[d["g"] == "a"]], ignore_index=True)
    weighted = d.assign(w=np.where(d["g"] == "a", 2, 1))
    same(fit(twice, ties="breslow"), fit(weighted, ties="breslow", weights="w"))


@FEW
@given(SEEDS)
def test_strata_are_likelihoods_added(seed: int) -> None:
    d = late(seed)
    whole = fit(d, strata="g")
    fixed = sum(
        jl.cox(jl.spells_from_frame(part, start="start"), "x + z").log_likelihood_null
        for _, part in d.groupby("g")
    )
    assert whole.log_likelihood_null == pytest.approx(fixed, rel=1e-10)


@FEW
@given(SEEDS)
def test_an_offset_of_the_estimate_leaves_nothing_to_estimate(seed: int) -> None:
    d = rows(seed)
    first = fit(d)
    d["known"] = d[["x", "z"]].to_numpy() @ first.frame["coef"].to_numpy() + 3
    again = fit(d, offset="known")
    np.testing.assert_allclose(again.frame["coef"], 0, atol=1e-6)
    assert again.log_likelihood_null == pytest.approx(first.log_likelihood, rel=1e-10)
    np.testing.assert_allclose(again.frame["std_err"], first.frame["std_err"], rtol=1e-5)


@FEW
@given(SEEDS)
def test_residuals_sum_to_nothing(seed: int) -> None:
    effects = fit(late(seed), strata="g")
    assert effects.residuals("martingale")["martingale"].sum() == pytest.approx(0, abs=1e-9)
    for kind in ("score", "schoenfeld"):
        np.testing.assert_allclose(effects.residuals(kind)[["x", "z"]].sum(), 0, atol=1e-7)


@FEW
@given(SEEDS)
def test_equals_lifelines_with_efron_ties(seed: int) -> None:
    d = rows(seed)
    theirs = CoxPHFitter().fit(
        d[["time", "event", "x", "z"]], "time", "event", fit_options={"precision": 1e-10}
    )
    ours = fit(d)
    np.testing.assert_allclose(ours.frame["coef"], theirs.params_, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours.frame["std_err"], theirs.standard_errors_, rtol=1e-5)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood_, rel=1e-9)
    score = -theirs.predict_log_partial_hazard(d)
    concordance = lifelines_concordance(d["time"], score, d["event"])
    assert ours.concordance().value == pytest.approx(concordance, abs=1e-9)


@FEW
@given(SEEDS)
def test_equals_lifelines_with_delayed_entry(seed: int) -> None:
    d = late(seed).assign(who=np.arange(80))
    theirs = CoxTimeVaryingFitter().fit(
        d[["who", "start", "time", "event", "x", "z"]],
        event_col="event",
        start_col="start",
        stop_col="time",
        id_col="who",
    )
    ours = fit(d)
    np.testing.assert_allclose(ours.frame["coef"], theirs.params_, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.frame["std_err"], theirs.standard_errors_, rtol=1e-4)


@FEW
@given(SEEDS, st.sampled_from(["efron", "breslow"]))
def test_equals_statsmodels_with_strata(seed: int, ties: str) -> None:
    d = rows(seed)
    model = PHReg(d["time"], d[["x", "z"]], d["event"], strata=d["g"], ties=ties)
    theirs = model.fit(disp=0)
    ours = fit(d, ties=ties, strata="g")
    np.testing.assert_allclose(ours.frame["coef"], theirs.params, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.frame["std_err"], theirs.bse, rtol=1e-4)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-7)


@FEW
@given(SEEDS, st.booleans())
def test_concordance_equals_counting_every_pair(seed: int, entry: bool) -> None:
    d = late(seed) if entry else rows(seed).assign(start=0.0)
    rng = np.random.default_rng(seed)
    score, weight = rng.integers(0, 6, len(d)).astype(float), rng.integers(1, 4, len(d)) / 2
    start, stop, event = d["start"].to_numpy(), d["time"].to_numpy(), d["event"].to_numpy() == 1
    found = jl.concordance_index(start, stop, event, score, weight=weight)
    later = (stop[None] > stop[:, None]) | ((stop[None] == stop[:, None]) & ~event[None])
    pair = event[:, None] & later & (start[None] < stop[:, None])
    both = weight[:, None] * weight[None] * pair
    gap = score[:, None] - score[None]
    np.testing.assert_allclose(
        [found.concordant, found.discordant, found.tied],
        [both[gap > 0].sum(), both[gap < 0].sum(), both[gap == 0].sum()],
    )
