"""Curves, incidence and tests on random data: laws that always hold, and independent programs."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter, NelsonAalenFitter
from lifelines.exceptions import StatError
from lifelines.statistics import multivariate_logrank_test
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

import journeylib as jl
from journeylib.errors import JourneyError

FEW = settings(max_examples=60, deadline=None)


@st.composite
def rows(draw, late: bool = False, causes: int = 2, fractions: bool = True) -> pd.DataFrame:
    """Random spells with many ties, a group and a weight."""
    n = draw(st.integers(4, 40))
    times = st.integers(1, 12)
    if fractions and draw(st.booleans()):
        times = st.integers(1, 768).map(lambda k: k / 64)  # exact, so that nothing nearly ties
    length = np.array(draw(st.lists(times, min_size=n, max_size=n)), dtype=float)
    begin = st.integers(0, 6) if late else st.just(0)
    start = np.array(draw(st.lists(begin, min_size=n, max_size=n)), dtype=float)
    cause = draw(st.lists(st.integers(0, causes), min_size=n, max_size=n))
    weight = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + length,
            "cause": cause,
            "g": draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n)),
            "w": weight,
        }
    )


def spells(df: pd.DataFrame, **names: str) -> jl.Spells:
    late = {"start": "start"} if "start" in df else {}
    return jl.spells_from_frame(df, stop="stop", cause="cause", **late, **names)


def plain(df: pd.DataFrame) -> pd.DataFrame:
    """Rows that begin at their origin."""
    return df.drop(columns="start")


@FEW
@given(rows())
def test_kaplan_meier_and_nelson_aalen_equal_lifelines(df):
    happened = df["cause"] > 0
    curve = jl.survival_curve(spells(plain(df))).frame
    theirs = KaplanMeierFitter().fit(df["stop"], happened)
    wanted = theirs.survival_function_at_times(curve["time"]).to_numpy()
    np.testing.assert_allclose(curve["survival"], wanted, atol=1e-12)
    hazard = jl.cumulative_hazard(spells(plain(df))).frame
    theirs = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(df["stop"], happened)
    wanted = theirs.cumulative_hazard_at_times(curve["time"]).to_numpy()
    np.testing.assert_allclose(hazard["cumulative_hazard"], wanted, atol=1e-12)


@FEW
@given(rows())
def test_greenwood_equals_statsmodels(df):
    happened = (df["cause"] > 0).astype(int)
    assume(happened.any())
    theirs = SurvfuncRight(df["stop"].to_numpy(), happened.to_numpy())
    at = jl.survival_curve(spells(plain(df))).at(theirs.surv_times)
    inside = theirs.surv_prob > 1e-9
    np.testing.assert_allclose(at["survival"], theirs.surv_prob, atol=1e-12)
    np.testing.assert_allclose(
        at["std_err"][inside], np.asarray(theirs.surv_prob_se)[inside], atol=1e-10
    )


@FEW
@given(rows(late=True))
def test_delayed_entry_equals_lifelines(df):
    curve = jl.survival_curve(spells(df)).frame
    try:
        theirs = KaplanMeierFitter().fit(df["stop"], df["cause"] > 0, entry=df["start"])
    except StatError:
        assume(False)  # lifelines refuses data whose risk set is empty early on
    happens = curve[curve["events"] > 0]
    assume(len(happens))
    # lifelines starts again at 1 where its risk set was empty before the first event
    wanted = theirs.event_table.loc[happens["time"]]
    np.testing.assert_array_equal(happens["events"], wanted["observed"])
    # lifelines has whoever enters at t at risk at t
    entered = wanted["entrance"] * (wanted.index > 0)
    np.testing.assert_array_equal(happens["at_risk"], wanted["at_risk"] - entered)


@FEW
@given(rows())
def test_log_rank_equals_lifelines_and_statsmodels(df):
    happened = (df["cause"] > 0).astype(int)
    try:
        found = jl.compare(spells(plain(df)), "g")
    except JourneyError:
        assume(False)  # one group, or no event that could tell two apart
    assume(found.df == 1 and (found.frame["expected"] > 1e-6).all())
    theirs = multivariate_logrank_test(df["stop"], df["g"], happened)
    np.testing.assert_allclose(found.statistic, theirs.test_statistic, rtol=1e-8, atol=1e-10)
    if df["stop"].nunique() > 1:
        other, _ = survdiff(df["stop"].to_numpy(), happened.to_numpy(), df["g"].to_numpy())
        np.testing.assert_allclose(found.statistic, other, rtol=1e-8, atol=1e-10)


@FEW
@given(rows())
def test_incidence_equals_statsmodels(df):
    assume(set(df["cause"]) >= {1, 2})
    theirs = CumIncidenceRight(df["stop"].to_numpy(), df["cause"].to_numpy())
    found = jl.cumulative_incidence(spells(plain(df)))
    for cause in (1, 2):
        at = found.at(theirs.times).query("cause == @cause")
        np.testing.assert_allclose(at["incidence"], theirs.cinc[cause - 1], atol=1e-12)


@FEW
@given(rows(late=True))
def test_incidences_and_survival_add_up_to_one(df):
    curve = jl.survival_curve(spells(df), "g").frame
    incidence = jl.cumulative_incidence(spells(df), "g").frame
    total = incidence.groupby(["group", "time"], sort=False)["incidence"].sum().to_numpy()
    np.testing.assert_allclose(total + curve["survival"].to_numpy(), 1, atol=1e-12)
    assert incidence["std_err"].ge(0).all()


@FEW
@given(rows(late=True))
def test_survival_falls_and_stays_between_its_limits(df):
    for conf in ("log-log", "log", "plain"):
        frame = jl.survival_curve(spells(df), conf=conf).frame
        assert frame["survival"].is_monotonic_decreasing
        known = frame.dropna()
        assert (known["low"] <= known["survival"] + 1e-12).all()
        assert (known["high"] >= known["survival"] - 1e-12).all()
        assert known[["low", "high"]].to_numpy().min(initial=0) >= 0
        assert known[["low", "high"]].to_numpy().max(initial=1) <= 1


@FEW
@given(rows(late=True), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(df, random):
    order = list(range(len(df)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(
        jl.survival_curve(spells(df), "g").frame,
        jl.survival_curve(spells(df.iloc[order]), "g").frame,
    )


@FEW
@given(rows(late=True, fractions=False), st.integers(1, 11))
def test_splitting_a_spell_changes_nothing(df, cut):
    whole = df.assign(id=range(len(df)))
    inside = whole[(whole["start"] < cut) & (whole["stop"] > cut)]
    first, second = inside.assign(stop=float(cut), cause=0), inside.assign(start=float(cut))
    split = pd.concat([whole.drop(inside.index), first, second])
    for estimate in (jl.survival_curve, jl.cumulative_incidence, jl.mean_cumulative_count):
        one, two = (estimate(spells(x, id="id"), "g") for x in (whole, split))
        pd.testing.assert_frame_equal(one.frame, two.frame)
        assert one.about["n"] == two.about["n"]


@FEW
@given(rows())
def test_a_whole_weight_is_so_many_customers(df):
    repeated = df.loc[df.index.repeat(df["w"])]
    one = jl.survival_curve(spells(plain(df)), weights="w").frame
    many = jl.survival_curve(spells(plain(repeated))).frame
    pd.testing.assert_frame_equal(one, many, check_dtype=False)


@FEW
@given(rows(late=True))
def test_equal_weights_give_the_greenwood_variance(df):
    """Without delayed entry the robust variance is Greenwood's; the curve never depends on it."""
    half = df.assign(w=0.5)
    robust, usual = jl.survival_curve(spells(half), weights="w"), jl.survival_curve(spells(half))
    np.testing.assert_allclose(robust.frame["survival"], usual.frame["survival"], atol=1e-12)
    if not (df["start"] > 0).any():
        inside = usual.frame["survival"] > 0
        np.testing.assert_allclose(
            robust.frame["std_err"][inside], usual.frame["std_err"][inside], atol=1e-9
        )


