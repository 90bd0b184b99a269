"""What Cox regression does at the edges: refusals in words, and fits that have no maximum."""

from __future__ import annotations

import datetime as dt
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError, ModelError

ROWS = pd.DataFrame(
    {
        "time": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "event": [1, 1, 0, 1, 1, 0, 1, 1, 0, 1],
        "age": [30, 41, 25, 52, 38, 60, 33, 47, 29, 55],
        "channel": ["web", "shop", "web", "mail", "shop", "web", "mail", "web", "shop", "mail"],
    }
)


def spells(d: pd.DataFrame = ROWS, **more: Any) -> jl.Spells:
    return jl.spells_from_frame(d, unit="days", **more)


# --- what is wrong, and how to fix it -------------------------------------------------------

REFUSED = [
    ("ag + channel", {}, DataError, "'ag'.*no column", "did you mean 'age'"),
    ("age", {"strata": "chanel"}, DataError, "'chanel'", "did you mean 'channel'"),
    ("age", {"cluster": "customer"}, DataError, "'customer'", "allowed"),
    ("age", {"cause": "churn"}, DataError, "no cause 'churn'", "event"),
    ("age", {"ties": "exact"}, ModelError, "ties='exact'", "efron"),
    ("age + (channel", {}, ModelError, "cannot be read", "age"),
    ("time ~ age", {}, ModelError, "divided by", "right-hand side"),
    ("1", {}, ModelError, "no covariate", "survival_curve"),
    ("log(age - 30)", {}, ModelError, "infinite or undefined", "log1p"),
    ("strata(channel) + age", {}, ModelError, "strata", "arguments"),
    ("age", {"weights": [1.0, 2.0]}, DataError, "shape", "one number a row"),
    ("age", {"weights": np.zeros(10)}, DataError, "not positive", "weight 0"),
    ("age", {"weights": "channel"}, DataError, "must be numbers", "another column"),
    ("age", {"level": 95}, ModelError, "level=95", "between 0 and 1"),
]


@pytest.mark.parametrize(("formula", "how", "error", "what", "fix"), REFUSED)
def test_refusals_say_what_and_how(
    formula: str, how: dict[str, Any], error: type[Exception], what: str, fix: str
) -> None:
    with pytest.raises(error, match=what) as caught:
        jl.cox(spells(), formula, **how)
    assert fix in caught.value.fix  # type: ignore[attr-defined]


def test_no_event() -> None:
    with pytest.raises(ModelError, match="no event happened"):
        jl.cox(spells(ROWS.assign(event=0)), "age")


def test_a_constant_covariate_is_named() -> None:
    with pytest.raises(ModelError, match=r"^plan is the same in every row"):
        jl.cox(spells(ROWS.assign(plan=3)), "age + plan")
    with pytest.raises(ModelError, match=r"plan.* is the same in every row"):
        jl.cox(spells(ROWS.assign(plan="basic")), "age + C(plan)")


def test_a_covariate_constant_within_strata_is_named() -> None:
    with pytest.raises(
        ModelError, match=r"^web is the same for everybody at risk within the strata"
    ):
        d = ROWS.assign(web=(ROWS["channel"] == "web").astype(int))
        jl.cox(spells(d), "age + web", strata="channel")


def test_all_events_at_one_time_with_all_others_gone() -> None:
    d = pd.DataFrame({"time": [1, 2, 9], "event": [0, 0, 1], "x": [1, 2, 3]})
    with pytest.raises(ModelError, match=r"^x is the same for everybody at risk at each event"):
        jl.cox(spells(d), "x")


