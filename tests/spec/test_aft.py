"""Accelerated failure times: hand-derived fits, delayed entry, and what cannot be estimated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from journeylib.errors import DataError, ModelError
from journeylib.estimate.aftfit import FAMILIES, Rows, evaluate
from journeylib.estimate.parametric import aft
from journeylib.estimate.shapes import aft_choice
from journeylib.spells import spells_from_frame


def made(n: int = 400, seed: int = 3, entry: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.integers(0, 2, size=n)
    time = np.exp(1.0 + 0.5 * x - 0.4 * z) * rng.weibull(1.4, size=n)
    begin = rng.uniform(0, 1.5, size=n) if entry else np.zeros(n)
    end = begin + rng.exponential(4, size=n)
    frame = pd.DataFrame({"from": begin, "time": np.minimum(time, end), "x": x, "z": z})
    frame["event"] = (time <= end).astype(int)
    return frame[time > begin].reset_index(drop=True)


def test_exponential_by_hand():
    """Rate = events / time at risk: 3 / 20; the error of its logarithm is 1 / sqrt(3)."""
    df = pd.DataFrame({"time": [2, 4, 6, 8], "event": [1, 1, 0, 1]})
    fit = aft(spells_from_frame(df), "1", "exponential")
    row = fit.frame.iloc[0]
    assert row["coef"] == pytest.approx(np.log(20 / 3))
    assert row["std_err"] == pytest.approx(1 / np.sqrt(3))
    assert fit.log_likelihood == pytest.approx(3 * np.log(3 / 20) - 3)
    assert fit.scale == 1 and fit.parameters == 1


def test_exponential_with_delayed_entry_by_hand():
    """Only time at risk counts: (5 - 2) + (4 - 1) + 4 = 10 for 2 events."""
    df = pd.DataFrame({"from": [2, 1, 0], "to": [5, 4, 4], "event": [1, 1, 0]})
    spells = spells_from_frame(df, start="from", stop="to")
    fit = aft(spells, "1", "exponential")
    assert fit.frame["time_ratio"][0] == pytest.approx(10 / 2)


def test_lognormal_without_censoring_is_the_mean_of_log_time():
    times = np.array([1.0, 2.0, 5.0, 9.0])
    fit = aft(spells_from_frame(pd.DataFrame({"time": times, "event": 1})), "1", "lognormal")
    assert fit.frame["coef"][0] == pytest.approx(np.log(times).mean())
    assert fit.scale == pytest.approx(np.log(times).std())


@pytest.mark.parametrize("dist", list(FAMILIES))
def test_delayed_entry_maximises_the_written_out_likelihood(dist):
    """Nelder and Mead on log f(stop) - log S(start), without our derivatives."""
    frame = made(200, entry=True)

    def parts(z):
        if dist == "lognormal":
            return norm.logpdf(z), norm.logsf(z)
        if dist == "loglogistic":
            return z - 2 * np.log1p(np.exp(z)), -np.log1p(np.exp(z))
        return z - np.exp(z), -np.exp(z)

    x = np.column_stack([np.ones(len(frame)), frame["x"]])
    t, t0, d = (frame[c].to_numpy() for c in ("time", "from", "event"))

    def loss(theta):
        s = 1.0 if dist == "exponential" else np.exp(theta[-1])
        f, surv = parts((np.log(t) - x @ theta[:2]) / s)
        _, before = parts((np.log(t0) - x @ theta[:2]) / s)
        return -np.sum(np.where(d == 1, f - np.log(s * t), surv) - before)

    size = 2 if dist == "exponential" else 3
    options = {"xatol": 1e-9, "fatol": 1e-9, "maxiter": 10_000, "maxfev": 10_000}
    brute = minimize(loss, np.zeros(size), method="Nelder-Mead", options=options)
    fit = aft(spells_from_frame(frame, start="from", stop="time"), "x", dist)
    assert fit.log_likelihood == pytest.approx(-brute.fun, abs=1e-6)
    assert np.allclose(fit.table["coef"], brute.x, atol=1e-4)


@pytest.mark.parametrize("dist", list(FAMILIES))
def test_score_and_information_are_the_derivatives(dist):
    frame = made(60, entry=True)
    x = np.column_stack([np.ones(len(frame)), frame["x"], frame["z"]])
    rows = Rows(x, *(frame[c].to_numpy(float) for c in ("from", "time")), frame["event"] == 1)
    theta = np.array([0.8, 0.3, -0.2, -0.1])[: 3 + (dist != "exponential")]
    _, score, info = evaluate(rows, FAMILIES[dist], theta)
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = 1e-5
        up, down = (evaluate(rows, FAMILIES[dist], theta + s) for s in (step, -step))
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(score[j], rel=1e-6, abs=1e-6)
        assert np.allclose((up[1] - down[1]) / -2e-5, info[j], rtol=1e-5, atol=1e-5)


def test_a_row_split_in_two_changes_nothing():
    frame = made(150)
    halves = pd.concat(
        [
            frame.assign(id=range(len(frame)), begin=0.0, end=frame["time"] / 2, event=0),
            frame.assign(id=range(len(frame)), begin=frame["time"] / 2, end=frame["time"]),
        ]
    )
    spells = spells_from_frame(
        halves[["id", "begin", "end", "event", "x"]],
        start="begin",
        stop="end",
        id="id",
    )
    whole = aft(spells_from_frame(frame[["time", "event", "x"]]), "x")
    split = aft(spells, "x")
    assert np.allclose(whole.table["coef"], split.table["coef"], rtol=1e-7)
    assert np.allclose(whole.table["std_err"], split.table["std_err"], rtol=1e-6)


def test_units_rescale_the_intercept_and_nothing_else():
    frame = made()
    days = aft(spells_from_frame(frame[["time", "event", "x", "z"]]), "x + z")
    weeks = aft(
        spells_from_frame(
            frame.assign(time=frame["time"] / 7, x=frame["x"] * 1000)[["time", "event", "x", "z"]]
        ),
        "x + z",
    )
    a, b = days.table["coef"], weeks.table["coef"]
    assert a[0] - np.log(7) == pytest.approx(b[0])
    assert a[1] == pytest.approx(1000 * b[1])
    assert np.allclose(a[2:], b[2:])


def test_zero_durations_are_left_out_and_counted():
    df = pd.DataFrame({"time": [0, 0, 2, 4, 5], "event": [1, 0, 1, 0, 1]})
    fit = aft(spells_from_frame(df), "1", "exponential")
    assert fit.n == 3 and fit.events == 2
    assert fit.audit.dropped == {"zero duration: its logarithm does not exist": 2}
    assert fit.about["audit"] is fit.audit


def test_the_table_reads_as_time_ratios():
    fit = aft(spells_from_frame(made()[["time", "event", "x"]]), "x")
    assert fit.frame.columns.tolist() == [
        "term",
        "coef",
        "std_err",
        "time_ratio",
        "low",
        "high",
        "p",
    ]
    assert fit.frame["term"].tolist() == ["(Intercept)", "x", "Log(scale)"]
    row = fit.frame.iloc[1]
    assert row["time_ratio"] == pytest.approx(np.exp(row["coef"]))
    assert row["low"] == pytest.approx(np.exp(row["coef"] - 1.959964 * row["std_err"]), rel=1e-6)
    assert np.isnan(fit.frame["time_ratio"].iloc[2])
    assert "weibull" in repr(fit) and "AIC" in fit._repr_html_()


@pytest.mark.parametrize("dist", list(FAMILIES))
def test_predicted_survival_and_quantiles_agree(dist):
    fit = aft(spells_from_frame(made()[["time", "event", "x", "z"]]), "x + C(z)", dist)
    who = pd.DataFrame({"x": [0.0, 1.0], "z": [0, 1]}, index=["a", "b"])
    median = fit.quantiles(who, [0.5])
    for name, time in zip(median["row"], median["time"]):
        here = fit.predict(who.loc[[name]], [time]).iloc[0]
        assert here["survival"] == pytest.approx(0.5)
        assert 0 < here["low"] < 0.5 < here["high"] < 1
    assert (median["low"] < median["time"]).all() and (median["time"] < median["high"]).all()


def test_the_error_of_a_prediction_by_hand():
    """Exponential: S = exp(-t / m), log m has error 1 / sqrt(events)."""
    df = pd.DataFrame({"time": [2, 4, 6, 8], "event": [1, 1, 0, 1]})
    fit = aft(spells_from_frame(df), "1", "exponential")
    got = fit.predict(pd.DataFrame(index=[0]), [5.0]).iloc[0]
    hazard = 5 * 3 / 20
    assert got["survival"] == pytest.approx(np.exp(-hazard))
    assert got["std_err"] == pytest.approx(np.exp(-hazard) * hazard / np.sqrt(3))


def test_competing_causes_need_a_name():
    df = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 2, 1, 0]})
    spells = spells_from_frame(df, causes=["purchase", "lost"])
    assert aft(spells, "1", "exponential", cause="lost").events == 1
    with pytest.raises(DataError, match="2 ways"):
        aft(spells, "1")


def test_a_level_without_events_has_no_finite_estimate():
    df = pd.DataFrame(
        {
            "time": [1.0, 2, 3, 4, 5, 6, 7, 8],
            "event": [1, 1, 1, 0, 0, 0, 0, 0],
            "vip": [0, 0, 0, 0, 1, 1, 1, 1],
        }
    )
    fit = aft(spells_from_frame(df), "vip")
    row = fit.frame.set_index("term").loc["vip"]
    assert row[["coef", "std_err", "time_ratio", "low", "high", "p"]].isna().all()
    assert "no finite estimate for vip" in fit.warnings[0]
    others = fit.frame[fit.frame["term"] != "vip"]
    assert others[["coef", "std_err"]].notna().all(axis=None)


@pytest.mark.parametrize(
    ("formula", "dist", "words"),
    [
        ("x", "weibul", "did you mean 'weibull'"),
        ("x + twice", "weibull", "determine one another: x, twice"),
        ("x + same", "weibull", "same in every row"),
    ],
)
def test_what_cannot_be_estimated_is_said(formula, dist, words):
    frame = made()[["time", "event", "x"]].assign(twice=lambda d: 2 * d["x"], same=1.0)
    with pytest.raises(ModelError) as error:
        aft(spells_from_frame(frame), formula, dist)
    assert words in str(error.value)


def test_no_event_is_said():
    df = pd.DataFrame({"time": [1.0, 2.0], "event": [0, 0]})
    with pytest.raises(ModelError, match="never happened"):
        aft(spells_from_frame(df), "1")


def test_a_frame_without_a_column_is_said():
    fit = aft(spells_from_frame(made()[["time", "event", "x"]]), "x")
    with pytest.raises(DataError, match="lacks the column 'x'"):
        fit.predict(pd.DataFrame({"y": [1.0]}), [1.0])
    with pytest.raises(DataError, match="positive"):
        fit.predict(pd.DataFrame({"x": [1.0]}), [0.0])
    with pytest.raises(DataError, match="between 0 and 1"):
        fit.quantiles(pd.DataFrame({"x": [1.0]}), [1.0])


def test_the_choice_shows_all_and_weights_sum_to_one():
    choice = aft_choice(spells_from_frame(made()[["time", "event", "x"]]), "x")
    frame = choice.frame
    assert set(frame["dist"]) == set(FAMILIES)
    assert frame["aic"].is_monotonic_increasing and frame["delta"][0] == 0
    assert frame["weight"].sum() == pytest.approx(1)
    assert frame.set_index("dist").loc["exponential", "parameters"] == 2
    assert choice.best == "weibull"
    assert choice.fits["lognormal"].aic == frame.set_index("dist").loc["lognormal", "aic"]
