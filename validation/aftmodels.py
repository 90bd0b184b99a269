"""How each parametric model of R's results (``survreg``) is asked of this package."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import journeylib as jl

Read = Callable[[str], pd.DataFrame]
AftModel = tuple[jl.Spells, str, str]  # spells, formula, distribution
DISTS = ("exponential", "weibull", "lognormal", "loglogistic")


def _telco(read: Read) -> pd.DataFrame:
    d = read("telco_churn.csv.gz")
    return d.assign(event=(d["Churn"] == "Yes").astype(int), time=d["tenure"])


def _everybody(read: Read) -> tuple[jl.Spells, str]:
    return jl.spells_from_frame(_telco(read)[["time", "event"]], unit="months"), "1"


def _by_the_month(read: Read) -> tuple[jl.Spells, str]:
    d = _telco(read)
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
    return jl.spells_from_frame(frame, unit="months"), " + ".join(yes)


def _second_purchase(read: Read) -> tuple[jl.Spells, str]:
    d = read("cdnow_survival.csv.gz")
    d["lamt"] = np.log1p(d["first_amount"])
    return jl.spells_from_frame(d[["time", "event", "lamt"]]), "lamt"


def _lung(read: Read) -> tuple[jl.Spells, str]:
    d = read("classic/lung.csv.gz").rename(columns={"ph.ecog": "ecog"})
    d["event"] = (d["status"] == 2).astype(int)
    return jl.spells_from_frame(d[["time", "event", "age", "sex", "ecog"]]), "age + sex + ecog"


def _rossi(read: Read) -> tuple[jl.Spells, str]:
    spells = jl.spells_from_frame(read("classic/rossi.csv.gz"), "week", "arrest", unit="weeks")
    return spells, "fin + age + race + wexp + mar + paro + prio"


_FAMILIES = {
    "telco/aft_intercept_": (_everybody, DISTS),
    "telco/databricks_cohort/aft_": (_by_the_month, DISTS),
    "cdnow/aft_second_": (_second_purchase, DISTS),
    "classic/lung_aft_": (_lung, DISTS),
    "classic/rossi_aft_": (_rossi, ("weibull", "lognormal")),
}


def _model(make: Callable[[Read], tuple[jl.Spells, str]], dist: str) -> Callable[[Read], AftModel]:
    return lambda read: (*make(read), dist)


AFT_MODELS: dict[str, Callable[[Read], AftModel]] = {
    f"{name}{dist}": _model(make, dist)
    for name, (make, dists) in _FAMILIES.items()
    for dist in dists
}
