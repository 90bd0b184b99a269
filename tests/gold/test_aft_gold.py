"""Accelerated failure times against R's survreg: telco, CDNOW, lung, rossi."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylib.estimate.parametric import Aft, aft, aft_choice
from journeylib.spells.core import spells_from_frame

DISTS = ("exponential", "weibull", "lognormal", "loglogistic")

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


def telco(shared_csv) -> pd.DataFrame:
    d = shared_csv("telco_churn.csv.gz")
    return d.assign(event=(d["Churn"] == "Yes").astype(int), time=d["tenure"])


@pytest.mark.parametrize("dist", DISTS)
def test_telco_without_covariates(gold, shared_csv, dist):
    spells = spells_from_frame(telco(shared_csv)[["time", "event"]], unit="months")
    fit = aft(spells, "1", dist)
    equals(fit, gold("telco")[f"aft_intercept_{dist}"])
    assert fit.audit.n_dropped == 11  # tenure 0


@pytest.mark.parametrize("dist", DISTS)
def test_telco_fibre_and_dsl_customers_by_the_month(gold, shared_csv, dist):
    d = telco(shared_csv)
    d = d[(d["Contract"] == "Month-to-month") & (d["InternetService"] != "No")]
    yes = {
        "partner_Yes": d["Partner"] == "Yes",
        "multipleLines_Yes": d["MultipleLines"] == "Yes",
        "internetService_DSL": d["InternetService"] == "DSL",
        "onlineSecurity_Yes": d["OnlineSecurity"] == "Yes",
        "onlineBackup_Yes": d["OnlineBackup"] == "Yes",
        "deviceProtection_Yes": d["DeviceProtection"] == "Yes",
        "techSupport_Yes": d["TechSupport"] == "Yes",
        "pm_bank": d["PaymentMethod"] == "Bank transfer (automatic)",
        "pm_cc": d["PaymentMethod"] == "Credit card (automatic)",
    }
    frame = d[["time", "event"]].assign(**{k: v.astype(int) for k, v in yes.items()})
    fit = aft(spells_from_frame(frame), " + ".join(yes), dist)
    equals(fit, gold("telco")["databricks_cohort"][f"aft_{dist}"])


@pytest.mark.parametrize("dist", DISTS)
def test_cdnow_second_purchase(gold, shared_csv, dist):
    d = shared_csv("cdnow_survival.csv.gz")
    d["lamt"] = np.log1p(d["first_amount"])
    fit = aft(spells_from_frame(d[["time", "event", "lamt"]]), "lamt", dist)
    equals(fit, gold("cdnow")[f"aft_second_{dist}"])


@pytest.mark.parametrize("dist", DISTS)
def test_lung(gold, shared_csv, dist):
    d = shared_csv("classic/lung.csv.gz").rename(columns={"ph.ecog": "ecog"})
    d["event"] = (d["status"] == 2).astype(int)
    spells = spells_from_frame(d[["time", "event", "age", "sex", "ecog"]])
    fit = aft(spells, "age + sex + ecog", dist)
    equals(fit, gold("classic")[f"lung_aft_{dist}"])
    assert fit.audit.dropped == {"ecog is missing": 1}


@pytest.mark.parametrize("dist", ["weibull", "lognormal"])
def test_rossi(gold, shared_csv, dist):
    d = shared_csv("classic/rossi.csv.gz")
    spells = spells_from_frame(d, stop="week", cause="arrest", unit="weeks")
    fit = aft(spells, "fin + age + race + wexp + mar + paro + prio", dist)
    equals(fit, gold("classic")[f"rossi_aft_{dist}"])


def test_every_gold_entry_is_compared(gold):
    """A new entry of R's results does not pass unseen."""
    compared = {
        "telco": {f"aft_intercept_{d}" for d in DISTS},
        "cdnow": {f"aft_second_{d}" for d in DISTS},
        "classic": {f"lung_aft_{d}" for d in DISTS} | {"rossi_aft_weibull", "rossi_aft_lognormal"},
    }
    for file, names in compared.items():
        assert {k for k in gold(file) if "aft" in k} == names


def test_the_choice_orders_r_s_aic(gold, shared_csv):
    spells = spells_from_frame(telco(shared_csv)[["time", "event"]])
    choice = aft_choice(spells, "1")
    r = {d: gold("telco")[f"aft_intercept_{d}"]["aic"] for d in DISTS}
    assert choice.frame["dist"].tolist() == sorted(r, key=r.__getitem__)
    assert choice.best == "lognormal"
    assert np.allclose(choice.frame["aic"], sorted(r.values()), rtol=1e-7)