@settings(max_examples=25, deadline=None)
@given(rows(late=True, fractions=False))
def test_robust_errors_are_sums_of_squared_influences(df):
    """Against the definition: the derivative with respect to each customer's weight."""
    df = df.assign(id=np.arange(len(df)) // 2)
    # two spells of one customer may overlap: they are episodes
    base = spells(df.drop(columns="id"))
    base = base.with_table(base.frame.assign(id=df["id"]), per="w")
    step = 1e-5

    def moved(customer: int, by: float) -> jl.Spells:
        table = base.frame.assign(v=np.where(base.frame["id"] == customer, 1 + by, 1.0))
        return base.with_table(table)

    def curve(found: jl.Spells) -> np.ndarray:
        return jl.survival_curve(found, weights="v").frame["survival"].to_numpy()

    influence = [
        (curve(moved(k, step)) - curve(moved(k, -step))) / (2 * step) for k in df["id"].unique()
    ]
    wanted = np.sqrt(np.sum(np.square(influence), axis=0))
    table = base.frame.assign(v=1.0).astype({"v": float})
    table["v"] = 1.0000000001  # not whole: asks for the robust variance
    found = jl.survival_curve(base.with_table(table), weights="v").frame
    inside = found["survival"].to_numpy() > 1e-9
    np.testing.assert_allclose(found["std_err"][inside], wanted[inside], atol=1e-7)


@FEW
@given(rows())
def test_restricted_mean_is_the_area_under_the_curve(df):
    horizon = float(df["stop"].max())
    found = jl.rmst(spells(plain(df)), horizon).frame["rmst"].item()
    grid = np.unique(np.concatenate([[0.0], df["stop"]]))
    survival = jl.survival_curve(spells(plain(df))).at(grid)["survival"].to_numpy()
    np.testing.assert_allclose(found, np.sum(np.diff(grid) * survival[:-1]), rtol=1e-9)


@pytest.fixture(scope="module")
def database():
    return ibis.duckdb.connect()


@settings(max_examples=20, deadline=None)
@given(df=rows(late=True))
def test_a_lazy_table_gives_the_same_results(database, df):
    found = spells(df)
    lazy = found.with_table(database.create_table("rows", found.frame, overwrite=True))
    for estimate in (
        jl.survival_curve,
        jl.cumulative_hazard,
        jl.cumulative_incidence,
        jl.mean_cumulative_count,
    ):
        pd.testing.assert_frame_equal(estimate(found, "g").frame, estimate(lazy, "g").frame)
