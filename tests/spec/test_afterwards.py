"""Rates, net promoter scores, looks, cohorts and the next test, by hand and by other programs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import journeylib as jl
from journeylib.errors import DataError, ModelError
from journeylib.estimate.rmst import rmst

# ---- rates ---------------------------------------------------------------------------


def again(rows: list[tuple[object, ...]], *more: str) -> jl.Spells:
    frame = pd.DataFrame(rows, columns=["id", "start", "time", "event", *more])
    return jl.spells_from_frame(frame, start="start", id="id", unit="days")


def test_a_rate_by_hand() -> None:
    spells = again([("a", 0, 10, 1), ("a", 10, 30, 1), ("b", 0, 30, 0), ("c", 0, 40, 1)])
    row = jl.event_rates(spells, per=30).frame.iloc[0]
    assert (row["n"], row["events"], row["time"]) == (3, 3, 100.0)
    assert row["rate"] == pytest.approx(30 * 3 / 100)
    # events of a customer less what the rate gives for their time: 2 - .9, 0 - .9, 1 - 1.2
    error = math.sqrt(1.1**2 + 0.9**2 + 0.2**2) / 100
    assert row["std_err"] == pytest.approx(30 * error)
    factor = math.exp(1.959964 * error / 0.03)
    assert (row["low"], row["high"]) == pytest.approx((0.9 / factor, 0.9 * factor))


def test_time_counts_for_the_group_that_a_customer_is_in_at_the_time() -> None:
    spells = again([("a", 0, 10, 0, "x"), ("a", 10, 30, 1, "y"), ("b", 0, 20, 1, "x")], "mark")
    frame = jl.event_rates(spells, "mark", per=10).frame.set_index("group")
    assert frame["time"].to_dict() == {"x": 30.0, "y": 20.0}
    assert frame["n"].to_dict() == {"x": 2, "y": 1}
    assert frame["rate"].to_dict() == pytest.approx({"x": 10 / 30, "y": 10 / 20})


def test_a_rate_without_an_event_has_no_upper_end() -> None:
    row = jl.event_rates(again([("a", 0, 10, 0), ("b", 0, 5, 0)])).frame.iloc[0]
    assert (row["rate"], row["low"]) == (0, 0) and math.isnan(row["high"])
    assert "none (n = 2, 0 events)" in jl.say(
        jl.event_rates(again([("a", 0, 9, 0), ("b", 0, 5, 0)]))
    )


def test_rates_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match="positive length"):
        jl.event_rates(again([("a", 0, 10, 0)]), per=0)
    nobody = jl.spells_from_frame(pd.DataFrame({"time": [0.0], "event": [1]}))
    with pytest.raises(ModelError, match="at risk for any time"):
        jl.event_rates(nobody)


# ---- the net promoter score ------------------------------------------------------------


def answered(answers: dict[str, list[str]], tier: dict[str, str]) -> jl.Spells:
    rows = [
        (who, 2.0 * k, 2.0 * k + 2, 0, mark, tier[who])
        for who, marks in answers.items()
        for k, mark in enumerate(marks)
    ]
    return again(rows, "answer_so_far", "tier")


ANSWERS = {
    "a": ["no_answer", "promoter", "detractor"], "b": ["detractor"], "c": ["no_answer", "passive"],
    "d": ["promoter"], "e": ["no_answer"], "f": ["no_answer"],
}  # fmt: skip
TIER = dict(zip("abcdef", ["x", "x", "y", "y", "y", "y"], strict=True))


def test_the_first_answer_counts_once() -> None:
    row = jl.promoter_score(answered(ANSWERS, TIER)).frame.iloc[0]
    assert (row["customers"], row["answered"]) == (6, 4)
    assert (row["detractors"], row["passives"], row["promoters"]) == (1, 1, 2)
    assert row["score"] == pytest.approx(100 * (2 - 1) / 4)
    values = np.array([1, -1, 0, 1])
    assert row["std_err"] == pytest.approx(100 * values.std() / 2)


def test_the_silent_ones_like_those_of_their_group_who_spoke() -> None:
    found = jl.promoter_score(answered(ANSWERS, TIER), "tier")
    scores = found.frame.set_index("group")["score"]
    assert scores.to_dict() == {"x": 0.0, "y": 50.0}
    assert found.everybody["score"] == pytest.approx((2 * 0 + 4 * 50) / 6)
    assert "among all 6" in jl.say(found)


def test_scores_need_answers() -> None:
    silent = answered({"a": ["no_answer"]}, {"a": "x"})
    with pytest.raises(DataError, match="nobody has answered"):
        jl.promoter_score(silent)
    with pytest.raises(DataError, match="carry no answers"):
        jl.promoter_score(again([("a", 0, 9, 0)]))


# ---- looks at an experiment ------------------------------------------------------------


def dated(n: int = 400, seed: int = 3, ratio: float = 1.0) -> jl.Spells:
    rng = np.random.default_rng(seed)
    arm = np.resize(["control", "treatment"], n)
    time = rng.exponential(np.where(arm == "treatment", 20 / ratio, 20))
    frame = pd.DataFrame({"time": time, "event": 1, "arm": arm, "started": rng.uniform(0, 60, n)})
    return jl.spells_from_frame(frame, unit="days")


def test_a_look_is_taken_when_its_events_are_in_and_not_before() -> None:
    spells = dated()
    due = jl.looks_due(spells, 300, [0.25, 0.5, 1.0])
    assert [int((s.frame["cause"] > 0).sum()) for s in due] == [75, 150, 300]
    table = jl.next_look(spells, 300, [0.25, 0.5, 1.0])
    assert table["events"].tolist() == [75, 150, 300] and table["come"].all()
    for look, moment in zip(due, table["after"], strict=True):
        assert (look.frame["started"] + look.frame["stop"]).max() <= moment + 1e-6


def test_looks_to_come_are_not_read() -> None:
    spells = dated()
    assert len(jl.looks_due(spells, 1_000, [0.2, 0.4, 0.6, 0.8, 1.0])) == 2
    read = jl.read_experiment(spells, "arm", 1_000, horizon=20)
    assert read is not None and read.decision == "go on" and read.mean_difference is None
    assert jl.read_experiment(spells, "arm", 10_000) is None
    table = jl.next_look(spells, 1_000, [0.2, 0.4, 0.6, 0.8, 1.0])
    assert table["come"].tolist() == [True, True, False, False, False]
    assert table["after"].isna().tolist() == [False, False, True, True, True]


def test_a_large_effect_stops_the_experiment_and_is_told_over_all_looks() -> None:
    read = jl.read_experiment(dated(ratio=2.5), "arm", 300, reference="control", horizon=20)
    assert read is not None and read.decision == "stop" and read.treated == "treatment"
    ratio, mean = jl.read_out(read)
    row = read.frame.iloc[read.stopped - 1]
    assert (ratio.value, ratio.low, ratio.high) == tuple(row[["hazard_ratio", "low", "high"]])
    assert (
        mean.value == pytest.approx(read.mean_difference["difference"].iloc[0]) and mean.value < 0
    )


@pytest.mark.parametrize("information", [[], [0.5, 0.4], [0.0, 1.0], [0.5, 1.2]])
def test_looks_that_cannot_be_are_refused(information: list[float]) -> None:
    with pytest.raises(DataError, match="do not rise"):
        jl.looks_due(dated(), 300, information)


def test_an_experiment_has_one_row_a_customer() -> None:
    split = again([("a", 0, 10, 0, 0.0), ("a", 10, 30, 1, 0.0)], "started")
    with pytest.raises(DataError, match="one row a customer"):
        jl.looks_due(split, 1, [1.0])


# ---- cohorts ---------------------------------------------------------------------------

MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06")


def cohorts(seed: int = 5, n: int = 200, step: float = 0.0) -> jl.Spells:
    rng = np.random.default_rng(seed)
    month = np.repeat(MONTHS, n)
    mean = np.where(month >= "2024-04", 30 + step, 30)
    time = np.minimum(rng.exponential(mean), 50)
    event = (time < 50).astype(int)
    return jl.spells_from_frame(
        pd.DataFrame({"time": time, "event": event, "month": month}), unit="days"
    )


def test_the_line_is_weighted_least_squares() -> None:
    spells = cohorts()
    found = jl.cohort_trend(spells, 40, "month", change="2024-04-15")
    means = rmst(spells, 40, "month").frame
    assert found.change == "2024-04"
    assert found.frame["rmst"].to_numpy() == pytest.approx(means["rmst"].to_numpy())
    x = np.column_stack([np.ones(6), np.arange(6), np.arange(6) >= 3])
    fit = sm.WLS(means["rmst"], x, weights=1 / means["std_err"] ** 2).fit(cov_type="fixed scale")
    assert found.trend["value"] == pytest.approx(fit.params.iloc[1])
    assert found.step["value"] == pytest.approx(fit.params.iloc[2])
    assert (found.trend["std_err"], found.step["std_err"]) == pytest.approx(
        tuple(fit.bse.iloc[1:] / math.sqrt(fit.scale)), rel=1e-6
    ) or (found.trend["std_err"], found.step["std_err"]) == pytest.approx(
        tuple(fit.bse.iloc[1:]), rel=1e-6
    )
    assert found.lack_of_fit["statistic"] == pytest.approx(
        float((fit.resid**2 / means["std_err"] ** 2).sum())
    )
    assert found.lack_of_fit["df"] == 3


def test_cohorts_that_scatter_widen_the_intervals() -> None:
    """Means that move from month to month by more than customers do: the errors are Birge's."""
    frame = cohorts(n=3_000).frame
    frame["stop"] = frame["stop"] * frame["month"].str[-1].map({"2": 1.4, "5": 0.7}).fillna(1.0)
    spells = jl.spells_from_frame(frame[["stop", "cause", "month"]], stop="stop", cause="cause")
    found = jl.cohort_trend(spells, 20, "month")
    table, fit = found.frame, found.lack_of_fit
    assert fit["p"] < 0.001 and fit["df"] == 4
    x = np.column_stack([np.ones(6), np.arange(6)])
    scaled = sm.WLS(table["rmst"], x, weights=1 / table["std_err"] ** 2).fit()
    assert fit["widened"] == pytest.approx(math.sqrt(fit["statistic"] / 4))
    assert found.trend["std_err"] == pytest.approx(scaled.bse.iloc[1])
    low, high = scaled.conf_int().loc["x1"]
    assert (found.trend["low"], found.trend["high"]) == pytest.approx((low, high))
    assert "the intervals are widened for it" in jl.say(found)
    assert jl.cohort_trend(cohorts(), 40, "month").lack_of_fit["widened"] == 1.0


