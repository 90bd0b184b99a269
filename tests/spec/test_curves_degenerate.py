"""Where there is next to nothing to estimate from: what each estimate says then."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError, ModelError

CONF = ["log-log", "log", "plain"]


def spells(time, event=1, **columns) -> jl.Spells:
    return jl.spells_from_frame(
        pd.DataFrame({"time": time, "event": event, **columns}), unit="days"
    )


def row(result, **chosen) -> dict:
    frame = result.frame
    for column, value in chosen.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0].to_dict()


@pytest.mark.parametrize("conf", CONF)
def test_no_event_leaves_the_curve_at_one_with_interval_one_to_one(conf):
    curve = jl.survival_curve(spells([2, 5], 0), conf=conf)
    assert curve.frame[["survival", "std_err", "low", "high"]].values.tolist() == [[1, 0, 1, 1]] * 2
    assert curve.about["events"] == 0
    assert curve.median[["quantile", "low", "high"]].isna().all(axis=None)


def test_no_event_in_the_other_estimates():
    nobody = spells([2, 5], 0)
    hazard = jl.cumulative_hazard(nobody).frame
    assert hazard[["cumulative_hazard", "std_err", "low", "high"]].to_numpy().max() == 0
    incidence = jl.cumulative_incidence(nobody).frame
    assert incidence[["incidence", "std_err"]].to_numpy().max() == 0
    assert incidence[["low", "high"]].isna().all(axis=None)
    assert jl.mean_cumulative_count(nobody).frame["mean_count"].tolist() == [0, 0]
    assert row(jl.rmst(nobody, 4)) == {"group": "all", "rmst": 4, "std_err": 0, "low": 4, "high": 4}


def test_all_events_at_one_time_end_the_curve_and_its_interval():
    curve = jl.survival_curve(spells([7, 7, 7]))
    last = row(curve)
    assert (last["at_risk"], last["events"], last["survival"]) == (3, 3, 0)
    assert np.isnan([last["std_err"], last["low"], last["high"]]).all()
    assert row_of_median(curve) == (7, True)
    assert row(jl.rmst(spells([7, 7, 7]), 10))["rmst"] == 7


def row_of_median(curve) -> tuple[float, bool]:
    median = curve.median.iloc[0]
    return median["quantile"], bool(np.isnan(median["high"]))


@pytest.mark.parametrize("conf", CONF)
def test_limits_are_undefined_where_the_curve_reaches_zero(conf):
    last = jl.survival_curve(spells([1, 2]), conf=conf).frame.iloc[-1]
    assert last["survival"] == 0
    assert np.isnan(last[["std_err", "low", "high"]].to_numpy(dtype=float)).all()


def test_one_customer():
    one = spells([4.5])
    curve = jl.survival_curve(one)
    assert curve.frame[["time", "at_risk", "survival"]].values.tolist() == [[4.5, 1, 0]]
    assert curve.median["quantile"].tolist() == [4.5]
    assert curve.at([0, 4, 5])["survival"].tolist() == [1, 1, 0]
    assert row(jl.cumulative_incidence(one))["incidence"] == 1
    assert row(jl.rmst(one, 4.5))["rmst"] == 4.5


def test_a_median_that_is_not_reached_is_nan():
    curve = jl.survival_curve(spells([1, 2, 3, 4], [1, 0, 0, 0]))
    assert np.isnan(curve.median["quantile"].item())
    assert curve.quantile(0.25)["quantile"].tolist() == [2.5]


def test_the_median_lies_midway_where_the_curve_is_flat_at_one_half():
    assert jl.survival_curve(spells([1, 2, 3, 4])).median["quantile"].tolist() == [2.5]
    # flat at one half until the end of follow-up
    flat = jl.survival_curve(spells([1, 2, 3, 6], [1, 1, 0, 0]))
    assert flat.median["quantile"].tolist() == [4]


def test_after_the_last_follow_up_nobody_knows():
    at = jl.survival_curve(spells([1, 2, 3], [1, 0, 0])).at([3, 3.5])
    assert at["at_risk"].tolist() == [1, 0]
    assert at["survival"].notna().tolist() == [True, False]
    later = jl.cumulative_incidence(spells([1, 2], [1, 1])).at(5)
    assert later["incidence"].tolist() == [1]


def test_a_horizon_beyond_follow_up_names_the_group_and_the_largest_horizon():
    found = spells([3, 5, 9, 9], [1, 0, 1, 0], channel=["web", "web", "app", "app"])
    with pytest.raises(ModelError) as error:
        jl.rmst(found, 7, by="channel")
    assert "'web', which ends at 5" in str(error.value)
    assert "at most 5 days" in str(error.value)
    assert jl.rmst(found, 5, by="channel").frame["rmst"].notna().all()


@pytest.mark.parametrize("horizon", [0, -1, float("nan"), float("inf")])
def test_a_horizon_is_a_positive_number(horizon):
    with pytest.raises(DataError, match="positive number"):
        jl.rmst(spells([1, 2]), horizon)


def test_comparing_one_group_is_an_error():
    with pytest.raises(DataError, match="only one group, 'web'"):
        jl.compare(spells([1, 2], channel=["web", "web"]), "channel")
    with pytest.raises(DataError, match="only one segment, 'web'"):
        jl.segment_scan(spells([1, 2], channel=["web", "web"]), "channel", 2)


def test_comparing_without_any_event_is_an_error():
    with pytest.raises(ModelError, match="no event can tell the groups of channel apart"):
        jl.compare(spells([1, 2], 0, channel=["web", "app"]), "channel")


def test_strata_that_each_hold_one_group_tell_nothing():
    found = spells([1, 2, 3, 4], channel=list("aabb"), country=list("xxyy"))
    for test in ("logrank", "gray"):
        with pytest.raises(ModelError, match="no event can tell"):
            jl.compare(found, "channel", test=test, strata="country")


def test_a_group_in_which_nothing_happens_is_compared():
    found = spells([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], channel=list("aaabbb"))
    result = jl.compare(found, "channel")
    # at 1: 3 of 6 at risk in a; at 2: 2 of 5; at 3: 1 of 4
    expected = 3 / 6 + 2 / 5 + 1 / 4
    variance = 1 / 4 + 2 / 5 * 3 / 5 + 1 / 4 * 3 / 4
    assert result.frame["observed"].tolist() == [3, 0]
    np.testing.assert_allclose(result.frame["expected"], [expected, 3 - expected])
    np.testing.assert_allclose(result.statistic, (3 - expected) ** 2 / variance)


def test_rows_without_a_stratum_leave_and_are_counted():
    found = spells(
        [1, 2, 3, 4, 5, 6], channel=list("ababab"), country=["x", "x", "y", "y", None, "x"]
    )
    result = jl.compare(found, "channel", strata="country")
    assert result.frame["n"].sum() == 5
    assert result.about["audit"].dropped == {"missing country": 1}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"test": "log-rank"}, "did you mean 'logrank'"),
        ({"test": "fleming-harrington"}, "which needs it"),
        ({"test": "logrank", "rho": 1}, "which needs it"),
        ({"test": "logrank", "ties": "efron"}, "allowed: hypergeometric, breslow"),
        ({"test": "logrank", "scores": [1, 2]}, "scores belong to test='trend'"),
        ({"test": "trend", "scores": [1, 2, 3]}, "needs 2 scores"),
    ],
)
def test_a_wrong_option_is_explained(options, said):
    with pytest.raises(DataError) as error:
        jl.compare(spells([1, 2, 3, 4], channel=list("abab")), "channel", **options)
    assert said in str(error.value)


def test_gray_refuses_delayed_entry():
    df = pd.DataFrame({"a": [0, 1, 0], "b": [2, 3, 4], "event": [1, 2, 0], "g": list("xyx")})
    late = jl.spells_from_frame(df, stop="b", cause="event", start="a")
    with pytest.raises(ModelError, match="delayed entry"):
        jl.compare(late, "g", test="gray")


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1, np.nan], "missing, infinite or negative"),
        ([1, -1], "missing, infinite or negative"),
        ([0, 0], "no spell is left: weight 0"),
        (["a", "b"], "must be numbers"),
    ],
)
def test_weights_that_are_no_weights(weights, said):
    with pytest.raises(DataError, match=said):
        jl.survival_curve(spells([1, 2], w=weights), weights="w")


def test_weight_zero_leaves_and_is_counted():
    curve = jl.survival_curve(spells([1, 2, 3], w=[1, 0, 1]), weights="w")
    assert curve.frame["time"].tolist() == [1, 3]
    assert curve.about["audit"].dropped == {"weight 0": 1}


def test_unknown_interval_and_share():
    with pytest.raises(DataError, match="allowed: log-log, log, plain"):
        jl.survival_curve(spells([1]), conf="loglog")
    with pytest.raises(DataError, match="level must lie between"):
        jl.survival_curve(spells([1]), level=95)
    with pytest.raises(DataError, match="share lies between"):
        jl.survival_curve(spells([1])).quantile(50)
    with pytest.raises(DataError, match="a time must be a number"):
        jl.survival_curve(spells([1])).at(-1)


def test_a_segment_with_short_follow_up_stays_in_the_scan():
    found = spells(
        [2, 3, 8, 9, 8, 9], [0, 0, 1, 0, 1, 0], channel=["new", "new", "a", "a", "b", "b"]
    )
    frame = jl.segment_scan(found, "channel", 8).frame.set_index("group")
    assert frame["rmst"].notna().to_dict() == {"a": True, "b": True, "new": False}
    assert frame["n"].tolist() == [2, 2, 2]
    with pytest.raises(ModelError, match="no segment is followed"):
        jl.segment_scan(found, "channel", 20)


def test_segments_are_each_compared_with_all_others():
    found = spells([1, 2, 5, 6, 7, 8], channel=list("aabbcc"))
    scan = jl.segment_scan(found, "channel", 6).frame.set_index("group")
    # the others of a are b and c: 5, 6, 7 and 8, of which 5 + 6 + 6 + 6 lie before the horizon
    assert scan.loc["a", ["rmst", "others", "difference"]].tolist() == [1.5, 5.75, -4.25]
    rest = jl.spells_from_frame(pd.DataFrame({"time": [5, 6, 7, 8], "event": 1}))
    own = jl.spells_from_frame(pd.DataFrame({"time": [1, 2], "event": 1}))
    errors = [jl.rmst(s, 6).frame["std_err"].item() for s in (own, rest)]
    np.testing.assert_allclose(scan.loc["a", "std_err"], np.hypot(*errors))
    np.testing.assert_allclose(scan["detectable"], (1.959963985 + 0.841621234) * scan["std_err"])


def test_trend_over_ordered_groups_by_hand():
    found = spells([1, 2, 3, 4, 5, 6], channel=list("aabbcc"))
    result = jl.compare(found, "channel", test="trend")
    observed = np.array([2, 2, 2])
    expected, variance = np.zeros(3), np.zeros((3, 3))
    for at_risk in ([2, 2, 2], [1, 2, 2], [0, 2, 2], [0, 1, 2], [0, 0, 2], [0, 0, 1]):
        share = np.array(at_risk) / sum(at_risk)
        expected += share
        variance += np.diag(share) - np.outer(share, share)
    scores = np.array([1, 2, 3])
    wanted = (scores @ (observed - expected)) ** 2 / (scores @ variance @ scores)
    np.testing.assert_allclose(result.statistic, wanted)
    assert result.df == 1


def test_results_are_printed_and_escaped():
    found = spells([1, 2, 3, 4], channel=["<b>", "<b>", "web", "web"])
    for result in (
        jl.survival_curve(found, "channel"),
        jl.cumulative_hazard(found, "channel"),
        jl.cumulative_incidence(found, "channel"),
        jl.mean_cumulative_count(found, "channel"),
        jl.compare(found, "channel"),
        jl.rmst(found, 3, "channel"),
        jl.segment_scan(found, "channel", 2),
    ):
        html = result._repr_html_()
        assert "&lt;b&gt;" in html and "<b>" not in html
        assert "web" in repr(result)


def test_a_million_rows_of_both_kinds():
    rng = np.random.default_rng(2)
    time, event = rng.exponential(100, 1_000_000), rng.integers(0, 3, 1_000_000)
    for times in (np.floor(time), time):
        found = spells(times, event)
        curve = jl.survival_curve(found).frame
        assert curve["events"].sum() == (event > 0).sum()
        free = 1 - jl.cumulative_incidence(found).frame.groupby("cause").tail(1)["incidence"].sum()
        np.testing.assert_allclose(free, curve["survival"].iloc[-1], atol=1e-9)
