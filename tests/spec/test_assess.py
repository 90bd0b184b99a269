"""Prediction quality: scores worked by hand, where they end and why, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError
from journeylib.estimate.assess.censoring import at_time, outcomes
from journeylib.estimate.assess.scores import auc, brier


def drawn(n: int, seed: int, effect: float = 1.0, censoring: float = 1.5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    t, c = rng.exponential(np.exp(-effect * x)), rng.exponential(censoring, n)
    arm = rng.choice(["a", "b"], n)
    return pd.DataFrame(
        {"time": np.minimum(t, c), "event": (t <= c).astype(int), "x": x, "arm": arm}
    )


def spells(d: pd.DataFrame, **more) -> jl.Spells:
    return jl.spells_from_frame(d, unit="days", **more)


@pytest.fixture(scope="module")
def model() -> jl.Effects:
    return jl.cox(spells(drawn(400, 1)), "x")


def test_weights_by_hand() -> None:
    # at 2 one event and one censoring: the event comes first, G(2-) = 1 and G(2) = 2/3;
    # at 3 the two others are left, one is censored: G(3) = 1/3
    seen = outcomes(np.array([3.0, 1.0, 2.0, 2.0, 5.0]), np.array([0, 1, 0, 1, 1]))
    assert seen.time.tolist() == [1, 2, 2, 3, 5]
    now = at_time(seen, 2)
    assert now.weight.tolist() == pytest.approx([1, 0, 1, 1.5, 1.5])
    now = at_time(seen, 4)
    assert now.weight.tolist() == pytest.approx([1, 0, 1, 0, 3])
    now = at_time(seen, 5)  # the last event counts with 1/G(5-)
    assert now.weight.tolist() == pytest.approx([1, 0, 1, 0, 3])
    assert now.case.tolist() == [True, False, True, False, True]


def test_scores_by_hand() -> None:
    seen = outcomes(np.array([1.0, 2.0, 2.0, 3.0, 5.0]), np.array([1, 0, 1, 0, 1]))
    risk, now = np.array([0.9, 0.5, 0.3, 0.3, 0.2]), at_time(seen, 2.5)
    squares = [1 * 0.1**2, 0, 1 * 0.7**2, 1.5 * 0.3**2, 1.5 * 0.2**2]
    assert brier(seen, now, risk).value == pytest.approx(sum(squares) / 5)
    # cases 0.9 and 0.3, controls 0.3 and 0.2 with weight 1.5: pairs 1, 1, ½, 1
    found = auc(seen, now, risk, np.argsort(risk))
    assert found is not None and found.value == pytest.approx(3.5 / 4)


def test_without_censoring_the_scores_are_the_plain_ones(model: jl.Effects) -> None:
    d = drawn(300, 2, censoring=1e9)
    row = jl.assess(model, spells(d), 0.7).frame.iloc[0]
    risk = 1 - model.predict(d, [0.7])["survival"].to_numpy()
    happened = d["time"].to_numpy() <= 0.7
    assert row.brier == pytest.approx(np.mean((happened - risk) ** 2))
    assert row.brier_null == pytest.approx(happened.mean() * (1 - happened.mean()))
    assert row.skill == pytest.approx(1 - row.brier / row.brier_null)
    pairs = risk[happened][:, None] - risk[~happened][None, :]
    assert row.auc == pytest.approx(np.mean((pairs > 0) + (pairs == 0) / 2))
    # the error of a mean of independent squares
    squares = (happened - risk) ** 2
    assert row.brier_std_err == pytest.approx(squares.std() / np.sqrt(len(d)))
    assert (row.n_at_risk, row.events) == ((~happened).sum(), happened.sum())


def test_other_causes_are_outcomes_without_the_event() -> None:
    d = drawn(500, 3, censoring=1e9)
    rng = np.random.default_rng(5)
    d["event"] = np.where(rng.random(len(d)) < 0.4, 2, 1)
    fit = jl.fine_gray(spells(d[:250]), "x")
    row = jl.assess(fit, spells(d[250:]), 0.7).frame.iloc[0]
    test = d[250:]
    risk = fit.predict(test, [0.7])["incidence"].to_numpy()
    case = ((test["time"] <= 0.7) & (test["event"] == 1)).to_numpy()
    assert row.brier == pytest.approx(np.mean((case - risk) ** 2))
    assert row.brier_null == pytest.approx(case.mean() * (1 - case.mean()))
    pairs = risk[case][:, None] - risk[~case][None, :]  # whoever left otherwise is a control
    assert row.auc == pytest.approx(np.mean((pairs > 0) + (pairs == 0) / 2))
    assert row.events == case.sum()


def test_average_over_time_is_by_trapezoids(model: jl.Effects) -> None:
    found = jl.assess(model, spells(drawn(300, 2)), [0.2, 0.5, 1.0])
    b = found.frame["brier"]
    assert found.ibs == pytest.approx((0.3 * (b[0] + b[1]) / 2 + 0.5 * (b[1] + b[2]) / 2) / 0.8)
    assert found.ibs_low < found.ibs < found.ibs_high
    assert np.isnan(jl.assess(model, spells(drawn(300, 2)), 0.2).ibs)


def test_ends_where_too_few_are_at_risk(model: jl.Effects) -> None:
    d = drawn(100, 2)
    ends = np.sort(d["time"])
    found = jl.assess(model, spells(d), [0.1, ends[-20], ends[-19]])
    assert found.frame["n_at_risk"].tolist()[-1] == 20
    assert found.horizon == ends[-20]
    assert "fewer than 20 of the 100 test customers are at risk" in found.reason
    assert "fewer than 20" in str(jl.say(found))


def test_ends_where_all_are_censored(model: jl.Effects) -> None:
    d = drawn(200, 2)
    d["event"] = d["event"].where(d["time"] <= 0.5, 0)
    d["time"] = d["time"].clip(upper=0.5)
    found = jl.assess(model, spells(d), [0.3, 0.5])
    assert found.horizon == 0.3
    assert "all test customers still there are censored" in found.reason


def test_ends_with_the_model(model: jl.Effects) -> None:
    last = float(model.fit.design.stop.max())
    d = drawn(300, 2)
    d["time"] += last  # everybody is watched for longer than anybody in the model
    found = jl.assess(model, spells(d), [last / 2, last + 0.01])
    assert found.horizon == last / 2
    assert "the model was not followed" in found.reason


def test_nothing_to_assess_is_said_and_no_crash(model: jl.Effects) -> None:
    found = jl.assess(model, spells(drawn(10, 2)), [0.1, 0.2])
    assert found.frame.empty and np.isnan(found.horizon) and np.isnan(found.ibs)
    assert "Nothing can be assessed" in found.reason
    assert "could not be judged" in str(jl.say(found))
    assert "Nothing can be assessed" in repr(found)
    with pytest.raises(DataError, match="Nothing can be assessed"):
        found.calibration()


def test_before_the_first_event_there_is_no_order(model: jl.Effects) -> None:
    d = drawn(60, 2)
    row = jl.assess(model, spells(d), d["time"].min() / 2).frame.iloc[0]
    assert row.events == 0 and row.brier_null == 0
    assert np.isnan(row["auc"]) and np.isnan(row["skill"])


def test_customers_without_the_covariate_are_counted(model: jl.Effects) -> None:
    d = drawn(100, 2)
    d.loc[:4, "x"] = np.nan
    found = jl.assess(model, spells(d), 0.3)
    assert found.about["n"] == 95
    assert found.about["audit"].dropped == {"x is missing": 5}


def test_strata_and_parametric_models_are_assessed_too() -> None:
    train, test = spells(drawn(400, 1)), spells(drawn(300, 2))
    plain = jl.assess(jl.cox(train, "x"), test, [0.3, 0.8]).frame
    for fit in (jl.cox(train, "x", strata="arm"), jl.aft(train, "x"), jl.fine_gray(train, "x")):
        found = jl.assess(fit, test, [0.3, 0.8]).frame
        assert np.abs(found["brier"] - plain["brier"]).max() < 0.02
        assert np.abs(found["auc"] - plain["auc"]).max() < 0.03


def test_a_right_model_is_calibrated() -> None:
    fit = jl.cox(spells(drawn(3000, 1)), "x")
    found = jl.assess(fit, spells(drawn(3000, 2)), [0.3, 1.0]).calibration(1.0)
    table = found.frame
    assert table["n"].tolist() == [300] * 10
    assert table["predicted"].is_monotonic_increasing
    inside = (table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])
    assert inside.sum() >= 8
    measures = found.measures.set_index("measure")
    right = {"observed / predicted": 1, "intercept": 0, "slope": 1}
    for name, value in right.items():
        assert measures.loc[name, "low"] < value < measures.loc[name, "high"]
    assert found.slope == measures.loc["slope", "value"]
    assert "slope" in str(jl.say(found)) and "3,000" in str(jl.say(found))


def test_a_model_that_exaggerates_has_a_slope_below_one() -> None:
    loud = jl.cox(spells(drawn(2000, 1, effect=2.0)), "x")
    found = jl.assess(loud, spells(drawn(2000, 2, effect=0.8)), 0.8).calibration()
    assert found.measures.set_index("measure").loc["slope", "high"] < 0.7


def test_calibration_without_censoring_is_logistic_regression(model: jl.Effects) -> None:
    import statsmodels.api as sm

    d = drawn(500, 2, censoring=1e9)
    found = jl.assess(model, spells(d), 0.7).calibration()
    risk = 1 - model.predict(d, [0.7])["survival"].to_numpy()
    happened = (d["time"] <= 0.7).astype(float)
    fit = sm.GLM(happened, sm.add_constant(np.log(risk / (1 - risk))), sm.families.Binomial())
    plain = fit.fit(cov_type="HC0")
    slope = found.measures.set_index("measure").loc["slope"]
    assert [slope["value"], slope["std_err"]] == pytest.approx(
        [plain.params.iloc[-1], plain.bse.iloc[-1]], rel=1e-6
    )
    assert found.ratio == pytest.approx(happened.mean() / risk.mean())


def test_groups_with_no_event_have_a_one_sided_interval(model: jl.Effects) -> None:
    d = drawn(200, 2, censoring=1e9)
    d.loc[d["x"] < -1, "time"] += 9
    first = jl.assess(model, spells(d), 0.5).calibration().frame.iloc[0]
    assert (first["events"], first["observed"], first["low"]) == (0, 0, 0)
    assert first["high"] == pytest.approx(1 - 0.025 ** (1 / first["n"]))


def test_a_constant_prediction_has_no_slope() -> None:
    fit = jl.aft(spells(drawn(200, 1)), "1", dist="exponential")
    found = jl.assess(fit, spells(drawn(200, 2)), 0.5)
    assert found.frame["auc"][0] == pytest.approx(0.5)
    calibration = found.calibration()
    assert np.isnan(calibration.slope) and np.isfinite(calibration.intercept)
    assert len(calibration.frame) == 1
    assert "not estimable" in str(jl.say(calibration))


def late() -> jl.Spells:
    d = drawn(50, 2).assign(begin=0.01)
    return spells(d[d["time"] > 0.02], start="begin")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: jl.assess(m, late(), 0.1), "predictions are made at the origin"),
        (lambda m: jl.assess(m, spells(drawn(50, 2).drop(columns="x")), 0.1), "'x'"),
        (lambda m: jl.assess(m, spells(drawn(50, 2)), [-1]), "at least 0"),
        (lambda m: jl.assess(m, spells(drawn(50, 2).assign(x=np.nan)), 1), "no customer has"),
        (lambda m: jl.assess(m, spells(drawn(50, 2), causes={1: "buys", 0: "no"}), 1), "end"),
        (
            lambda m: jl.assess(jl.survival_curve(spells(drawn(9, 1))), late(), 1),
            "predicts nothing",
        ),
        (lambda m: jl.assess(m, spells(drawn(90, 2)), 0.2).calibration(groups=0), "0 groups"),
        (lambda m: jl.assess(m, spells(drawn(90, 2)), 0.2).calibration(5), "cannot be judged"),
    ],
)
def test_refused_in_words(model: jl.Effects, ask, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ask(model)


def test_causes_that_the_model_does_not_tell_apart_are_refused() -> None:
    d = drawn(200, 1)
    d["event"] *= 1 + (np.arange(200) % 3 == 0)
    both = spells(d, causes=("buys", "leaves"))
    with pytest.raises(DataError, match="the model predicts as if 'buys' were the only one"):
        jl.assess(jl.cox(both, "x", cause="buys"), both, 0.3)
    with pytest.raises(DataError, match="never end so"):
        other = spells(d.assign(event=d["event"] > 0), causes=("returns",))
        jl.assess(jl.fine_gray(both, "x", "buys"), other, 0.3)
