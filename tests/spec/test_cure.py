"""Whether and when: against the likelihood written out, known effects, and a gate that holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from journeylib.errors import DataError, ModelError
from journeylib.estimate.aftfit import FAMILIES
from journeylib.estimate.cure import cure
from journeylib.estimate.curefit import CureRows, evaluate, fit_cure, fit_with_left, left_at
from journeylib.estimate.curves import survival_curve
from journeylib.simulation import simulate
from journeylib.spells import spells_from_frame
from validation.plateaus import follow_up, says


def mixture(n: int, seed: int, end: float = 60.0, entry: float = 0.0) -> pd.DataFrame:
    """log odds of ever 0.8 - 0.9 x; Weibull times, shape 1.3, log ratio 0.5 for z."""
    rng = np.random.default_rng(seed)
    x, z = rng.integers(0, 2, n).astype(float), rng.normal(size=n)
    ever = rng.uniform(size=n) < expit(0.8 - 0.9 * x)
    time = np.where(ever, 8 * np.exp(0.5 * z) * rng.weibull(1.3, n), np.inf)
    begin = rng.uniform(0, entry, n) if entry else np.zeros(n)
    until = np.maximum(begin + 1, rng.uniform(0.8 * end, 1.2 * end, n))
    frame = pd.DataFrame({"from": begin, "time": np.minimum(time, until), "x": x, "z": z})
    frame["event"] = (time <= until).astype(int)
    return frame[time > begin].reset_index(drop=True)


def spells(frame: pd.DataFrame, *covariates: str):
    return spells_from_frame(frame[["time", "event", *covariates]], unit="days")


def arrays(frame: pd.DataFrame, *, late: bool = False) -> CureRows:
    one = np.ones(len(frame))
    start = frame["from"].to_numpy() if late else np.zeros(len(frame))
    return CureRows(
        np.column_stack([one, frame["x"]]),
        np.column_stack([one, frame["z"]]),
        start,
        frame["time"].to_numpy(),
        frame["event"].to_numpy() == 1,
    )


def written_out(rows: CureRows, dist: str, theta: np.ndarray) -> float:
    """The likelihood of the docstring of ``curefit``, term by term."""
    s = 1.0 if dist == "exponential" else np.exp(theta[4])
    p = 1 / (1 + np.exp(-(rows.x @ theta[:2])))
    linear = rows.w @ theta[2:4]

    def left(t: np.ndarray) -> np.ndarray:
        z = (np.log(t) - linear) / s
        if dist == "lognormal":
            return norm.sf(z)
        return 1 / (1 + np.exp(z)) if dist == "loglogistic" else np.exp(-np.exp(z))

    z = (np.log(rows.stop) - linear) / s
    if dist == "lognormal":
        f = norm.pdf(z)
    elif dist == "loglogistic":
        f = np.exp(z) / (1 + np.exp(z)) ** 2
    else:
        f = np.exp(z - np.exp(z))
    total = np.log(np.where(rows.event, p * f / (s * rows.stop), 1 - p + p * left(rows.stop)))
    late = rows.start > 0
    before = np.log(1 - p + p * left(np.where(late, rows.start, 1.0)))
    return float(total.sum() - before[late].sum())


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("dist", list(FAMILIES))
def test_the_likelihood_is_the_one_written_out(dist, late):
    rows = arrays(mixture(80, 1, entry=6.0), late=late)
    theta = np.array([0.6, -0.4, 1.9, 0.3, -0.2])[: 5 - (dist == "exponential")]
    value, score, info = evaluate(rows, FAMILIES[dist], theta)
    assert value == pytest.approx(written_out(rows, dist, theta), rel=1e-12)
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = 1e-5
        up, down = (evaluate(rows, FAMILIES[dist], theta + s) for s in (step, -step))
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(score[j], rel=1e-5, abs=1e-5)
        assert np.allclose((up[1] - down[1]) / -2e-5, info[j], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dist", ["weibull", "lognormal"])
def test_a_search_without_derivatives_ends_at_the_same_place(dist):
    rows = arrays(mixture(120, 2))
    fit = fit_cure(rows, FAMILIES[dist])
    options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-8, "fatol": 1e-10}
    begin = np.array([0.5, 0.0, 2.0, 0.0, 0.0])
    found = minimize(
        lambda t: -written_out(rows, dist, t), begin, method="Nelder-Mead", options=options
    )
    assert fit.value == pytest.approx(-found.fun, abs=1e-6)
    assert np.allclose(fit.theta, found.x, atol=1e-3)


def test_the_profile_of_what_is_left_peaks_at_the_estimate():
    frame = mixture(300, 3)
    one = np.ones((len(frame), 1))
    rows = CureRows(one, one, np.zeros(len(frame)), frame["time"].to_numpy(), frame["event"] == 1)
    rows = CureRows(one, one, rows.start, rows.stop, np.asarray(rows.event))
    family = FAMILIES["weibull"]
    fit = fit_cure(rows, family)
    here = left_at(fit, family, 20.0)
    assert fit_with_left(rows, family, 20.0, here) == pytest.approx(fit.value, abs=1e-5)
    assert fit_with_left(rows, family, 20.0, here * 2) < fit.value - 1e-3
    assert fit_with_left(rows, family, 20.0, here / 2) < fit.value - 1e-3


def test_known_effects_are_found_with_honest_errors():
    true = np.array([0.8, -0.9, np.log(8), 0.5, -np.log(1.3)])
    z = []
    for seed in range(40):
        fit = cure(spells(mixture(500, 100 + seed), "x", "z"), "x", "z", dist="weibull")
        assert fit.supported
        z.append((fit.frame["coef"] - true) / fit.frame["std_err"])
    z = np.array(z)
    assert np.abs(z.mean(axis=0)).max() < 2.8 / np.sqrt(40)
    assert 0.85 < z.std() < 1.15
    assert 0.91 < (np.abs(z) < 1.96).mean() < 0.98


def test_delayed_entry_enters_the_likelihood():
    """Whoever enters late has had less time to be cured of waiting: ignored, it biases."""
    right, naive = [], []
    for seed in range(30):
        frame = mixture(600, 300 + seed, entry=12.0)
        late = spells_from_frame(frame, start="from", stop="time")
        right.append(cure(late, "x", "z", dist="weibull").frame["coef"][0])
        naive.append(cure(spells(frame, "x", "z"), "x", "z", dist="weibull").frame["coef"][0])
    error = np.std(right) / np.sqrt(30)
    assert abs(np.mean(right) - 0.8) < 2.6 * error
    assert np.mean(naive) < 0.8 - 5 * error


def test_a_simulated_journey_with_a_share_that_never_buys():
    made = simulate(
        1500,
        seed=21,
        cure=0.3,
        rates={"lost": 0.0, "opted_out": 0.0, "purchase": 1 / 25},
        effects={"purchase": {"segment=business": 0.7}},
        cutoff="2025-06-30",
    )
    first = made.events[made.events["event"] == "purchase"].groupby("customer_id")["at"].min()
    rows = made.customers.set_index("customer_id").join(first.rename("bought"))
    day = pd.Timedelta(days=1)
    end = rows["bought"].fillna(made.window[1])
    rows["time"] = (end - rows["first_contact"]) / day
    rows = rows[rows["time"] > 0].assign(event=rows["bought"].notna())
    rows["business"] = (rows["segment"] == "business").astype(float)
    got = cure(spells(rows.reset_index(), "business"), "business", dist="exponential")
    assert got.supported
    row = got.share.iloc[0]
    assert row["low"] < 0.3 < row["high"] and row["high"] - row["low"] < 0.1
    table = got.frame.set_index(["part", "term"])
    when = table.loc[("when", "business")]
    assert abs(when["coef"] + 0.7) < 2.6 * when["std_err"]  # a hazard ratio's inverse
    whether = table.loc[("whether", "business")]
    assert abs(whether["coef"]) < 2.6 * whether["std_err"]


def test_the_share_is_the_mean_of_its_customers():
    frame = mixture(900, 5)
    got = cure(spells(frame, "x", "z"), "x", "z")
    each = got.cured(frame)
    assert got.share["estimate"][0] == pytest.approx(each["probability"].mean())
    assert ((each["low"] < each["probability"]) & (each["probability"] < each["high"])).all()
    two = got.cured(pd.DataFrame({"x": [0.0, 1.0]}))
    assert two["probability"][1] > two["probability"][0]


def test_predicted_survival_falls_to_the_plateau():
    got = cure(spells(mixture(900, 6), "x", "z"), "x", "z")
    who = pd.DataFrame({"x": [0.0], "z": [0.0]}, index=["somebody"])
    left = got.predict(who, [0.001, 5, 20, 1e6])
    assert left["survival"].is_monotonic_decreasing
    assert left["survival"].iloc[0] == pytest.approx(1, abs=1e-3)
    assert left["survival"].iloc[-1] == pytest.approx(got.cured(who)["probability"][0])


def short(n: int = 400, seed: int = 9):
    return follow_up(np.random.default_rng(seed), n, "exponential", "nobody cured, until S = 0.4")


def test_bounds_instead_of_a_point():
    shut = cure(short(), "1")
    assert not shut.supported and "cannot be told apart" in shut.gate.reason
    assert shut.gate.short == "the follow-up is too short"
    row = shut.share.iloc[0]
    end = survival_curve(short()).frame
    assert np.isnan(row["estimate"]) and row["low"] == 0
    assert row["high"] == pytest.approx(end[end["events"] > 0]["high"].iloc[-1])
    assert shut.frame[["coef", "std_err", "ratio", "low", "high", "p"]].isna().all(axis=None)
    assert "0.0% to" in repr(shut) and "cannot be told apart" in shut._repr_html_()
    for ask in (lambda: shut.cured(pd.DataFrame({"a": [1]})), lambda: shut.predict(short(), [1])):
        with pytest.raises(ModelError, match="does not support a point"):
            ask()


def test_everybody_had_it():
    rng = np.random.default_rng(3)
    got = cure(spells(pd.DataFrame({"time": rng.exponential(5, 200), "event": 1})), "1")
    row = got.share.iloc[0]
    assert not got.supported and "no sign that anybody is cured" in got.gate.reason
    assert row["low"] == 0 and row["high"] == pytest.approx(1 - 0.05 ** (1 / 200))


@pytest.mark.parametrize("shape", ["exponential", "weibull 0.5", "lognormal 1"])
def test_the_gate_stays_shut_before_the_plateau_and_opens_after_it(shape):
    """A small part of tests/validate/cure_gate.py."""
    before = says(12, 1, shape, "nobody cured, until S = 0.4")
    assert before["point"] == 0 and before["coverage of the bounds"] == 1
    after = says(12, 2, shape, "30% cured, all past the 99th percentile")
    assert after["point"] >= 0.8
    assert after["coverage of the point's interval"] >= 0.7


def test_alpha_alone_would_have_been_content():
    """Maller and Zhou's alpha calls too short a follow-up sufficient in a third of the runs."""
    rng = np.random.default_rng(31)
    plan = "nobody cured, until S = 0.4, entered over time"
    found = [cure(follow_up(rng, 1000, "exponential", plan), "1") for _ in range(20)]
    assert np.mean([f.gate.alpha < 0.05 for f in found]) > 0.2
    assert not any(f.supported for f in found)