def test_columns_that_determine_one_another_are_named() -> None:
    d = ROWS.assign(months=ROWS["age"] * 12 - 7, x=[3, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    with pytest.raises(ModelError, match=r"^age and months determine one another"):
        jl.cox(spells(d), "age + x + months")


def test_infinite_covariates_and_dates_are_refused() -> None:
    with pytest.raises(ModelError, match="age is infinite"):
        jl.cox(spells(ROWS.assign(age=[np.inf, *range(9)])), "age")
    with pytest.raises(ModelError, match="'day' is a date"):
        jl.cox(spells(ROWS.assign(day=pd.Timestamp("2020-01-01"))), "day")


def test_a_text_covariate_with_a_level_for_everybody_is_refused() -> None:
    d = pd.DataFrame({"time": range(1, 1201), "event": 1, "who": [f"c{k}" for k in range(1200)]})
    with pytest.raises(ModelError, match="1,200 levels"):
        jl.cox(spells(d), "who")


def test_with_several_causes_one_must_be_named() -> None:
    d = ROWS.assign(event=[1, 2, 0, 1, 2, 0, 1, 2, 0, 1])
    s = spells(d, causes=("bought", "left"))
    with pytest.raises(DataError, match="end in 2 ways"):
        jl.cox(s, "age")
    left = jl.cox(s, "age", cause="left")
    assert (left.n, left.events, left.about["event"]) == (10, 3, "left")
    pd.testing.assert_frame_equal(left.frame, jl.cox(s, "age", cause=2).frame)
    censored = jl.cox(spells(d.assign(event=(d["event"] == 2).astype(int))), "age")
    np.testing.assert_allclose(left.frame["coef"], censored.frame["coef"])


# --- no finite estimate ---------------------------------------------------------------------


def test_no_event_without_an_offer() -> None:
    """Whoever has no offer never buys: the likelihood grows with the effect for ever."""
    rng = np.random.default_rng(3)
    d = pd.DataFrame({"time": rng.integers(1, 30, 200), "offer": rng.integers(0, 2, 200)})
    d["age"] = rng.normal(40, 10, 200)
    d["event"] = (d["offer"] == 1) & (rng.random(200) < 0.6)
    effects = jl.cox(spells(d), "offer + age")
    table = effects.frame.set_index("term")
    assert table.loc["offer"].isna().all()
    assert effects.warnings == ("no finite estimate for offer: no event happened without it",)
    assert "no finite estimate for offer" in repr(effects)
    assert "no finite estimate for offer" in effects._repr_html_()
    # an infinite effect takes whoever has no offer out of every risk set
    limit = jl.cox(spells(d[d["offer"] == 1]), "age")
    np.testing.assert_allclose(
        table.loc["age", ["coef", "std_err"]].astype(float),
        limit.frame.loc[0, ["coef", "std_err"]].astype(float),
        rtol=1e-4,
    )
    assert effects.log_likelihood == pytest.approx(limit.log_likelihood, abs=1e-5)
    for ask in (lambda: effects.predict(d.head(1), [5]), lambda: effects.baseline()):
        with pytest.raises(ModelError, match="finite estimates, and offer has none"):
            ask()


def test_no_event_with_a_feature() -> None:
    d = ROWS.assign(trial=[0, 0, 1, 0, 0, 1, 0, 0, 1, 0])
    effects = jl.cox(spells(d), "trial + age")
    assert effects.warnings[0] == "no finite estimate for trial: no event happened with it"


def test_a_reference_level_without_events_makes_every_contrast_infinite() -> None:
    rng = np.random.default_rng(5)
    d = pd.DataFrame({"time": rng.integers(1, 50, 300), "plan": rng.choice(list("abc"), 300)})
    d["x"] = rng.normal(size=300)
    d["event"] = (d["plan"] != "a") & (rng.random(300) < 0.5)
    effects = jl.cox(spells(d), "C(plan) + x")
    table = effects.frame.set_index("term")
    assert table["coef"].isna().tolist() == [True, True, False]
    limit = jl.cox(spells(d[d["plan"] != "a"]), "C(plan) + x").frame.set_index("term")
    np.testing.assert_allclose(
        table.loc["x", ["coef", "std_err"]].astype(float),
        limit.loc["x", ["coef", "std_err"]].astype(float),
        rtol=1e-4,
    )
    # the contrast of b and c is finite, and takes its part in the test of x too
    for transform in ("identity", "log"):
        found = jl.check_proportionality(effects, transform).frame.set_index("term")
        other = jl.check_proportionality(
            jl.cox(spells(d[d["plan"] != "a"]), "C(plan) + x"), transform
        ).frame.set_index("term")
        assert found["chisq"].isna().tolist() == [True, True, False, False]
        assert found.loc["x", "chisq"] == pytest.approx(other.loc["x", "chisq"], rel=1e-4)
    assert len(effects.warnings) == 2
    assert all(w.startswith("no finite estimate for C(plan)[T.") for w in effects.warnings)


def test_perfectly_separated_groups() -> None:
    """Everyone in b has the event before anyone in a: no ratio is large enough."""
    d = pd.DataFrame({"time": range(1, 21), "event": 1, "b": [1] * 10 + [0] * 10})
    effects = jl.cox(spells(d), "b")
    assert effects.frame["coef"].isna().all()
    assert effects.warnings[0].startswith("no finite estimate for b: at each event it is whoever")


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_a_large_finite_effect_is_not_taken_for_infinite(size: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    time = pd.Series(rng.exponential(np.exp(-4 * x))).rank()
    effects = jl.cox(spells(pd.DataFrame({"time": time, "event": 1, "x": x * size})), "x")
    assert effects.warnings == ()
    assert effects.frame["coef"][0] * size == pytest.approx(4, abs=0.3)


def test_a_rare_event_of_a_level_has_a_finite_estimate() -> None:
    rng = np.random.default_rng(1)
    d = pd.DataFrame({"time": rng.integers(1, 400, 5000), "event": 1})
    d["vip"] = rng.integers(0, 2, 5000)
    d.loc[d["vip"] == 1, "event"] = 0
    d.loc[d.index[d["vip"] == 1][0], "event"] = 1
    effects = jl.cox(spells(d), "vip")
    assert effects.warnings == ()
    assert effects.frame["coef"][0] < -5


# --- who is in the model --------------------------------------------------------------------


def test_rows_with_missing_covariates_leave_and_are_counted() -> None:
    d = ROWS.assign(age=[np.nan, 41, 25, np.nan, 38, 60, 33, 47, 29, 55])
    d["channel"] = d["channel"].where(d["time"] != 7)
    effects = jl.cox(spells(d), "age", strata="channel")
    assert effects.n == 7
    assert dict(effects.audit.dropped) == {"age is missing": 2, "channel is missing": 1}
    assert effects.audit.came_in == 10
    assert effects.about["audit"].n_kept == effects.about["n"] == 7
    assert effects.residuals("martingale")["row"].tolist() == [1, 2, 4, 5, 7, 8, 9]
    whole = jl.cox(spells(d.dropna()), "age", strata="channel")
    np.testing.assert_allclose(effects.frame["coef"], whole.frame["coef"])


def test_no_complete_row() -> None:
    with pytest.raises(DataError, match="no row has all the values"):
        jl.cox(spells(ROWS.assign(age=np.nan)), "age")


def test_a_zero_duration_is_at_risk_at_zero() -> None:
    """At 0: one of three dies, x = 1, 0, 0; at 2: the others, x = 0 both: l = b - log(r + 2),
    which has no maximum; adding a death of x = 0 at 0 gives l = b - 2 log(r + 3) by Breslow."""
    d = pd.DataFrame({"time": [0, 0, 2, 2], "event": [1, 1, 0, 0], "x": [1, 0, 0, 0]})
    effects = jl.cox(spells(d), "x", ties="breslow")
    assert effects.frame["coef"][0] == pytest.approx(np.log(3), rel=1e-8)
    assert effects.log_likelihood == pytest.approx(np.log(3) - 2 * np.log(6))


def test_whoever_enters_at_an_event_time_is_not_at_risk_then() -> None:
    """At 3 the late row (start 3) is out: risk set x = 1, 0; at 5 it is in: x = 0, 1.
    l = b - log(r+1) + 0 - log(r+1), so r = 1."""
    d = pd.DataFrame({"start": [0, 0, 3], "time": [3, 5, 6], "event": [1, 1, 0], "x": [1, 0, 1]})
    effects = jl.cox(spells(d, start="start"), "x")
    assert effects.frame["coef"][0] == pytest.approx(0, abs=1e-12)
    assert effects.log_likelihood == pytest.approx(-2 * np.log(2))


def test_times_equal_but_for_rounding_are_ties() -> None:
    d = pd.DataFrame({"time": [0.3, 0.1 + 0.2, 0.5, 0.7], "event": 1, "x": [1, 0, 0, 1]})
    exact = d.assign(time=[0.3, 0.3, 0.5, 0.7])
    assert d["time"].nunique() == 4
    rounded = jl.cox(spells(d), "x").log_likelihood_null
    assert rounded == jl.cox(spells(exact), "x").log_likelihood_null == -np.log(4 * 3 * 2)


def test_own_names_categories_and_backticks() -> None:
    d = ROWS.assign(
        customer=[f"c{k}" for k in range(10)],
        group=pd.Categorical(ROWS["channel"], ["web", "shop", "mail", "never used"]),
    ).rename(columns={"age": "age.years"})
    s = spells(d, id="customer")
    effects = jl.cox(s, "age.years + group", cluster="customer")
    assert effects.terms == ("age.years", "group[T.shop]", "group[T.mail]")
    assert jl.cox(s, "C(`age.years` > 40)").n == 10
    with pytest.raises(ModelError, match=r"age\.years") as caught:
        jl.cox(s, "log(age.years)")
    assert "`age.years`" in caught.value.fix
    assert np.isfinite(effects.frame["robust_std_err"]).all()


def test_lazy_spells_are_fetched_by_column() -> None:
    s = spells(ROWS.assign(unused="x"))
    lazy = s.with_table(ibis.memtable(s.frame))
    pd.testing.assert_frame_equal(
        jl.cox(lazy, "age + channel").frame, jl.cox(s, "age + channel").frame
    )
    with pytest.raises(DataError, match="rows in a database have no order"):
        jl.cox(lazy, "age", weights=np.ones(10))


def test_spells_of_several_rows_are_counted_once() -> None:
    d = pd.DataFrame(
        {
            "id": [1, 1, 1, 2],
            "start": [0, 3, 0, 0],
            "stop": [3, 6, 4, 7],
            "cause": [0, 1, 1, 0],
            "campaign": ["a", "a", "b", "a"],
            "x": [1, 2, 5, 3],
        }
    )
    s = spells().with_table(d, per="campaign", single=False)
    effects = jl.cox(s, "x")
    assert (effects.n, effects.about["n"], effects.about["ids"]) == (4, 3, 2)


def test_the_result_is_frozen_and_tidy() -> None:
    effects = jl.cox(spells(), "age")
    assert list(effects.frame) == [
        *("term", "coef", "std_err", "robust_std_err", "hazard_ratio", "low", "high", "p")
    ]
    mine = effects.frame
    mine["coef"] = 99.0
    assert effects.frame["coef"][0] != 99
    with pytest.raises(FrozenInstanceError):
        effects.n = 3  # type: ignore[misc]
    assert "10 rows, 7 events" in repr(effects)
    assert {"event", "n", "ids", "events", "level", "conf", "clock", "audit"} <= set(effects.about)
    assert effects.frame["robust_std_err"].isna().all()


def test_a_wider_level_gives_a_wider_interval() -> None:
    narrow, wide = (jl.cox(spells(), "age", level=v).frame.loc[0] for v in (0.5, 0.99))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_repeated_events_without_clusters_are_pointed_out() -> None:
    d = pd.DataFrame(
        {
            "who": [1, 1, 2, 2, 3],
            "start": [0, 3, 0, 4, 0],
            "time": [3, 5, 4, 9, 7],
            "event": [1, 1, 1, 0, 1],
            "x": [1, 1, 0, 0, 1],
        }
    )
    s = spells(d, start="start", id="who")
    assert "1 of the events" in jl.cox(s, "x").warnings[0]
    clustered = jl.cox(s, "x", cluster="who")
    assert not any("second or later" in w for w in clustered.warnings)
    assert (clustered.n, clustered.about["ids"]) == (5, 3)


def test_fractional_weights_give_robust_errors_by_id() -> None:
    whole = jl.cox(spells(), "age", weights=np.full(10, 2.0))
    half = jl.cox(spells(), "age", weights=np.full(10, 0.5), ties="breslow")
    plain = jl.cox(spells(), "age", ties="breslow")
    assert whole.frame["robust_std_err"].isna().all()
    assert half.frame["coef"][0] == pytest.approx(plain.frame["coef"][0])
    robust = jl.cox(spells(), "age", ties="breslow", cluster="id").frame["robust_std_err"][0]
    assert half.frame["robust_std_err"][0] == pytest.approx(robust)


# --- asking the fit -------------------------------------------------------------------------


def test_predictions_start_at_one_and_end_where_nobody_is_left() -> None:
    effects = jl.cox(spells(), "age")
    found = effects.predict(pd.DataFrame({"age": [40]}, index=["anna"]), [0.5, 2, 10, 11])
    assert found["row"].tolist() == ["anna"] * 4
    assert found.loc[0, ["survival", "std_err", "low", "high"]].tolist() == [1, 0, 1, 1]
    assert found["survival"][:3].is_monotonic_decreasing
    assert found.loc[3, ["survival", "std_err", "low", "high"]].isna().all()
    for conf in ("log", "log-log", "plain"):
        row = effects.predict(pd.DataFrame({"age": [40]}), [4], conf=conf).loc[0]
        assert 0 <= row["low"] < row["survival"] < row["high"] <= 1


def test_predictions_refuse_what_the_model_never_saw() -> None:
    effects = jl.cox(spells(), "age + channel")
    with pytest.raises(DataError, match="lacks the column 'channel'"):
        effects.predict(pd.DataFrame({"age": [40]}), [3])
    with pytest.raises(DataError, match="'fax'"):
        effects.predict(pd.DataFrame({"age": [40], "channel": ["fax"]}), [3])
    with pytest.raises(ModelError, match="conf='wald'"):
        effects.predict(ROWS.head(1), [3], conf="wald")
    with pytest.raises(DataError, match="empty"):
        effects.predict(ROWS.head(0), [3])
    stratified = jl.cox(spells(), "age", strata="channel")
    with pytest.raises(DataError, match="no stratum 'fax'"):
        stratified.predict(pd.DataFrame({"age": [40], "channel": ["fax"]}), [3])


def test_each_stratum_has_its_own_baseline() -> None:
    d = pd.concat([ROWS.assign(shop="a"), ROWS.assign(shop="b", time=ROWS["time"] * 10)])
    effects = jl.cox(spells(d.reset_index(drop=True)), "age", strata="shop")
    base = effects.baseline()
    a, b = (base[base["stratum"] == k].reset_index(drop=True) for k in "ab")
    np.testing.assert_allclose(a["time"] * 10, b["time"])
    np.testing.assert_allclose(a["cumulative_hazard"], b["cumulative_hazard"])
    new = pd.DataFrame({"age": [40, 40], "shop": ["a", "b"]})
    found = effects.predict(new, [5]).set_index("row")["survival"]
    assert found[0] < found[1] == 1


def test_a_centred_baseline_is_that_of_the_mean_customer() -> None:
    effects = jl.cox(spells(), "age")
    mean = pd.DataFrame({"age": [ROWS["age"].mean()]})
    survival = effects.predict(mean, effects.baseline()["time"])["survival"]
    np.testing.assert_allclose(
        survival, np.exp(-effects.baseline(centered=True)["cumulative_hazard"])
    )


def test_unknown_residuals_transforms_and_weights_are_refused() -> None:
    effects = jl.cox(spells(), "age")
    with pytest.raises(ModelError, match="martingal") as caught:
        effects.residuals("martingal")
    assert "did you mean 'martingale'" in caught.value.fix
    with pytest.raises(ModelError, match="transform='sqrt'"):
        jl.check_proportionality(effects, "sqrt")
    with pytest.raises(ModelError, match="'uno'"):
        effects.concordance("uno")
    late = jl.cox(spells(ROWS.assign(start=0.5), start="start"), "age")
    with pytest.raises(ModelError, match="delayed entry"):
        late.concordance("n/G2")


def test_a_million_rows() -> None:
    rng = np.random.default_rng(11)
    n = 1_000_000
    x = rng.normal(size=n)
    time = np.ceil(rng.exponential(100 * np.exp(-0.3 * x)))
    d = pd.DataFrame({"time": np.minimum(time, 150), "event": time <= 150, "x": x})
    row = jl.cox(spells(d), "x").frame.loc[0]
    assert abs(row["coef"] - 0.3) < 5 * row["std_err"] < 0.01


def test_exact_decimals_and_numbers_among_objects_are_numbers() -> None:
    plain = jl.cox(spells(), "age").frame
    for ages in (
        [Decimal(f"{a}.00") for a in ROWS["age"]],
        pd.Series(ROWS["age"].tolist(), dtype=object),
        [float(a) if a % 2 else a for a in ROWS["age"]],
    ):
        given = ROWS.assign(age=pd.Series(ages, dtype=object))
        effects = jl.cox(spells(given), "age")
        pd.testing.assert_frame_equal(effects.frame, plain)
        new = pd.DataFrame({"age": [Decimal(40)]})
        expected = jl.cox(spells(), "age").predict(pd.DataFrame({"age": [40]}), [3, 5])
        pd.testing.assert_frame_equal(effects.predict(new, [3, 5]), expected)
    some = ROWS.assign(age=[None, *(Decimal(a) for a in ROWS["age"][1:])])
    assert jl.cox(spells(some), "log(age)").n == 9


def test_lengths_of_time_and_dates_among_objects_are_refused() -> None:
    with pytest.raises(ModelError, match="'wait' is a length of time"):
        jl.cox(spells(ROWS.assign(wait=pd.to_timedelta(ROWS["age"], unit="D"))), "wait")
    days = [dt.date(2020, 1, a % 28 + 1) for a in ROWS["age"]]
    with pytest.raises(ModelError, match="'day' is a date"):
        jl.cox(spells(ROWS.assign(day=days)), "day")