def test_a_step_is_seen_and_a_plain_before_and_after_differs_from_it() -> None:
    found = jl.cohort_trend(cohorts(n=2_000, step=30.0), 40, "month", change="2024-04")
    assert found.step["low"] > 2
    contrast = jl.naive_before_after(found)
    assert contrast.naive == pytest.approx(found.difference["value"])
    assert contrast.value == pytest.approx(found.step["value"])
    names = [f.name for f in jl.trends(found)]
    assert names[1] == "days without event, of the first 40: step at 2024-04 beyond the trend"


def test_too_few_cohorts_give_their_means_and_no_line() -> None:
    spells = cohorts()
    two = spells.with_table(spells.frame.query("month < '2024-03'").reset_index(drop=True))
    found = jl.cohort_trend(two, 40, "month")
    assert len(found.frame) == 2 and math.isnan(found.trend["value"])
    assert "too few for a trend" in jl.say(found)
    assert jl.trends(found) == () and jl.check_cohorts(found).verdict == "warned"
    assert jl.plot_cohorts(found).get_xlabel()


def test_cohorts_not_followed_so_long_or_seen_late_are_left_out() -> None:
    frame = cohorts().frame
    frame.loc[frame["month"] == "2024-06", ["stop", "cause"]] = (20.0, 0)
    frame.loc[frame["month"] == "2024-01", "start"] = 0.5
    frame = frame[frame["stop"] > frame["start"]]
    spells = jl.spells_from_frame(
        frame.drop(columns="id"), stop="stop", cause="cause", start="start", unit="days"
    ) if (frame["start"] < frame["stop"]).all() else None  # fmt: skip
    found = jl.cohort_trend(spells, 40, "month")
    assert found.left_out == ("2024-01", "2024-06")
    with pytest.raises(ModelError, match="none of 6 cohorts"):
        jl.cohort_trend(spells, 60, "month")
    with pytest.raises(DataError, match="no cohort lies after the change"):
        jl.cohort_trend(cohorts(), 40, "month", change="2025-01")


