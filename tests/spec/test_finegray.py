"""Fine and Gray's regression: R's results on one small table, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError, ModelError


def customers() -> pd.DataFrame:
    """60 customers with ties, made by arithmetic so that R can make the same."""
    i = np.arange(60)
    entry = (i * 7) % 6
    return pd.DataFrame(
        {
            "customer": i + 1,
            "entry": entry,
            "x": ((i * 37) % 11) / 5.0,
            "z": (i % 3 == 0).astype(int),
            "time": entry + 1 + ((i * i * 13 + 5 * i) % 17),
            "outcome": np.array([1, 2, 0, 1, 2, 1, 0])[(i * 5 + i * i) % 7],
            "site": np.where(i % 2 == 0, "a", "b"),
            "pair": (i + 1) % 9,
        }
    )


def spells(start: str | None = None) -> jl.Spells:
    return jl.spells_from_frame(
        customers(), "time", "outcome", start, "customer", causes=("buys", "leaves")
    )


# R 4.2.2, survival 3.5-3: finegray(Surv(time, ev) ~ ., etype=), then
# coxph(Surv(fgstart, fgstop, fgstatus) ~ x + z, weights=fgwt, cluster=customer);
# strata: + strata(site) in both; entry: Surv(entry, time, ev) with id=customer.
# coefficients, their errors, robust errors, log likelihood at zero and at the estimate
R = {
    "plain": (
        {},
        [0.2056280941, 0.220929631],
        [0.280771783, 0.3617243696],
        [0.2901680638, 0.3616042455],
        [-125.2716282, -124.8795169],
    ),
    "other cause": (
        {"cause": "leaves"},
        [-0.1328882595, -0.05207723894],
        [0.3929687248, 0.5411024737],
        [0.3619415999, 0.5298560542],
        [-59.8326169, -59.77268775],
    ),
    "strata": (
        {"strata": "site"},
        [0.1908409, 0.2142884695],
        [0.2814855943, 0.3635727209],
        [0.2792660947, 0.3654140333],
        [-101.7720547, -101.4222277],
    ),
    "entry": (
        {"start": "entry"},
        [0.1151238902, -0.2547999753],
        [0.2821402522, 0.382474645],
        [0.2911624212, 0.4427720371],
        [-119.2309048, -118.8865285],
    ),
    "cluster": (
        {"cluster": "pair"},
        [0.2056280941, 0.220929631],
        [0.280771783, 0.3617243696],
        [0.3492320695, 0.2112231185],
        [-125.2716282, -124.8795169],
    ),
}


@pytest.mark.parametrize("name", R)
def test_small_table_equals_r(name: str) -> None:
    how, coef, error, robust, likelihood = R[name]
    how = dict(how)
    fit = jl.fine_gray(spells(how.pop("start", None)), "x + z", **how)
    table = fit.frame
    assert table["coef"].tolist() == pytest.approx(coef, rel=1e-8)
    assert table["std_err"].tolist() == pytest.approx(error, rel=1e-8)
    assert table["robust_std_err"].tolist() == pytest.approx(robust, rel=1e-8)
    assert [fit.log_likelihood_null, fit.log_likelihood] == pytest.approx(likelihood, rel=1e-8)
    assert table["low"].tolist() == pytest.approx(
        np.exp(np.array(coef) - 1.959963985 * np.array(robust)).tolist()
    )


# cox.zph(fit, transform="identity", terms=FALSE) of the same models
@pytest.mark.parametrize(
    ("how", "chisq"),
    [
        ({}, [0.18420272, 0.87655568, 0.95713469]),
        ({"cause": "leaves"}, [0.079957279, 0.665849970, 0.724035305]),
        ({"strata": "site"}, [0.18140132, 0.89887233, 0.97534659]),
        ({"start": "entry"}, [0.089567136, 0.015601654, 0.099050337]),
    ],
)
def test_constant_ratios_are_tested_as_in_r(how: dict, chisq: list[float]) -> None:
    how = dict(how)
    fit = jl.fine_gray(spells(how.pop("start", None)), "x + z", **how)
    found = jl.check_proportionality(fit, "identity").frame["chisq"]
    assert found.tolist() == pytest.approx(chisq, rel=1e-6)


def split(changing: bool) -> jl.Spells:
    """The same customers with their rows cut at 4 and 9."""
    rows = []
    for c in customers().itertuples():
        cuts = [0, *(k for k in (4, 9) if k < c.time), c.time]
        for k, (start, stop) in enumerate(pairwise(cuts)):
            outcome = c.outcome if stop == c.time else 0
            x = c.x + 0.3 * (k + 1) if changing else c.x
            rows.append((c.customer, start, stop, outcome, x, c.z))
    names = ["customer", "start", "stop", "outcome", "x", "z"]
    frame = pd.DataFrame(rows, columns=names).sample(frac=1, random_state=1)
    return jl.spells_from_frame(frame, "stop", "outcome", "start", "customer")


def test_rows_that_merely_go_on_change_nothing() -> None:
    fit = jl.fine_gray(split(changing=False), "x + z")
    assert fit.frame["robust_std_err"].tolist() == pytest.approx(R["plain"][3], rel=1e-8)
    assert fit.frame["coef"].tolist() == pytest.approx(R["plain"][1], rel=1e-8)
    assert fit.warnings == jl.fine_gray(spells(), "x + z").warnings


def test_a_covariate_that_changes_keeps_its_last_value_and_is_warned_of() -> None:
    fit = jl.fine_gray(split(changing=True), "x + z")  # finegray(..., id=), cluster=id
    assert fit.frame["coef"].tolist() == pytest.approx([0.2628292449, 0.2416179154], rel=1e-8)
    robust = [0.285164372, 0.362076433]
    assert fit.frame["robust_std_err"].tolist() == pytest.approx(robust, rel=1e-8)
    assert any("x changes over time" in w for w in fit.warnings)


def test_a_single_cause_is_a_cox_model_with_robust_errors() -> None:
    d = customers().assign(outcome=lambda d: (d["outcome"] == 1).astype(int))
    s = jl.spells_from_frame(d, "time", "outcome", id="customer")
    ours, cox = jl.fine_gray(s, "x + z").frame, jl.cox(s, "x + z", cluster="customer").frame
    pd.testing.assert_frame_equal(ours, cox)


def test_without_censoring_whoever_left_stays_for_ever() -> None:
    d = customers().query("outcome > 0")
    fit = jl.fine_gray(jl.spells_from_frame(d, "time", "outcome", id="customer"), "x + z")
    for_ever = d.assign(
        time=d["time"].where(d["outcome"] == 1, 99), outcome=(d["outcome"] == 1).astype(int)
    )
    s = jl.spells_from_frame(for_ever, "time", "outcome", id="customer")
    cox = jl.cox(s, "x + z", cluster="customer")
    pd.testing.assert_frame_equal(fit.frame, cox.frame)


def test_whoever_leaves_before_the_first_event_still_counts() -> None:
    d = pd.DataFrame({"time": [0, 1, 2, 3, 4, 5], "outcome": [2, 2, 1, 0, 1, 1]})
    d["x"] = [1, 0, 1, 0, 0, 1]
    fit = jl.fine_gray(jl.spells_from_frame(d, "time", "outcome"), "x", ties="breslow")
    # at 2: all 6 are in the risk set; at 4 and 5 the two that left with weight 1/(1)·2/3
    b = float(fit.frame["coef"][0])
    at_2 = 1 - 3 * np.exp(b) / (3 * np.exp(b) + 3)
    w = 2 / 3
    at_4 = -(1 + w) * np.exp(b) / ((1 + w) * np.exp(b) + 1 + w)
    at_5 = 1 - (1 + w) * np.exp(b) / ((1 + w) * np.exp(b) + w)
    assert at_2 + at_4 + at_5 == pytest.approx(0, abs=1e-8)


def test_predicted_share_stays_below_one_and_grows() -> None:
    fit = jl.fine_gray(spells(), "x + z")
    new = pd.DataFrame({"x": [0.0, 2.0], "z": [0, 1]}, index=["calm", "keen"])
    found = fit.predict(new, [0, 5, 10, 17, 40])
    assert found["row"].tolist() == ["calm"] * 5 + ["keen"] * 5
    calm = found[found["row"] == "calm"]
    assert calm["incidence"].iloc[0] == 0 and calm["high"].iloc[0] == 0
    assert calm["incidence"].iloc[:4].is_monotonic_increasing
    assert calm.iloc[-1][["incidence", "std_err", "low", "high"]].isna().all()
    inside = calm.iloc[1:4]
    assert (inside["low"] < inside["incidence"]).all()
    assert ((inside["incidence"] < inside["high"]) & (inside["high"] < 1)).all()


def test_both_models_stand_side_by_side() -> None:
    both = jl.side_by_side(spells(), "x + z")
    table = both.frame
    assert table[["cause", "model"]].drop_duplicates().values.tolist() == [
        ["buys", "cause-specific"],
        ["buys", "subdistribution"],
        ["leaves", "cause-specific"],
        ["leaves", "subdistribution"],
    ]
    one = table.query("cause == 'leaves' and model == 'cause-specific'")
    cox = jl.cox(spells(), "x + z", cause="leaves").frame
    assert one["coef"].tolist() == cox["coef"].tolist()
    words = str(jl.say(both))
    assert "pace" in words and "share" in words
    assert "n = 60" in words and "buys" in words and "leaves" in words


def test_sentences_speak_of_the_share() -> None:
    text = str(jl.say(jl.fine_gray(spells(), "x + z", "leaves")))
    assert "share" in text and "leaves" in text and "60" in text and "sooner" not in text


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: jl.fine_gray(spells(), "x", "by"), DataError, "did you mean 'buys'"),
        (lambda: jl.fine_gray(spells(), "x", 3), DataError, "no cause 3"),
        (lambda: jl.fine_gray(spells(), "y"), DataError, "'y', which is no column"),
        (lambda: jl.fine_gray(spells(), "x", ties="exact"), ModelError, "ties='exact'"),
        (lambda: jl.fine_gray(spells(), "x").concordance(), ModelError, "not defined"),
        (
            lambda: jl.side_by_side(jl.spells_from_frame(customers(), "time", "z"), "x"),
            DataError,
            "one way only",
        ),
    ],
)
def test_refused_in_words(ask, error, message: str) -> None:
    with pytest.raises(error, match=message):
        ask()


def rows(*cells: tuple) -> jl.Spells:
    names = ["customer", "start", "stop", "outcome", "x"]
    return jl.spells_from_frame(
        pd.DataFrame(cells, columns=names), "stop", "outcome", "start", "customer"
    )


def test_an_event_before_the_end_of_a_spell_is_refused() -> None:
    s = rows((1, 0, 2, 1, 0.0), (1, 2, 4, 0, 0.0), (2, 0, 3, 2, 1.0), (3, 0, 5, 1, 0.5))
    with pytest.raises(DataError, match="the spell goes on, first that of id 1"):
        jl.fine_gray(s, "x")


def test_a_gap_is_refused() -> None:
    s = rows((1, 0, 2, 0, 0.0), (1, 3, 4, 1, 0.0), (2, 0, 3, 2, 1.0), (3, 0, 5, 1, 0.5))
    with pytest.raises(DataError, match="a gap between rows, first that of id 1"):
        jl.fine_gray(s, "x")


def test_no_event_of_the_cause_is_refused() -> None:
    s = jl.spells_from_frame(
        pd.DataFrame({"time": [1, 2], "outcome": [2, 0], "x": [1, 0]}), "time", "outcome"
    )
    with pytest.raises(ModelError, match="no event happened"):
        jl.fine_gray(s, "x")


def test_nobody_under_observation_in_between_is_refused() -> None:
    # everybody is censored at 2 and the next enter later: nothing links before and after
    s = rows(
        (1, 0, 1, 1, 0.0),
        (2, 0, 2, 0, 1.0),
        (3, 3, 6, 1, 0.0),
        (4, 3, 5, 2, 1.0),
        (5, 3, 7, 0, 1.0),
    )
    with pytest.raises(ModelError, match="chance to be under observation is 0"):
        jl.fine_gray(s, "x")
