"""Every Cox model that R's ``survival`` fitted to the shared data, compared number by number.

Tolerance: 1e-5 relative for coefficients, errors, limits, likelihoods, tests and the
test of constant effects; 1e-6 for baseline hazards, predictions and concordance. Not
compared, because they are other models: gamma frailty (``kidney_gamma_frailty``,
``cox_gamma_frailty``), which this package does not fit, and ``cmprsk::crr`` and ``glm``
entries, which are no ``coxph`` calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import ModelError
from validation.models import MODELS, Read, loans_offer_rows, oulad, spells

FILES = (
    "telco",
    "cdnow",
    "completejourney",
    "online_retail",
    "oulad",
    "bpic2012",
    "bank",
    "classic",
)


def entry(gold: Callable[[str], Any], path: str) -> dict[str, Any]:
    file, *keys = path.split("/")
    found = gold(file)
    for key in keys:
        found = found[key]
    return found


@pytest.fixture(scope="module")
def fitted(shared_csv: Read) -> Callable[[str], jl.Effects]:
    made: dict[str, jl.Effects] = {}

    def fit(path: str) -> jl.Effects:
        if path not in made:
            s, formula, how = MODELS[path](shared_csv)
            made[path] = jl.cox(s, formula, **how)
        return made[path]

    return fit


def near(ours: Any, theirs: Any, rel: float) -> None:
    ours, theirs = np.atleast_1d(ours).astype(float), np.atleast_1d(theirs).astype(float)
    np.testing.assert_allclose(ours, theirs, rtol=rel, atol=1e-300)


def test_every_coxph_entry_is_compared(gold: Callable[[str], Any]) -> None:
    def walk(found: Any, path: str) -> list[str]:
        if not isinstance(found, dict):
            return []
        here = [path] if str(found.get("model", "")).startswith("coxph:") else []
        return here + [p for key, value in found.items() for p in walk(value, f"{path}/{key}")]

    stored = [p for file in FILES for p in walk(gold(file), file)]
    assert sorted(stored) == sorted(MODELS)


@pytest.mark.parametrize("path", MODELS)
def test_table_equals_r(path: str, gold: Callable[[str], Any], fitted: Any) -> None:
    theirs, effects = entry(gold, path), fitted(path)
    table = effects.frame
    assert (effects.n, effects.events) == (theirs["n"], theirs["events"])
    plain = [t.replace("[T.", "").replace("]", "") for t in table["term"]]
    assert plain == np.atleast_1d(theirs["terms"]).tolist()
    near(table["coef"], theirs["coef"], 1e-5)
    near(table["std_err"], theirs["se"], 1e-5)
    near(table["hazard_ratio"], theirs["hr"], 1e-5)
    near(table["low"], theirs["hr_lower"], 1e-5)
    near(table["high"], theirs["hr_upper"], 1e-5)
    near(effects.log_likelihood, theirs["loglik"], 1e-9)
    near(effects.log_likelihood_null, theirs["loglik_null"], 1e-9)
    near(effects.aic, theirs["aic"], 1e-9)
    used = table["robust_std_err"] if "robust_se" in theirs else table["std_err"]
    near(table["coef"] / used, theirs["z"], 1e-5)
    if "robust_se" in theirs:
        near(table["robust_std_err"], theirs["robust_se"], 1e-5)
    else:
        assert table["robust_std_err"].isna().all()


@pytest.mark.parametrize("path", MODELS)
def test_tests_equal_r(path: str, gold: Callable[[str], Any], fitted: Any) -> None:
    theirs, tests = entry(gold, path), fitted(path).tests.set_index("test")
    names = {"likelihood ratio": "lr_test", "score": "score_test", "robust score": "robust_score"}
    for ours, key in names.items():
        if key in theirs:
            near(tests.loc[ours, ["statistic", "df"]], theirs[key][:2], 1e-5)
            # a p-value this small follows from the statistic: compare where it can be read
            if theirs[key][2] > 1e-12:
                near(tests.loc[ours, "p"], theirs[key][2], 1e-4)
    # R prints the Wald statistic to two decimals, and stores it so
    assert tests.loc["wald", "statistic"] == pytest.approx(theirs["wald_test"][0], abs=0.0051)
    assert ("robust score" in tests.index) == ("robust_score" in theirs)


@pytest.mark.parametrize("path", MODELS)
def test_concordance_equals_r(path: str, gold: Callable[[str], Any], fitted: Any) -> None:
    theirs, ours = entry(gold, path), fitted(path).concordance()
    near([ours.value, ours.std_err], [theirs["concordance"], theirs["concordance_se"]], 1e-6)


TRANSFORMS = ("km", "rank", "identity", "log")
WITHOUT_ZPH = {  # R was not asked for the test on these
    *("telco/cox_breslow", "telco/cox_robust", "telco/lifelines_notebook_cox"),
    *("cdnow/andersen_gill", "cdnow/andersen_gill_tvc", "cdnow/pwp_total", "cdnow/pwp_gap"),
    *("completejourney/cox_cluster_household", "completejourney/cox_timevarying_income"),
    *("oulad/cox_stratified_module", "bpic2012/cox_timevarying_cancelled", "bank/cox_breslow"),
    *("classic/mgus2_finegray_pcm_weighted", "classic/bladder_ag", "classic/bladder_pwp_total"),
    *("classic/bladder_pwp_gap", "classic/bladder_wlw", "classic/cgd_ag", "classic/kidney_cluster"),
}
AT_ZERO = ("completejourney/cox_naive", "log")  # an event on day 0 has no logarithm: R fails too
ZPH = [(p, t) for p in MODELS if p not in WITHOUT_ZPH for t in TRANSFORMS if (p, t) != AT_ZERO]


def test_all_stored_tests_of_constant_effects_are_compared(gold: Callable[[str], Any]) -> None:
    assert {(p, t) for p in MODELS for t in TRANSFORMS if f"zph_{t}" in entry(gold, p)} == set(ZPH)


@pytest.mark.parametrize(("path", "transform"), ZPH)
def test_constant_effects_equal_r(
    path: str, transform: str, gold: Callable[[str], Any], fitted: Any
) -> None:
    theirs = entry(gold, path)[f"zph_{transform}"]
    ours = jl.check_proportionality(fitted(path), transform).frame
    plain = [t.replace("[T.", "").replace("]", "") for t in ours["term"]]
    assert plain == theirs["terms"]
    near(ours["chisq"], theirs["chisq"], 1e-5)
    near(ours["df"], theirs["df"], 0)
    readable = np.array(theirs["p"]) > 1e-12
    near(ours["p"][readable], np.array(theirs["p"])[readable], 1e-4)


def test_log_time_with_an_event_at_zero_is_refused(fitted: Any) -> None:
    path, transform = AT_ZERO
    with pytest.raises(ModelError, match="time 0"):
        jl.check_proportionality(fitted(path), transform)


BASELINES = [
    *("telco/cox_efron", "telco/databricks_cohort/cox", "cdnow/cox_second", "bank/cox_efron"),
    *("online_retail/cause_specific_repeat", "online_retail/cause_specific_cancel"),
    *("oulad/cox_delayed_entry", "bpic2012/cause_specific_1", "bpic2012/cause_specific_2"),
    *("bpic2012/cause_specific_3", "classic/lung_cox"),
]


@pytest.mark.parametrize("path", BASELINES)
def test_baseline_hazard_equals_r(path: str, gold: Callable[[str], Any], fitted: Any) -> None:
    theirs, ours = entry(gold, path)["baseline_cumhaz"], fitted(path).baseline()
    steps = np.concatenate(([0.0], ours["cumulative_hazard"]))
    at = np.searchsorted(ours["time"], theirs["time"], side="right")
    near(steps[at], theirs["cumhaz"], 1e-6)


def test_all_stored_baselines_are_compared(gold: Callable[[str], Any]) -> None:
    stored = [p for p in MODELS if "baseline_cumhaz" in entry(gold, p)]
    assert sorted(stored) == sorted(BASELINES)


def test_predicted_survival_equals_r(gold: Callable[[str], Any], fitted: Any) -> None:
    theirs = gold("telco")["cox_predicted_survival"]
    new = pd.DataFrame(theirs["newdata"])
    ours = fitted("telco/cox_efron").predict(new, theirs["time"])
    for column, key in (("survival", "surv"), ("std_err", "std_err")):
        near(ours[column].to_numpy().reshape(len(new), -1).T.ravel(), np.ravel(theirs[key]), 1e-6)


def test_uno_concordance_equals_r(gold: Callable[[str], Any], fitted: Any) -> None:
    near(fitted("telco/cox_efron").concordance("n/G2").value, gold("telco")["uno_c"]["value"], 1e-6)


def test_left_truncated_log_rank_is_the_score_test(
    gold: Callable[[str], Any], shared_csv: Read
) -> None:
    s, _, _ = oulad("female")(shared_csv)
    theirs = gold("oulad")["logrank_gender_left_truncated"]
    ours = jl.cox(s, "female", ties="breslow").tests.set_index("test").loc["score"]
    near(ours["statistic"], theirs["chisq"], 1e-8)


def test_an_offer_without_which_nobody_is_approved_is_named(shared_csv: Read) -> None:
    d = loans_offer_rows(shared_csv)
    s = spells(d, "end", d["exit"] == 1, start="begin", id="case_id")
    effects = jl.cox(s, "offer + lamt")
    row = effects.frame.set_index("term")
    assert row.loc["offer", ["coef", "std_err", "hazard_ratio", "low", "high", "p"]].isna().all()
    assert np.isfinite(row.loc["lamt", ["coef", "std_err", "low", "high"]].astype(float)).all()
    assert effects.warnings == ("no finite estimate for offer: no event happened without it",)