# ---- the next test, and the checks --------------------------------------------------------


def test_the_next_test_needs_the_events_of_its_plan() -> None:
    spells = dated(2_000)
    table = jl.next_test(spells, 30, (1.2, 1.5))
    assert table["events"].tolist() == [jl.plan_looks(r).planned_events for r in (1.2, 1.5)]
    reached = 1 - float(jl.survival_curve(spells).at([30])["survival"].iloc[0])
    mixed = (reached + 1 - (1 - reached) ** 1.5) / 2
    assert table["customers"].iloc[1] == math.ceil(table["events"].iloc[1] / mixed)
    pace = 2_000 / np.ptp(spells.frame["started"])
    assert table["duration"].iloc[1] == pytest.approx(table["customers"].iloc[1] / pace + 30)


def test_a_test_of_what_never_happens_is_refused() -> None:
    frame = pd.DataFrame({"time": [9.0] * 30, "event": 0, "started": np.arange(30.0)})
    with pytest.raises(ModelError, match="nobody has event within 5"):
        jl.next_test(jl.spells_from_frame(frame, unit="days"), 5)


def test_arms_of_the_wrong_size_warn() -> None:
    assert jl.check_split(dated(), "arm").verdict == "passed"
    spells = dated()
    frame = spells.frame
    kept = frame[(frame["arm"] == "control") | (frame["id"] % 4 != 1)].reset_index(drop=True)
    check = jl.check_split(spells.with_table(kept), "arm")
    assert check.verdict == "warned" and "who is missing" in check.follows
    assert jl.check_split(spells.with_table(kept.assign(arm="one")), "arm").verdict == "failed"


