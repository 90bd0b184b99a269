"""Cox models against R's numbers kept in the project, so that anybody can verify them.

Heart and bladder2 lie beside this file; lung and rossi come with lifelines. The random
rows (with ties, weights, clusters, strata, offset and delayed entry) cover what no
published data set covers at once. Tolerance: 1e-6 relative.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_lung, load_rossi

import journeylib as jl

HERE = Path(__file__).parent / "compact"
NUMBERS = json.loads((HERE / "cox_numbers.json").read_text())
RANDOM = json.loads((HERE / "cox_random.json").read_text())


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / f"cox_{name}.csv", float_precision="round_trip")


def near(ours: Any, theirs: Any, rel: float = 1e-6) -> None:
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    np.testing.assert_allclose(ours, theirs, rtol=rel, atol=1e-9)


def heart() -> pd.DataFrame:
    return table("heart").rename(columns={"transplant": "tr"})


def classic(name: str) -> jl.Effects:
    if name == "lung_cox":
        d = load_lung()
        d = d.assign(died=d["status"].astype(int)).drop(columns=["status"])
        return jl.cox(jl.spells_from_frame(d, "time", "died"), "age + sex + `ph.ecog`")
    if name == "rossi_cox":
        s = jl.spells_from_frame(load_rossi(), "week", "arrest")
        return jl.cox(s, "fin + age + race + wexp + mar + paro + prio")
    if name == "heart_tvc":
        s = jl.spells_from_frame(heart(), "stop", "event", "start", "id")
        return jl.cox(s, "tr + age + surgery")
    s = jl.spells_from_frame(table("bladder2"), "stop", "event", "start", "id")
    if name == "bladder_ag":
        return jl.cox(s, "rx + size + number", cluster="id")
    rows = jl.gap_time(s) if name == "bladder_pwp_gap" else jl.event_number(s)
    return jl.cox(rows, "rx + size + number", strata="event_number", cluster="id")


@pytest.mark.parametrize("name", [k for k in NUMBERS if k != "source"])
def test_classic_data_equal_r(name: str) -> None:
    theirs, effects = NUMBERS[name], classic(name)
    ours, tests = effects.frame, effects.tests.set_index("test")["statistic"]
    assert ours["term"].tolist() == theirs["terms"]
    assert (effects.n, effects.events) == (theirs["n"], theirs["events"])
    for column, key in (
        ("coef", "coef"),
        ("std_err", "se"),
        ("low", "hr_lower"),
        ("high", "hr_upper"),
    ):
        near(ours[column], theirs[key], 1e-5)
    near(
        [effects.log_likelihood_null, effects.log_likelihood],
        [theirs["loglik_null"], theirs["loglik"]],
    )
    near(tests["likelihood ratio"], theirs["lr_test"][0])
    near(tests["score"], theirs["score_test"][0])
    concordance = effects.concordance()
    near(
        [concordance.value, concordance.std_err], [theirs["concordance"], theirs["concordance_se"]]
    )
    if "robust_se" in theirs:
        near(ours["robust_std_err"], theirs["robust_se"], 1e-5)
        near(tests["robust score"], theirs["robust_score"][0])
    for transform in ("km", "identity"):
        if f"zph_{transform}" in theirs:
            near(
                jl.check_proportionality(effects, transform).frame["chisq"],
                theirs[f"zph_{transform}"]["chisq"],
                1e-5,
            )


def test_transplant_as_a_baseline_covariate_is_the_immortal_time_error() -> None:
    """Hazard ratio .266 when everyone ever transplanted counts as such from the start;
    1.136 when the transplant counts from the day it happened."""
    rows = heart()
    ever = rows.groupby("id", as_index=False)[["stop", "event", "tr"]].max()
    wrong = jl.cox(jl.spells_from_frame(ever, "stop", "event", id="id"), "tr")
    right = jl.cox(jl.spells_from_frame(rows, "stop", "event", "start", "id"), "tr")
    near(wrong.frame["coef"], [-1.32344484818])
    near(right.frame["coef"], [0.127141126615])
    assert wrong.frame["hazard_ratio"].round(3).tolist() == [0.266]
    assert right.frame["hazard_ratio"].round(3).tolist() == [1.136]
    near(right.frame[["low", "high"]], [[0.629339393188, 2.04903068597]])


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "efron_wcluster": ("x1 + x2", {"cluster": "id", "weights": "w"}),
    "efron_strata": ("x1 + x2", {"strata": "g", "cluster": "id", "weights": "w"}),
    "efron_factor": ("x1 + g", {}),
    "efron_offset": ("x1 + x2", {"offset": "off"}),
    "breslow_wcluster": ("x1 + x2", {"ties": "breslow", "cluster": "id", "weights": "w"}),
}
TIMES = [0.2, 1, 2.5, 4, 6]
NEW = pd.DataFrame(
    {"x1": [0, 1.2, -1], "x2": [0, 1, 1], "g": ["a", "b", "c"], "off": [0, 0.5, -0.3]}
)


@pytest.fixture(scope="module")
def random_fit() -> dict[str, jl.Effects]:
    s = jl.spells_from_frame(table("random"), "stop", "event", "start", "id")
    return {name: jl.cox(s, formula, **how) for name, (formula, how) in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
def test_random_rows_equal_r(name: str, random_fit: dict[str, jl.Effects]) -> None:
    theirs, ours = RANDOM[name], random_fit[name]
    near(ours.frame["coef"], theirs["coef"])
    near(ours.covariance, theirs["var"])
    near([ours.log_likelihood_null, ours.log_likelihood], theirs["loglik"])
    near(ours.tests["statistic"][2], theirs["score"])
    near(ours.tests["statistic"][1], np.ravel(theirs["waldtest"])[0])
    near([ours.concordance().value, ours.concordance().std_err], theirs["concordance"])


@pytest.mark.parametrize("name", MODELS)
def test_residuals_equal_r(name: str, random_fit: dict[str, jl.Effects]) -> None:
    theirs, ours = RANDOM[name], random_fit[name]
    for kind in ("martingale", "deviance"):
        near(ours.residuals(kind)[kind], theirs[kind])
    near(ours.residuals("score").iloc[:, 2:], theirs["score_res"])
    near(ours.residuals("dfbeta").iloc[:, 2:], theirs["dfbeta"])
    for kind, key in (("schoenfeld", "schoenfeld"), ("scaled schoenfeld", "scaled")):
        found = ours.residuals(kind).iloc[:, 4:].to_numpy()
        # R leaves the order of tied events to its sort: compare as sets of rows
        near(np.sort(found, axis=0), np.sort(np.array(theirs[key]), axis=0))


@pytest.mark.parametrize("name", MODELS)
def test_constant_effects_equal_r(name: str, random_fit: dict[str, jl.Effects]) -> None:
    theirs, ours = RANDOM[name], random_fit[name]
    for transform in ("km", "rank", "identity", "log"):
        found = jl.check_proportionality(ours, transform).frame
        near(found["chisq"], theirs[f"zph_{transform}"])
    near(jl.check_proportionality(ours, terms=True).frame["chisq"], theirs["zph_terms"])


def test_columns_of_a_factor_are_tested_together(random_fit: dict[str, jl.Effects]) -> None:
    found = jl.check_proportionality(random_fit["efron_factor"], terms=True).frame
    assert found["term"].tolist() == ["x1", "g", "GLOBAL"]
    assert found["df"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("conf", ["log", "log-log", "plain"])
@pytest.mark.parametrize("name", MODELS)
def test_predictions_equal_r(name: str, conf: str, random_fit: dict[str, jl.Effects]) -> None:
    theirs, found = RANDOM[name][f"pred_{conf}"], random_fit[name].predict(NEW, TIMES, conf=conf)
    for column, key in (("survival", "surv"), ("std_err", "se"), ("low", "low"), ("high", "high")):
        ours = found[column].to_numpy().reshape(len(NEW), -1)
        # with strata R gives one curve a customer; else one column a customer
        theirs_now = (
            np.ravel(theirs[key]) if name == "efron_strata" else np.array(theirs[key]).T.ravel()
        )
        near(ours.ravel(), theirs_now)


def test_baseline_hazard_equals_r(random_fit: dict[str, jl.Effects]) -> None:
    for name in ("efron_wcluster", "efron_factor", "breslow_wcluster"):
        theirs, ours = RANDOM[name]["base"], random_fit[name].baseline()
        steps = np.concatenate(([0.0], ours["cumulative_hazard"]))
        near(steps[np.searchsorted(ours["time"], theirs["time"], side="right")], theirs["h"])


def test_uno_concordance_equals_r() -> None:
    s = jl.spells_from_frame(table("random").drop(columns=["start", "id"]), "stop", "event")
    for how, key in (({}, "uno1"), ({"strata": "g"}, "unos")):
        found = jl.cox(s, "x1 + x2", **how).concordance("n/G2")
        near([found.value, found.std_err], RANDOM[key])
    near(jl.cox(s, "x1 + x2", weights="w").concordance("n/G2").value, RANDOM["uno"])
