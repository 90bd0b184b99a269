"""How the spells of each non-parametric entry of R's results are made from the shared data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import journeylib as jl


@dataclass(frozen=True)
class Recipe:
    """A file of shared data, how it becomes spells, and the columns that group them."""

    file: str
    stop: str
    cause: str
    by: str | None = None
    start: str | None = None
    id: str | None = None
    strata: str | None = None
    test: str = "logrank"
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda df: df

    def spells(self, read: Callable[[str], pd.DataFrame]) -> jl.Spells:
        """The spells of this entry; ``read`` gives a table of the shared data by file name."""
        df = self.change(read(self.file)).reset_index(drop=True)
        columns = {self.stop, self.cause, self.start, self.id, self.by, self.strata}
        df = df[sorted(c for c in columns if c)]
        return jl.spells_from_frame(
            df, stop=self.stop, cause=self.cause, start=self.start, id=self.id
        )


def _telco(df: pd.DataFrame) -> pd.DataFrame:
    return df.assign(event=(df["Churn"] == "Yes").astype(int))


def _monthly_internet(df: pd.DataFrame) -> pd.DataFrame:
    chosen = (df["Contract"] == "Month-to-month") & (df["InternetService"] != "No")
    return _telco(df[chosen])


def _retail(cause: Callable[[pd.Series], pd.Series]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda df: df.assign(event=cause(df["cause"]).astype(int))


def _amount(df: pd.DataFrame) -> pd.DataFrame:
    return df.assign(big=(df["amount_req"] >= 15000).astype(int))


def _lung(df: pd.DataFrame) -> pd.DataFrame:
    return df.assign(event=(df["status"] == 2).astype(int))


def _veteran(df: pd.DataFrame) -> pd.DataFrame:
    kinds = ["squamous", "smallcell", "adeno", "large"]
    return df.assign(celltype=pd.Categorical(df["celltype"], kinds))


def _mgus2(df: pd.DataFrame) -> pd.DataFrame:
    first = df["pstat"] == 1
    time = np.where(first, df["ptime"], df["futime"])
    return df.assign(etime=time, cause=np.where(first, 1, 2 * df["death"]))


def _subscribed(df: pd.DataFrame) -> pd.DataFrame:
    return df.assign(event=(df["y"] == "yes").astype(int))


TELCO: dict[str, Any] = {
    "file": "telco_churn.csv.gz",
    "stop": "tenure",
    "cause": "event",
    "change": _telco,
}
MONTHLY: dict[str, Any] = TELCO | {"change": _monthly_internet}
SECOND: dict[str, Any] = {"file": "cdnow_survival.csv.gz", "stop": "time", "cause": "event"}
CHURN: dict[str, Any] = {
    "file": "cdnow_survival.csv.gz",
    "stop": "churn_time",
    "cause": "churn_event",
}
REPEAT: dict[str, Any] = {
    "file": "cdnow_counting.csv.gz",
    "stop": "stop",
    "cause": "event",
    "start": "start",
    "id": "customer_id",
}
CAMPAIGN: dict[str, Any] = {"file": "cj_campaign_survival.csv.gz", "stop": "time", "cause": "event"}
HOUSEHOLD: dict[str, Any] = {
    "file": "cj_timevarying.csv.gz",
    "stop": "stop",
    "cause": "event",
    "start": "start",
    "id": "household_id",
}
RETAIL: dict[str, Any] = {"file": "online_retail_survival.csv.gz", "stop": "time", "cause": "cause"}
LEARNER: dict[str, Any] = {
    "file": "oulad_survival.csv.gz",
    "stop": "exit",
    "cause": "event",
    "id": "enrol_id",
}
LATE: dict[str, Any] = LEARNER | {"start": "entry"}
LOAN: dict[str, Any] = {
    "file": "bpic2012_survival.csv.gz",
    "stop": "time",
    "cause": "cause",
    "change": _amount,
}
BANK: dict[str, Any] = {
    "file": "bank_marketing.csv.gz",
    "stop": "campaign",
    "cause": "event",
    "change": _subscribed,
}
LUNG: dict[str, Any] = {
    "file": "classic/lung.csv.gz",
    "stop": "time",
    "cause": "event",
    "change": _lung,
}
VETERAN: dict[str, Any] = {
    "file": "classic/veteran.csv.gz",
    "stop": "time",
    "cause": "status",
    "change": _veteran,
}
MGUS2: dict[str, Any] = {
    "file": "classic/mgus2.csv.gz",
    "stop": "etime",
    "cause": "cause",
    "id": "id",
    "change": _mgus2,
}
CGD: dict[str, Any] = {
    "file": "classic/cgd.csv.gz",
    "stop": "tstop",
    "cause": "status",
    "start": "tstart",
    "id": "id",
}

RECIPES: dict[str, Any] = {
    "telco/km_all": Recipe(**TELCO),
    "telco/km_all_tau24": Recipe(**TELCO),
    "telco/km_contract": Recipe(**TELCO, by="Contract"),
    "telco/databricks_cohort.km": Recipe(**MONTHLY),
    "telco/logrank_contract": Recipe(**TELCO, by="Contract"),
    "telco/peto_contract": Recipe(**TELCO, by="Contract", test="peto"),
    "telco/logrank_payment": Recipe(**TELCO, by="PaymentMethod"),
    "telco/logrank_payment_stratified_by_contract": Recipe(
        **TELCO, by="PaymentMethod", strata="Contract"
    ),
    "telco/databricks_cohort.logrank_gender": Recipe(**MONTHLY, by="gender"),
    "telco/databricks_cohort.logrank_onlineBackup": Recipe(**MONTHLY, by="OnlineBackup"),
    "cdnow/km_second": Recipe(**SECOND),
    "cdnow/km_second_by_cohort": Recipe(**SECOND, by="cohort_month"),
    "cdnow/km_churn": Recipe(**CHURN),
    "cdnow/logrank_cohort": Recipe(**SECOND, by="cohort_month"),
    "cdnow/mean_cumulative_function": Recipe(**REPEAT),
    "completejourney/km_type": Recipe(**CAMPAIGN, by="campaign_type"),
    "completejourney/km_timevarying_population": Recipe(**HOUSEHOLD),
    "completejourney/logrank_type": Recipe(**CAMPAIGN, by="campaign_type"),
    "online_retail/km_naive_repeat": Recipe(
        **RETAIL | {"cause": "event", "change": _retail(lambda cause: cause == 1)}
    ),
    "online_retail/km_any": Recipe(
        **RETAIL | {"cause": "event", "change": _retail(lambda cause: cause > 0)}
    ),
    "online_retail/aj_all": Recipe(**RETAIL),
    "online_retail/aj_uk": Recipe(**RETAIL, by="uk"),
    "online_retail/gray_uk": Recipe(**RETAIL, by="uk", test="gray"),
    "oulad/km_left_truncated": Recipe(**LATE),
    "oulad/km_ignoring_truncation": Recipe(**LEARNER),
    "oulad/km_by_gender": Recipe(**LATE, by="female"),
    "oulad/logrank_gender_left_truncated": Recipe(**LATE, by="female"),
    "bpic2012/aj_all": Recipe(**LOAN),
    "bpic2012/aj_by_amount": Recipe(**LOAN, by="big"),
    "bpic2012/gray_amount": Recipe(**LOAN, by="big", test="gray"),
    "bank/km_all": Recipe(**BANK),
    "bank/km_contact": Recipe(**BANK, by="contact"),
    "bank/logrank_contact": Recipe(**BANK, by="contact"),
    "bank/logrank_poutcome": Recipe(**BANK, by="poutcome"),
    "bank/logrank_contact_stratified_month": Recipe(**BANK, by="contact", strata="month"),
    "classic/lung_km": Recipe(**LUNG),
    "classic/lung_km_sex": Recipe(**LUNG, by="sex"),
    "classic/lung_logrank": Recipe(**LUNG, by="sex"),
    "classic/lung_peto": Recipe(**LUNG, by="sex", test="peto"),
    "classic/lung_logrank_strat_ecog": Recipe(**LUNG, by="sex", strata="ph.ecog"),
    "classic/veteran_logrank_celltype": Recipe(**VETERAN, by="celltype"),
    "classic/mgus2_aj": Recipe(**MGUS2),
    "classic/mgus2_aj_sex": Recipe(**MGUS2, by="sex"),
    "classic/mgus2_gray_sex": Recipe(**MGUS2, by="sex", test="gray"),
    "classic/cgd_mcf": Recipe(**CGD, by="treat"),
}