@pytest.mark.parametrize(("ratio", "verdict"), [(1.0, "passed"), (3.0, "warned")])
def test_who_answers_sooner_is_seen(ratio: float, verdict: str) -> None:
    spells = dated(600, ratio=ratio)
    check = jl.check_response(spells.with_table(spells.frame, causes=("answered",)), "arm", at=30)
    assert check.verdict == verdict


def test_few_answers_warn() -> None:
    spells = dated(600)
    check = jl.check_response(spells, None, at=2)
    assert check.verdict == "warned" and "is not known" in check.follows


# ---- words and pictures ------------------------------------------------------------------


def test_every_result_has_words_and_a_picture_with_numbers_behind_it() -> None:
    from journeylib.plots.style import picture

    read = jl.read_experiment(dated(), "arm", 300)
    shown = [
        (jl.plot_rates, jl.event_rates(dated(), "arm")),
        (jl.plot_promoters, jl.promoter_score(answered(ANSWERS, TIER), "tier")),
        (jl.plot_looks, read),
        (jl.plot_cohorts, jl.cohort_trend(cohorts(), 40, "month", change="2024-04")),
    ]
    for plot, result in shown:
        drawn = picture(plot(result))
        assert str(jl.say(result)) in drawn.alt
        assert drawn.caption and len(drawn.table)
        assert any(ch.isdigit() for ch in jl.say(result))


def test_models_beside_each_other() -> None:
    spells = dated()
    one, other = jl.cox(spells, "arm"), jl.cox(spells, "arm + started")
    table = jl.beside({"alone": one, "with": other, "none": None})
    terms = ["arm: treatment against control", "started", "(who was counted)"]
    assert sorted(table["term"]) == sorted(terms) and table["term"].iloc[-1] == terms[-1]
    assert f"{one.about['ids']:,} customers, {one.events:,} events" == table["alone"].iloc[-1]
    assert table["alone"].iloc[1] == "–" and " to " in table["with"].iloc[1]
    (found,) = jl.ratios_as(one, "alone")
    assert found.name.endswith("(alone)") and jl.ratios_as(None, "x") == ()
