"""Cox, proportionality, concordance, predictions and accelerated failure times against R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import journeylib as jl
from validation import finegray
from validation.aftmodels import AFT_MODELS
from validation.ledger import Ledger
from validation.models import MODELS
from validation.nonparametric import TINY
from validation.shared import read

CLOSE, CLOSER, SUM = 1e-5, 1e-6, 1e-9
P = 1e-4  # a p value moves by z times what its z moves
PARAMETRIC = 1e-4
TESTS = {"likelihood ratio": "lr_test", "score": "score_test", "robust score": "robust_score"}


def compare_all(book: Ledger) -> None:
    """Every regression."""
    for path, make in MODELS.items():
        spells, formula, how = make(read)
        effects = jl.cox(spells, formula, **how)
        _effects(book, path, effects)
        _tests(book, path, effects)
        _more(book, path, effects)
        if path == "telco/cox_efron":
            _predictions(book, effects)
    finegray.compare_all(book)
    _holdout(book)
    for path, make_aft in AFT_MODELS.items():
        _aft(book, path, jl.aft(*make_aft(read)))


def _p(book: Ledger, name: str, path: str, ours: Any, pick: Any = None) -> None:
    theirs = np.array(book.get(path), dtype=float)
    small = np.atleast_1d(theirs if pick is None else theirs[pick]) < 1e-12
    book.compare(name, path, ours, P, pick=pick, spare=(small, TINY))


def _effects(book: Ledger, path: str, effects: jl.Effects) -> None:
    wanted, table = book.get(path), effects.frame
    book.compare("Cox: counts", f"{path}/n", effects.n, 0)
    book.compare("Cox: counts", f"{path}/events", effects.events, 0)
    book.compare("Cox: coefficients", f"{path}/coef", table["coef"], CLOSE)
    book.compare("Cox: model standard errors", f"{path}/se", table["std_err"], CLOSE)
    used = table["std_err"]
    if "robust_se" in wanted:
        used = table["robust_std_err"]
        name = "Cox: robust standard errors"
        book.compare(name, f"{path}/robust_se", used, CLOSE)
    name = "Cox: hazard ratios, intervals and z"
    book.compare(name, f"{path}/hr", table["hazard_ratio"], CLOSE)
    book.compare(name, f"{path}/hr_lower", table["low"], CLOSE)
    book.compare(name, f"{path}/hr_upper", table["high"], CLOSE)
    book.compare(name, f"{path}/z", table["coef"] / used, CLOSE)
    _p(book, "Cox: p values", f"{path}/p", table["p"])
    name = "Cox: log likelihoods and AIC"
    book.compare(name, f"{path}/loglik", effects.log_likelihood, SUM)
    book.compare(name, f"{path}/loglik_null", effects.log_likelihood_null, SUM)
    book.compare(name, f"{path}/aic", effects.aic, SUM)


def _tests(book: Ledger, path: str, effects: jl.Effects) -> None:
    wanted, tests = book.get(path), effects.tests.set_index("test")
    for ours, key in TESTS.items():
        if key in wanted:
            row, at = tests.loc[ours], f"{path}/{key}"
            name = "Cox: likelihood ratio and (robust) score tests"
            book.compare(name, at, row[["statistic", "df"]], CLOSE, pick=slice(0, 2))
            _p(book, "Cox: p values", at, row["p"], pick=slice(2, 3))
    row, at = tests.loc["wald"], f"{path}/wald_test"
    name = "Cox: Wald test (R stores it to two decimals: absolute)"
    book.compare(name, at, row["statistic"], 0.0051, pick=slice(0, 1), absolute=True)
    book.compare("Cox: counts", at, row["df"], 0, pick=slice(1, 2))
    # R's p belongs to a statistic of two decimals
    reason = "p of R's rounded Wald statistic; the statistic is compared"
    book.compare("Cox: p values", at, row["p"], P, pick=slice(2, 3), spare=(True, reason))


def _more(book: Ledger, path: str, effects: jl.Effects) -> None:
    wanted, ours = book.get(path), effects.concordance()
    name = "Concordance and standard error"
    book.compare(name, f"{path}/concordance", ours.value, CLOSER)
    book.compare(name, f"{path}/concordance_se", ours.std_err, CLOSER)
    for transform in ("km", "rank", "identity", "log"):
        at = f"{path}/zph_{transform}"
        if f"zph_{transform}" in wanted:
            found = jl.check_proportionality(effects, transform).frame
            name = "Test of proportional hazards (cox.zph)"
            book.compare(name, f"{at}/chisq", found["chisq"], CLOSE)
            book.compare(name, f"{at}/df", found["df"], 0)
            _p(book, f"{name}: p values", f"{at}/p", found["p"])
    if "baseline_cumhaz" in wanted:
        base, theirs = effects.baseline(), wanted["baseline_cumhaz"]
        steps = np.concatenate(([0.0], base["cumulative_hazard"]))
        steps = steps[np.searchsorted(base["time"], theirs["time"], side="right")]
        book.compare("Cox: baseline hazard", f"{path}/baseline_cumhaz/cumhaz", steps, CLOSER)


def _predictions(book: Ledger, effects: jl.Effects) -> None:
    path = "telco/cox_predicted_survival"
    wanted = book.get(path)
    new = pd.DataFrame(wanted["newdata"])
    found = effects.predict(new, wanted["time"])
    for key, column in (("surv", "survival"), ("std_err", "std_err")):
        ours = found[column].to_numpy().reshape(len(new), -1).T
        book.compare("Cox: predicted survival and standard error", f"{path}/{key}", ours, CLOSER)
    uno = effects.concordance("n/G2").value
    book.compare("Uno's concordance", "telco/uno_c/value", uno, CLOSER)


def _holdout(book: Ledger) -> None:
    """Fit on the odd rows, order the even rows."""
    spells, formula, _ = MODELS["telco/cox_efron"](read)
    frame, path = spells.frame, "telco/holdout_score"
    odd = np.arange(len(frame)) % 2 == 0  # R counts from 1
    train, test = frame[odd], frame[~odd]
    book.compare("Cox: counts", f"{path}/train_n", len(train), 0)
    book.compare("Cox: counts", f"{path}/test_n", len(test), 0)
    effects = jl.cox(spells.with_table(train), formula)
    coef = effects.frame.set_index("term")["coef"]
    book.compare("Cox: coefficients", f"{path}/coef_train", coef, CLOSE)
    score = test[list(coef.index)].to_numpy(dtype=float) @ coef.to_numpy()
    start, stop = (test[c].to_numpy(dtype=float) for c in ("start", "stop"))
    found = jl.concordance_index(start, stop, test["cause"].to_numpy() > 0, score)
    book.compare("Concordance on held-out rows", f"{path}/cindex_test", found.value, CLOSER)
    _scores(book, path, jl.assess(effects, spells.with_table(test), book.get(path)["times"]))


def _scores(book: Ledger, path: str, found: jl.Assessment) -> None:
    """Brier score and AUC as riskRegression has them."""
    table = found.frame.set_index("time")
    book.compare("AUC on held-out rows", f"{path}/auc", table["auc"], CLOSER)
    name = "Brier score on held-out rows, also of the null model and integrated"
    book.compare(name, f"{path}/brier_cox", table["brier"], CLOSER)
    book.compare(name, f"{path}/brier_null_km", table["brier_null"], CLOSER)
    book.compare(name, f"{path}/ibs_1_60_trapezoid_cox", found.ibs, CLOSER)
    book.compare(name, f"{path}/ibs_1_60_trapezoid_null", found.ibs_null, CLOSER)
    path = "telco/holdout_brier_survfit_predictions"
    ours = table.loc[book.get(path)["time"], "brier"]
    book.compare(name, f"{path}/brier_G_left", ours, CLOSER)


def _aft(book: Ledger, path: str, fit: jl.Aft) -> None:
    name = "Accelerated failure times: "
    book.compare(name + "coefficients", f"{path}/coef", fit.table["coef"], PARAMETRIC)
    book.compare(name + "standard errors", f"{path}/se", fit.table["std_err"], PARAMETRIC)
    book.compare(name + "scale", f"{path}/scale", fit.scale, PARAMETRIC)
    ours = [fit.log_likelihood_null, fit.log_likelihood]
    book.compare(name + "log likelihoods, AIC, BIC", f"{path}/loglik", ours, CLOSER)
    book.compare(name + "log likelihoods, AIC, BIC", f"{path}/aic", fit.aic, CLOSER)
    book.compare(name + "log likelihoods, AIC, BIC", f"{path}/bic", fit.bic, CLOSER)
