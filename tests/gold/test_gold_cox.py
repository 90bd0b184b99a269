"""Every Cox model that R's ``survival`` fitted to the shared data, compared number by number.

Tolerance: 1e-5 relative for coefficients, errors, limits, likelihoods, tests and the
test of constant effects; 1e-6 for baseline hazards, predictions and concordance. Not
compared, because they are other models: gamma frailty (``kidney_gamma_frailty``, ``cox_gamma_frailty``),
which this package does not fit, and ``cmprsk::crr`` and ``glm`` entries, which are no
``coxph`` calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import ModelError

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
Read = Callable[[str], pd.DataFrame]
Model = tuple[jl.Spells, str, dict[str, Any]]


def spells(frame: pd.DataFrame, stop: str, event: Any, **more: Any) -> jl.Spells:
    frame = frame.assign(**{"happened": np.asarray(event).astype(int)})
    frame = frame.drop(
        columns=[
            c
            for c in ("start", "stop", "cause", "id")
            if c in frame and c not in (stop, more.get("start"), more.get("id"))
        ]
    )
    return jl.spells_from_frame(frame, stop, "happened", **more)


# --- telco ---------------------------------------------------------------------------------

DUMMIES = "partner + senior + paperless + fiber + echeck"


def telco(read: Read) -> pd.DataFrame:
    d = read("telco_churn.csv.gz")
    yes = {
        "partner": d["Partner"] == "Yes",
        "paperless": d["PaperlessBilling"] == "Yes",
        "fiber": d["InternetService"] == "Fiber optic",
        "one": d["Contract"] == "One year",
        "two": d["Contract"] == "Two year",
        "echeck": d["PaymentMethod"] == "Electronic check",
        "dependents_Yes": d["Dependents"] == "Yes",
        "internetService_DSL": d["InternetService"] == "DSL",
        "onlineBackup_Yes": d["OnlineBackup"] == "Yes",
        "techSupport_Yes": d["TechSupport"] == "Yes",
    }
    return d.assign(senior=d["SeniorCitizen"], **{k: v.astype(int) for k, v in yes.items()})


def telco_model(tail: str = " + one + two", **how: Any) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = telco(read)
        return spells(d, "tenure", d["Churn"] == "Yes", id="customerID"), DUMMIES + tail, how

    return make


def databricks(read: Read) -> Model:
    d = telco(read)
    d = d[(d["Contract"] == "Month-to-month") & (d["InternetService"] != "No")]
    formula = "dependents_Yes + internetService_DSL + onlineBackup_Yes + techSupport_Yes"
    return spells(d, "tenure", d["Churn"] == "Yes"), formula, {}


def lifelines_notebook(read: Read) -> Model:
    d = read("telco_churn.csv.gz")
    text = d.select_dtypes("object").columns
    d[text] = d[text].apply(lambda c: c.where(~c.str.startswith("No "), "No"))
    formula = (
        "gender + SeniorCitizen + Partner + Dependents + MultipleLines + OnlineSecurity + "
        "OnlineBackup + DeviceProtection + TechSupport + Contract + PaperlessBilling + "
        "PaymentMethod + MonthlyCharges"
    )
    strata = ["InternetService", "StreamingMovies", "StreamingTV", "PhoneService"]
    return spells(d, "tenure", d["Churn"] == "Yes"), formula, {"strata": strata}


# --- CDNOW, Complete Journey, Online Retail -------------------------------------------------


def cdnow_second(read: Read) -> Model:
    d = read("cdnow_survival.csv.gz")
    d["lamt"] = np.log1p(d["first_amount"])
    return spells(d, "time", d["event"], id="customer_id"), "lamt + first_quantity", {}


def cdnow_counting(formula: str, gap: bool = False, **how: Any) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("cdnow_counting.csv.gz")
        d["lamt"], d["llast"] = np.log1p(d["first_amount"]), np.log1p(d["last_amount"])
        d["en"] = d["enum"].clip(upper=5)
        d["gap"] = d["stop"] - d["start"]
        if gap:
            return spells(d, "gap", d["event"]), formula, {"cluster": "customer_id", **how}
        s = spells(d, "stop", d["event"], start="start", id="customer_id")
        return s, formula, {"cluster": "customer_id", **how}

    return make


def campaigns(**how: Any) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("cj_campaign_survival.csv.gz")
        d["typeA"] = (d["campaign_type"] == "Type A").astype(int)
        d["typeC"] = (d["campaign_type"] == "Type C").astype(int)
        d["lprior"] = np.log1p(d["prior_redemptions"])
        return spells(d, "time", d["event"]), "typeA + typeC + lprior", how

    return make


RICH = ["75-99K", "100-124K", "125-149K", "150-174K", "175-199K", "200-249K", "250K+"]


def campaigns_so_far(income: bool) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("cj_timevarying.csv.gz").rename(columns={"n_campaigns": "sn"})
        d["hi"] = d["income"].isin(RICH).astype(int)
        if income:
            d = d[d["income"].notna()]
        s = spells(d, "stop", d["event"], start="start", id="household_id")
        return s, "sn + hi" if income else "sn", {"cluster": "household_id"}

    return make


def retail(cause: str) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("online_retail_survival.csv.gz")
        s = jl.spells_from_frame(d, "time", "cause", id="CustomerID", causes=("repeat", "cancel"))
        return s, "uk + log_value", {"cause": cause}

    return make


# --- OULAD, BPIC 2012, bank -----------------------------------------------------------------


def oulad(formula: str, **how: Any) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("oulad_survival.csv.gz")
        d["older"] = (d["age_band"] != "0-35").astype(int)
        d["lcred"] = np.log(d["studied_credits"])
        # entry 0 is the origin itself, as in R's Surv(entry, exit, event)
        return spells(d, "exit", d["event"], start="entry", id="enrol_id"), formula, how

    return make


def oulad_scores(read: Read) -> Model:
    d = read("oulad_timevarying.csv.gz")
    d["score10"] = d["last_score"] / 10
    d["older"] = (d["age_band"] != "0-35").astype(int)
    s = spells(d, "stop", d["event"], start="start", id="enrol_id")
    return s, "has_score + score10 + female + older", {}


def loans(cause: int) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("bpic2012_survival.csv.gz")
        d["lamt"] = np.log1p(d["amount_req"])
        s = jl.spells_from_frame(
            d, "time", "cause", id="case_id", causes=("approved", "declined", "cancelled")
        )
        return s, "lamt", {"cause": cause}

    return make


def loans_after_offer(read: Read) -> Model:
    d = read("bpic2012_survival.csv.gz").dropna(subset=["t_offer_sent"])
    d["lamt"] = np.log1p(d["amount_req"])
    d = d[d["time"] > d["t_offer_sent"]]
    return spells(d, "time", d["cause"] == 1, start="t_offer_sent", id="case_id"), "lamt", {}


def loans_offer_rows(read: Read) -> pd.DataFrame:
    """Rows from the pre-acceptance on, split when the first offer is sent (R's tmerge)."""
    d = read("bpic2012_survival.csv.gz").dropna(subset=["t_preaccepted"])
    d["lamt"] = np.log1p(d["amount_req"])
    d = d[d["time"] > d["t_preaccepted"]]
    offer = d["t_offer_sent"].clip(lower=d["t_preaccepted"])
    offer = offer.where(offer < d["time"])
    before = d.assign(begin=d["t_preaccepted"], end=offer.fillna(d["time"]), offer=0)
    before["cause"] = before["cause"].where(offer.isna(), 0)
    after = d.assign(begin=offer, end=d["time"], offer=1)[offer.notna()]
    rows = pd.concat([before[before["end"] > before["begin"]], after])
    return rows[["case_id", "begin", "end", "cause", "offer", "lamt"]].rename(
        columns={"cause": "exit"}
    )


def loans_offer(read: Read) -> Model:
    d = loans_offer_rows(read)
    s = spells(d, "end", d["exit"] == 3, start="begin", id="case_id")
    return s, "offer + lamt", {}


def bank(**how: Any) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("bank_marketing.csv.gz")
        d["cell"] = (d["contact"] == "cellular").astype(int)
        d["tel"] = (d["contact"] == "telephone").astype(int)
        d["psucc"] = (d["poutcome"] == "success").astype(int)
        d["pfail"] = (d["poutcome"] == "failure").astype(int)
        d["bal"] = d["balance"] / 1000
        return spells(d, "campaign", d["y"] == "yes"), "cell + tel + psucc + pfail + bal", how

    return make


# --- classic data sets ----------------------------------------------------------------------


def lung(read: Read) -> Model:
    d = read("classic/lung.csv.gz")
    return spells(d, "time", d["status"] == 2), "age + sex + ph.ecog", {}


def veteran(read: Read) -> Model:
    d = read("classic/veteran.csv.gz")
    d["celltype"] = pd.Categorical(d["celltype"], ["squamous", "smallcell", "adeno", "large"])
    s = spells(d, "time", d["status"])
    return s, "trt + age + karno + diagtime + prior + celltype", {}


def mgus(read: Read) -> pd.DataFrame:
    d = read("classic/mgus2.csv.gz")
    d["etime"] = np.where(d["pstat"] == 0, d["futime"], d["ptime"])
    d["exit"] = np.where(d["pstat"] == 0, 2 * d["death"], 1)
    d["male"] = (d["sex"] == "M").astype(int)
    return d.dropna(subset=["mspike"])


def mgus_specific(cause: str) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        s = jl.spells_from_frame(mgus(read), "etime", "exit", id="id", causes=("pcm", "death"))
        return s, "age + male + mspike", {"cause": cause}

    return make


def mgus_finegray(read: Read) -> Model:
    rows = finegray_rows(mgus(read), "etime", "exit", cause=1)
    s = spells(rows, "end", rows["now"], start="begin")
    return s, "age + male + mspike", {"weights": "fgwt"}


def finegray_rows(d: pd.DataFrame, time: str, exit: str, cause: int) -> pd.DataFrame:
    """Whoever left by another cause stays, weighted by the chance not to be censored by then.

    Geskus (2011), Biometrics 67. Rows are split where that chance changes between two
    events of the cause, as R's ``finegray`` does.
    """
    t, k = d[time].to_numpy(float), d[exit].to_numpy()
    distinct = np.unique(t)
    at_risk = np.array([(t >= u).sum() - ((t == u) & (k > 0)).sum() for u in distinct])
    censored = np.array([((t == u) & (k == 0)).sum() for u in distinct])
    stays = np.cumprod(1 - censored / np.maximum(at_risk, 1))  # after each time, events first
    events = np.unique(t[k == cause])
    chance = np.concatenate(([1.0], stays))[np.searchsorted(distinct, events)]  # just before
    plain = d.assign(begin=0.0, end=t, now=(k == cause).astype(int), fgwt=1.0)
    parts = [plain[k != (3 - cause)]]
    for row in np.flatnonzero(k == 3 - cause):
        later = events[events > t[row]]
        base = np.concatenate(([1.0], stays))[np.searchsorted(distinct, t[row])]
        weight = np.concatenate(([base], chance[events > t[row]])) / base
        ends = np.concatenate(([t[row]], later))
        cut = np.flatnonzero(np.append(np.diff(weight) != 0, True))
        begins = np.concatenate(([0.0], ends[cut][:-1]))
        parts.append(
            pd.DataFrame(
                {
                    **{c: d[c].to_numpy()[row] for c in ("age", "male", "mspike")},
                    "begin": begins,
                    "end": ends[cut],
                    "now": 0,
                    "fgwt": weight[cut],
                }
            )
        )
    return pd.concat(parts)[["begin", "end", "now", "fgwt", "age", "male", "mspike"]]


def bladder(how: str) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        formula, robust = "rx + size + number", {"cluster": "id"}
        if how == "wlw":
            d = read("classic/bladder.csv.gz").rename(columns={"id": "patient"})
            how_to = {"cluster": "patient", "strata": "enum"}
            return spells(d, "stop", d["event"]), formula, how_to
        d = read("classic/bladder2.csv.gz")
        if how == "gap":
            d = d.rename(columns={"id": "patient"}).assign(gap=d["stop"] - d["start"])
            how_to = {"cluster": "patient", "strata": "enum"}
            return spells(d, "gap", d["event"]), formula, how_to
        s = spells(d, "stop", d["event"], start="start", id="id")
        return s, formula, robust | ({"strata": "enum"} if how == "total" else {})

    return make


def heart(read: Read) -> Model:
    d = read("classic/heart.csv.gz").rename(columns={"transplant": "tr"})
    return spells(d, "stop", d["event"], start="start", id="id"), "tr + age + surgery", {}


def cgd(read: Read) -> Model:
    d = read("classic/cgd.csv.gz")
    d["trt"] = (d["treat"] == "rIFN-g").astype(int)
    s = spells(d, "tstop", d["status"], start="tstart", id="id")
    return s, "trt + age", {"cluster": "id"}


def kidney(read: Read) -> Model:
    d = read("classic/kidney.csv.gz").rename(columns={"id": "patient"})
    return spells(d, "time", d["status"]), "age + sex", {"cluster": "patient"}


def rossi(read: Read) -> Model:
    d = read("classic/rossi.csv.gz")
    formula = "fin + age + race + wexp + mar + paro + prio"
    return spells(d, "week", d["arrest"]), formula, {}


MODELS: dict[str, Callable[[Read], Model]] = {
    "telco/cox_efron": telco_model(),
    "telco/cox_breslow": telco_model(ties="breslow"),
    "telco/cox_robust": telco_model(cluster="customerID"),
    "telco/cox_stratified_contract": telco_model("", strata="Contract"),
    "telco/databricks_cohort/cox": databricks,
    "telco/lifelines_notebook_cox": lifelines_notebook,
    "cdnow/cox_second": cdnow_second,
    "cdnow/andersen_gill": cdnow_counting("lamt"),
    "cdnow/andersen_gill_tvc": cdnow_counting("lamt + llast"),
    "cdnow/pwp_total": cdnow_counting("llast", strata="en"),
    "cdnow/pwp_gap": cdnow_counting("llast", gap=True, strata="en"),
    "completejourney/cox_naive": campaigns(),
    "completejourney/cox_cluster_household": campaigns(cluster="household_id"),
    "completejourney/cox_timevarying": campaigns_so_far(income=False),
    "completejourney/cox_timevarying_income": campaigns_so_far(income=True),
    "online_retail/cause_specific_repeat": retail("repeat"),
    "online_retail/cause_specific_cancel": retail("cancel"),
    "oulad/cox_delayed_entry": oulad(
        "female + disability + older + lcred + num_of_prev_attempts", cluster="id_student"
    ),
    "oulad/cox_stratified_module": oulad("female + disability + older", strata="code_module"),
    "oulad/cox_timevarying_feedback_score": oulad_scores,
    "bpic2012/cause_specific_1": loans(1),
    "bpic2012/cause_specific_2": loans(2),
    "bpic2012/cause_specific_3": loans(3),
    "bpic2012/cox_approved_after_offer": loans_after_offer,
    "bpic2012/cox_timevarying_cancelled": loans_offer,
    "bank/cox_efron": bank(),
    "bank/cox_breslow": bank(ties="breslow"),
    "classic/lung_cox": lung,
    "classic/veteran_cox": veteran,
    "classic/mgus2_cs_pcm": mgus_specific("pcm"),
    "classic/mgus2_cs_death": mgus_specific("death"),
    "classic/mgus2_finegray_pcm_weighted": mgus_finegray,
    "classic/bladder_ag": bladder("ag"),
    "classic/bladder_pwp_total": bladder("total"),
    "classic/bladder_pwp_gap": bladder("gap"),
    "classic/bladder_wlw": bladder("wlw"),
    "classic/heart_tvc": heart,
    "classic/cgd_ag": cgd,
    "classic/kidney_cluster": kidney,
    "classic/rossi_cox": rossi,
}


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