def test_the_shape_is_named_and_compared():
    got = cure(spells(mixture(800, 8)), "1")
    table = got.gate.table
    assert set(table["dist"]) == {"weibull", "lognormal", "loglogistic"}
    assert got.dist == table["dist"][0] and table["delta"][0] == 0
    assert got.dist in got._headline()
    rng = np.random.default_rng(13)
    data = follow_up(
        rng, 1500, "lognormal 1", "30% cured, past the 99th percentile, entered over time"
    )
    forced = cure(data, "1", dist="weibull")
    assert forced.supported and "lognormal fits the times much better" in forced.warnings[0]
    assert cure(data, "1").dist == "lognormal" and cure(data, "1").warnings == ()


def test_rows_missing_in_either_formula_are_counted():
    frame = mixture(400, 10)
    frame.loc[:9, "x"] = np.nan
    frame.loc[5:19, "z"] = np.nan
    frame.loc[30, ["time", "event"]] = [0.0, 0]
    got = cure(spells(frame, "x", "z"), "x", "z")
    assert got.n == 400 - 20 - 1
    assert got.audit.n_dropped == 21
    assert got.audit.dropped["missing in the covariates of when (z)"] == 10


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: cure(s, "1", dist="weibul"), "did you mean 'weibull'"),
        (lambda s: cure(s, "y"), "no column"),
        (lambda s: cure(s, "1", level=2), "level"),
    ],
)
def test_what_cannot_be_is_said(call, words):
    with pytest.raises((ModelError, DataError)) as error:
        call(spells(mixture(100, 11), "x"))
    assert words in str(error.value)
