"""How each Cox model of R's results is asked of this package, from the shared data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import journeylib as jl

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
