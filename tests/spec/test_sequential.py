"""Group-sequential tests: published boundaries, what several looks cost, what a look may say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm

from journeylib.errors import DataError
from journeylib.estimate.boundaries import boundaries, crossing, spent
from journeylib.estimate.compare import compare
from journeylib.estimate.lookplan import plan_looks
from journeylib.estimate.power import power_of
from journeylib.estimate.rmst import rmst
from journeylib.estimate.sequential import as_of, sequential
from journeylib.spells import spells_from_frame
from validation.looks import experiment, false_alarms, looks

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]


def test_published_boundaries_of_lan_and_demets():
    """Reboussin, DeMets, Kim and Lan (2000), Control. Clin. Trials 21: five looks, 5% two-sided."""
    published = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
    assert np.allclose(boundaries(FIVE), published, atol=5e-4)


def test_pocock_like_spending_of_five_looks():
    """Error spent at each side: 0.025 log(1 + (e - 1) t); the first bound is its own quantile."""
    got = boundaries(FIVE, spending="pocock")
    first = norm.isf(0.025 * np.log(1 + (np.e - 1) * 0.2))
    assert got[0] == pytest.approx(first)
    assert np.allclose(got, [2.438, 2.427, 2.410, 2.397, 2.386], atol=1e-3)


@pytest.mark.parametrize(
    ("looks_planned", "pocock", "obrien"),
    [(2, 2.178, 1.977), (3, 2.289, 2.004), (5, 2.413, 2.040), (10, 2.555, 2.087)],
)
def test_the_classical_constants_keep_five_percent(looks_planned, pocock, obrien):
    """Jennison and Turnbull (2000), tables 2.1 and 2.3."""
    t = np.arange(1, looks_planned + 1) / looks_planned
    assert crossing(t, np.full(looks_planned, pocock)).sum() == pytest.approx(0.05, abs=1e-4)
    assert crossing(t, obrien / np.sqrt(t)).sum() == pytest.approx(0.05, abs=1e-4)


def test_peeking_five_times_finds_something_in_one_of_seven():
    """Armitage, McPherson and Rowe (1969): 0.142."""
    assert crossing(FIVE, [norm.isf(0.025)] * 5).sum() == pytest.approx(0.142, abs=5e-4)


@pytest.mark.parametrize("drift", [0.0, 2.5])
def test_crossing_is_the_multivariate_normal_integral(drift):
    t = np.array([0.3, 0.55, 1.0])
    z = np.array([2.9, 2.5, 2.0])
    spread = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    inside = [1.0]
    for k in (1, 2, 3):
        law = multivariate_normal(drift * np.sqrt(t[:k]), spread[:k, :k])
        inside.append(float(law.cdf(z[:k], lower_limit=-z[:k])))
    assert np.allclose(crossing(t, z, drift), -np.diff(inside), atol=2e-5)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("t", [FIVE, [0.07, 0.08, 0.5, 0.97, 1.0], [0.4, 1.2], [1.0]])
def test_the_boundaries_use_up_what_may_be_spent(t, spending):
    bounds = boundaries(t, 0.05, spending)
    used = np.cumsum(crossing(t, bounds))
    assert np.allclose(used, spent(t, 0.05, spending), atol=1e-7)
    assert used[-1] == pytest.approx(0.05, abs=1e-7)


def test_one_look_is_the_plain_test_and_a_look_without_events_has_no_bar():
    assert boundaries([1.0])[0] == pytest.approx(norm.isf(0.025))
    got = boundaries([0.5, 0.5, 1.0])
    assert got[1] == np.inf
    assert np.allclose(got[[0, 2]], boundaries([0.5, 1.0]))
    assert boundaries([0.01, 1.0])[0] == np.inf


def test_a_plan_has_the_power_it_promises():
    plan = plan_looks(1.3, power=0.9)
    table = plan.frame
    assert table["events"].tolist() == sorted(table["events"])
    assert table["events"].iloc[-1] == plan.planned_events
    assert 0.9 <= table["power"].iloc[-1] < 0.902
    single = power_of(plan.planned_events, 1.3)
    assert 0.9 < single < 0.92  # looking several times costs a few events
    assert table["alpha_spent"].iloc[-1] == pytest.approx(0.05)
    assert plan_looks(1.3, spending="pocock").planned_events > plan_looks(1.3).planned_events


def test_as_of_knows_nothing_of_later():
    frame = pd.DataFrame(
        {"time": [5.0, 5.0, 9.0, 4.0], "event": [1, 1, 0, 1], "day": [0.0, 7.0, 2.0, 12.0]}
    )
    got = as_of(spells_from_frame(frame), "day", 10.0)
    assert got.frame[["stop", "cause"]].values.tolist() == [[5, 1], [3, 0], [8, 0]]
    assert got.audit.dropped == {"not started by the look": 1}
    with pytest.raises(DataError, match="nobody had started"):
        as_of(spells_from_frame(frame), "day", 0.0)


@pytest.fixture(scope="module")
def trial():
    return looks(experiment(np.random.default_rng(5), 400, hazard_ratio=1.6), 320, 4)


def test_each_look_is_its_log_rank_test(trial):
    got = sequential(trial, "arm", 320)
    assert got.frame["events"].tolist() == [80, 160, 240, 320]
    assert np.allclose(got.frame["information"], [0.25, 0.5, 0.75, 1])
    for spells, z in zip(trial, got.frame["z"]):
        assert z**2 == pytest.approx(float(compare(spells, "arm").statistic))
    assert (got.frame["z"] > 0).all()  # the treated purchase sooner
    assert np.allclose(got.frame["boundary"], boundaries([0.25, 0.5, 0.75, 1]))
    assert np.allclose(got.frame["p_nominal"], 2 * norm.sf(got.frame["z"]))


def test_crossing_stops_the_experiment_for_good(trial):
    got = sequential(trial, "arm", 320)
    first = int(np.flatnonzero(got.frame["crossed"])[0]) + 1
    assert got.decision == "stop" and got.stopped == first
    row = got.frame.iloc[first - 1]
    assert row["low"] > 1 and row["low"] < row["hazard_ratio"] < row["high"]
    turned = sequential(trial, "arm", 320, reference="treatment")
    assert turned.treated == "control" and np.allclose(turned.frame["z"], -got.frame["z"])
    assert np.allclose(turned.frame["hazard_ratio"], 1 / got.frame["hazard_ratio"])


def test_restricted_means_wait_for_the_final_look(trial):
    early = sequential(trial[:2], "arm", 320, horizon=20)
    assert early.mean_difference is None and "final look only" in early.notes[0]
    final = sequential(trial, "arm", 320, horizon=20)
    r = rmst(trial[-1], 20, "arm").frame.set_index("group")["rmst"]
    row = final.mean_difference.iloc[0]
    assert row["difference"] == pytest.approx(r["treatment"] - r["control"])
    assert row["low"] < row["difference"] < row["high"]
    assert sequential(trial, "arm", 320).mean_difference is None


def test_without_effect_it_goes_on_and_finishes():
    null = looks(experiment(np.random.default_rng(8), 240), 200, 5)
    assert sequential(null[:3], "arm", 200).decision == "go on"
    assert sequential(null, "arm", 200).decision == "finished"


def test_false_alarms_of_a_few_experiments():
    """300 of the 2,000 that the validation runs: 5% of them, give or take chance."""
    found = false_alarms(300, 7, spending="obrien-fleming")
    assert found["sequential"] <= 0.08
    assert found["peeking"] > 0.10
    assert found["peeking"] > found["sequential"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: sequential([], "arm", 10), "no look"),
        (lambda s: sequential(s[::-1], "arm", 320), "fewer"),
        (lambda s: sequential(s, "arm", 0), "positive"),
        (lambda s: sequential(s, "arm", 320, reference="contrl"), "did you mean 'control'"),
        (lambda s: sequential(s, "day", 320), "two arms"),
        (lambda s: boundaries([0.5, 0.4]), "cannot fall"),
        (lambda s: boundaries([0.5], spending="pococ"), "did you mean 'pocock'"),
        (lambda s: boundaries([0.5], alpha=2), "alpha"),
        (lambda s: plan_looks(1.2, [0.5, 0.9]), "information 1"),
    ],
)
def test_what_cannot_be_is_said(trial, call, words):
    with pytest.raises(DataError) as error:
        call(trial)
    assert words in str(error.value)
