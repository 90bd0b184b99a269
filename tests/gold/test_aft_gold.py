"""Accelerated failure times against R's survreg: telco, CDNOW, lung, rossi."""

from __future__ import annotations

import numpy as np
import pytest

from journeylib.estimate.parametric import Aft, aft
from journeylib.estimate.shapes import aft_choice
from validation.aftmodels import AFT_MODELS, DISTS

# telco/interval_censored_weibull is not compared: it takes events as known only to lie in
# (tenure - 1, tenure]. Spells say when a cause happened, not between which moments, so that
# interval-censored input cannot be given to aft; no estimator of ours pretends otherwise.


def equals(fit: Aft, r: dict) -> None:
    n_terms = len(np.atleast_1d(r["terms"]))
    assert len(fit.table) == n_terms
    assert np.allclose(fit.table["coef"], np.atleast_1d(r["coef"]), rtol=1e-4, atol=1e-6)
    assert np.allclose(fit.table["std_err"], np.atleast_1d(r["se"]), rtol=1e-4)
    assert fit.scale == pytest.approx(r["scale"], rel=1e-4)
    assert fit.log_likelihood_null == pytest.approx(r["loglik"][0], rel=1e-6)
    assert fit.log_likelihood == pytest.approx(r["loglik"][1], rel=1e-6)
    assert fit.aic == pytest.approx(r["aic"], rel=1e-6)
    assert fit.bic == pytest.approx(r["bic"], rel=1e-6)


@pytest.mark.parametrize("name", AFT_MODELS)
def test_model_equals_r(gold, shared_csv, name):
    file, *keys = name.split("/")
    wanted = gold(file)
    for key in keys:
        wanted = wanted[key]
    equals(aft(*AFT_MODELS[name](shared_csv)), wanted)


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("telco/aft_intercept_weibull", {"zero duration: its logarithm does not exist": 11}),
        ("classic/lung_aft_weibull", {"ecog is missing": 1}),
    ],
)
def test_rows_left_out_are_counted(shared_csv, name, dropped):
    assert aft(*AFT_MODELS[name](shared_csv)).audit.dropped == dropped


def test_every_gold_entry_is_compared(gold):
    """A new entry of R's results does not pass unseen."""
    found = set()
    for file in ("telco", "cdnow", "completejourney", "oulad", "bank", "bpic2012", "classic"):
        for key, value in gold(file).items():
            found |= {f"{file}/{key}"} if "aft_" in key else set()
            if isinstance(value, dict):
                found |= {f"{file}/{key}/{k}" for k in value if k.startswith("aft")}
    assert found == set(AFT_MODELS)


def test_the_choice_orders_r_s_aic(gold, shared_csv):
    spells, formula, _ = AFT_MODELS["telco/aft_intercept_weibull"](shared_csv)
    choice = aft_choice(spells, formula)
    r = {d: gold("telco")[f"aft_intercept_{d}"]["aic"] for d in DISTS}
    assert choice.frame["dist"].tolist() == sorted(r, key=r.__getitem__)
    assert choice.best == "lognormal"
    assert np.allclose(choice.frame["aic"], sorted(r.values()), rtol=1e-7)
